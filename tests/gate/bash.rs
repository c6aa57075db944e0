//! Policies whose header leaves them to bash: the gate runs nothing of them, and still finds what can be known.

use std::fs;

use crate::common::elf::Elf;
use crate::repository::Repository;

const HEADER: &str = "#goenv: v1\n#goenv: engine bash\n";
const NOTE: &str =
    "goenv: bash evaluates these, so they were not run, and what they set was not judged";

fn repository(policy: &str) -> Repository {
    Repository::with(&[(".envrc", &format!("{HEADER}{policy}"))])
}

#[test]
fn a_good_policy_for_bash_has_no_finding_and_is_not_run() {
    for policy in [
        "f() { export A=$1; }\nf 1\n",
        "touch ran\n",
        "use flake\nlayout python\n",
        "if ! has nonesuch; then\n  use nix\nfi\n",
        "for x in a b; do export \"$x=1\"; done\n",
        "use_tool() { PATH_add \"$1\"; }\nuse tool bin\n",
        "function use_tool { PATH_add \"$1\"; }\nuse tool bin\n",
        "source ./lib.sh\nuse tool bin\n",
        "cat >x <<END\nuse nothing\nexport GOROOT=/x\nEND\n",
        "cat >x<<'THE END'\nuse nothing\nexport GOROOT=/x\nTHE END\n",
        "export A=$(git describe --tags)\nB=(use nothing)\n",
        "[[ $A =~ ^a ]] && export B=$((1 + 1))\nuse go 1.26.4\n",
        "A=(a)\ncase $A in\na) use go 1.26.4 ;;\n*) use go 1.26.6 ;;\nesac\n",
    ] {
        let repository = repository(policy);
        repository.write("lib.sh", "use_tool() { :; }\n");
        let done = repository.check(&[]);
        let said = format!("{NOTE}: .envrc\ngoenv: nothing found in 1 file\n");
        assert_eq!(
            (done.code(), done.stdout(), done.stderr()),
            (0, String::new(), said),
            "{policy}"
        );
        assert!(!repository.root.join("ran").exists());
        let done = repository.check(&["--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(done.bytes()).unwrap();
        assert_eq!(report["unevaluated"], serde_json::json!([".envrc"]), "{policy}");
    }
    // What is in the language means the same to bash, and is judged as ever.
    let repository = repository("export A=1\n");
    assert_eq!(repository.check(&[]).stderr(), "goenv: nothing found in 1 file\n");
}

#[test]
fn what_needs_no_evaluation_is_found() {
    for (policy, found, code) in [
        ("f() { :; }\nexport API_TOKEN=hunter22\n", ".envrc:4:8 GOENV407", 1),
        ("declare -x API_TOKEN=hunter22\n", ".envrc:3:12 GOENV407", 1),
        ("builtin export -- API_TOKEN=$'hunter22'\n", ".envrc:3:19 GOENV407", 1),
        ("A=\"$(cat <<E\nit's\nE\n)\"\nexport API_TOKEN=hunter22\n", ".envrc:7:8 GOENV407", 1),
        (
            "f() { :; }\nA=\"cost: $'\"\nexport API_TOKEN=hunter22 # it's\n",
            ".envrc:5:8 GOENV407",
            1,
        ),
        ("builtin eval \"$(a)\"\n", ".envrc:3:9 GOENV303", 1),
        ("f() { :; }\nexport GOROOT=/usr/local/go\n", ".envrc:4:8 GOENV304", 1),
        ("f() { :; }\nexport GOPROXY='https://p.example|direct'\n", ".envrc:4:8 GOENV201", 1),
        ("f() { curl x; }\nf\n", ".envrc:3:7 GOENV303", 1),
        ("f() { :; }\nuse nothing\n", ".envrc:4:5 GOENV301", 1),
        ("#goenv: expires 2026-01-01\nf() { :; }\n", ".envrc:3:17 GOENV403", 1),
        ("f() { :; }\r\n", ".envrc:3:11 GOENV305", 1),
        ("f() { :; }\nuse go 1.24.11\n", ".envrc:4:8 GOENV402", 0),
        ("f() { :; }\ntarget linux\n", ".envrc:4:1 GOENV305", 1),
        ("f() { :; }\nlock LD_PRELOAD=/x.so\n", ".envrc:4:1 GOENV306", 1),
        ("f() { :; }\ndeny_go 1.26.x no\nuse go 1.26.4\n", ".envrc:5:8 GOENV408", 1),
        ("#goenv: tier prod\nf() { :; }\nuse go 1.26.4\n", ".envrc:5:8 GOENV405", 0),
    ] {
        assert_eq!(repository(policy).found(&[]), (vec![found.to_owned()], code), "{policy}");
    }
}

#[test]
fn the_go_is_that_of_a_line_that_runs_for_sure() {
    for (policy, finds) in [
        ("f() { :; }\nuse go 1.24.11\n", true),
        ("f() { :; }\nuse go\n", false),
        ("if f; then use go 1.24.11; fi\n", false),
        ("f() { use go 1.24.11; }\n", false),
        ("for v in 1.24.11; do use go $v; done\n", false),
        ("use go 1.24.11\nsource ./lib.sh\n", false),
        ("f && return\nuse go 1.24.11\n", false),
    ] {
        let repository = repository(policy);
        repository.write("go.mod", "module m\n\ngo 1.26\n");
        repository.write("lib.sh", "use go 1.26.4; f() { :; }\n");
        let (found, _) = repository.found(&[]);
        assert_eq!(found.contains(&"go.mod:3:4 GOENV101".to_owned()), finds, "{policy}: {found:?}");
        assert_eq!(found.is_empty(), !finds, "{policy}: {found:?}");
    }
}

#[test]
fn rules_that_forbid_bash_are_told_at_the_header() {
    let repository = repository("f() { :; }\n");
    let rules = "[tiers.dev]\nengine = \"native\"\n";
    repository.sandbox.file("home/.config/goenv/config.toml", rules);
    assert_eq!(repository.found(&[]), (vec![], 0), "another tier's");
    let done = repository.check(&["--tier", "dev"]);
    assert_eq!(
        (done.code(), done.stdout().as_str()),
        (
            1,
            ".envrc:2:16: error[GOENV305]: it wants bash, and the rules admit the native engine alone \
             ($SANDBOX/home/.config/goenv/config.toml:2)\n  \
               2 | #goenv: engine bash\n    |                ^^^^\n  \
             help: Remove the line, and what is beyond the policy language: goenv init names it\n\n"
        )
    );
    repository.sandbox.file("home/.config/goenv/config.toml", format!("tier = \"dev\"\n{rules}"));
    assert_eq!(repository.found(&[]), (vec![".envrc:2:16 GOENV305".to_owned()], 1));
}

#[test]
fn a_policy_that_is_beyond_the_language_is_told_how_to_say_that_it_is_for_bash() {
    for header in ["", "#goenv: v1\n#goenv: expires 2099-01-01\n"] {
        let repository = Repository::new();
        repository.write(".envrc", format!("{header}f() {{ :; }}\n"));
        let report = repository.check(&[]).stdout();
        let way = match header {
            "" => "let it begin with the lines `#goenv: v1` and `#goenv: engine bash`",
            _ => "say so in its header: `#goenv: engine bash`",
        };
        let help = format!("; if it is meant for bash, {way}\n");
        assert!(
            report.contains("error[GOENV305]: functions are not") && report.contains(&help),
            "{report}"
        );
        let header = if header.is_empty() { "#goenv: v1\n" } else { header };
        repository.write(".envrc", format!("{header}#goenv: engine bash\nf() {{ :; }}\n"));
        assert_eq!(repository.found(&[]), (vec![], 0));
        repository.sandbox.goenv(&repository.root, &["allow", "--bash"]).success();
        repository.sandbox.goenv(&repository.root, &["export", "json"]).success();
    }
    // Not where bash would not help, and not where it may not.
    for (policy, rules) in [
        ("exprot A=1\n", ""),
        ("export A=1\r\n", ""),
        ("use go 1.26.4 x/y\n", ""),
        ("f() { :; }\n", "tier = \"dev\"\n[tiers.dev]\nengine = \"native\"\n"),
    ] {
        let repository = Repository::with(&[(".envrc", policy)]);
        repository.sandbox.file("home/.config/goenv/config.toml", rules);
        let report = repository.check(&[]).stdout();
        assert!(report.contains("GOENV305") && !report.contains("meant for bash"), "{report}");
    }
}

#[test]
fn a_binary_is_judged_by_a_policy_for_bash() {
    let repository = repository("f() { :; }\ndeny_go 1.24.x old\n");
    let elf = Elf { version: "go1.24.11".to_owned(), ..Elf::default() };
    repository.write("binary", elf.build());
    let found = |repository: &Repository| {
        let done = repository.sandbox.goenv(&repository.root, &["inspect", "binary"]);
        done.stdout().contains("GOENV501")
    };
    assert!(found(&repository));
    fs::remove_file(repository.root.join(".envrc")).unwrap();
    assert!(!found(&repository));
}
