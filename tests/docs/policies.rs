//! Every policy that the documents and examples show is one, and so are their rules.

use std::fs;
use std::path::{Path, PathBuf};

use goenv::policy::parse;
use goenv::trust::rules::{Rules, Source};

use crate::document::{blocks, documents, quoted, root, rows, section, text};

#[test]
fn every_policy_in_a_document_parses() {
    let mut count = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for block in blocks(&text) {
            if matches!(block.language.as_str(), "envrc" | "goenv") {
                count += 1;
                if let Err(error) = parse(Path::new("/.envrc"), block.text.as_bytes()) {
                    panic!("{}:{}: {error}", document.display(), block.line);
                }
            }
        }
    }
    assert!(count >= 2, "only {count} policies were found");
}

/// Returns the policies below a directory.
fn policies(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(policies(&path));
        } else if path.file_name().is_some_and(|name| name == ".envrc") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Policies of the gate's example that show what is beyond the language.
const BEYOND: [&str; 3] =
    ["examples/gate/broken/.envrc", "examples/gate/legacy/.envrc", "examples/gate/nix/.envrc"];

#[test]
fn every_policy_of_the_examples_parses_but_those_that_show_what_does_not() {
    let policies = policies(&root().join("examples"));
    assert!(policies.len() > 5, "{policies:?}");
    let beyond: Vec<String> = policies
        .iter()
        .filter(|path| parse(path, &fs::read(path).unwrap()).is_err())
        .map(|path| path.strip_prefix(root()).unwrap().display().to_string())
        .collect();
    assert_eq!(beyond, BEYOND);
}

fn read(text: &str) -> Result<Rules, String> {
    Rules::read(Some(Source { path: "config.toml", text: text.as_bytes() }), None)
}

#[test]
fn the_rules_in_the_documents_are_rules() {
    let mut count = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for block in blocks(&text).iter().filter(|block| block.language == "toml") {
            count += 1;
            // A block is the organisation's file or the user's.
            let user = Source { path: "config.toml", text: block.text.as_bytes() };
            read(&block.text).or_else(|_| Rules::read(None, Some(user))).unwrap();
        }
    }
    assert!(count > 0);
}

/// Returns the fields that are known, as the refusal of an unknown one names them.
fn known(table: &str, prefix: &str) -> Vec<String> {
    let error = read(&format!("{table}\nno_such_field = 1\n")).unwrap_err();
    let (_, list) = error.split_once("expected one of ").unwrap_or_else(|| panic!("{error}"));
    list.split(", ").map(|field| format!("{prefix}{field}")).collect()
}

#[test]
fn the_reference_has_every_field_of_the_rules_and_no_other() {
    let mut fields = known("", "");
    fields.retain(|field| !["tiers", "go", "sdk", "audit"].contains(&field.as_str()));
    fields.extend(known("[tiers.prod]", "tiers.T."));
    for table in ["go", "sdk", "audit"] {
        fields.extend(known(&format!("[{table}]"), &format!("{table}.")));
    }
    fields.sort();
    let reference = text("docs/reference.md");
    let mut documented: Vec<String> = rows(section(&reference, "## Rules"))
        .iter()
        .map(|cells| quoted(&cells[0])[0].clone())
        .collect();
    documented.sort();
    assert_eq!(documented, fields);
    let example = blocks(section(&reference, "## Rules"));
    for field in fields.iter().filter(|field| *field != "follow") {
        let name = field.rsplit('.').next().unwrap();
        assert!(
            example[0].text.contains(&format!("\n{name} ="))
                || example[0].text.starts_with(&format!("{name} =")),
            "the example lacks {field}"
        );
    }
}
