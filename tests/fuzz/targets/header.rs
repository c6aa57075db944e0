//! A policy's header: what is parsed is written back so that it parses to the same, and the policy below stays.
#![no_main]

use goenv::trust::header::{Header, parse, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|policy: &[u8]| {
    let Ok(found) = parse(policy) else { return };
    let header = found.clone().unwrap_or_else(Header::default);
    let written = write(policy, &header).expect("a policy that parses can be written");
    assert_eq!(parse(&written).expect("what is written parses"), Some(header.clone()));
    assert_eq!(write(&written, &header).expect("again"), written);
    if found.is_none() {
        assert!(written.ends_with(policy));
    }
});
