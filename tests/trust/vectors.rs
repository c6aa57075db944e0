//! The vectors in docs/security.md: what they say holds, for goenv and for ssh-keygen.

use std::fs;

use goenv::hex::{hex, sha256};
use goenv::trust::header;
use goenv::trust::serial::Mark;
use goenv::trust::signers::find;
use goenv::trust::sshsig::{Message, decode};

use crate::common::Sandbox;

/// Returns the text of the fenced block with an info string.
fn block<'a>(document: &'a str, kind: &str) -> &'a str {
    let start = format!("\n```{kind}\n");
    let (_, rest) = document.split_once(&start).unwrap_or_else(|| panic!("no {kind} block"));
    let end = rest.find("\n```").unwrap();
    &rest[..=end]
}

#[test]
fn the_documented_vector_verifies() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md");
    let document = fs::read_to_string(path).unwrap();
    let (policy, file) = (block(&document, "envrc"), block(&document, "sig"));
    let signers = block(&document, "signers");
    assert_eq!(header::parse(policy.as_bytes()).unwrap().unwrap().missing(), None);
    assert!(document.contains(&hex(&sha256(policy.as_bytes()))));
    let signatures = decode(file.as_bytes()).unwrap();
    assert_eq!(signatures.len(), 2);
    for signature in &signatures {
        assert!(signature.verify(&Message::new(policy.as_bytes())));
        assert!(document.contains(&signature.key.fingerprint()));
        let [signer] = find(signers.as_bytes(), std::slice::from_ref(&signature.key))
            .unwrap()
            .try_into()
            .unwrap();
        assert!(signer.may_sign("goenv-policy-prod"));
    }
    let sandbox = Sandbox::new();
    sandbox.file("home/.envrc", policy);
    sandbox.file("home/signers", signers);
    let halves = file.split_inclusive("-----END SSH SIGNATURE-----\n");
    for (half, name) in halves.zip(["alice@bank.example", "bob@bank.example"]) {
        sandbox.file("home/half", half);
        let verify = format!(
            "ssh-keygen -Y verify -f signers -I {name} -n goenv-policy-prod -s half < .envrc"
        );
        sandbox.run(&sandbox.home(), "sh", &["-c", &verify]).success();
    }
}

#[test]
fn the_documented_mark_and_header_are_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md");
    let document = fs::read_to_string(path).unwrap();
    let mark = document.lines().find(|line| line.starts_with("v1 42 ")).unwrap();
    assert_eq!(Mark::parse(format!("{mark}\n").as_bytes()).unwrap().serial, 42);
    let start = document.find("#goenv: v1\n").unwrap();
    let lines = document[start..].split("```").next().unwrap();
    assert_eq!(header::parse(lines.as_bytes()).unwrap().unwrap().serial, Some(42));
}
