//! What was checked is what applies, however the files change meanwhile.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::repository::Repository;

#[test]
fn a_policy_that_is_swapped_under_export_never_applies_with_other_bytes() {
    const SWAPS: u32 = 10_000;
    const RUNS: u32 = 600;
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let policy = settle.join(".envrc");
    let good = fs::read_to_string(&policy).unwrap();
    let evil = good.replace("A=1", "A=2");
    let swaps = AtomicU32::new(0);
    let done = AtomicBool::new(false);
    let mut outcomes = std::collections::BTreeMap::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let next = settle.join(".next");
            while !done.load(Ordering::Relaxed) {
                for text in [&evil, &good] {
                    fs::write(&next, text).unwrap();
                    fs::rename(&next, &policy).unwrap();
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let mut runs = 0;
        while runs < RUNS || swaps.load(Ordering::Relaxed) < SWAPS {
            *outcomes.entry(repository.value(&settle)).or_insert(0) += 1;
            runs += 1;
        }
        done.store(true, Ordering::Relaxed);
    });
    let applied = outcomes.remove(&(0, Some("1".to_owned()))).unwrap_or(0);
    let refused: u32 = outcomes.remove(&(4, None)).unwrap_or(0);
    assert!(applied > 0 && refused > 0, "{applied} applied, {refused} refused");
    // A file that changes while it is read may be refused for just that, with code 3.
    outcomes.remove(&(3, None));
    assert!(outcomes.is_empty(), "{outcomes:?}");
}
