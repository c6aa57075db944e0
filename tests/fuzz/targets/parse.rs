//! Any bytes: no panic, and what is printed is parsed as the same text again.
#![no_main]

use std::path::Path;

use goenv::policy::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("/project/.envrc");
    match parse(path, bytes) {
        Ok(program) => {
            let printed = program.print();
            let again = parse(path, &printed).expect("a printed program is parsed");
            assert_eq!(again.print(), printed);
        }
        Err(error) => {
            assert!(error.to_string().contains('^'));
            assert!(error.place.line > 0 && error.place.column > 0);
        }
    }
});
