//! Random `.env` files, read by goenv and by the real direnv.

use std::process::{Command, Stdio};

use goenv::policy::dotenv;

use crate::generate::{Generator, QUOTABLE};
use crate::sandbox::Sandbox;

/// How many files; `GOENV_TEST_DOTENVS` sets another number for a long run.
const FILES: u64 = 800;

#[test]
fn random_dotenv_files_mean_the_same_to_direnv() {
    let count = std::env::var("GOENV_TEST_DOTENVS");
    let count = count.map_or(FILES, |count| count.parse().unwrap());
    let first = std::env::var("GOENV_TEST_SEED").map_or(0, |seed| seed.parse().unwrap());
    let sandbox = Sandbox::new();
    let file = sandbox.path("random.env");
    let outside = sandbox.outside();
    let (mut accepted, mut refused) = (0, 0);
    let mut wrong = Vec::new();
    for seed in first..first + count {
        let mut generator = Generator::new(seed);
        let text = generator.dotenv();
        let text = if seed % 2 == 0 { text } else { generator.slip(&text) };
        let mut look_up = |name: &[u8]| {
            Ok(outside.get(name).filter(|value| !value.is_empty()).map(<[u8]>::to_vec))
        };
        std::fs::write(&file, &text).unwrap();
        let mut direnv = Command::new("direnv");
        direnv.args(["dotenv", "json"]).arg(&file).env_clear().stdin(Stdio::null());
        for (name, value) in outside.iter() {
            use std::os::unix::ffi::OsStrExt as _;
            direnv.env(std::ffi::OsStr::from_bytes(name), std::ffi::OsStr::from_bytes(value));
        }
        let output = direnv.output().expect("these tests compare with the real direnv: install it");
        let theirs = output.status.success().then(|| {
            serde_json::from_slice::<std::collections::BTreeMap<String, String>>(&output.stdout)
        });
        let theirs = theirs.map(Result::unwrap);
        let ours = dotenv::read(text.as_bytes(), &mut look_up).map(|pairs| {
            let pairs = pairs.into_iter().map(|(name, value)| {
                (String::from_utf8(name).unwrap(), String::from_utf8(value).unwrap())
            });
            pairs.collect::<std::collections::BTreeMap<_, _>>()
        });
        match (ours, theirs) {
            (Ok(ours), theirs) if Some(&ours) != theirs.as_ref() => {
                wrong.push(format!("{text:?}\n  goenv  {ours:?}\n  direnv {theirs:?}"));
            }
            (Ok(_), _) => accepted += 1,
            // What versions of direnv disagree about is refused, and names that no shell can hold.
            (Err(error), Some(theirs)) if !error.message.starts_with("versions of direnv") => {
                let names = theirs.keys().any(|name| !goenv::env::is_identifier(name.as_bytes()));
                if !names && !error.message.contains("quote is not closed") {
                    wrong.push(format!("{text:?}\n  goenv  {error:?}\n  direnv {theirs:?}"));
                }
                refused += 1;
            }
            (Err(_), _) => refused += 1,
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(accepted > 200 && refused > 200, "{accepted} accepted, {refused} refused");
    println!("{accepted} random .env files accepted, all as in direnv; {refused} refused");
}

impl Generator {
    /// Returns a `.env` file of some lines.
    pub(crate) fn dotenv(&mut self) -> String {
        self.join(3, "\n", |g| {
            let export = g.pick(&["", "", "", "export ", "  ", "export\t", "#"]);
            let name = g.pick(&["A", "B", "NAME", "a.b", "1X", "A-B", "export", ""]);
            let name = if g.below(4) > 0 { "B" } else { name };
            let equals = g.pick(&["=", "=", "=", "=", " = ", ": ", ":", ":  ", "", "\t="]);
            let value = g.join(4, "", |g| match g.below(9) {
                0 => format!("'{}'", g.pick(QUOTABLE)),
                1 | 2 => format!("\"{}\"", g.join(3, "", |g| g.pick(DOTENV).to_owned())),
                3 => format!("${}", g.name()),
                4 => format!("${{{}{}}}", g.name(), g.pick(&["", ":-d", ":-", ":-$A", "-d"])),
                _ => g.pick(DOTENV).to_owned(),
            });
            let comment = g.pick(&["", "", "", "", " # said", "#said", " # \"x\"", " ", "\r"]);
            format!("{export}{name}{equals}{value}{comment}")
        })
    }
}

const DOTENV: &[&str] = &[
    "a",
    "x y",
    "\\n",
    "\\\\n",
    "\\r",
    "\\t",
    "\\\\",
    "\\\"",
    "$A",
    "$",
    "$$",
    "$1",
    "${",
    "${}",
    "}",
    "#",
    " ",
    "é",
    "\\$",
    "'",
    "\"",
    "b",
    "c=d",
    ":",
    "$INHERITED",
    "`x`",
    "$(x)",
    "\t",
];
