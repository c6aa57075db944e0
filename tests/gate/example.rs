//! The example repository: every rule of the gate that a repository can break, in every form.

use std::collections::BTreeSet;
use std::path::Path;

use goenv::check::rules::ENTRIES;

use crate::common::{Done, GOENV, Sandbox, tool};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/gate");

fn show(form: &str) -> Done {
    let mut sandbox = Sandbox::new();
    sandbox.set("GOENV", GOENV);
    sandbox.run(Path::new(EXAMPLE), &format!("{EXAMPLE}/show"), &[form])
}

#[test]
fn the_text_is_the_one_beside_the_example() {
    let done = show("text");
    assert_eq!(done.code(), 3, "{}", done.stderr());
    let expected = std::fs::read_to_string(Path::new(EXAMPLE).join("findings.txt")).unwrap();
    assert_eq!(
        done.stdout(),
        expected,
        "to accept it: examples/gate/show > examples/gate/findings.txt"
    );
    let counts = (expected.matches(": error[").count(), expected.matches(": warning[").count());
    assert_eq!(
        done.stderr(),
        format!(
            "goenv: bash evaluates these, so they were not run, and what they set was not judged: nix/.envrc\n\
             goenv: {} errors and {} warnings in 23 files, 1 silenced by policies\n",
            counts.0, counts.1
        )
    );
}

/// What no repository can show: `goenv doctor`'s and `goenv inspect`'s.
#[test]
fn every_rule_about_a_repository_is_shown() {
    let text = show("text").stdout();
    let shown: BTreeSet<&str> = ENTRIES
        .iter()
        .map(|entry| entry.id)
        .filter(|id| text.contains(&format!("[{id}]")))
        .collect();
    let missing: Vec<&str> =
        ENTRIES.iter().map(|entry| entry.id).filter(|id| !shown.contains(id)).collect();
    let (doctors, binaries): (Vec<&str>, Vec<&str>) =
        missing.into_iter().partition(|id| !id.starts_with("GOENV5"));
    assert_eq!(doctors, ["GOENV105"], "GOROOT and the go that runs are `goenv doctor`'s");
    assert_eq!(binaries.len(), 7, "binaries are `goenv inspect`'s");
}

#[test]
fn every_form_says_the_same() {
    let text = show("text").stdout();
    let errors = text.matches(": error[").count();
    let all = errors + text.matches(": warning[").count();

    let json: serde_json::Value = serde_json::from_slice(show("json").bytes()).unwrap();
    assert_eq!(json["errors"], errors);
    assert_eq!(json["findings"].as_array().unwrap().len(), all);
    assert_eq!(json["silenced"], 1);
    let fields: Vec<&String> = json["findings"][0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["column", "help", "id", "level", "line", "message", "path"]);

    let sarif: serde_json::Value = serde_json::from_slice(show("sarif").bytes()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), all + 1);
    let suppressed: Vec<_> =
        results.iter().filter(|result| result["suppressions"].is_array()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(
        suppressed[0]["suppressions"][0]["justification"],
        "the vendor's image is replaced in March"
    );

    let github = show("github").stdout();
    assert_eq!(github.lines().count(), all);
    assert!(
        github.lines().all(|line| line.starts_with("::error ") || line.starts_with("::warning "))
    );

    let gitlab: serde_json::Value = serde_json::from_slice(show("gitlab").bytes()).unwrap();
    let prints: BTreeSet<&str> = gitlab
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| issue["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(prints.len(), all, "fingerprints are distinct");

    let secrets = ["hunter22", "s3cr3t-pass"];
    for form in ["text", "json", "sarif", "github", "gitlab"] {
        let shown = show(form).stdout();
        assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{form} shows a secret");
    }
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let sandbox = Sandbox::new();
    let schema = tool("sarif-schema.json");
    let file = sandbox.file("good.sarif", show("sarif").bytes());
    let validate = |file: &Path| {
        let arguments = [
            "--regex-variant".as_ref(),
            "nonunicode".as_ref(),
            "--schemafile".as_ref(),
            schema.as_os_str(),
            file.as_os_str(),
        ];
        let program = tool("py/bin/check-jsonschema");
        sandbox.run(&sandbox.home(), program.to_str().unwrap(), &arguments)
    };
    validate(&file).success();
    // The judge can say no.
    let text = String::from_utf8(show("sarif").bytes().to_vec()).unwrap();
    let bad = sandbox.file("bad.sarif", text.replace("\"level\": \"error\"", "\"level\": \"bad\""));
    assert_ne!(validate(&bad).code(), 0);
}
