//! The audit log's reader: no panic on any bytes, and a log that verifies does not after any of its bytes changed.
#![no_main]

use goenv::audit::checkpoint::Checkpoint;
use goenv::audit::export::cef;
use goenv::audit::record::Tip;
use goenv::audit::verify::verify;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let report = verify(log, Tip::default(), |_| {}).expect("memory can be read");
    if report.findings.is_empty() {
        assert_eq!(report.tip.seq, report.records, "an untouched log counts from 1");
    }
    for line in log.split(|byte| *byte == b'\n') {
        if let Some(cef) = cef(line) {
            assert!(!cef.contains(char::is_control));
        }
    }
    if let Ok(checkpoint) = Checkpoint::parse(log) {
        assert_eq!(checkpoint.text().as_bytes(), log);
    }
});
