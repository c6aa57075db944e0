//! The field tables of the reference, against what the commands print.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::elf::Elf;
use crate::common::{Sandbox, settle};
use crate::document::{quoted, rows, section, text};

/// Returns the names of a table's fields.
fn documented(heading: &str) -> BTreeSet<String> {
    let reference = text("docs/reference.md");
    let rows = rows(section(&reference, heading));
    assert!(!rows.is_empty(), "`{heading}` has no table");
    rows.iter().map(|cells| quoted(&cells[0])[0].clone()).collect()
}

/// Returns the names of all leaves: `a.b` for an object's, `a[].b` for those of objects in an array.
fn leaves(value: &Value, name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let dot = if name.is_empty() { "" } else { "." };
                leaves(value, &format!("{name}{dot}{field}"), found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| leaves(item, &format!("{name}[]"), found));
        }
        _ => {
            found.insert(name.to_owned());
        }
    }
}

#[track_caller]
fn same(heading: &str, outputs: &[Value]) {
    let mut found = BTreeSet::new();
    outputs.iter().for_each(|output| leaves(output, "", &mut found));
    assert_eq!(documented(heading), found, "{heading}");
}

fn json(sandbox: &Sandbox, directory: &Path, arguments: &[&str]) -> Value {
    serde_json::from_slice(sandbox.goenv(directory, arguments).bytes()).unwrap()
}

/// A signed policy that applies, with everything that a status can say, and its directory.
fn signed() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::with_sdks(&["1.24.11"]);
    let home = sandbox.home();
    let policy = "use go 1.24.11\nexport A=1\n";
    drop(sandbox.file("home/repo/.envrc", policy));
    drop(sandbox.file("home/repo/go.mod", "module m\n\ngo 1.25\n"));
    let setup = "mkdir .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519 && git -C repo init -q . && \
                 git -C repo remote add origin https://git.example/m";
    sandbox.run(&home, "sh", &["-c", setup]).success();
    let directory = home.join("repo");
    let key = home.join(".ssh/id_ed25519.pub").display().to_string();
    sandbox.goenv(&directory, &["sdk", "add", "../sdk/go1.24.11"]).success();
    sandbox.goenv(&directory, &["pin", "1.24.11"]).success();
    sandbox.goenv(&directory, &["keys", "add", "ann@bank.example", &key]).success();
    sandbox.goenv(&directory, &["sign"]).success();
    sandbox.goenv(&directory, &["export", "bash"]).success();
    (sandbox, directory)
}

#[test]
fn the_tables_name_every_field_of_the_output_and_no_other() {
    let (sandbox, repo) = signed();
    same("### status --json", &[json(&sandbox, &repo, &["status", "--json"])]);
    same("### why --json", &[json(&sandbox, &repo, &["why", "--json"])]);
    same("### verify --json", &[json(&sandbox, &repo, &["verify", "--json"])]);
    same("### sdk list --json", &[json(&sandbox, &repo, &["sdk", "list", "--json"])]);
    same("### keys list --json", &[json(&sandbox, &repo, &["keys", "list", "--json"])]);
    same("### check --format json", &[json(&sandbox, &repo, &["check", "--format", "json"])]);
    same("### doctor --json", &[json(&sandbox, &repo, &["doctor", "--json"])]);
    let log = sandbox.goenv(&repo, &["audit", "log", "--json"]).stdout();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // One that has no signers or no SDK says so with an empty array or null, in the same field.
    let mut whole =
        records.iter().filter(|r| r["sdk"].is_object() && r["signers"] != Value::Array(vec![]));
    let mut whole = whole.next().unwrap().clone();
    // The engine is named where it is bash.
    sandbox.file("home/bash/.envrc", "f() { :; }\n");
    sandbox.goenv(&sandbox.home().join("bash"), &["allow", "--bash"]).success();
    let last = sandbox.goenv(&repo, &["audit", "log", "--json", "-n", "1"]).stdout();
    let last: Value = serde_json::from_str(&last).unwrap();
    whole["engine"] = last.get("engine").unwrap().clone();
    // A path is told twice where it is no text, and a line that was cut short by the record behind it.
    let log = sandbox.home().join(".local/state/goenv/audit.jsonl");
    fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(b"{\"v\":1").unwrap();
    let odd = sandbox.home().join(OsStr::from_bytes(b"\xff"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join(".envrc"), "export A=1\n").unwrap();
    sandbox.goenv(&odd, &["allow"]).success();
    let last = sandbox.goenv(&repo, &["audit", "log", "--json", "-n", "2"]).stdout();
    for line in last.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        for field in ["path_b64", "torn"] {
            record.get(field).iter().for_each(|value| whole[field] = (*value).clone());
        }
    }
    same("### Audit records", &[whole]);
}

#[test]
fn the_table_of_inspect_names_its_fields() {
    let policy = "#goenv: v1\n#goenv: tier prod\n#goenv-ignore: GOENV505 until 2099-01-01 x\n";
    let sandbox = Sandbox::new();
    sandbox.file("home/.envrc", policy);
    let info = "path\tm/x\nmod\tm\tv1.0.0\th1:m=\ndep\ta\tv1.0.0\th1:a=\ndep\tb\tv1.0.0\n=>\tc\tv1.0.0\th1:c=\n\
                build\tCGO_ENABLED=1\n";
    sandbox.file("home/app", Elf { info: info.to_owned(), ..Elf::default() }.build());
    let output = json(&sandbox, &sandbox.home(), &["inspect", "--json", "app"]);
    same("### inspect --json", &[output]);
}

#[test]
fn a_field_is_there_also_where_it_has_nothing_to_say() {
    let sandbox = Sandbox::new();
    let status = json(&sandbox, &sandbox.home(), &["status", "--json"]);
    for field in documented("### status --json") {
        let field = field.split(['.', '[']).next().unwrap();
        assert!(status.get(field).is_some(), "{field} in {status}");
    }
}

#[test]
fn the_table_of_audit_verify_names_its_fields() {
    let (sandbox, repo) = signed();
    let log = sandbox.home().join(".local/state/goenv/audit.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replacen("\"uid\"", "\"xid\"", 1)).unwrap();
    same("### audit verify --json", &[json(&sandbox, &repo, &["audit", "verify", "--json"])]);
}

#[test]
fn export_json_is_an_object_of_strings_and_nulls() {
    let (mut sandbox, repo) = signed();
    settle();
    let full = json(&sandbox, &repo, &["export", "json", "--full"]);
    let names: Vec<&String> = full.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["A", "GOENV_POLICY", "GOENV_STATE", "GOENV_TIER", "GOROOT", "GOTOOLCHAIN", "PATH"]
    );
    assert!(full.as_object().unwrap().values().all(Value::is_string));
    for (name, value) in full.as_object().unwrap() {
        sandbox.set(name, value.as_str().unwrap());
    }
    assert_eq!(sandbox.goenv(&repo, &["export", "json"]).success().stdout(), "");
    let left = json(&sandbox, &sandbox.home(), &["export", "json"]);
    assert_eq!(left["A"], Value::Null);
    assert_eq!(left["GOENV_STATE"], Value::Null);
}

#[test]
fn the_sources_of_sdks_are_those_that_are_looked_at() {
    use goenv::sdk::places::Source;
    let all = [
        Source::Store,
        Source::GoDl,
        Source::Local,
        Source::System,
        Source::GoNv,
        Source::Asdf,
        Source::Mise,
        Source::Gvm,
        Source::ModuleCache,
    ];
    let reference = text("docs/reference.md");
    let documented: Vec<String> = rows(section(&reference, "## SDK places"))
        .iter()
        .map(|cells| quoted(&cells[0])[0].clone())
        .collect();
    assert_eq!(documented, all.map(Source::name));
}

#[test]
fn the_table_of_metrics_names_every_metric_and_its_labels() {
    let (sandbox, repo) = signed();
    let done = sandbox.goenv(&repo, &["metrics", "."]);
    let printed = done.success().stdout();
    let mut families: BTreeMap<String, String> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" gauge"))
        .map(|name| (name.to_owned(), String::new()))
        .collect();
    for line in printed.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once('{').unwrap();
        // The label of a value with a comma is no label, and there is none here.
        let labels = rest.split(',').filter_map(|pair| Some(pair.split_once("=\"")?.0));
        *families.get_mut(name).unwrap() = labels.collect::<Vec<_>>().join(" ");
    }
    let reference = text("docs/reference.md");
    let documented: BTreeMap<String, String> = rows(section(&reference, "## Metrics"))
        .iter()
        .map(|cells| (quoted(&cells[0])[0].clone(), quoted(&cells[1]).join(" ")))
        .collect();
    for (name, labels) in &families {
        if labels.is_empty() {
            assert!(documented.contains_key(name), "{name} is not documented");
        } else {
            assert_eq!(documented.get(name), Some(labels), "{name}");
        }
    }
    assert_eq!(documented.len(), families.len());
}
