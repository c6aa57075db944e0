//! Rules for secrets in plain text: tokens that are known by their shape, and values of variables that are called so.
//!
//! A message names the variable or the kind of token and never the value, and no format shows the line.

use std::collections::BTreeSet;

use super::Finding;
use super::facts::Facts;
use super::kind::Kind;
use super::lines::{column, lines};
use super::rules::Rule;
use super::settings;

/// How a token begins, how many characters follow at least, and what it is.
const TOKENS: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "an AWS access key"),
    ("ghp_", 36, "a GitHub token"),
    ("gho_", 36, "a GitHub token"),
    ("ghu_", 36, "a GitHub token"),
    ("ghs_", 36, "a GitHub token"),
    ("ghr_", 36, "a GitHub token"),
    ("github_pat_", 22, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("AIza", 35, "a Google API key"),
    ("sk_live_", 16, "a Stripe key"),
    ("hvs.", 24, "a Vault token"),
    ("npm_", 36, "an npm token"),
    ("pypi-AgEIcHlwaS5vcmc", 40, "a PyPI token"),
];

/// Checks the files that set variables.
pub fn check(facts: &Facts, findings: &mut Vec<Finding>) {
    for file in &facts.files {
        let sets = matches!(
            file.kind,
            Kind::Policy | Kind::Dotenv | Kind::Docker | Kind::GitHub | Kind::Pipeline
        );
        if !sets {
            continue;
        }
        let mut seen = BTreeSet::new();
        for (number, line) in lines(&file.bytes) {
            let Some((at, what)) = token(line) else { continue };
            let message = format!("{what} in plain text");
            let finding = Finding::new(Rule::Secret, &file.path, message);
            findings.push(finding.at(number, column(at), 1));
            seen.insert(number);
        }
        for setting in settings::of(file) {
            let known = seen.contains(&setting.line) || setting.expands;
            if !known && is_secret_name(&setting.name) && is_literal(&setting.value) {
                let message = format!("{} has its value in plain text", setting.name);
                let finding = Finding::new(Rule::Secret, &file.path, message);
                findings.push(finding.at(setting.line, setting.column, setting.name.len()));
            }
        }
    }
}

/// Returns whether a line holds what must not be shown.
pub fn stands_in(line: &[u8]) -> bool {
    token(line).is_some() || settings::has_password(&String::from_utf8_lossy(line))
}

/// Returns where a line holds a token, and what it is.
fn token(line: &[u8]) -> Option<(usize, &'static str)> {
    let text = String::from_utf8_lossy(line);
    if let Some(at) = text.find("-----BEGIN ").filter(|_| text.contains("PRIVATE KEY-----")) {
        return Some((at, "a private key"));
    }
    TOKENS.iter().find_map(|(start, least, what)| {
        let (at, _) = text.match_indices(start).find(|(at, _)| {
            let before = text.get(..*at).and_then(|before| before.chars().next_back());
            let rest = text.get(at + start.len()..).unwrap_or_default();
            let long =
                rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"_-".contains(b)).count();
            !before.is_some_and(|c| c.is_ascii_alphanumeric()) && long >= *least
        })?;
        Some((at, *what))
    })
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let ends = [
        "_TOKEN",
        "_SECRET",
        "PASSWORD",
        "PASSWD",
        "_API_KEY",
        "_SECRET_KEY",
        "_PRIVATE_KEY",
        "_PASS",
    ];
    ends.iter().any(|end| name.ends_with(end))
        || matches!(name.as_str(), "TOKEN" | "SECRET" | "API_KEY" | "AWS_SECRET_ACCESS_KEY")
}

/// What everybody gives a database that lives as long as a test; a word before those that begin it.
const COMMON: &[&str] = &[
    "admin",
    "change",
    "dummy",
    "example",
    "guest",
    "mysql",
    "none",
    "null",
    "password",
    "passwd",
    "passw",
    "placeholder",
    "postgres",
    "redacted",
    "root",
    "secret",
    "test",
    "todo",
    "xxx",
    "your",
];

/// The fewest characters of a secret that is worth the name.
const SHORTEST: usize = 6;

/// Returns whether a value is the secret itself and no reference, no file and no placeholder.
fn is_literal(value: &str) -> bool {
    let reference = value.contains("://") || value.starts_with(['/', '.', '<', '*', '{', '~', '!']);
    value.len() >= SHORTEST && !reference && !is_placeholder(&value.to_ascii_lowercase())
}

/// Returns whether a value is made of common words, or has one as a word of its own.
///
/// A common word somewhere in it is not enough: `hunter2secret` is a secret.
fn is_placeholder(value: &str) -> bool {
    let is_common = |word: &str| COMMON.iter().any(|common| word.contains(common));
    // `changeme` and `testing` are such words, too.
    let begins = |word: &str| COMMON.iter().any(|common| word.starts_with(common));
    let is_word = |word: &str| begins(word) && beside_common(word) <= 3;
    let mut words = value.split(|c: char| !c.is_alphanumeric());
    is_common(value) && (beside_common(value) < SHORTEST || words.any(is_word))
}

/// Returns how many letters and digits a value has besides common words.
fn beside_common(value: &str) -> usize {
    let mut left = value.to_owned();
    for common in COMMON {
        // Something stays between, so that what is left on both sides makes no new word.
        left = left.replace(common, " ");
    }
    left.chars().filter(|c| c.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_known_by_their_shape() {
        let long = "A".repeat(40);
        for (line, expected) in [
            (format!("export X=ghp_{long}"), Some((9, "a GitHub token"))),
            ("key: AKIAIOSFODNN7EXAMPLE".to_owned(), Some((5, "an AWS access key"))),
            ("-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(), Some((0, "a private key"))),
            ("-----BEGIN CERTIFICATE-----".to_owned(), None),
            ("ghp_short".to_owned(), None),
            (format!("xghp_{long}"), None),
        ] {
            assert_eq!(token(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn references_and_placeholders_are_no_secrets() {
        for (name, value, expected) in [
            ("DB_PASSWORD", "hunter22", true),
            ("API_TOKEN", "0123456789", true),
            ("DB_PASSWORD", "changeme", false),
            ("DB_PASSWORD", "/run/secrets/db", false),
            ("DB_PASSWORD", "op://vault/db", false),
            ("DB_PASSWORD", "", false),
            ("POSTGRES_PASSWORD", "postgres", false),
            ("DB_PASSWORD", "testpassword", false),
            ("DB_PASSWORD", "hunter2secret", true),
            ("DB_PASSWORD", "Zroot8kq29x", true),
            ("DB_PASSWORD", "attestation77", true),
            ("DB_PASSWORD", "b4none-9fkq2x", true),
            ("DB_PASSWORD", "change-me-before-production", false),
            ("DB_PASSWORD", "changeme_in_production", false),
            ("DB_PASSWORD", "your db password goes here", false),
            ("DB_PASSWORD", "mysecretpassword", false),
            ("DB_PASSWORD", "Passw0rd", false),
            ("DB_PASSWORD", "secret123", false),
            ("API_TOKEN", "test-token-for-ci", false),
            ("API_TOKEN", "xxxxxxxxxxxxxxxx", false),
            ("DB_USER", "hunter22", false),
            ("MONKEY", "hunter22", false),
        ] {
            assert_eq!(is_secret_name(name) && is_literal(value), expected, "{name}={value}");
        }
    }
}
