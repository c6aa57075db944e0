//! Changing the texts of `allowed_signers` and `revoked_keys`: lines are added, none is rewritten.

use super::{Signer, find, find_revoked};
use crate::trust::flaw::{Flaw, shown};
use crate::trust::header::Tier;
use crate::trust::sshsig::{Key, is_key_type};

/// Returns the key of a public key line (`ssh-ed25519 AAAA… comment`), as `.pub` files and agents hold them.
pub fn public_key(line: &str) -> Result<Key, String> {
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some(kind), Some(base64)) if is_key_type(kind) => {
            let key = Key::from_words(kind, base64)?;
            if key.is_sound() { Ok(key) } else { Err("the key is a weak point".into()) }
        }
        (Some(kind), Some(_)) if !kind.starts_with("-----") => {
            Err(format!("found key type {}, expected ssh-ed25519", shown(kind.as_bytes())))
        }
        _ => Err(format!("found {}, expected a public key", shown(line.as_bytes()))),
    }
}

/// Returns `text` with a line that lets `key` approve the given tiers as `principal`, until a time if one is given.
///
/// # Errors
/// If the principal cannot stand in a line, or the key is listed already.
pub fn add(
    text: &[u8],
    principal: &str,
    key: &Key,
    tiers: &[Tier],
    until: Option<&str>,
) -> Result<Vec<u8>, String> {
    let plain = |c: char| c.is_alphanumeric() || "@._+-/".contains(c);
    if principal.is_empty() || principal.starts_with('-') || !principal.chars().all(plain) {
        let expected = "expected a name or an address, without spaces and patterns";
        return Err(format!("found principal {}, {expected}", shown(principal.as_bytes())));
    }
    if let Some(listed) =
        find(text, std::slice::from_ref(key)).map_err(|flaw| flaw.to_string())?.first()
    {
        let (name, line) = (&listed.principal, listed.line);
        return Err(format!(
            "the key is already listed for {} in line {line}; edit its namespaces= there to let it approve more",
            shown(name.as_bytes())
        ));
    }
    let namespaces: Vec<String> = tiers.iter().map(Tier::namespace).collect();
    let until = until.map(|day| format!(",valid-before=\"{}235959Z\"", day.replace('-', "")));
    let line = format!(
        "{principal} namespaces=\"{}\"{} {} {}\n",
        namespaces.join(","),
        until.unwrap_or_default(),
        key.kind(),
        key.base64()
    );
    let added = appended(text, &line);
    match find(&added, std::slice::from_ref(key)).as_deref() {
        Ok([Signer { .. }]) => Ok(added),
        Ok(_) => Err("the line would not be found again".into()),
        Err(flaw) => Err(flaw.message.clone()),
    }
}

/// Returns `text` with a line that revokes `key`, `None` where it is revoked already.
///
/// # Errors
/// If the text has a line that is not understood.
pub fn revoke(text: &[u8], key: &str) -> Result<Option<Vec<u8>>, String> {
    let line = match key.strip_prefix("SHA256:") {
        Some(_) => format!("{key}\n"),
        None => format!("{}\n", public_key(key)?.fingerprint()),
    };
    find_revoked(line.as_bytes(), &[]).map_err(|flaw| flaw.message)?;
    find_revoked(text, &[]).map_err(|flaw| flaw.to_string())?;
    let known =
        text.split(|byte| *byte == b'\n').any(|entry| entry.trim_ascii() == line.trim().as_bytes());
    Ok((!known).then(|| appended(text, &line)))
}

/// Returns the line of `text` that revokes `key`, `None` where none does.
///
/// # Errors
/// If the text has a line that is not understood.
pub fn revoked_at(text: &[u8], key: &Key) -> Result<Option<usize>, Flaw> {
    let keys = std::slice::from_ref(key);
    find_revoked(text, keys)?;
    let revokes = |line: &[u8]| find_revoked(line, keys).is_ok_and(|found| !found.is_empty());
    Ok(text.split(|byte| *byte == b'\n').position(revokes).map(|index| index + 1))
}

fn appended(text: &[u8], line: &str) -> Vec<u8> {
    let newline: &[u8] = if text.is_empty() || text.ends_with(b"\n") { b"" } else { b"\n" };
    [text, newline, line.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Keygen, key, sign};
    use super::*;

    fn tiers(names: &[&str]) -> Vec<Tier> {
        names.iter().map(|name| Tier::new(name).unwrap()).collect()
    }

    #[test]
    fn an_added_signer_is_found_and_ssh_keygen_agrees() {
        let text =
            add(b"# mine", "ann@home", &key(1), &tiers(&["dev", "staging"]), Some("2099-12-31"))
                .unwrap();
        let expected = format!(
            "# mine\nann@home namespaces=\"goenv-policy-dev,goenv-policy-staging\",valid-before=\"20991231235959Z\" ssh-ed25519 {}\n",
            key(1).base64()
        );
        assert_eq!(String::from_utf8(text.clone()).unwrap(), expected);
        let [signer] = find(&text, &[key(1)]).unwrap().try_into().unwrap();
        assert!(signer.may_sign("goenv-policy-dev") && !signer.may_sign("goenv-policy-prod"));
        let message = sign(1, "goenv-policy-dev", b"x");
        assert!(Keygen::new().verifies(&expected, "ann@home", "goenv-policy-dev", &message, b"x"));
        assert_eq!(
            add(&text, "bob", &key(1), &tiers(&["dev"]), None).unwrap_err(),
            "the key is already listed for \"ann@home\" in line 2; edit its namespaces= there to let it approve more"
        );
        for name in ["", "a b", "*", "a,b", "-x", "a\"b", "a\nb"] {
            let expected = "expected a name or an address, without spaces and patterns";
            let found = shown(name.as_bytes());
            assert_eq!(
                add(b"", name, &key(1), &tiers(&["dev"]), None).unwrap_err(),
                format!("found principal {found}, {expected}")
            );
        }
    }

    #[test]
    fn a_revoked_key_is_found_again() {
        let line = format!("ssh-ed25519 {} ann", key(1).base64());
        let text = revoke(b"", &line).unwrap().unwrap();
        assert_eq!(text, format!("{}\n", key(1).fingerprint()).as_bytes());
        assert_eq!(find_revoked(&text, &[key(1)]), Ok(vec![key(1)]));
        assert_eq!(revoke(&text, &key(1).fingerprint()), Ok(None));
        let two = revoke(&text, &key(2).fingerprint()).unwrap().unwrap();
        assert_eq!(find_revoked(&two, &[key(1), key(2)]), Ok(vec![key(1), key(2)]));
        assert!(revoke(b"", "SHA256:short").unwrap_err().starts_with("found \"SHA256:short\""));
        assert_eq!(
            revoke(b"junk\n", &line).unwrap_err(),
            "1:1: found \"junk\", expected an OpenSSH public key or a SHA256: fingerprint"
        );
    }

    #[test]
    fn only_sound_ed25519_keys_are_taken() {
        assert_eq!(public_key(&format!("ssh-ed25519 {} a b", key(1).base64())), Ok(key(1)));
        for (line, expected) in [
            (format!("ssh-ed25519 {}", Key::plain([0; 32]).base64()), "the key is a weak point"),
            ("ssh-rsa AAAA x".into(), "found key type \"ssh-rsa\", expected ssh-ed25519"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----".into(),
                "found \"-----BEGIN OPENSSH PRIVATE KEY-----\", expected a public key",
            ),
            (String::new(), "found \"\", expected a public key"),
        ] {
            assert_eq!(public_key(&line).unwrap_err(), expected);
        }
    }
}
