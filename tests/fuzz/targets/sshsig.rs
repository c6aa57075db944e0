//! A signature file: what is decoded encodes to the same blob, and none verifies over bytes that it was not made for.
#![no_main]

use goenv::trust::sshsig::{MOST_BLOCKS, Message, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let Ok(signatures) = decode(file) else { return };
    assert!((1..=MOST_BLOCKS).contains(&signatures.len()));
    assert!(file.starts_with(b"-----BEGIN SSH SIGNATURE-----\n"));
    assert!(file.ends_with(b"-----END SSH SIGNATURE-----\n"));
    let (one, other) = (Message::new(b"one"), Message::new(b"other"));
    for signature in &signatures {
        assert!(signature.namespace.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!(signature.verify(&one) && signature.verify(&other)));
        assert!(!signature.verify(&one) || signature.key.is_sound());
    }
    // Decoding depends on nothing but the bytes, and blocks are independent of each other.
    if signatures.len() * 2 <= MOST_BLOCKS && file.len() * 2 <= goenv::trust::sshsig::MOST_BYTES {
        let twice = decode(&file.repeat(2)).expect("two good files are a good file");
        assert_eq!(twice.len(), signatures.len() * 2);
    }
});
