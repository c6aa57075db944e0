//! The guide's console blocks, typed one after another into a real bash with the hook.

use std::fs;

use crate::common::{GOENV, Sandbox, sdk};
use crate::document::{blocks, text};

/// A command of the guide and what it says the terminal shows.
struct Step {
    line: usize,
    command: String,
    shown: String,
}

fn steps() -> Vec<Step> {
    let guide = text("docs/guide.md");
    let mut steps: Vec<Step> = Vec::new();
    for block in blocks(&guide).into_iter().filter(|block| block.language == "console") {
        for (index, line) in block.text.lines().enumerate() {
            match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step {
                    line: block.line + index,
                    command: command.to_owned(),
                    shown: String::new(),
                }),
                None => {
                    assert!(index > 0, "line {}: output without a command", block.line);
                    steps.last_mut().unwrap().shown += &format!("{line}\n");
                }
            }
        }
    }
    steps
}

/// What the guide takes for granted: two SDKs, two module files, a repository with a remote, two keys and rules.
fn scene() -> Sandbox {
    let mut sandbox = Sandbox::with_sdks(&["1.24.11", "1.26.6"]);
    sandbox.set("TERM", "dumb");
    sandbox.set("SHELL", "/bin/bash");
    drop(sandbox.file("home/.bashrc", "eval \"$(goenv hook bash)\"\n"));
    let home = sandbox.home();
    for directory in ["ledger", "settle", "payments", "keys", ".ssh"] {
        sandbox.dir(home.join(directory));
    }
    let setup = "git -C payments init -q . && \
                 git -C payments remote add origin git@git.bank.example:payments/ledger.git && \
                 ssh-keygen -q -t ed25519 -N '' -C ann@bank.example -f .ssh/id_ed25519 && \
                 ssh-keygen -q -t ed25519 -N '' -C bob@bank.example -f keys/bob";
    sandbox.run(&home, "sh", &["-c", setup]).success();
    let rules = "[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\n";
    drop(sandbox.file(home.join(".config/goenv/config.toml"), rules));
    sandbox
}

/// Returns a text as both the guide and every machine have it: one home, and one day.
fn normal(text: &str, sandbox: &Sandbox) -> String {
    let mut text = text.replace("/home/ann", "~");
    for version in ["1.24.11", "1.26.6"] {
        text = text.replace(&sdk(version).display().to_string(), &format!("~/sdk/go{version}"));
    }
    text = text.replace(&sandbox.home().display().to_string(), "~");
    let is_date = |part: &str| {
        let form: String = part.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        form == "9999-99-99"
    };
    let mut normal = String::new();
    while let Some(c) = text.chars().next() {
        let date = text.get(..10).is_some_and(is_date);
        normal += if date { "DATE" } else { &text[..c.len_utf8()] };
        text.drain(..if date { 10 } else { c.len_utf8() });
    }
    normal
}

/// Returns whether a line is what the guide shows: `…` stands for anything.
fn fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last == Some("")
}

#[test]
fn every_step_of_the_guide_shows_what_it_says() {
    let sandbox = scene();
    let steps = steps();
    assert!(steps.len() > 30, "{} steps", steps.len());
    let commands: Vec<&str> = steps.iter().map(|step| step.command.as_str()).collect();
    let commands = sandbox.file("tmp/commands", commands.join("\n") + "\n");
    // Each line is evaluated as typed, then the prompt's hook runs, as it does when a prompt is drawn. A change within
    // the clock's granularity would keep the guard from being armed, which a person never is fast enough for.
    let script = sandbox.file(
        "tmp/script",
        format!(
            "exec 2>&1\neval \"$({GOENV} hook bash)\"\nstatus=0\nwhile IFS= read -r line <&9; do\n\
             (exit $status); eval \"$line\"; status=$?\n(exit $status); _goenv_hook\n\
             printf '\\001'\nsleep 0.05\ndone 9< {}\n",
            commands.display()
        ),
    );
    let script = script.to_string_lossy().into_owned();
    let done = sandbox.run(&sandbox.home(), "bash", &["--norc", "--noprofile", &script]);
    let output = String::from_utf8_lossy(done.bytes()).into_owned();
    let shown: Vec<&str> = output.split('\u{1}').collect();
    assert_eq!(shown.len(), steps.len() + 1, "{output}");
    let mut wrong = String::new();
    for (step, shown) in steps.iter().zip(shown) {
        let (expected, shown) = (normal(&step.shown, &sandbox), normal(shown, &sandbox));
        let same = expected.lines().count() == shown.lines().count()
            && expected.lines().zip(shown.lines()).all(|(expected, line)| fits(expected, line));
        if !same {
            let Step { line, command, .. } = step;
            wrong += &format!(
                "docs/guide.md:{line}: $ {command}\nexpected:\n{expected}shown:\n{shown}\n"
            );
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(fs::metadata(sandbox.home().join("payments/.envrc.sig")).unwrap().is_file());
}
