//! Where goenv and direnv differ on purpose. docs/language.md gives the reason for each.

use std::path::Path;

use crate::sandbox::{Pairs, Sandbox, differences, pairs_wanted};

/// Policies that direnv applies wholly or in part, and goenv refuses.
const ONLY_DIRENV: &[(&str, &str)] = &[
    // A failure is no reason for direnv to stop.
    ("export A=1\nunknown_command\n", "A=1"),
    ("export A=1\ndotenv missing\n", "A=1"),
    ("export A=1\nsource_env missing\n", "A=1"),
    ("export A=1\nenv_vars_required NOT_SET\n", "A=1"),
    ("export A=1\nlayout nope\n", "A=1"),
    ("export A=1\nreturn 1\n", "A=1"),
    ("export A=1\nif then\n", "A=1"),
    // direnv's own mistakes.
    ("export A=1\nBAR=x\nexport XBAR=y\nenv_vars_required BAR\n", "A=1"),
    ("PATH_add a:b\nexport A=1\n", "A=1"),
    ("unset PATH\nexport A=1\n", "A=1"),
    // What depends on the shell.
    ("export A=$UID\n", "A=0"),
    ("export A=1 B=$RANDOM\n", "A=1"),
    // What runs a program.
    ("export A=$(echo 1)\n", "A=1"),
    ("export A=`echo 1`\n", "A=1"),
    ("for A in 1; do export A; done\n", "A=1"),
    ("printf -v A %s 1\nexport A\n", "A=1"),
];

#[test]
fn what_direnv_applies_in_part_is_refused_whole() {
    let sandbox = Sandbox::new();
    for (number, (text, applied)) in ONLY_DIRENV.iter().enumerate() {
        let directory = sandbox.project(&format!("only-direnv-{number}"));
        let file = directory.join(".envrc");
        std::fs::write(&file, text).unwrap();
        let direnv = sandbox.direnv_env(&directory).unwrap();
        let (name, value) = applied.split_once('=').unwrap();
        let holds =
            direnv.get(name).is_some_and(|found| found == value || name == "A" && value == "0");
        assert!(holds, "direnv does not apply {applied} of\n{text}");
        assert!(sandbox.goenv(&file, text.as_bytes()).is_err(), "goenv accepts\n{text}");
    }
}

/// Returns how goenv's environment of `text` differs from that of the installed direnv.
fn compared(name: &str, text: &str, prepare: impl Fn(&Path)) -> (Vec<String>, Pairs) {
    let sandbox = Sandbox::new();
    let directory = sandbox.project(name);
    prepare(&directory);
    let file = directory.join(".envrc");
    std::fs::write(&file, text).unwrap();
    let goenv = pairs_wanted(&sandbox.goenv(&file, text.as_bytes()).unwrap());
    let direnv = sandbox.direnv_env(&directory).unwrap();
    let root = sandbox.path("work").display().to_string();
    let found = differences(&goenv, &direnv);
    (found.into_iter().map(|line| line.replace(&root, "…")).collect(), direnv)
}

/// Returns whether the installed direnv is at least `version`.
fn direnv_is(version: &str) -> bool {
    std::process::Command::new("direnv")
        .args(["version", version])
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn layout_go_exports_gobin_as_direnv_does_since_2_35() {
    let (found, _) = compared("gobin", "layout go\n", |_| {});
    if direnv_is("2.35.0") {
        assert!(found.is_empty(), "{found:?}");
    } else {
        assert_eq!(found, ["GOBIN: goenv Some(\"…/gobin/project/.direnv/go/bin\"), direnv None"]);
    }
}

#[test]
fn pwd_in_a_dotenv_file_is_its_directory_as_in_later_versions_of_direnv() {
    let prepare =
        |directory: &Path| std::fs::write(directory.join("pwd.env"), "X=$PWD/x\n").unwrap();
    let (found, direnv) = compared("pwd", "dotenv pwd.env\n", prepare);
    if direnv["X"] == "/x" {
        assert_eq!(found, ["X: goenv Some(\"…/pwd/project/x\"), direnv Some(\"/x\")"]);
    } else {
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_kept_where_direnv_rewrites_them() {
    let (found, _) = compared("bytes", "export A=$'x\\xff'\nexport B=ok\n", |_| {});
    // Both are shown lossily here; what counts is that direnv's bytes are the replacement character's.
    assert!(found.is_empty(), "{found:?}");
    let sandbox = Sandbox::new();
    let file = sandbox.project("kept").join(".envrc");
    let wanted = sandbox.goenv(&file, b"export A=$'x\\xff'").unwrap();
    assert_eq!(wanted.env.get("A"), Some(b"x\xff".as_slice()));
}

#[test]
fn direnv_version_is_answered_for_the_version_whose_language_this_is() {
    let sandbox = Sandbox::new();
    let file = sandbox.project("version").join(".envrc");
    sandbox.goenv(&file, b"direnv_version 2.37.1").unwrap();
    sandbox.goenv(&file, b"direnv_version 2.38.0").unwrap_err();
}

#[test]
fn manpath_add_leaves_the_systems_entry_empty_where_manpath_is_unset() {
    let sandbox = Sandbox::new();
    let file = sandbox.project("man").join(".envrc");
    let wanted = sandbox.goenv(&file, b"unset MANPATH\nMANPATH_add /x/man\n").unwrap();
    assert_eq!(wanted.env.get("MANPATH"), Some(b"/x/man:".as_slice()));
}

#[test]
fn use_go_without_a_version_takes_the_one_of_the_version_files_under_direnv_too() {
    let sandbox = Sandbox::new();
    let files = [
        ("go.mod", "module example.com/m\n\ngo 1.25.3\n", "go1.25.3."),
        ("go.mod", "go 1.25.0\n\ntoolchain go1.26.6 // newest\n", "go1.26.6."),
        ("../go.work", "go 1.26.6\n\nuse ./project\n", "go1.26.6."),
        (".tool-versions", "nodejs 20.1.0\ngolang 1.25.3\n", "go1.25.3."),
        (".go-version", "1.26.6", "go1.26.6."),
    ];
    for (number, (name, text, sdk)) in files.iter().enumerate() {
        let directory = sandbox.project(&format!("requested-{number}"));
        std::fs::write(directory.join(name), text).unwrap();
        // A file that counts for less.
        std::fs::write(directory.join("../go.mod"), "go 1.20\n").unwrap();
        std::fs::write(directory.join(".envrc"), "set -eu\nuse go\n").unwrap();
        let direnv = sandbox.direnv_env(&directory).unwrap();
        assert!(direnv["GOROOT"].contains(sdk), "{name}: {}", direnv["GOROOT"]);
    }
    let directory = sandbox.project("requested-none");
    std::fs::write(directory.join(".envrc"), "export A=1\nuse go\n").unwrap();
    sandbox.direnv_env(&directory).unwrap_err();
    std::fs::write(directory.join(".envrc"), "export A=1\nuse go 1.99.9\n").unwrap();
    sandbox.direnv_env(&directory).unwrap_err();
}

#[test]
fn on_git_branch_reads_the_branch_that_git_names() {
    let sandbox = Sandbox::new();
    let directory = sandbox.project("branch");
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        let output = command.args(arguments).current_dir(&directory).env_clear().output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "-q", "-b", "feature/x"]);
    let text = "on_git_branch feature/x && export A=1\non_git_branch main || export B=1\n\
                on_git_branch && export C=1\n";
    let file = directory.join(".envrc");
    std::fs::write(&file, text).unwrap();
    let goenv = pairs_wanted(&sandbox.goenv(&file, text.as_bytes()).unwrap());
    assert_eq!(differences(&goenv, &sandbox.direnv_env(&directory).unwrap()), [""; 0]);
    assert_eq!((goenv["A"].as_str(), goenv["B"].as_str(), goenv["C"].as_str()), ("1", "1", "1"));
}
