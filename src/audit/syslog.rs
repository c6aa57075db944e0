//! Anchors in the system's log: each record's number and hash, sent where the log's subject cannot edit them.
//!
//! One datagram to the socket of syslog or journald, never waited for. Not sending is not an error here: whoever
//! reads the anchors sees the gap.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::record::{Tip, Writer};
use crate::hex::hex;

/// The socket that syslog daemons and journald listen on.
pub const SOCKET: &str = "/dev/log";

/// Sends the anchor of a record; returns whether it was taken.
pub fn send(socket: &Path, writer: &Writer, tip: Tip) -> bool {
    let message = message(writer, tip);
    let sent = UnixDatagram::unbound().and_then(|datagram| {
        datagram.set_nonblocking(true)?;
        datagram.send_to(message.as_bytes(), socket)
    });
    sent.is_ok_and(|length| length == message.len())
}

/// Returns the message: facility authpriv, level notice.
fn message(writer: &Writer, tip: Tip) -> String {
    let priority = 10 * 8 + 5;
    format!("<{priority}>goenv: audit uid={} seq={} hash={}", writer.uid, tip.seq, hex(&tip.hash))
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    #[test]
    fn an_anchor_is_one_datagram() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        assert!(!send(&path, &record().writer, Tip::default()));
        let socket = UnixDatagram::bind(&path).unwrap();
        assert!(send(&path, &record().writer, Tip { seq: 42, hash: [0xab; 32] }));
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        let expected = format!("<85>goenv: audit uid=1000 seq=42 hash={}", "ab".repeat(32));
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), expected);
    }
}
