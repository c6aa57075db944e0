//! `export json`: direnv's shape, an object of name to string, or to null for unset.
//!
//! JSON holds text: a byte that is not UTF-8 becomes U+FFFD, as in direnv.

use std::collections::BTreeMap;

use crate::env::{Bytes, Diff};

/// Returns the object, or nothing where nothing changes.
pub fn print(diff: &Diff) -> Bytes {
    let object: BTreeMap<String, Option<String>> = diff
        .steps()
        .map(|(name, value)| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(name), value.map(text))
        })
        .collect();
    crate::ui::json(&object)
}
