//! The log of this user on this machine: where it is, and who writes.
//!
//! `$XDG_STATE_HOME/goenv/audit.jsonl`, or `UID/audit.jsonl` in the organisation's directory. Names come from the
//! environment and from the kernel, never from the user database, which a static program cannot ask.

use super::log::{Durability, Log, LogError};
use super::record::{Event, Outcome, Record, Tip, Writer};
use super::syslog;
use crate::env::undo::Change;
use crate::inherit::{carried, variable_outside};
use crate::trust::rules::Rules;
use crate::world::World;

/// Where this user's decisions are logged.
#[derive(Clone, Debug)]
pub struct Journal {
    log: Log,
    writer: Writer,
    time: i64,
    syslog: bool,
}

impl Journal {
    /// Returns the journal of this world; `None` where there is no place for one.
    pub fn of(world: &World, rules: &Rules) -> Option<Self> {
        Self::within(world, rules, carried(world).changes())
    }

    /// Returns the same for whoever knows what the policy that the shell is in changed.
    pub fn within(world: &World, rules: &Rules, changes: &[Change]) -> Option<Self> {
        let log = match &rules.audit {
            Some(directory) => Log::of_user(directory, world.uid),
            None => Log::new(world.dirs.state.as_ref()?, "audit"),
        };
        let names: [&[u8]; 2] = [b"USER", b"LOGNAME"];
        // A policy that sets them writes nobody else's name into the log.
        let user = names.iter().find_map(|name| variable_outside(name, world, changes));
        let tty = world.terminal();
        let writer = Writer {
            host: nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
            uid: world.uid,
            user: String::from_utf8_lossy(&user.unwrap_or_default()).into_owned(),
            tty,
            version: concat!("goenv ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        let time = i64::try_from(world.now().as_secs()).unwrap_or(i64::MAX);
        Some(Self { log, writer, time, syslog: rules.syslog })
    }

    /// Returns the log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns whose log it is, for checkpoints: host and user.
    pub fn origin(&self) -> String {
        format!("{} {}", self.writer.host, self.writer.uid)
    }

    /// Returns a record of this moment that says nothing more yet.
    pub fn record(&self, event: Event, outcome: Outcome) -> Record {
        Record::new(self.time, self.writer.clone(), event, outcome)
    }

    /// Appends a record, and anchors it in syslog where the rules say so.
    ///
    /// # Errors
    /// If the log cannot be written: under strict rules nothing may then happen.
    pub fn append(&self, record: &Record, durability: Durability) -> Result<Tip, LogError> {
        let tip = self.log.append(record, durability)?;
        if self.syslog {
            syslog::send(syslog::SOCKET.as_ref(), &self.writer, tip);
        }
        Ok(tip)
    }
}
