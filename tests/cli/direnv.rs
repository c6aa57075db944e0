//! goenv called through a link named `direnv`, as editors, prompts and scripts call it; beside the real direnv.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::pty::{Pty, Shell};
use crate::common::{Done, GOENV, Sandbox, parse_env, settle};

/// The real one.
const DIRENV: &str = "/usr/bin/direnv";

const BLOCKED: &str = "direnv: error $SANDBOX/home/p/.envrc is blocked. \
    Run `direnv allow` to approve its content\n";

/// Returns an empty sandbox with the link.
fn sandbox() -> Sandbox {
    linked(Sandbox::new())
}

/// Puts the link into `link/`.
fn linked(sandbox: Sandbox) -> Sandbox {
    symlink(GOENV, sandbox.dir("link").join("direnv")).unwrap();
    sandbox
}

/// Runs goenv through the link.
fn direnv(sandbox: &Sandbox, directory: &Path, args: &[&str]) -> Done {
    sandbox.run(directory, sandbox.path("link/direnv").to_str().unwrap(), args)
}

/// Asserts the whole of what it says.
#[track_caller]
fn says(done: &Done, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(
        (done.code(), done.stdout().as_str(), done.stderr().as_str()),
        (code, stdout, stderr)
    );
}

/// Returns the object of `export json`, and takes it into the sandbox's environment, as an editor does.
fn apply(sandbox: &mut Sandbox, done: &Done) -> BTreeMap<String, Option<String>> {
    let change: BTreeMap<String, Option<String>> = match done.bytes() {
        b"" => BTreeMap::new(),
        text => serde_json::from_slice(text).unwrap(),
    };
    for (name, value) in &change {
        match value {
            Some(value) => sandbox.set(name, value),
            None => drop(sandbox.env.remove(OsStr::new(name))),
        }
    }
    change
}

/// Returns the object without what either tool keeps for itself.
fn without_own(done: &Done) -> BTreeMap<String, Option<String>> {
    let mut object: BTreeMap<String, Option<String>> =
        serde_json::from_slice(done.bytes()).unwrap();
    object.retain(|name, _| !name.starts_with("DIRENV_") && !name.starts_with("GOENV_"));
    object
}

#[test]
fn an_editor_gets_what_direnv_would_give_it() {
    let mut sandbox = sandbox();
    sandbox.set("GONE", "1");
    let p = sandbox.dir("home/p");
    let text = "export A=1 B='x y' C=$'two\\nlines' E=\nunset GONE\nPATH_add bin\n";
    sandbox.file("home/p/.envrc", text);
    sandbox.run(&p, DIRENV, &["allow"]).success();
    let theirs = sandbox.run(&p, DIRENV, &["export", "json"]);
    let done = direnv(&sandbox, &p, &["allow"]);
    says(&done, 0, "", "direnv: allowed ~/p/.envrc: +A +B +C +E -GONE ~PATH\n");
    let done = direnv(&sandbox, &p, &["export", "json"]);
    let said = "direnv: loading ~/p/.envrc\ndirenv: export +A +B +C +E -GONE ~PATH\n";
    assert_eq!((done.code(), done.stderr().as_str()), (0, said));
    assert_eq!(theirs.stderr().lines().last(), said.lines().last());
    assert_eq!(without_own(&done), without_own(&theirs));
    assert_eq!(without_own(&done)["GONE"], None);
    settle();
    // Taken in, nothing changes any more; left, nothing is left.
    let outside = sandbox.env.clone();
    let done = direnv(&sandbox, &p, &["export", "json"]);
    apply(&mut sandbox, &done);
    says(&direnv(&sandbox, &p, &["export", "json"]), 0, "", "");
    let home = sandbox.home();
    let done = direnv(&sandbox, &home, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, "direnv: unloading\n"));
    apply(&mut sandbox, &done);
    assert_eq!(sandbox.env, outside);
}

#[test]
fn direnvs_own_approval_is_none() {
    let sandbox = sandbox();
    let p = sandbox.dir("home/p");
    sandbox.file("home/p/.envrc", "export A=1\n");
    sandbox.run(&p, DIRENV, &["allow"]).success();
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (1, BLOCKED));
    says(&direnv(&sandbox, &p, &["exec", ".", "touch", "ran"]), 1, "", BLOCKED);
    assert!(!p.join("ran").exists());
}

#[test]
fn a_blocked_file_is_named_in_the_sentence_that_plugins_look_for_and_its_object_is_printed() {
    let mut sandbox = sandbox();
    let p = sandbox.dir("home/p");
    sandbox.file("home/p/.envrc", "export A=1\n");
    settle();
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (1, BLOCKED));
    let object = apply(&mut sandbox, &done);
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(names, ["DIRENV_DIR", "DIRENV_FILE", "DIRENV_WATCHES", "GOENV_STATE"]);
    // Said once.
    says(&direnv(&sandbox, &p, &["export", "json"]), 0, "", "");
    // By its path, from elsewhere, as VS Code allows it.
    let path = p.join(".envrc");
    let done = direnv(&sandbox, &sandbox.home(), &["permit", path.to_str().unwrap()]);
    says(&done, 0, "", "direnv: allowed ~/p/.envrc: +A\n");
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!(apply(&mut sandbox, &done)["A"].as_deref(), Some("1"));
}

#[test]
fn what_only_signatures_settle_is_not_offered_for_an_approval() {
    let sandbox = sandbox();
    let p = sandbox.dir("home/p");
    sandbox.file("home/p/.envrc", "export A=1\n");
    sandbox.file(
        "home/.config/goenv/config.toml",
        "tier = \"prod\"\n[tiers.prod]\nrequire = \"signed\"\n",
    );
    let done = direnv(&sandbox, &p, &["export", "bash"]);
    let said = done.stderr();
    assert_eq!(done.code(), 1);
    let start = "direnv: error $SANDBOX/home/p/.envrc is not trusted: signatures are required";
    assert!(said.starts_with(start) && !said.contains("is blocked"), "{said}");
}

#[test]
fn a_real_bash_evaluates_what_is_printed_and_gets_back_what_it_had() {
    let mut sandbox = sandbox();
    let p = sandbox.project("p", "export A='x \"y'\nPATH_add bin\n");
    sandbox.set("DIRENV", sandbox.path("link/direnv"));
    let script = r#"set -eu
        outside() { env | grep -v ^OLDPWD= | sort; }
        before=$(outside)
        cd ~/p; eval "$($DIRENV export bash)"; env -0
        cd ~; eval "$($DIRENV export bash)"; test "$before" = "$(outside)""#;
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", script]);
    let inside = parse_env(done.success().bytes());
    let get = |name: &str| String::from_utf8_lossy(&inside[name.as_bytes()]).into_owned();
    assert_eq!(get("A"), "x \"y");
    assert_eq!(get("DIRENV_DIR"), format!("-{}", p.display()));
    assert_eq!(get("DIRENV_FILE"), p.join(".envrc").display().to_string());
    assert!(get("PATH").starts_with(&format!("{}/bin:", p.display())));
    assert!(!inside.contains_key(&b"DIRENV_DIFF"[..]));
}

#[test]
fn the_watched_paths_are_told_as_direnv_tells_them() {
    let mut sandbox = sandbox();
    let p = sandbox.project("p", "watch_file go.mod\n");
    sandbox.file("home/p/go.mod", "module m\n");
    settle();
    let done = direnv(&sandbox, &p, &["export", "json"]);
    apply(&mut sandbox, &done);
    let dump = sandbox.env[OsStr::new("DIRENV_WATCHES")].to_str().unwrap().to_owned();
    let ours = direnv(&sandbox, &p, &["show_dump", &dump]).success().stdout();
    let theirs = sandbox.run(&p, DIRENV, &["show_dump", &dump]).success().stdout();
    assert_eq!(ours, theirs);
    let watches: Value = serde_json::from_str(&ours).unwrap();
    let path = "$SANDBOX/home/p/go.mod";
    let watch = watches.as_array().unwrap().iter().find(|watch| watch["path"] == path).unwrap();
    assert_eq!(watch["exists"], true);
    assert!(watch["modtime"].as_i64().unwrap() > 1_600_000_000, "{watch}");
    let list = direnv(&sandbox, &p, &["watch-print"]).success().stdout();
    let listed: Vec<&str> = list.lines().collect();
    let told: Vec<&str> =
        watches.as_array().unwrap().iter().map(|watch| watch["path"].as_str().unwrap()).collect();
    assert_eq!(listed, told);
    says(&direnv(&sandbox, &p, &["current", "go.mod"]), 0, "", "");
    sandbox.file("home/p/go.mod", "module other\n");
    let changed = "direnv: error $SANDBOX/home/p/go.mod has changed\n";
    says(&direnv(&sandbox, &p, &["current", "go.mod"]), 1, "", changed);
    let unknown = "direnv: error $SANDBOX/home/p/go.sum is not watched\n";
    says(&direnv(&sandbox, &p, &["current", "go.sum"]), 1, "", unknown);
}

#[test]
fn exec_passes_the_code_on_and_runs_nothing_where_it_refuses() {
    let sandbox = sandbox();
    let p = sandbox.project("p", "export A=1\n");
    let home = sandbox.home();
    let run = |args: &[&str]| direnv(&sandbox, &home, args);
    says(
        &run(&["exec", "p", "sh", "-c", "pwd; echo $A $DIRENV_DIR; exit 7"]),
        7,
        "$SANDBOX/home\n1 -$SANDBOX/home/p\n",
        "",
    );
    sandbox.program("home/p/run", "#!/bin/sh\necho \"$A $1\"\n");
    says(&run(&["exec", "p/run", "x"]), 0, "1 x\n", "");
    says(&run(&["exec"]), 1, "", "direnv: error missing DIR and COMMAND arguments\n");
    says(&run(&["exec", "p"]), 1, "", "direnv: error missing COMMAND argument\n");
    let none = "direnv: error none: there is no such program in PATH\n";
    says(&run(&["exec", "p", "none"]), 1, "", none);
    says(&direnv(&sandbox, &p, &["deny"]), 0, "", "direnv: denied ~/p/.envrc\n");
    let denied = "direnv: error $SANDBOX/home/p/.envrc is denied: it was denied with `goenv deny`; \
        review the file, then run `goenv allow $SANDBOX/home/p/.envrc`\n";
    says(&run(&["exec", "p", "touch", "ran"]), 1, "", denied);
    assert!(!home.join("ran").exists());
}

#[test]
fn what_is_denied_is_left_in_silence() {
    let mut sandbox = sandbox();
    let p = sandbox.project("p", "export A=1\n");
    let done = direnv(&sandbox, &p, &["export", "json"]);
    apply(&mut sandbox, &done);
    for word in ["deny", "block", "disallow", "revoke"] {
        says(&direnv(&sandbox, &p, &[word, ".envrc"]), 0, "", "direnv: denied ~/p/.envrc\n");
    }
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, ""));
    assert_eq!(apply(&mut sandbox, &done)["A"], None);
    let status = direnv(&sandbox, &p, &["status", "--json"]).success().stdout();
    let status: Value = serde_json::from_str(&status).unwrap();
    let found = json!({ "allowed": 2, "path": "$SANDBOX/home/p/.envrc" });
    assert_eq!(status["state"], json!({ "foundRC": found, "loadedRC": null }));
}

#[test]
fn status_has_the_lines_and_the_fields_that_prompts_and_editors_read() {
    let mut sandbox = sandbox();
    let home = sandbox.home();
    let head = "direnv exec path $SANDBOX/link/direnv\nDIRENV_CONFIG $SANDBOX/home/.config/goenv\n";
    let none = format!("{head}No .envrc or .env loaded\nNo .envrc or .env found\n");
    says(&direnv(&sandbox, &home, &["status"]), 0, &none, "");
    let p = sandbox.dir("home/p");
    sandbox.file("home/p/.envrc", "export A=1\n");
    // Every line but those of the watches, whose times differ.
    let lines = |sandbox: &Sandbox| {
        let text = direnv(sandbox, &p, &["status"]).success().stdout();
        assert!(text.contains("Found watch: \"$SANDBOX/home/p/.envrc\" - 20"), "{text}");
        let lines = text.lines().filter(|line| !line.contains(" watch: "));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let found =
        |allowed| format!("Found RC path $SANDBOX/home/p/.envrc\nFound RC allowed {allowed}\n");
    assert_eq!(lines(&sandbox), format!("{head}No .envrc or .env loaded\n{}", found(1)));
    direnv(&sandbox, &p, &["allow"]).success();
    assert_eq!(lines(&sandbox), format!("{head}No .envrc or .env loaded\n{}", found(0)));
    let done = direnv(&sandbox, &p, &["export", "json"]);
    apply(&mut sandbox, &done);
    let loaded = found(0).replace("Found", "Loaded");
    assert_eq!(lines(&sandbox), format!("{head}{loaded}{}", found(0)));
    let object = direnv(&sandbox, &p, &["status", "--json"]).success().stdout();
    let object: Value = serde_json::from_str(&object).unwrap();
    let rc = json!({ "allowed": 0, "path": "$SANDBOX/home/p/.envrc" });
    let config =
        json!({ "ConfigDir": "$SANDBOX/home/.config/goenv", "SelfPath": "$SANDBOX/link/direnv" });
    let state = json!({ "foundRC": rc, "loadedRC": rc });
    assert_eq!(object, json!({ "config": config, "state": state }));
}

#[test]
fn a_version_file_that_is_followed_is_found_and_allowed() {
    let mut sandbox = linked(Sandbox::with_sdks(&["1.26.6"]));
    sandbox.file("home/.config/goenv/config.toml", "follow = [\".go-version\"]\n");
    sandbox.file("home/p/.go-version", "1.26.6\n");
    let (p, home) = (sandbox.dir("home/p"), sandbox.home());
    let done = direnv(&sandbox, &p, &["export", "json"]);
    let said = "direnv: loading ~/p/.go-version\ndirenv: export +GOROOT +GOTOOLCHAIN ~PATH\n";
    assert_eq!((done.code(), done.stderr().as_str()), (0, said));
    apply(&mut sandbox, &done);
    let rc = json!({ "allowed": 0, "path": "$SANDBOX/home/p/.go-version" });
    for (directory, found) in [(&p, &rc), (&home, &Value::Null)] {
        let status = direnv(&sandbox, directory, &["status", "--json"]).success().stdout();
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["state"], json!({ "foundRC": found, "loadedRC": rc }));
    }
}

#[test]
fn an_editor_asks_for_the_path_by_being_the_editor() {
    let mut sandbox = sandbox();
    sandbox.set("EDITOR", "echo");
    sandbox.set("VISUAL", "false");
    let (home, q) = (sandbox.home(), sandbox.dir("home/q"));
    let missing = "direnv: error .envrc or .env not found. Use `direnv edit .` to create a new .envrc \
        in the current directory\n";
    says(&direnv(&sandbox, &home, &["edit"]), 1, "", missing);
    let path = "$SANDBOX/home/q/.envrc\n";
    says(&direnv(&sandbox, &home, &["edit", q.to_str().unwrap()]), 0, path, "");
    sandbox.file("home/q/.envrc", "export A=1\n");
    says(&direnv(&sandbox, &sandbox.dir("home/q/below"), &["edit"]), 0, path, "");
    // It was not changed, so nobody approved it.
    assert_eq!(direnv(&sandbox, &q, &["export", "json"]).code(), 1);
}

#[test]
fn versions_and_what_there_is_not_are_told_in_one_line() {
    let sandbox = sandbox();
    let home = sandbox.home();
    let run = |args: &[&str]| direnv(&sandbox, &home, args);
    says(&run(&["version"]), 0, "2.37.1\n", "");
    says(&run(&["--version"]), 0, "2.37.1\n", "");
    says(&run(&["version", "2.21.3"]), 0, "", "");
    for (words, line) in [
        (
            &["version", "9.0.0"][..],
            "current version v2.37.1 is older than the desired version v9.0.0",
        ),
        (&["frobnicate"], "command \"direnv frobnicate\" not found"),
        (&["export", "nu"], "unknown target shell 'nu'"),
        (&["hook", "json"], "this feature is not supported"),
        (&["reload"], ".envrc not found"),
        (&["allow"], ".envrc file not found"),
        (&["allow", "none"], "$SANDBOX/home/none does not exist"),
        (&["deny", "."], ".envrc file not found"),
        (&["watch", "bash", "x"], "only a policy can be told to watch: write `watch_file` into it"),
        (&["dump", "nu"], "unknown target shell 'nu'"),
        (&["dotenv", "bash", "none"], "$SANDBOX/home/none does not exist"),
        (&["apply_dump", "none"], "$SANDBOX/home/none does not exist"),
        (&["show_dump", "x"], "this is no dump of direnv's"),
        (&["log", "--error", "a message"], "a message"),
    ] {
        let done = run(words);
        let code = i32::from(words[0] != "log");
        says(&done, code, "", &format!("direnv: error {line}\n"));
        // The real one ends with the same code where it has the command.
        if !["log", "watch"].contains(&words[0]) {
            assert_eq!(sandbox.run(&home, DIRENV, words).code(), code, "{words:?}");
        }
    }
    says(&run(&["log", "--status", "a message"]), 0, "", "direnv: a message\n");
    let help = run(&["help"]).success().stdout();
    assert_eq!(run(&[]).success().stdout(), help);
    assert!(help.contains("\nUsage: direnv COMMAND [...ARGS]\n"), "{help}");
}

#[test]
fn an_error_of_the_policy_is_direnvs_exit_code_and_nothing_applies() {
    let sandbox = sandbox();
    let p = sandbox.project("p", "export A=1\nsource_env none\n");
    let done = direnv(&sandbox, &p, &["export", "bash"]);
    assert_eq!(done.code(), 1);
    assert!(done.stderr().starts_with("direnv: error "), "{}", done.stderr());
    assert!(!done.stdout().contains("export A="), "{}", done.stdout());
}

#[test]
fn no_decision_is_read_from_direnvs_variables() {
    let mut sandbox = sandbox();
    let (p, home) = (sandbox.project("p", "export A=1\n"), sandbox.home());
    sandbox.set("DIRENV_FILE", p.join(".envrc"));
    sandbox.set("DIRENV_DIR", "-/elsewhere");
    sandbox.set("DIRENV_WATCHES", "damaged");
    says(&direnv(&sandbox, &home, &["export", "json"]), 0, "", "");
    let status = direnv(&sandbox, &p, &["status", "--json"]).success().stdout();
    assert!(status.contains("\"loadedRC\": null"), "{status}");
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!(without_own(&done), BTreeMap::from([("A".to_owned(), Some("1".to_owned()))]));
    // Another direnv that has loaded something keeps its variables.
    sandbox.set("DIRENV_DIFF", "theirs");
    settle();
    let done = direnv(&sandbox, &p, &["export", "json"]);
    let names: Vec<String> = apply(&mut sandbox, &done).into_keys().collect();
    assert_eq!(names, ["A", "GOENV_POLICY", "GOENV_STATE"]);
    says(&direnv(&sandbox, &p, &["export", "json"]), 0, "", "");
}

#[test]
fn both_names_undo_what_the_other_did_and_log_it_once() {
    let mut sandbox = sandbox();
    let (p, home) = (sandbox.project("p", "export A=1\n"), sandbox.home());
    settle();
    let outside = sandbox.env.clone();
    let done = sandbox.goenv(&p, &["export", "json"]);
    let names: Vec<String> = apply(&mut sandbox, &done).into_keys().collect();
    assert_eq!(names, ["A", "GOENV_POLICY", "GOENV_STATE"]);
    // An editor that was started from that shell gets direnv's variables too, in silence.
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, ""));
    let names: Vec<String> = apply(&mut sandbox, &done).into_keys().collect();
    assert_eq!(names, ["DIRENV_DIR", "DIRENV_FILE", "DIRENV_WATCHES", "GOENV_STATE"]);
    for done in [direnv(&sandbox, &p, &["export", "json"]), sandbox.goenv(&p, &["export", "json"])]
    {
        says(&done, 0, "", "");
    }
    // Looked at again, nothing is decided anew.
    let done = direnv(&sandbox, &p, &["reload"]);
    says(&done, 0, "", "direnv: ~/p/.envrc loads again at the next prompt\n");
    settle();
    let done = direnv(&sandbox, &p, &["export", "json"]);
    let names: Vec<String> = apply(&mut sandbox, &done).into_keys().collect();
    assert!(names.contains(&"GOENV_STATE".to_owned()), "{names:?}");
    let done = sandbox.goenv(&home, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, "goenv: left ~/p/.envrc\n"));
    apply(&mut sandbox, &done);
    assert_eq!(sandbox.env, outside);
    let log = sandbox.goenv(&home, &["audit", "log", "--json"]).success().stdout();
    let loads: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|record: &Value| record["ev"] == "policy.load")
        .collect();
    assert_eq!(loads.len(), 1, "{log}");
    assert_eq!(loads[0]["vars"], json!(["A"]));
}

#[test]
fn an_editor_that_cannot_unset_a_variable_and_empties_it_is_not_warned() {
    let mut sandbox = sandbox();
    let (p, home) = (sandbox.project("p", "export A=1\n"), sandbox.home());
    for name in ["GOENV_STATE", "GOENV_POLICY", "DIRENV_DIR", "DIRENV_FILE", "DIRENV_WATCHES"] {
        sandbox.set(name, "");
    }
    says(&direnv(&sandbox, &home, &["export", "json"]), 0, "", "");
    let done = direnv(&sandbox, &p, &["export", "json"]);
    let said = "direnv: loading ~/p/.envrc\ndirenv: export +A\n";
    assert_eq!((done.code(), done.stderr().as_str()), (0, said));
    let object = apply(&mut sandbox, &done);
    assert_eq!(object["DIRENV_DIR"].as_deref(), Some(&*format!("-{}", p.display())));
}

#[test]
fn an_empty_log_format_silences_what_is_no_error() {
    let mut sandbox = sandbox();
    let (p, home) = (sandbox.project("p", "export A=1\necho said\n"), sandbox.home());
    sandbox.set("DIRENV_LOG_FORMAT", "");
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, "direnv: said\n"));
    apply(&mut sandbox, &done);
    let done = direnv(&sandbox, &home, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, ""));
    assert_eq!(apply(&mut sandbox, &done)["A"], None);
    sandbox.file("home/p/.envrc", "export A=2\n");
    let done = direnv(&sandbox, &p, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (1, BLOCKED));
}

#[test]
fn files_of_variables_hold_the_policys_alone() {
    let sandbox = sandbox();
    let p = sandbox.project("p", "export A=1\n");
    for (format, text) in [("dotenv", "A='1'\n"), ("systemd", "A=\"1\"\n")] {
        let done = direnv(&sandbox, &p, &["export", format]);
        says(&done, 0, text, "direnv: loading ~/p/.envrc\ndirenv: export +A\n");
    }
}

/// direnv's own hook for elvish, which people keep in a file, reads JSON.
#[test]
fn elvish_gets_what_direnvs_own_hook_reads() {
    let sandbox = sandbox();
    let p = sandbox.project("p", "export A=1\n");
    let done = direnv(&sandbox, &p, &["export", "elvish"]);
    let change: Value = serde_json::from_slice(done.success().bytes()).unwrap();
    assert_eq!(change["A"], "1");
}

#[test]
fn the_hook_calls_the_link_and_switches_the_environment_in_real_shells() {
    for shell in Shell::ALL.into_iter().filter(|shell| *shell != Shell::Nushell) {
        let sandbox = sandbox();
        sandbox.project("p", "export A=1\n");
        let link = sandbox.path("link/direnv");
        let mut pty = Pty::start(shell, &sandbox);
        let before = pty.env();
        let line = match shell {
            Shell::Fish => format!("{} hook fish | source", link.display()),
            // Without quotes, as direnv's users have it.
            Shell::Tcsh => format!("eval `{} hook tcsh`", link.display()),
            Shell::Elvish => format!("eval ({} hook elvish | slurp)", link.display()),
            _ => format!("eval \"$({} hook {})\"", link.display(), shell.name()),
        };
        let _ = pty.run(&line);
        let entered = pty.run("cd ~/p");
        assert!(entered.contains("direnv: export +A"), "{shell:?}: {entered}");
        assert_eq!(pty.get("A").as_deref(), Some("1"), "{shell:?}");
        let directory = format!("-{}", sandbox.home().join("p").display());
        assert_eq!(pty.get("DIRENV_DIR"), Some(directory), "{shell:?}");
        // Unchanged, a shell that can asks by itself.
        settle();
        let _ = pty.run("true");
        let armed = match shell {
            Shell::Bash | Shell::Zsh => "echo ${_goenv_armed:+armed}",
            Shell::Fish => "set -q _goenv_changed[1]; and echo armed",
            _ => "echo armed",
        };
        assert_eq!(pty.output(armed), "armed\n", "{shell:?}");
        let _ = pty.run("cd ~");
        assert_eq!(pty.env(), before, "{shell:?}");
    }
}

/// Runs a script in bash with goenv's direnv, then with the real one, as `$DIRENV`; returns what each printed.
fn both(sandbox: &mut Sandbox, directory: &Path, script: &str) -> [String; 2] {
    let ours = sandbox.path("link/direnv").to_str().unwrap().to_owned();
    [&ours, DIRENV].map(|direnv| {
        sandbox.set("DIRENV", direnv);
        let done = sandbox.run(directory, "bash", &["-c", script]);
        let said = done.success().stdout();
        said.replace("$SANDBOX/link/direnv", "DIRENV").replace(DIRENV, "DIRENV")
    })
}

#[test]
fn an_environment_is_dumped_and_read_as_by_direnv() {
    let mut sandbox = sandbox();
    sandbox.set("ODD", "x 'y' \"z\" \\ $HOME\nline");
    let home = sandbox.home();
    for script in [
        // Each reads what the other wrote.
        "$DIRENV show_dump \"$(/usr/bin/direnv dump)\"; /usr/bin/direnv show_dump \"$($DIRENV dump)\"",
        "$DIRENV dump json",
        "touch f; $DIRENV dump gzenv f; /usr/bin/direnv show_dump \"$(cat f)\"",
        "touch f; DIRENV_DUMP_FILE_PATH=f $DIRENV dump json; cat f; rm f",
        "$DIRENV dump json 3 3>g; cat g; rm g",
        "$DIRENV dump json none || echo fails",
        "env -i A=1 $DIRENV dump >f; eval \"$($DIRENV apply_dump f)\"; /usr/bin/env | /usr/bin/grep -v ^_= | /usr/bin/sort; /usr/bin/rm f",
        "echo x >f; $DIRENV apply_dump f 2>/dev/null || echo fails; rm f",
    ] {
        let script = format!("unset _; {script}");
        let [ours, theirs] = both(&mut sandbox, &home, &script);
        assert!(!theirs.is_empty(), "{script}");
        assert_eq!(ours, theirs, "{script}");
    }
}

#[test]
fn a_dump_waits_for_no_reader() {
    let mut sandbox = Sandbox::new();
    let home = sandbox.home();
    sandbox.run(&home, "mkfifo", &["pipe"]).success();
    sandbox.set("BIG", "x".repeat(120_000));
    let (link, script) = (sandbox.path("bin/direnv"), "timeout 10 \"$0\" dump json pipe");
    std::os::unix::fs::symlink(crate::common::GOENV, &link).unwrap();
    let link = link.to_str().unwrap();
    let done = sandbox.run(&home, "sh", &["-c", script, link]);
    let _ = done.failure(1, "direnv: error $SANDBOX/home/pipe: nobody reads it\n");
    // One that is slow gets all of it.
    let script = format!("exec 3<>pipe; {{ sleep 0.2; cat <&3; }} & {script}; sleep 0.5; kill $!");
    let done = sandbox.run(&home, "timeout", &["10", "sh", "-c", &script, link]);
    assert!(done.stdout().contains(&"x".repeat(120_000)));
}

#[test]
fn a_dump_for_a_shell_holds_no_name_that_is_a_command() {
    let sandbox = sandbox();
    let (home, link) = (sandbox.home(), sandbox.path("link/direnv"));
    for (shell, read) in [
        ("bash", "eval \"$(cat f)\"; echo \"$A\""),
        ("zsh", "eval \"$(cat f)\"; echo \"$A\""),
        ("fish", "source f; echo \"$A\""),
    ] {
        let names = ["a;touch ran;=1", "a b=1", "BASH_FUNC_f%%=() { :; }", "A=x 'y' \u{e9}\nz"];
        let dump = format!("\"$@\" {} dump {shell} >f", link.display());
        let words = [&["-c", &dump, "sh", "env"], &names[..]].concat();
        sandbox.run(&home, "sh", &words).success();
        assert!(!fs::read_to_string(home.join("f")).unwrap().contains("touch"), "{shell}");
        let done = sandbox.run(&home, shell, &["-c", read]);
        assert_eq!(done.stdout(), "x 'y' \u{e9}\nz\n", "{shell}: {}", done.stderr());
        assert!(!home.join("ran").exists(), "{shell}");
    }
    // A form without commands holds them.
    let words = ["a;b=1", link.to_str().unwrap(), "dump", "json"];
    let dump: Value = serde_json::from_slice(sandbox.run(&home, "env", &words).bytes()).unwrap();
    assert_eq!(dump["a;b"], "1");
    let words = ["A=\u{e9}", link.to_str().unwrap(), "dump", "systemd"];
    assert!(sandbox.run(&home, "env", &words).success().stdout().contains("A=\"\u{e9}\"\n"));
}

#[test]
fn a_dotenv_file_is_printed_for_a_shell() {
    let mut sandbox = sandbox();
    let home = sandbox.home();
    sandbox.file("home/.env", "A=1\nexport B=\"x $A\" # said\nC='$A'\nD: y\nE=\n");
    for script in [
        "eval \"$($DIRENV dotenv)\"; declare -p A B C D E",
        "eval \"$($DIRENV dotenv bash .env)\"; declare -p A B C D E",
        "$DIRENV dotenv json .env",
        "echo 'A=1 2' >bad; $DIRENV dotenv bash bad 2>/dev/null || echo fails",
    ] {
        let [ours, theirs] = both(&mut sandbox, &home, script);
        assert_eq!(ours, theirs, "{script}");
    }
}

#[test]
fn a_script_has_the_functions_of_an_envrc() {
    let mut sandbox = sandbox();
    let home = sandbox.home();
    sandbox.file("home/.env", "FROM_DOTENV=1\n");
    sandbox.file("home/sub/.envrc", "export SUB=${PWD##*/}\n");
    for script in [
        "PATH_add bin; path_add LIST a b; echo \"${PATH%%:*}\" \"$LIST\"",
        "expand_path ../x; user_rel_path ~/x; find_up .env; has ls && echo has",
        "dotenv; watch_file .env; watch_dir sub; source_env sub; echo $FROM_DOTENV $SUB",
        "MANPATH=/x: MANPATH_add man; export MANPATH=/x; MANPATH_add man; load_prefix /y; echo \"$MANPATH\"",
        // Where there was none, the rest is what `man` looks through by itself: an empty entry says so, and direnv's asks for it.
        "MANPATH_add man; echo \"${MANPATH%%:*}\"",
        "watch_dir nowhere 2>/dev/null; watch_file nothing; echo \"$?\"",
        "cd sub; source_up_if_exists; dotenv_if_exists; layout node; echo \"${PATH%%:*}\"",
        "touch x.sh; source ./x.sh && . ./x.sh && echo read; rm x.sh",
        "direnv_load env A=1 $DIRENV dump; echo $A",
        "env -i B=1 PATH=\"$PATH\" HOME=\"$HOME\" $DIRENV dump >f; direnv_apply_dump f; echo $B; rm f",
    ] {
        let script = format!("eval \"$($DIRENV stdlib)\"; export DIRENV_LOG_FORMAT=; {script}");
        let [ours, theirs] = both(&mut sandbox, &home, &script);
        assert!(!theirs.is_empty(), "{script}");
        assert_eq!(ours, theirs, "{script}");
    }
}
