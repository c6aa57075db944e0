//! `init`: a first policy from what the directory asks for, and what is in the way of one that is there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::common::Sandbox;

/// Runs `goenv init` and asserts the code, the policy and the whole of both streams.
#[track_caller]
fn init(sandbox: &Sandbox, directory: &str, code: i32, policy: Option<&str>, said: &str) {
    let directory = sandbox.home().join(directory);
    let done = sandbox.goenv(&directory, &["init"]);
    assert_eq!((done.code(), done.stdout(), done.stderr().as_str()), (code, String::new(), said));
    let written = fs::read_to_string(directory.join(".envrc")).ok();
    assert_eq!(written.as_deref(), policy);
}

#[test]
fn the_version_is_the_one_asked_for() {
    let sandbox = Sandbox::with_releases(["1.24.11", "1.25.3", "1.26.5", "1.26.6", "1.27rc1"]);
    for (number, (files, policy, why)) in [
        (
            &[("go.mod", "module m\n\ngo 1.26.5\n")][..],
            "# go.mod:3 requires go >= 1.26.5\nuse go 1.26.5\n",
            "use go 1.26.5 (go.mod:3 requires go >= 1.26.5)",
        ),
        (
            &[("go.mod", "module m\ngo 1.24\ntoolchain go1.25.3\n")],
            "# go.mod:3 suggests toolchain go1.25.3\nuse go 1.25.3\n",
            "use go 1.25.3 (go.mod:3 suggests toolchain go1.25.3)",
        ),
        (
            &[("go.work", "go 1.25.3\n"), ("go.mod", "module m\ngo 1.24.11\n")],
            "# go.work:1 requires go >= 1.25.3\nuse go 1.25.3\n",
            "use go 1.25.3 (go.work:1 requires go >= 1.25.3)",
        ),
        (
            &[(".go-version", "go1.24.11\n"), ("go.mod", "module m\ngo 1.22\n")],
            "# .go-version:1 asks for 1.24.11\nuse go 1.24.11\n",
            "use go 1.24.11 (.go-version:1 asks for 1.24.11)",
        ),
        (
            &[(".tool-versions", "nodejs 20\ngolang 1.25.3\n")],
            "# .tool-versions:2 asks for 1.25.3\nuse go 1.25.3\n",
            "use go 1.25.3 (.tool-versions:2 asks for 1.25.3)",
        ),
        // A language version is the newest release of its line that is here.
        (
            &[("go.mod", "module m\ngo 1.26\n")],
            "# go.mod:2 requires go >= 1.26\nuse go 1.26.6\n",
            "use go 1.26.6 (go.mod:2 requires go >= 1.26)",
        ),
        // Nothing asks: the newest release, never a candidate.
        (
            &[],
            "# the newest Go that was here when this was written\nuse go 1.26.6\n",
            "use go 1.26.6 (the newest Go that was here when this was written)",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("p{number}");
        sandbox.dir(format!("home/{name}"));
        for (file, text) in files {
            sandbox.file(format!("home/{name}/{file}"), text);
        }
        let said = format!(
            "goenv: wrote ~/{name}/.envrc: {why}\ngoenv: review it, then run: goenv allow\n"
        );
        init(&sandbox, &name, 0, Some(policy), &said);
        // What was written is a policy, and the pasted command approves it.
        let p = sandbox.home().join(&name);
        sandbox.goenv(&p, &["allow"]).success();
        sandbox.goenv(&p, &["exec", ".", "true"]).success();
    }
}

#[test]
fn what_is_not_here_stays_as_it_was_asked_for_with_the_command_that_fetches_it() {
    let sandbox = Sandbox::with_releases(["1.24.11"]);
    sandbox.file("home/release/go.mod", "module m\ngo 1.26.6\n");
    init(
        &sandbox,
        "release",
        0,
        Some("# go.mod:2 requires go >= 1.26.6\nuse go 1.26.6\n"),
        "goenv: wrote ~/release/.envrc: use go 1.26.6 (go.mod:2 requires go >= 1.26.6)\n\
         goenv: go1.26.6 is not here yet; run: goenv sdk install 1.26.6\n\
         goenv: review it, then run: goenv allow\n",
    );
    sandbox.file("home/language/go.mod", "module m\ngo 1.26\n");
    init(
        &sandbox,
        "language",
        0,
        Some("# go.mod:2 requires go >= 1.26\nuse go 1.26\n"),
        "goenv: wrote ~/language/.envrc: use go 1.26 (go.mod:2 requires go >= 1.26)\n\
         goenv: no release of go1.26 is here; run: goenv sdk install 1.26\n\
         goenv: review it, then run: goenv allow\n",
    );
}

#[test]
fn files_that_contradict_one_another_are_named_and_nothing_is_written() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    sandbox.file("home/p/go.mod", "module m\n\ngo 1.26.6\n");
    sandbox.file("home/p/.go-version", "# ours\n1.25.3\n");
    init(
        &sandbox,
        "p",
        1,
        None,
        "goenv: $SANDBOX/home/p/.go-version:2 asks for 1.25.3, and $SANDBOX/home/p/go.mod:3 requires go >= 1.26.6; \
         change one of the two, or decide: goenv pin 1.25.3\n",
    );
    sandbox.file("home/q/.tool-versions", "golang path:/tmp/\x1b[2Jevil\n");
    init(
        &sandbox,
        "q",
        1,
        None,
        "goenv: $SANDBOX/home/q/.tool-versions:1:8: `path:/tmp/\\u{1b}[2Jevil` is not a Go version: \
         expected one like 1.26.6, 1.26 or 1.26rc1\n",
    );
    let empty = Sandbox::new();
    empty.dir("home/p");
    // Only a machine without any Go can be asked this.
    if !Path::new("/usr/local/go").exists() {
        init(
            &empty,
            "p",
            1,
            None,
            "goenv: nothing in $SANDBOX/home/p or above it asks for a Go version, and no Go is here; \
             install one first: goenv sdk install VERSION\n",
        );
    }
}

#[test]
fn a_directory_can_be_named_and_what_stands_above_is_told() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    sandbox.file("home/.envrc", "export A=1\n");
    sandbox.file("home/go.work", "go 1.26.6\n");
    sandbox.dir("home/a b/c");
    let done = sandbox.goenv(&sandbox.home(), &["init", "a b/c"]);
    assert_eq!(
        (done.code(), done.stdout(), done.stderr()),
        (
            0,
            String::new(),
            "goenv: wrote ~/a b/c/.envrc: use go 1.26.6 (../../go.work:1 requires go >= 1.26.6)\n\
             goenv: ~/.envrc no longer applies here; to keep what it sets, add: source_up\n\
             goenv: review it, then run: goenv allow 'a b/c'\n"
                .to_owned()
        )
    );
    let policy = fs::read_to_string(sandbox.home().join("a b/c/.envrc")).unwrap();
    assert_eq!(policy, "# ../../go.work:1 requires go >= 1.26.6\nuse go 1.26.6\n");
    let _ = sandbox
        .goenv(&sandbox.home(), &["init", "none"])
        .failure(1, "goenv: $SANDBOX/home/none does not exist\n");
}

/// Runs `goenv init` where there is a policy, and asserts everything and that it stays.
#[track_caller]
fn survey(sandbox: &Sandbox, text: &str, code: i32, shown: &str, said: &str) {
    let file = sandbox.file("home/p/.envrc", text);
    let before = fs::metadata(&file).unwrap();
    let done = sandbox.goenv(&sandbox.home().join("p"), &["init"]);
    assert_eq!((done.stdout().as_str(), done.stderr().as_str()), (shown, said));
    assert_eq!(done.code(), code);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before.modified().unwrap());
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing beside it");
}

#[test]
fn a_policy_that_is_there_stays_and_each_line_in_the_way_is_named() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    survey(
        &sandbox,
        "#!/usr/bin/env bash\nexport A=1\nnpm \x1b[2J install\nPATH_add bin\nexport V=$(git describe)\n\nuse go 1.26.6\n",
        1,
        "~/p/.envrc is there already, and stays as it is\n\
         native: 1-2, 4, 6-7\n\
         \n\
         .envrc:3:1: `npm` is not a command of the policy language\n  \
           3 | npm \u{fffd}[2J install\n    \
             | ^^^\n\
         hint: goenv starts no program; put the values it would give into a .env file, or set them outside\n\
         \n\
         .envrc:5:12: $(git …) would start a program or needs bash\n  \
           5 | export V=$(git describe)\n    \
             |            ^^^\n\
         hint: $(…) answers pwd, cd DIR && pwd, dirname, basename, realpath, readlink -f, expand_path, find_up, \
         user_rel_path, semver_search, go env NAME, cat FILE; for anything else write the value into a file and read it: \
         $(cat FILE)\n\
         \n\
         7 lines: 2 not native, 5 native\n",
        "goenv: a policy applies whole or not at all; rewrite these lines, then look again with: goenv init; \
         or have bash run all of it: goenv allow --bash\n",
    );
    survey(
        &sandbox,
        "npm",
        1,
        "~/p/.envrc is there already, and stays as it is\n\
         \n\
         .envrc:1:1: `npm` is not a command of the policy language\n  \
           1 | npm\n    \
             | ^^^\n\
         hint: goenv starts no program; put the values it would give into a .env file, or set them outside\n\
         \n\
         1 line: 1 not native, 0 native\n",
        "goenv: a policy applies whole or not at all; rewrite these lines, then look again with: goenv init; \
         or have bash run all of it: goenv allow --bash\n",
    );
}

#[test]
fn bash_is_named_only_where_it_could_run_the_file() {
    let sandbox = Sandbox::new();
    let said = |policy: &str| {
        sandbox.file("home/p/.envrc", policy);
        sandbox.goenv(&sandbox.home().join("p"), &["init"]).stderr()
    };
    let alone = "goenv: a policy applies whole or not at all; rewrite these lines, then look again with: goenv init\n";
    for policy in ["export A=\"x\n", "use nix\nsource_url https://x y\n", "use golang 1.26\n"] {
        assert_eq!(said(policy), alone, "{policy}");
    }
    let functions = said("f() {\n  local a=$1\n}\nf x\n");
    assert!(
        functions.ends_with("; or have bash run all of it: goenv allow --bash\n"),
        "{functions}"
    );
    sandbox.file("home/.config/goenv/config.toml", "[tiers.dev]\nengine = \"native\"\n");
    assert_eq!(said("#goenv: v1\n#goenv: tier dev\nnpm\n"), alone);
}

#[test]
fn what_is_refused_only_where_it_is_reached_is_named_where_it_is() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    survey(
        &sandbox,
        "layout python3\nif has there_is_none; then use nix; fi\ndotenv missing.env\nmake x\nuse flake\n",
        1,
        "~/p/.envrc is there already, and stays as it is\n\
         native: 2-3\n\
         \n\
         .envrc:1:1: `layout python3` is not part of the policy language\n  \
           1 | layout python3\n    \
             | ^^^^^^^^^^^^^^\n\
         hint: export VIRTUAL_ENV=\"$PWD/.venv\"; PATH_add .venv/bin\n\
         \n\
         .envrc:4:1: `make` is not a command of the policy language\n  \
           4 | make x\n    \
             | ^^^^\n\
         hint: goenv starts no program; put the values it would give into a .env file, or set them outside\n\
         \n\
         .envrc:5:1: `use flake` is not part of the policy language\n  \
           5 | use flake\n    \
             | ^^^^^^^^^\n\
         hint: goenv starts no program; put the values it would give into a .env file, or set them outside\n\
         \n\
         5 lines: 3 not native, 2 native\n",
        "goenv: a policy applies whole or not at all; rewrite these lines, then look again with: goenv init; \
         or have bash run all of it: goenv allow --bash\n",
    );
}

#[test]
fn a_policy_that_is_native_already_only_wants_approval() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    survey(
        &sandbox,
        "use go 1.26.6\nPATH_add bin\n",
        0,
        "~/p/.envrc is there already, and stays as it is\n2 lines: 0 not native, 2 native\n",
        "goenv: review it, then run: goenv allow\n",
    );
    survey(
        &sandbox,
        "PATH_add bin\n",
        0,
        "~/p/.envrc is there already, and stays as it is\n1 line: 0 not native, 1 native\n",
        "goenv: it names no Go; to add one, run: goenv pin VERSION\ngoenv: review it, then run: goenv allow\n",
    );
}

#[test]
fn a_hint_is_about_the_directory_that_was_named() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    let home = sandbox.home();
    sandbox.file("home/w 9/go.mod", "module m\n\ngo 1.26.6\n");
    sandbox.file("home/w 9/.go-version", "1.25.3\n");
    let conflict = |pin: &str| {
        format!(
            "goenv: $SANDBOX/home/w 9/.go-version:1 asks for 1.25.3, and $SANDBOX/home/w 9/go.mod:3 requires go >= 1.26.6; \
             change one of the two, or decide: {pin}\n"
        )
    };
    let elsewhere = conflict("goenv pin 1.25.3 'w 9'");
    let _ = sandbox.goenv(&home, &["init", "w 9"]).failure(1, &elsewhere);
    let here = conflict("goenv pin 1.25.3");
    let _ = sandbox.goenv(&home.join("w 9"), &["init", "."]).failure(1, &here);
    sandbox.file("home/w6/.envrc", "npm\n");
    let again = "goenv: a policy applies whole or not at all; rewrite these lines, then look again with: goenv init w6; \
                 or have bash run all of it: goenv allow --bash w6\n";
    let _ = sandbox.goenv(&home, &["init", "w6"]).failure(1, again);
    sandbox.file("home/w6/.envrc", "PATH_add bin\n");
    let add = "goenv: it names no Go; to add one, run: goenv pin VERSION w6\n\
               goenv: review it, then run: goenv allow w6\n";
    let _ = sandbox.goenv(&home, &["init", "w6"]).failure(0, add);
}

#[test]
fn a_pin_that_decides_is_written_beside_the_files_and_not_above() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    let home = sandbox.home();
    let mirror = sandbox.dir("mirror");
    let digits = "ab".repeat(32);
    sandbox.file("mirror/go1.25.3.linux-amd64.tar.gz.sha256", &digits);
    let config = format!("[sdk]\nmirrors = [\"file://{}\"]\n", mirror.display());
    sandbox.file("home/.config/goenv/config.toml", config);
    sandbox.file("home/up/.envrc", "export A=1\n");
    let written = format!("use go 1.25.3 linux/amd64=sha256:{digits}\n");
    for (directory, from, argument, pin, next) in [
        ("up/p", "up/p", None, "goenv pin 1.25.3 .", "goenv allow"),
        (
            "up/-q",
            "up",
            Some("./-q"),
            "goenv pin 1.25.3 ./-q",
            "goenv allow $SANDBOX/home/up/-q/.envrc",
        ),
        ("alone", "alone", None, "goenv pin 1.25.3", "goenv allow"),
    ] {
        sandbox.file(format!("home/{directory}/go.mod"), "module m\n\ngo 1.26.6\n");
        sandbox.file(format!("home/{directory}/.go-version"), "1.25.3\n");
        let from = home.join(from);
        let arguments: Vec<&str> = ["init"].into_iter().chain(argument).collect();
        let at = format!("$SANDBOX/home/{directory}");
        let said = format!(
            "goenv: {at}/.go-version:1 asks for 1.25.3, and {at}/go.mod:3 requires go >= 1.26.6; \
             change one of the two, or decide: {pin}\n"
        );
        let _ = sandbox.goenv(&from, &arguments).failure(1, &said);
        let pinned = format!(
            "goenv: ~/{directory}/.envrc: use go 1.25.3, pinned for linux/amd64\n\
             goenv: it is new, so it wants approval: {next}\n"
        );
        let _ = sandbox.run(&from, "sh", &["-c", pin]).failure(0, &pinned);
        let policy = fs::read_to_string(home.join(directory).join(".envrc")).unwrap();
        assert_eq!(policy, written);
        assert_eq!(fs::read_to_string(home.join("up/.envrc")).unwrap(), "export A=1\n");
    }
    // A release that is proposed in place of a language is for the same policy.
    let line =
        "goenv: 1.26 names a language, not a release; pin a release: goenv pin 1.26.6 up/p\n";
    let _ = sandbox.goenv(&home, &["pin", "1.26", "up/p"]).failure(2, line);
    // A directory that is misspelt is no policy with another name.
    let none = "goenv: $SANDBOX/home/none does not exist\n";
    let _ = sandbox.goenv(&home, &["pin", "1.25.3", "none"]).failure(1, none);
    assert!(!home.join("none").exists());
}

#[test]
fn a_survey_ends() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", "npm\n".repeat(5000));
    let done = sandbox.goenv(&sandbox.home().join("p"), &["init"]);
    let text = done.stdout();
    assert_eq!(done.code(), 1);
    assert_eq!(text.matches(" is not a command of the policy language").count(), 100);
    assert!(text.ends_with("\n5000 lines: 100 not native, the rest was not looked at\n"), "{text}");
}

#[test]
fn whatever_is_called_envrc_is_left_alone() {
    let sandbox = Sandbox::with_releases(["1.26.6"]);
    let p = sandbox.dir("home/link");
    sandbox.file("home/target", "export A=1\n");
    symlink("../target", p.join(".envrc")).unwrap();
    let said = "goenv: $SANDBOX/home/link/.envrc is a symbolic link, and a policy is read only from a regular file; \
                put a copy in its place: cp $SANDBOX/home/link/.envrc $SANDBOX/home/link/.envrc.copy && \
                mv $SANDBOX/home/link/.envrc.copy $SANDBOX/home/link/.envrc\n";
    let _ = sandbox.goenv(&p, &["init"]).failure(3, said);
    let p = sandbox.dir("home/dangling");
    symlink("nowhere", p.join(".envrc")).unwrap();
    assert_eq!(sandbox.goenv(&p, &["init"]).code(), 3);
    assert_eq!(fs::read_link(p.join(".envrc")).unwrap(), Path::new("nowhere"));
}
