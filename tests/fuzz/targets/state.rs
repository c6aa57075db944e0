//! Whatever the state variable holds, reading it ends, and what was read is written as it was.
#![no_main]

use goenv::env::state::{Carried, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Carried::Here(state) = read(text) {
        assert_eq!(read(&state.text()), Carried::Here(state));
    }
});
