//! Thousands of random words, expanded by goenv and by bash.
//!
//! `promote` shows the fields of an argument: goenv notes them, and bash is given a function that prints them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use goenv::env::Bytes;

use crate::generate::Generator;
use crate::sandbox::Sandbox;

/// How many words; `GOENV_TEST_WORDS` sets another number for a long run.
const WORDS: u64 = 6000;

/// What a word is compared as; every other time with a slip in it.
fn snippet(seed: u64) -> String {
    let mut generator = Generator::new(seed);
    let snippet = right(seed, &mut generator);
    if seed % 8 < 4 { snippet } else { generator.slip(&snippet) }
}

fn right(seed: u64, generator: &mut Generator) -> String {
    let word = generator.word(0);
    match seed % 4 {
        0 => format!("V={word}\npromote a b \"$V\"\n"),
        1 => format!("export V={word}\npromote a b \"$V\"\n"),
        2 => {
            let pattern = generator.pattern(0);
            format!("if [[ {word} == {pattern} ]]; then promote a b 1; else promote a b 0; fi\n")
        }
        _ => format!("promote a b {word} {}\n", generator.word(0)),
    }
}

#[test]
fn random_words_expand_to_the_fields_that_bash_makes_of_them() {
    let count = std::env::var("GOENV_TEST_WORDS");
    let count = count.map_or(WORDS, |count| count.parse().unwrap());
    let first = std::env::var("GOENV_TEST_SEED").map_or(0, |seed| seed.parse().unwrap());
    let sandbox = Sandbox::new();
    let directory = sandbox.project("words");
    let file = directory.join(".envrc");
    let mut accepted: Vec<(String, Vec<Bytes>)> = Vec::new();
    for seed in first..first + count {
        let snippet = snippet(seed);
        if let Ok(wanted) = sandbox.goenv(&file, snippet.as_bytes()) {
            let fields = wanted.governance.into_iter().flat_map(|shown| shown.arguments).collect();
            accepted.push((snippet, fields));
        }
    }
    // A generator that only writes what is refused would compare nothing.
    assert!(accepted.len() * 3 > count as usize, "{} of {count} accepted", accepted.len());

    let mut script = String::from("shopt -s nullglob extglob\n");
    script += "promote() { printf '%s\\0' \"$@\" >&3; }\n";
    for (name, value) in sandbox.outside().iter() {
        let value = String::from_utf8(value.to_vec()).unwrap().replace('\'', "'\\''");
        script += &format!("{}='{value}'\n", String::from_utf8_lossy(name));
    }
    for (snippet, _) in &accepted {
        // Whatever bash thinks of it and sets in it, the next word is read afresh.
        let quoted = snippet.replace('\'', "'\\''");
        script += &format!("\n(eval '{quoted}') 3>&1 >/dev/null\nprintf 'END\\0'\n");
    }
    if let Ok(path) = std::env::var("GOENV_TEST_KEEP") {
        std::fs::write(path, &script).unwrap();
    }
    let mut bash = Command::new("bash")
        .current_dir(&directory)
        .args(["--norc", "-s"])
        .env_clear()
        .envs([("HOME", sandbox.path("home").to_str().unwrap()), ("LANG", "C.UTF-8")])
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = bash.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = bash.wait_with_output().unwrap();
    // A bash that ends early leaves words without an answer, which is reported below.
    let _ = writer.join().unwrap();

    let mut printed = output.stdout.split(|byte| *byte == 0);
    let mut wrong = Vec::new();
    for (snippet, fields) in &accepted {
        let bash: Vec<Bytes> =
            printed.by_ref().take_while(|field| *field != b"END").map(<[u8]>::to_vec).collect();
        // What is printed twice, or not at all, is another program than goenv's.
        if &bash != fields {
            let show = |fields: &[Bytes]| {
                fields
                    .iter()
                    .map(|f| format!("{:?}", String::from_utf8_lossy(f)))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            wrong.push(format!("{snippet}  goenv {}\n  bash  {}", show(fields), show(&bash)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n\n{}",
        wrong.len(),
        accepted.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    println!("{} of {count} random words accepted, all as in bash", accepted.len());
}
