//! Random programs, evaluated by goenv and by the real direnv.
//!
//! One direnv loads them all: its policy sources each program, as direnv sources a policy, in a subshell of its own
//! that prints its environment when it ends.

use crate::generate::Generator;
use crate::sandbox::{Pairs, Sandbox, differences, pairs_of, pairs_wanted};

/// How many programs; `GOENV_TEST_PROGRAMS` sets another number for a long run.
const PROGRAMS: u64 = 400;

/// Runs every program; the subshell has no EXIT trap of direnv's, and its own prints the environment.
const DRIVER: &str = "for program in \"$PWD\"/programs/*.envrc; do
  (
    trap 'echo \"$?\" >\"$program.status\"; /usr/bin/env -0 >\"$program.out\"' EXIT
    cd \"${program%/*}/..\"
    source_env \"$PWD/${program##*/}\"
  ) >/dev/null 2>\"$program.err\"
done
";

#[test]
fn random_programs_mean_the_same_to_direnv() {
    let count = std::env::var("GOENV_TEST_PROGRAMS");
    let count = count.map_or(PROGRAMS, |count| count.parse().unwrap());
    let first = std::env::var("GOENV_TEST_SEED").map_or(0, |seed| seed.parse().unwrap());
    let sandbox = Sandbox::new();
    let directory = sandbox.project("programs");
    std::fs::create_dir_all(directory.join("programs")).unwrap();
    std::fs::write(directory.join(".envrc"), DRIVER).unwrap();
    let mut accepted: Vec<(u64, String, Pairs)> = Vec::new();
    for seed in first..first + count {
        let mut generator = Generator::new(seed);
        let program = generator.program();
        let program = if seed % 4 > 0 { program } else { generator.slip(&program) };
        let file = directory.join(format!("{seed}.envrc"));
        if let Ok(wanted) = sandbox.goenv(&file, program.as_bytes()) {
            std::fs::write(&file, &program).unwrap();
            std::fs::write(directory.join(format!("programs/{seed}.envrc")), &program).unwrap();
            accepted.push((seed, program, pairs_wanted(&wanted)));
        }
    }
    assert!(accepted.len() * 5 > count as usize, "{} of {count} accepted", accepted.len());
    sandbox.direnv_env(&directory).unwrap();
    let mut wrong = Vec::new();
    for (seed, program, goenv) in &accepted {
        let out = directory.join(format!("programs/{seed}.envrc.out"));
        let direnv = pairs_of(&std::fs::read(out).unwrap());
        let mut goenv = goenv.clone();
        goenv.remove("program");
        let mut direnv = direnv;
        direnv.remove("program");
        let mut found = differences(&goenv, &direnv);
        let status = directory.join(format!("programs/{seed}.envrc.status"));
        if std::fs::read(status).unwrap() != b"0\n" {
            found.push("direnv ends with a failure and applies nothing".to_owned());
        }
        if !found.is_empty() {
            let err = std::fs::read_to_string(directory.join(format!("programs/{seed}.envrc.err")));
            wrong.push(format!("{seed}:\n{program}  {}\n{}", found.join("\n  "), err.unwrap()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n\n{}",
        wrong.len(),
        accepted.len(),
        wrong[..wrong.len().min(15)].join("\n")
    );
    println!("{} of {count} random programs accepted, all as in direnv", accepted.len());
}
