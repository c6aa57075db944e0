//! Any `.env` file: no panic, names that a shell can hold, and values within their limit.
#![no_main]

use goenv::env::is_identifier;
use goenv::policy::dotenv;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut look_up = |name: &[u8]| Ok((name == b"A").then(|| b"a $B".to_vec()));
    match dotenv::read(bytes, &mut look_up) {
        Ok(pairs) => {
            assert!(pairs.iter().all(|(name, _)| is_identifier(name)));
            assert!(pairs.iter().map(|(_, value)| value.len()).sum::<usize>() <= 1 << 20);
        }
        Err(error) => assert!(error.line > 0),
    }
});
