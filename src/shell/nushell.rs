//! For nushell, which evaluates no text: the object of `export json`, where nushell can hold it.
//!
//! Its variables are text, and a name in capitals is the same as one without. What it cannot hold is refused whole, as it
//! would otherwise be missing at every prompt and be set anew.

use std::collections::BTreeMap;

use super::json;
use crate::env::{Bytes, Diff, Env};

/// Variables that nushell keeps to itself, or that hold its own settings.
const OWN: &[&str] = &["CONFIG", "CURRENT_FILE", "ENV_CONVERSIONS", "FILE_PWD", "PWD"];

/// What nushell draws its prompt from, often as code, which no program sees: it would be lost on leaving.
const PROMPT: &[&str] = &["PROMPT_COMMAND", "PROMPT_INDICATOR", "PROMPT_MULTILINE_INDICATOR"];

/// Returns the object, or nothing where nothing changes.
pub fn print(diff: &Diff) -> Bytes {
    json::print(diff)
}

/// Returns why nushell cannot hold the change that makes `to`.
pub fn refusal(diff: &Diff, to: &Env) -> Option<String> {
    unheld(diff, to).map(|(_, reason)| reason)
}

/// Takes out of `to` what keeps nushell from holding it, and returns the reasons.
pub fn reduce(from: &Env, to: &mut Env) -> Vec<String> {
    let mut reasons = Vec::new();
    loop {
        let Some((name, reason)) = unheld(&Diff::between(from, to), to) else { return reasons };
        to.unset(name);
        reasons.push(reason);
    }
}

/// Returns a variable that nushell cannot hold, and why.
fn unheld(diff: &Diff, to: &Env) -> Option<(Bytes, String)> {
    let fold = |name: &[u8]| String::from_utf8_lossy(name).to_ascii_uppercase();
    let mut names: BTreeMap<String, &[u8]> = BTreeMap::new();
    let set: Vec<_> = diff.steps().filter_map(|(name, value)| Some((name, value?))).collect();
    for (name, _) in to.iter() {
        let twin = names
            .insert(fold(name), name)
            .filter(|_| set.iter().any(|(it, _)| fold(it) == fold(name)));
        if let Some(twin) = twin {
            let (one, other) = (String::from_utf8_lossy(twin), String::from_utf8_lossy(name));
            return Some((name.to_vec(), format!("{one} and {other} are one variable to nushell")));
        }
    }
    set.into_iter().find_map(|(name, value)| {
        let shown = String::from_utf8_lossy(name);
        let reason = if is_own(&fold(name)) {
            format!("{shown} is a variable of nushell's own")
        } else if std::str::from_utf8(value).is_err() {
            format!("{shown}: nushell holds values in UTF-8 alone")
        } else {
            return None;
        };
        Some((name.to_vec(), reason))
    })
}

/// Returns whether a variable, in capitals, is nushell's own.
fn is_own(name: &str) -> bool {
    let prompt = name.strip_prefix("TRANSIENT_").unwrap_or(name);
    OWN.contains(&name) || PROMPT.iter().any(|own| prompt.starts_with(own))
}

/// Returns a path as one word; bytes that are not UTF-8, which nushell's source cannot hold, are replaced.
pub fn quote(bytes: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(bytes);
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &[(&str, &[u8])], to: &[(&str, &[u8])]) -> Option<String> {
        let env = |pairs: &[(&str, &[u8])]| -> Env { pairs.iter().copied().collect() };
        let (from, to) = (env(from), env(to));
        refusal(&Diff::between(&from, &to), &to)
    }

    #[test]
    fn what_nushell_cannot_hold_is_named() {
        assert_eq!(
            refused(&[("A", b"\xff"), ("b", b"1"), ("B", b"1")], &[("C", b"caf\xc3\xa9")]),
            None
        );
        let both: &[(&str, &[u8])] = &[("HTTP_PROXY", b"x"), ("http_proxy", b"x")];
        let twins = "HTTP_PROXY and http_proxy are one variable to nushell";
        assert_eq!(refused(&[], both).as_deref(), Some(twins));
        assert_eq!(refused(&both[..1], both).as_deref(), Some(twins));
        assert_eq!(refused(both, &[both, &[("A", b"1")]].concat()), None);
        let text = "A: nushell holds values in UTF-8 alone";
        assert_eq!(refused(&[], &[("A", b"caf\xe9")]).as_deref(), Some(text));
        for name in ["config", "PROMPT_INDICATOR_VI_INSERT", "TRANSIENT_PROMPT_COMMAND"] {
            let own = format!("{name} is a variable of nushell's own");
            assert_eq!(refused(&[], &[(name, b"1")]), Some(own));
        }
        assert_eq!(refused(&[], &[("PROMPT_DIRTRIM", b"1")]), None);
    }

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(quote(br#"/a b/"q"\it's"#), br#""/a b/\"q\"\\it's""#);
    }
}
