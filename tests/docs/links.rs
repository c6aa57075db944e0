//! Every relative link of the documents leads to a file, and to a heading where it names one.

use std::path::Path;

use crate::document::{documents, prose};

/// Returns the targets of a document's links.
fn links(document: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut rest = document;
    while let Some(place) = rest.find("](") {
        rest = &rest[place + 2..];
        if let Some(end) = rest.find(')') {
            links.push(rest[..end].to_owned());
        }
    }
    links
}

/// Returns the name that forges give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_anchor(file: &Path, name: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap();
    prose(&text).lines().any(|line| line.starts_with('#') && anchor(line) == name)
}

#[test]
fn every_relative_link_resolves() {
    let mut broken = Vec::new();
    let mut count = 0;
    for document in documents() {
        let text = prose(&std::fs::read_to_string(&document).unwrap());
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            count += 1;
            let (path, name) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            if !target.exists() || !(name.is_empty() || has_anchor(&target, name)) {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(count > 10, "only {count} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}
