//! Signers and revocations: the scan for one key finds exactly the lines that the whole parser finds for it.
#![no_main]

use goenv::trust::signers::{Signer, find, find_revoked, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let all: Vec<Signer> = parse(text).into_iter().flatten().collect();
    for signer in &all {
        assert!(!signer.namespaces.is_empty() && !signer.principal.is_empty());
        let _ = (signer.may_sign("goenv-policy-prod"), signer.validity(1_800_000_000));
        match find(text, std::slice::from_ref(&signer.key)) {
            Ok(found) => {
                let of_key = |other: &&Signer| other.key.raw() == signer.key.raw();
                let of_key: Vec<_> = all.iter().filter(of_key).collect();
                assert_eq!(found.iter().collect::<Vec<_>>(), of_key);
            }
            Err(flaw) => assert!(flaw.line > 0 && flaw.column > 0),
        }
        let _ = find_revoked(text, std::slice::from_ref(&signer.key));
    }
});
