//! `export`: valid text whatever happens, and what it must not do.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{Sandbox, settle};

/// Applies what `export json` prints to the sandbox's environment, as an editor does.
fn apply(sandbox: &mut Sandbox, directory: &Path) -> i32 {
    let done = sandbox.goenv(directory, &["export", "json"]);
    if !done.bytes().is_empty() {
        let change: BTreeMap<String, Option<String>> =
            serde_json::from_slice(done.bytes()).unwrap();
        for (name, value) in change {
            match value {
                Some(value) => sandbox.set(&name, value),
                None => drop(sandbox.env.remove(std::ffi::OsStr::new(&name))),
            }
        }
    }
    done.code()
}

#[test]
fn nothing_is_printed_where_nothing_changes() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    settle();
    let outside = sandbox.env.clone();
    assert_eq!(apply(&mut sandbox, &p), 0);
    for format in ["bash", "zsh", "fish", "tcsh", "elvish", "nushell", "json"] {
        let done = sandbox.goenv(&p, &["export", format]);
        assert_eq!((done.stdout(), done.stderr()), (String::new(), String::new()), "{format}");
    }
    let home = sandbox.home();
    assert_eq!(apply(&mut sandbox, &home), 0);
    assert_eq!(sandbox.env, outside);
    let done = sandbox.goenv(&home, &["export", "bash"]);
    assert_eq!((done.stdout(), done.stderr(), done.code()), (String::new(), String::new(), 0));
}

#[test]
fn statements_come_in_the_order_of_names_and_the_state_last() {
    let sandbox = Sandbox::with_sdks(&["1.26.6"]);
    let p = sandbox.project("p", "export ZZ=1 AA=\"it's\"\nuse go 1.26.6\n");
    let text = sandbox.goenv(&p, &["export", "bash"]).success().stdout();
    let names: Vec<&str> =
        text.lines().map(|line| line["\\export ".len()..].split('=').next().unwrap()).collect();
    assert_eq!(names, ["AA", "GOENV_POLICY", "GOROOT", "GOTOOLCHAIN", "PATH", "ZZ", "GOENV_STATE"]);
    assert!(
        text.starts_with(
            "\\export AA='it'\\''s';\n\\export GOENV_POLICY='$SANDBOX/home/p/.envrc';\n"
        )
    );
    for (format, between, last) in
        [("tcsh", "; ", "setenv GOENV_STATE "), ("elvish", "\n", "set-env GOENV_STATE ")]
    {
        let text = sandbox.goenv(&p, &["export", format]).success().stdout();
        let text = text.trim_end().trim_end_matches(';');
        assert!(text.rsplit(between).next().unwrap().starts_with(last), "{format}: {text}");
    }
}

#[test]
fn the_line_that_a_change_is_told_in_is_short_and_never_empty() {
    let sandbox = Sandbox::new();
    let many: String = (0..50).map(|index| format!("export N{index:02}=1\n")).collect();
    let names: Vec<String> = (0..40).map(|index| format!("+N{index:02}")).collect();
    for (name, policy, said) in [
        ("none", "# nothing\n", "nothing to change".to_owned()),
        ("forty", many.split_once("export N40").unwrap().0, names.join(" ")),
        ("fifty", &many, format!("{} and 10 more", names.join(" "))),
    ] {
        let p = sandbox.project(name, policy);
        let done = sandbox.goenv(&p, &["export", "bash"]);
        assert_eq!(done.stderr(), format!("goenv: ~/{name}/.envrc: {said}\n"));
    }
}

#[test]
fn a_refusal_exits_with_its_code_once_and_goes_back_outside() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    assert_eq!(apply(&mut sandbox, &p), 0);
    assert!(sandbox.env.contains_key(std::ffi::OsStr::new("A")));
    sandbox.file("home/p/.envrc", "export A=2\n");
    settle();
    assert_eq!(apply(&mut sandbox, &p), 3);
    assert!(!sandbox.env.contains_key(std::ffi::OsStr::new("A")));
    assert_eq!(apply(&mut sandbox, &p), 0);
}

#[test]
fn a_failed_load_keeps_its_watches() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "dotenv\nexport A=1\n");
    assert_eq!(apply(&mut sandbox, &p), 5);
    assert_eq!(apply(&mut sandbox, &p), 0);
    sandbox.file("home/p/.env", "B=2\n");
    assert_eq!(apply(&mut sandbox, &p), 0);
    assert_eq!(sandbox.env[std::ffi::OsStr::new("B")], "2");
}

#[test]
fn moving_from_one_policy_into_another_is_undo_then_apply() {
    let mut sandbox = Sandbox::new();
    let a = sandbox.project("a", "export A=1\nPATH_add bin\n");
    let b = sandbox.project("b", "export B=1\nPATH_add bin\n");
    let outside = sandbox.env.clone();
    apply(&mut sandbox, &a);
    apply(&mut sandbox, &b);
    let path = sandbox.env[std::ffi::OsStr::new("PATH")].to_string_lossy().into_owned();
    assert!(path.starts_with(&format!("{}/bin:", b.display())), "{path}");
    assert!(!path.contains("/a/bin"), "{path}");
    assert!(!sandbox.env.contains_key(std::ffi::OsStr::new("A")));
    let home = sandbox.home();
    apply(&mut sandbox, &home);
    assert_eq!(sandbox.env, outside);
}

#[test]
fn the_nearest_policy_decides_also_where_it_is_not_allowed() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    sandbox.file("home/p/below/.envrc", "export B=1\n");
    assert_eq!(apply(&mut sandbox, &p.join("below")), 3);
    assert!(!sandbox.env.contains_key(std::ffi::OsStr::new("A")));
}

#[test]
fn json_full_prints_the_whole_set_when_it_is_already_applied() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    settle();
    apply(&mut sandbox, &p);
    let text = sandbox.goenv(&p, &["export", "json", "--full"]).success().stdout();
    let set: BTreeMap<String, Option<String>> = serde_json::from_str(&text).unwrap();
    assert_eq!(set["A"].as_deref(), Some("1"));
}

#[test]
fn the_state_of_hundreds_of_variables_never_keeps_a_program_from_starting() {
    let mut sandbox = Sandbox::new();
    let mut policy = String::new();
    for index in 0..800 {
        let name = format!("VARIABLE_WITH_A_LONG_NAME_{index}");
        sandbox.set(&name, "x".repeat(200));
        policy += &format!("export {name}=short\n");
    }
    let p = sandbox.project("p", policy);
    settle();
    let outside = sandbox.env.clone();
    assert_eq!(apply(&mut sandbox, &p), 0);
    let state = sandbox.env[std::ffi::OsStr::new("GOENV_STATE")].len();
    assert!(state < 2048, "{state}");
    assert_eq!(sandbox.goenv(&p, &["export", "json"]).stdout(), "", "unchanged");
    let home = sandbox.home();
    assert_eq!(apply(&mut sandbox, &home), 0);
    assert_eq!(sandbox.env, outside);
}

#[test]
fn a_later_sdk_takes_the_place_of_an_earlier_one_on_path() {
    let mut sandbox = Sandbox::with_releases(["1.25.3", "1.26.6"]);
    let home = sandbox.home();
    let bin = |version: &str| format!("{}/sdk/go{version}/bin", home.display());
    let (old, new) = (bin("1.25.3"), bin("1.26.6"));
    let plain = sandbox.env[std::ffi::OsStr::new("PATH")].to_str().unwrap().to_owned();
    let a = sandbox.project("a", "use go 1.25.3\n");
    sandbox.project("a/up", "PATH_add bin\nsource_up\nuse go 1.26.6\n");
    sandbox.project("a/twice", "use go 1.25.3\nPATH_add x\nuse go 1.26.6\n");
    sandbox.project("a/again", "use go 1.26.6\nuse go 1.25.3\nuse go 1.26.6\n");
    let by_hand = format!("PATH_add {old}\nuse go 1.25.3\nuse go 1.26.6\n");
    sandbox.project("a/by-hand", by_hand);
    let (up, x) = (a.join("up/bin"), a.join("twice/x"));
    let (up, x) = (up.display(), x.display());
    for outside in [
        plain.clone(),
        format!("{old}:{plain}"),
        format!("{plain}:{old}:/x:{old}"),
        format!("{plain}:"),
    ] {
        sandbox.set("PATH", &outside);
        let before = sandbox.env.clone();
        // An empty last entry is lost to a prepended one, as under direnv.
        let rest = outside.strip_suffix(':').unwrap_or(&outside);
        for (project, expected) in [
            ("a", format!("{old}:{rest}")),
            ("a/up", format!("{new}:{up}:{rest}")),
            ("a/twice", format!("{new}:{x}:{rest}")),
            ("a/again", format!("{new}:{rest}")),
            ("a/by-hand", format!("{new}:{old}:{rest}")),
        ] {
            assert_eq!(apply(&mut sandbox, &home.join(project)), 0, "{project}");
            let path = sandbox.env[std::ffi::OsStr::new("PATH")].to_str().unwrap();
            assert_eq!(path, expected, "{project} outside {outside}");
            apply(&mut sandbox, &home);
            assert_eq!(sandbox.env, before, "{project}");
        }
    }
}

#[test]
fn no_other_go_comes_before_the_one_that_a_policy_uses() {
    let mut sandbox = Sandbox::with_sdks(&["1.24.11", "1.26.6"]);
    sandbox.set("PATH", "/usr/bin:.::/bin");
    let [old, new] = ["1.24.11", "1.26.6"].map(|version| crate::common::sdk(version).join("bin"));
    let (old, new) = (old.display(), new.display());
    let behind = "put `use go` after what changes PATH";
    for (number, (lines, line, why)) in [
        (format!("PATH_add {old}"), 2, format!("{old} has another go, and comes first")),
        ("export PATH=/usr/bin:/bin".to_owned(), 2, format!("{new} is not on it")),
        (format!("PATH_rm '{new}'"), 2, format!("{new} is not on it")),
        // These the user had on PATH, where they came behind.
        (
            format!("export PATH='.:{new}:/usr/bin:/bin'"),
            2,
            "the entry . comes first, so a go in the current directory would run".to_owned(),
        ),
        (
            format!("export PATH=':{new}:/usr/bin:/bin'"),
            2,
            "an empty entry comes first, so a go in the current directory would run".to_owned(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let policy = format!("use go 1.26.6\n{lines}\n");
        let directory = sandbox.project(format!("p{number}"), policy);
        let said = format!(
            "goenv: $SANDBOX/home/p{number}/.envrc:{line}: PATH: {why}: `use go` sets which one runs; {behind}\n"
        );
        let _ = sandbox.goenv(&directory, &["export", "json"]).failure(5, &said);
    }
    // The same one by a link to it or to its directory, and whatever has no go.
    let link = sandbox.home().join("sdk/go1.26.6/bin");
    let links = sandbox.dir("home/links");
    std::os::unix::fs::symlink(link.join("go"), links.join("go")).unwrap();
    for (name, first) in [("p", &link), ("q", &links)] {
        let policy = format!("use go 1.26.6\nPATH_add bin {}\n", first.display());
        let directory = sandbox.project(name, policy);
        let version = sandbox.goenv(&directory, &["exec", ".", "go", "version"]);
        assert!(version.success().stdout().starts_with("go version go1.26.6 "));
        // What may come first when a policy is loaded is no conflict in the shell that loaded it.
        let status = sandbox.goenv(&directory, &["exec", ".", crate::common::GOENV, "status"]);
        let screen = status.success().stdout();
        assert!(screen.contains("\napplied    in this shell\n"), "{screen}");
        assert!(!screen.contains("conflict"), "{screen}");
    }
    let directory = sandbox.project("shell", "use go 1.26.6\n");
    for (path, why) in [
        (format!("{old}:$PATH"), format!("{old} has another go, and comes first")),
        (
            ".:$PATH".into(),
            "the entry . comes first, so a go in the current directory would run".into(),
        ),
        ("/bin".into(), format!("{new} is not on it")),
    ] {
        let script = format!("PATH={path} {} status", crate::common::GOENV);
        let status = sandbox.goenv(&directory, &["exec", ".", "sh", "-c", &script]);
        let conflict = format!("conflict   PATH: {why}; leave and enter again to mend it\n");
        assert!(status.success().stdout().contains(&conflict), "{}", status.stdout());
    }
}

/// A pull request may bring one; the policy is the same, and so is its approval.
#[test]
fn a_go_that_appears_before_the_policys_is_noticed_at_the_next_prompt() {
    let mut sandbox = Sandbox::with_sdks(&["1.26.6"]);
    let project = sandbox.project("p", "use go 1.26.6\nPATH_add bin\n");
    sandbox.dir("home/p/bin");
    settle();
    assert_eq!(apply(&mut sandbox, &project), 0);
    let prompt = |sandbox: &Sandbox| sandbox.goenv(&project, &["export", "json"]);
    assert_eq!(prompt(&sandbox).success().stdout(), "");
    let go = sandbox.file("home/p/bin/go", "#!/bin/sh\n");
    fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).unwrap();
    settle();
    let bin = "$SANDBOX/home/p/bin has another go, and comes first";
    let refused = prompt(&sandbox);
    assert_eq!(refused.code(), 5);
    assert!(refused.stderr().contains(bin), "{}", refused.stderr());
    // And that it is gone is noticed, too, whatever it was.
    let _ = apply(&mut sandbox, &project);
    assert_eq!(prompt(&sandbox).success().stdout(), "");
    fs::remove_file(&go).unwrap();
    std::os::unix::fs::symlink("nowhere", &go).unwrap();
    settle();
    assert_eq!(apply(&mut sandbox, &project), 0);
    assert_eq!(prompt(&sandbox).success().stdout(), "");
    assert!(sandbox.env.contains_key(OsStr::new("GOROOT")));
}

#[test]
fn leaving_keeps_what_the_user_had_on_path_whatever_they_did_to_it_inside() {
    let sandbox = Sandbox::new();
    let moved = sandbox.project("moved", "PATH_rm /opt/tool\nPATH_add /opt/tool\n");
    let kept = sandbox.project("kept", "PATH_add /opt/tool\n");
    let script = "eval \"$(goenv export $SHELL_NAME)\"; eval \"$EDIT\"; cd /; \
                  eval \"$(goenv export $SHELL_NAME 2>/dev/null)\"; printf '%s' \"${PATH#*BIN:}\"";
    let left = |directory: &Path, shell: &str, path: &str, edit: &str| {
        let mut sandbox = sandbox.env.clone();
        let bin = sandbox[OsStr::new("PATH")].to_string_lossy().into_owned();
        // Behind BIN is what is looked at: in front of it, goenv itself has to be found.
        sandbox.insert("PATH".into(), format!("{bin}:BIN:{path}").into());
        sandbox.insert("SHELL_NAME".into(), shell.into());
        sandbox.insert("EDIT".into(), edit.into());
        let mut command = std::process::Command::new(shell);
        command.args(if shell == "zsh" { ["-f", "-c"] } else { ["--norc", "-c"] });
        let output = command.arg(script).current_dir(directory).env_clear().envs(&sandbox);
        String::from_utf8(output.output().unwrap().stdout).unwrap()
    };
    let path = "/home/me:/opt/tool:/usr/games";
    for shell in ["bash", "zsh"] {
        assert_eq!(left(&moved, shell, path, ":"), path, "{shell}");
        assert_eq!(left(&moved, shell, path, "PATH=/venv:$PATH"), path, "{shell}");
        let appended = left(&moved, shell, path, "PATH=$PATH:/more");
        assert_eq!(appended, format!("{path}:/more"), "{shell}");
    }
    // A list in which zsh keeps each entry once: it drops the one that was there before.
    assert_eq!(left(&kept, "zsh", path, "typeset -U path"), path);
}
