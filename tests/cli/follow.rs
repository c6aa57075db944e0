//! `follow` in the user's config: version files choose among the SDKs that are here, and can do nothing else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::Value;

use crate::common::Sandbox;

const ALL: &str = "follow = [\"go.work\", \"go.mod\", \".go-version\", \".tool-versions\"]\n";

/// A home with these releases, of which nothing is run, and a config.
fn sandbox(versions: &[&str], config: &str) -> Sandbox {
    let sandbox = Sandbox::with_releases(versions);
    if !config.is_empty() {
        sandbox.file("home/.config/goenv/config.toml", config);
    }
    sandbox
}

/// Returns the version that a directory with this file gets, or what is said about it, and that nothing is set then.
fn gets(sandbox: &Sandbox, files: &[(&str, &str)]) -> String {
    let p = sandbox.home().join("p");
    let _ = fs::remove_dir_all(&p);
    for (file, text) in files {
        sandbox.file(p.join(file), text);
    }
    let done = sandbox.goenv(&p, &["export", "json"]);
    let text = if done.bytes().is_empty() { b"{}" } else { done.bytes() };
    let set: Value = serde_json::from_slice(text).unwrap();
    match set.get("GOROOT").and_then(Value::as_str) {
        Some(root) => {
            let root = PathBuf::from(root);
            assert_eq!(root.parent(), Some(&*sandbox.home().join("sdk")));
            assert_eq!(set["GOTOOLCHAIN"], "local");
            let path = set["PATH"].as_str().unwrap();
            assert!(path.starts_with(&format!("{}/bin:", root.display())), "{path}");
            let mut names: Vec<_> = set.as_object().unwrap().keys().map(String::as_str).collect();
            names.retain(|name| !matches!(*name, "PATH" | "GOENV_TIER"));
            assert_eq!(names, ["GOENV_POLICY", "GOENV_STATE", "GOROOT", "GOTOOLCHAIN"]);
            root.file_name().unwrap().to_string_lossy().into_owned()
        }
        None => {
            let set = set.as_object().unwrap();
            assert!(set.keys().all(|name| name == "GOENV_STATE"), "{set:?}");
            format!("{} {}", done.code(), done.stderr())
        }
    }
}

#[test]
fn the_nearest_file_chooses_an_sdk_that_is_here() {
    let sandbox = sandbox(&["1.24.11", "1.25.2", "1.25.3", "1.26.6", "1.27rc1"], ALL);
    for (file, text, version) in [
        ("go.mod", "module m\ngo 1.25.2\n", "go1.25.2"),
        ("go.mod", "module m\ngo 1.24\ntoolchain go1.26.6\n", "go1.26.6"),
        ("go.work", "go 1.24.11\n", "go1.24.11"),
        (".go-version", "1.25.3\n", "go1.25.3"),
        (".go-version", "1.25\n", "go1.25.3"),
        (".tool-versions", "nodejs 20\ngolang 1.24.11\n", "go1.24.11"),
        (".go-version", "1.27rc1\n", "go1.27rc1"),
        // A minimum that is not here: the nearest line that satisfies it, and its newest release.
        ("go.mod", "module m\ngo 1.22\n", "go1.24.11"),
        ("go.mod", "module m\ngo 1.24.12\n", "go1.25.3"),
        ("go.mod", "module m\ngo 1.25.1\n", "go1.25.3"),
        ("go.mod", "module m\ngo 1.26\n", "go1.26.6"),
    ] {
        assert_eq!(gets(&sandbox, &[(file, text)]), version, "{file}: {text}");
    }
    let both = [("go.mod", "module m\ngo 1.24\n"), (".go-version", "1.26.6\n")];
    assert_eq!(gets(&sandbox, &both), "go1.26.6");
    // A file of another tool's decides nothing, and a nearer one more than one above.
    sandbox.file("home/.go-version", "1.25.2\n");
    assert_eq!(gets(&sandbox, &[(".tool-versions", "nodejs 20\n")]), "go1.25.2");
    assert_eq!(gets(&sandbox, &[("go.mod", "module m\ngo 1.26\n")]), "go1.26.6");
}

#[test]
fn nothing_is_followed_that_the_config_does_not_name() {
    let files = [("go.mod", "module m\ngo 1.26.6\n"), (".go-version", "1.25.3\n")];
    for (config, expected) in [
        ("", "0 "),
        ("[sdk]\nmirrors = [\"file:///srv/go\"]\n", "0 "),
        ("follow = []\n", "0 "),
        ("follow = [\"go.work\", \".tool-versions\"]\n", "0 "),
        ("follow = [\"go.mod\"]\n", "go1.26.6"),
        ("follow = [\".go-version\"]\n", "go1.25.3"),
    ] {
        let sandbox = sandbox(&["1.25.3", "1.26.6"], config);
        assert_eq!(gets(&sandbox, &files), expected, "{config}");
    }
}

#[test]
fn a_policy_wins_wherever_it_is() {
    let sandbox = sandbox(&["1.25.3", "1.26.6"], ALL);
    sandbox.file("home/.envrc", "use go 1.25.3\n");
    let said = "3 goenv: $SANDBOX/home/.envrc is blocked: nobody has allowed it yet; review the file, then run `goenv allow`\n";
    assert_eq!(gets(&sandbox, &[("go.mod", "module m\ngo 1.26.6\n")]), said);
    sandbox.goenv(&sandbox.home(), &["allow"]).success();
    assert_eq!(gets(&sandbox, &[("go.mod", "module m\ngo 1.26.6\n")]), "go1.25.3");
}

#[test]
fn a_hostile_file_can_only_choose_among_the_sdks_that_are_here() {
    let mut sandbox = sandbox(&["1.26.6"], ALL);
    // No program can be found to be run.
    sandbox.set("PATH", sandbox.dir("empty"));
    let evil = sandbox.file("home/evil/bin/go", "#!/bin/sh\n");
    sandbox.file("home/evil/VERSION", "go1.26.6\n");
    sandbox.run(&sandbox.home(), "/bin/chmod", &["+x", &evil.to_string_lossy()]).success();
    let evil = sandbox.home().join("evil");
    let evil = evil.to_string_lossy();
    let no_version = |text: &str| {
        format!("`{text}` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1\n")
    };
    for (file, text, said) in [
        (".go-version", evil.clone().into_owned(), None),
        (".go-version", "../../evil".into(), Some("1:1: ".to_owned() + &no_version("../../evil"))),
        (
            ".go-version",
            "1.26.6/../../evil".into(),
            Some("1:1: ".to_owned() + &no_version("1.26.6/../../evil")),
        ),
        (".go-version", "https://evil.example/go".into(), None),
        (".go-version", "$(touch owned)".into(), Some("1:1: ".to_owned() + &no_version("$(touch"))),
        (".go-version", "latest".into(), Some("1:1: ".to_owned() + &no_version("latest"))),
        (
            ".go-version",
            "1.26.6\x1b[2J".into(),
            Some("1:1: ".to_owned() + &no_version("1.26.6\\u{1b}[2J")),
        ),
        (".go-version", "9".repeat(1 << 20), None),
        (".tool-versions", format!("golang path:{evil}"), None),
        (
            ".tool-versions",
            "golang ref:main".into(),
            Some("1:8: ".to_owned() + &no_version("ref:main")),
        ),
        ("go.mod", format!("module m\ngo {evil}\n"), None),
        ("go.mod", "module m\ngo 1.26\ntoolchain go1.26.6-$(id)\n".into(), None),
        ("go.mod", "module m\ngo 1.26.6'; touch owned; '\n".into(), None),
        (
            ".go-version",
            "1.99.0".into(),
            Some("1: go1.99.0 is not installed (here: 1.26.6); goenv sdk install 1.99.0\n".into()),
        ),
        (
            "go.mod",
            "module m\ngo 1.99\n".into(),
            Some("2: go1.99 is not installed (here: 1.26.6); goenv sdk install 1.99\n".into()),
        ),
    ] {
        let got = gets(&sandbox, &[(file, &text)]);
        assert!(got.starts_with(&format!("5 goenv: $SANDBOX/home/p/{file}:")), "{text}: {got}");
        if let Some(said) = said {
            assert_eq!(got, format!("5 goenv: $SANDBOX/home/p/{file}:{said}"));
        }
        let left: Vec<_> = fs::read_dir(sandbox.home().join("p")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
    // What is no file, or no text, is none.
    let p = sandbox.home().join("p");
    let odd: [&dyn Fn(); 3] = [
        &|| fs::create_dir(p.join("go.mod")).unwrap(),
        &|| drop(sandbox.run(&p, "/usr/bin/mkfifo", &["go.mod"])),
        &|| symlink("go.mod", p.join("go.mod")).unwrap(),
    ];
    for make in odd {
        let _ = fs::remove_dir_all(&p);
        fs::create_dir(&p).unwrap();
        make();
        let done = sandbox.goenv(&p, &["export", "json"]);
        assert_eq!((done.code(), done.stdout(), done.stderr()), (0, String::new(), String::new()));
    }
    assert_eq!(gets(&sandbox, &[("go.mod", "\0\u{fffd}\0go 1.26.6\0")]), "0 ");
}

#[test]
fn files_that_contradict_one_another_choose_nothing_and_this_is_said_once() {
    let mut sandbox = sandbox(&["1.25.3", "1.26.6"], ALL);
    let files = [("go.mod", "module m\n\ngo 1.26.6\n"), (".go-version", "1.25.3\n")];
    let said = "5 goenv: $SANDBOX/home/p/.go-version:1 asks for 1.25.3, and $SANDBOX/home/p/go.mod:3 requires go >= 1.26.6\n";
    assert_eq!(gets(&sandbox, &files), said);
    crate::common::settle();
    let p = sandbox.home().join("p");
    let set: Value =
        serde_json::from_slice(sandbox.goenv(&p, &["export", "json"]).bytes()).unwrap();
    sandbox.set("GOENV_STATE", set["GOENV_STATE"].as_str().unwrap());
    let done = sandbox.goenv(&p, &["export", "json"]);
    assert_eq!((done.code(), done.stdout(), done.stderr()), (0, String::new(), String::new()));
}

#[test]
fn the_rules_bound_what_a_file_may_choose() {
    let rules = |rest: &str| format!("tier = \"prod\"\n{ALL}{rest}");
    let listed = rules("[tiers.prod]\ngo = [\"1.25.x\"]\n");
    let sandbox = sandbox(&["1.24.11", "1.25.3", "1.26.6"], &listed);
    assert_eq!(gets(&sandbox, &[(".go-version", "1.25.3\n")]), "go1.25.3");
    // A minimum is met by what is admitted.
    assert_eq!(gets(&sandbox, &[("go.mod", "module m\ngo 1.24.11\n")]), "go1.25.3");
    assert_eq!(
        gets(&sandbox, &[(".go-version", "1.26.6\n")]),
        "5 goenv: $SANDBOX/home/p/.go-version:1: go1.26.6 is not among what \
         $SANDBOX/home/.config/goenv/config.toml:4 admits in tier prod: 1.25.x; \
         pin an admitted release: goenv pin VERSION\n"
    );
    let config = |text: &str| sandbox.file("home/.config/goenv/config.toml", text);
    config(&rules("[go]\ndeny = { \"1.26.6\" = \"CVE-1\" }\n"));
    let got = gets(&sandbox, &[(".go-version", "1.26.6\n")]);
    assert!(got.contains(":1: go1.26.6 is denied by config.toml: CVE-1; "), "{got}");
    config(&rules("[tiers.prod]\nsdk = \"sealed\"\n"));
    assert_eq!(
        gets(&sandbox, &[(".go-version", "1.26.6\n")]),
        "5 goenv: $SANDBOX/home/p/.go-version:1: go1.26.6 at $SANDBOX/home/sdk/go1.26.6 is not sealed, and the rules \
         ask for a sealed one; goenv sdk add $SANDBOX/home/sdk/go1.26.6\n"
    );
}

#[test]
fn a_config_that_is_not_understood_follows_nothing_and_says_so() {
    let sandbox = sandbox(&["1.26.6"], "follow = [\"go.mood\"]\n");
    let got = gets(&sandbox, &[("go.mod", "module m\ngo 1.26.6\n")]);
    assert!(got.starts_with("3 goenv: $SANDBOX/home/.config/goenv/config.toml:1:"), "{got}");
    assert_eq!(gets(&sandbox, &[("README", "")]), "0 ");
    let config = sandbox.home().join(".config/goenv/config.toml");
    fs::rename(&config, sandbox.home().join("real")).unwrap();
    symlink(sandbox.home().join("real"), &config).unwrap();
    let got = gets(&sandbox, &[("go.mod", "module m\ngo 1.26.6\n")]);
    assert!(got.contains("config.toml is a symbolic link"), "{got}");
}

#[test]
fn status_why_exec_and_which_speak_of_the_file() {
    let sandbox = sandbox(&["1.26.6"], ALL);
    sandbox.file("home/p/go.mod", "module m\n\ngo 1.26.6\n");
    sandbox.dir("home/p/below");
    let below = sandbox.home().join("p/below");
    let screen = sandbox.goenv(&below, &["status"]).success().stdout();
    let shown = "policy     ~/p/go.mod\n\
                 trust      none: there is no policy, and your config.toml follows this file\n\
                 applied    not in this shell\n\
                 sdk        go1.26.6 ~/sdk/go1.26.6 (unsealed)\n\
                 requested  ~/p/go.mod:3 go.mod go 1.26.6\n";
    assert!(screen.starts_with(shown), "{screen}");
    let json: Value =
        serde_json::from_slice(sandbox.goenv(&below, &["status", "--json"]).bytes()).unwrap();
    assert_eq!(json["trust"]["state"], "none");
    assert_eq!(json["sdk"]["version"], "1.26.6");
    let why = sandbox.goenv(&below, &["why", "GOROOT"]).success().stdout();
    assert_eq!(why, "GOROOT\t~/p/go.mod:3\n");
    let exec = sandbox.goenv(&sandbox.home(), &["exec", "p/below", "sh", "-c", "echo $GOROOT"]);
    assert_eq!(exec.success().stdout(), "$SANDBOX/home/sdk/go1.26.6\n");
    let which = sandbox.goenv(&below, &["which"]).success().stdout();
    assert_eq!(which, "$SANDBOX/home/sdk/go1.26.6/bin/go\n");
    // There is no policy to allow.
    let done = sandbox.goenv(&below, &["allow"]);
    assert!(done.stderr().contains("there is no .envrc in "), "{}", done.stderr());
    sandbox.file("home/p/go.mod", "module m\n\ngo 1.99.0\n");
    let screen = sandbox.goenv(&below, &["status"]).success().stdout();
    let problem = "problem    $SANDBOX/home/p/go.mod:3: go1.99.0 is not installed (here: 1.26.6); goenv sdk install 1.99.0\n";
    assert!(screen.contains(problem), "{screen}");
    let done = sandbox.goenv(&sandbox.home(), &["exec", "p", "true"]);
    assert_eq!(done.code(), 5);
}

#[test]
fn reload_speaks_of_the_file_and_is_noticed() {
    let mut sandbox = sandbox(&["1.26.6"], ALL);
    let go_mod = sandbox.file("home/p/go.mod", "module m\n\ngo 1.26.6\n");
    let p = sandbox.home().join("p");
    crate::common::settle();
    let done = sandbox.goenv(&p, &["export", "json"]);
    let set: std::collections::BTreeMap<String, String> =
        serde_json::from_slice(done.bytes()).unwrap();
    set.iter().for_each(|(name, value)| sandbox.set(name, value));
    assert_eq!(sandbox.goenv(&p, &["export", "json"]).stdout(), "");
    let said = "goenv: ~/p/go.mod loads again at the next prompt\n";
    let _ = sandbox.goenv(&p, &["reload"]).failure(0, said);
    assert!(sandbox.goenv(&p, &["export", "json"]).success().stdout().contains("GOENV_STATE"));
    assert_eq!(fs::read_to_string(go_mod).unwrap(), "module m\n\ngo 1.26.6\n");
}

#[test]
fn without_a_config_a_prompt_looks_for_it_once_and_opens_nothing() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/go.mod", "module m\ngo 1.26.6\n");
    let p = sandbox.home().join("p");
    let trace = sandbox.path("trace");
    let trace_of = || {
        let arguments =
            ["-f", "-o", &trace.to_string_lossy(), crate::common::GOENV, "export", "json"];
        sandbox.run(&p, "strace", &arguments).success();
        fs::read_to_string(&trace).unwrap()
    };
    let lines = trace_of();
    let naming: Vec<_> = lines.lines().filter(|line| line.contains("config.toml")).collect();
    assert_eq!(naming.len(), 1, "{naming:?}");
    assert!(!lines.contains("go.mod"), "{lines}");
    // A config that does not speak of it is read and not understood.
    sandbox.file("home/.config/goenv/config.toml", "not toml\n");
    assert!(!trace_of().contains("go.mod"));
}
