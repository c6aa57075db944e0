//! The other commands, help and exit codes.

use crate::common::Sandbox;

#[test]
fn help_fits_one_screen() {
    let sandbox = Sandbox::new();
    let text = sandbox.goenv(&sandbox.home(), &["-h"]).success().stdout();
    assert!(text.lines().count() <= 45, "{} lines", text.lines().count());
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn help_is_a_word_too() {
    let sandbox = Sandbox::new();
    let help = |args: &[&str]| sandbox.goenv(&sandbox.home(), args).success().stdout();
    assert_eq!(help(&["help"]), help(&["--help"]));
    assert_eq!(help(&["help", "sdk", "install"]), help(&["sdk", "install", "--help"]));
    assert_eq!(sandbox.goenv(&sandbox.home(), &["help", "exprot"]).code(), 2);
}

#[test]
fn a_wrong_command_line_is_usage() {
    let sandbox = Sandbox::new();
    let done = sandbox.goenv(&sandbox.home(), &["exprot", "bash"]);
    assert_eq!((done.code(), done.stdout()), (2, String::new()));
    assert!(done.stderr().contains("'export'"), "{}", done.stderr());
    assert_eq!(sandbox.goenv(&sandbox.home(), &["export", "cmd"]).code(), 2);
}

#[test]
fn version_compares() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(sandbox.goenv(&home, &["version"]).success().stdout(), format!("{version}\n"));
    sandbox.goenv(&home, &["version", "0.0.1"]).success();
    let text = format!("goenv: this is goenv {version}, older than 99.0.0\n");
    let _ = sandbox.goenv(&home, &["version", "99.0.0"]).failure(1, &text);
    let text = format!("goenv: `1.x\\u{{1b}}` is not a version like {version}\n");
    let _ = sandbox.goenv(&home, &["version", "1.x\x1b"]).failure(2, &text);
}

#[test]
fn completions_are_what_the_shells_accept() {
    let sandbox = Sandbox::new();
    for (shell, args) in [("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])] {
        let text = sandbox.goenv(&sandbox.home(), &["completions", shell]).success().stdout();
        let file = sandbox.file(format!("home/completions.{shell}"), text);
        let done = sandbox.run(&sandbox.home(), shell, &[args[0], &file.to_string_lossy()]);
        assert_eq!((done.code(), done.stderr()), (0, String::new()), "{shell}");
    }
}

#[test]
fn hooks_hold_the_path_that_goenv_was_started_by() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&sandbox.home(), "sh", &["-c", "goenv hook bash"]);
    assert!(
        done.success().stdout().contains("\\builtin command '$SANDBOX/bin/goenv' export bash"),
        "{}",
        done.stdout()
    );
}

#[test]
fn edit_approves_what_the_editor_left_if_it_changed() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.dir("home/p");
    sandbox.set("EDITOR", "sh -c 'echo export A=1 > \"$1\"' editor");
    let done = sandbox.goenv(&p, &["edit", "."]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, "goenv: allowed ~/p/.envrc: +A\n"));
    let done = sandbox.goenv(&p, &["edit"]);
    assert_eq!((done.code(), done.stderr().as_str()), (0, ""), "unchanged");
    sandbox.set("EDITOR", "false");
    let done = sandbox.goenv(&p, &["edit"]);
    let _ = done.failure(1, "goenv: false: ended with exit status: 1\n");
}

#[test]
fn reload_is_noticed_at_the_next_prompt() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    crate::common::settle();
    let text = sandbox.goenv(&p, &["export", "json"]).success().stdout();
    let set: std::collections::BTreeMap<String, String> = serde_json::from_str(
        &text.replace("$SANDBOX", sandbox.path("").to_string_lossy().trim_end_matches('/')),
    )
    .unwrap();
    set.iter().for_each(|(name, value)| sandbox.set(name, value));
    assert_eq!(sandbox.goenv(&p, &["export", "json"]).stdout(), "");
    let done = sandbox.goenv(&p, &["reload"]);
    assert_eq!(done.stderr(), "goenv: ~/p/.envrc loads again at the next prompt\n");
    assert!(sandbox.goenv(&p, &["export", "json"]).success().stdout().contains("GOENV_STATE"));
}

#[test]
fn reload_approves_nothing_that_was_denied() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    sandbox.goenv(&p, &["deny"]).success();
    sandbox.goenv(&p, &["reload"]).success();
    let said = sandbox.goenv(&p, &["status"]).stdout();
    assert!(said.contains("trust      denied: it was denied"), "{said}");
    assert_eq!(sandbox.goenv(&p, &["export", "json"]).code(), 3);
}

#[test]
fn why_names_file_and_line() {
    let sandbox = Sandbox::with_sdks(&["1.26.6"]);
    let p = sandbox.project("p", "use go 1.26.6\n\nexport A=1\n");
    let text = sandbox.goenv(&p, &["why", "A"]).success().stdout();
    assert_eq!(text, "A\t~/p/.envrc:3\n");
    let text = sandbox.goenv(&p, &["why"]).success().stdout();
    assert!(
        text.contains("GOROOT\t~/p/.envrc:1\n") && text.contains("PATH\t~/p/.envrc:1\n"),
        "{text}"
    );
    let text = sandbox.goenv(&p, &["why", "HOME"]).success().stdout();
    assert!(text.starts_with("HOME\tcomes from outside; "), "{text}");
}
