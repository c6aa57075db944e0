//! What the gate costs in a large repository. Prints, and asserts nothing about time.

use std::time::Instant;

use crate::repository::Repository;

/// Returns a repository of so many modules with fifty files each, and policies for every tenth.
fn repository(modules: usize) -> Repository {
    let repository = Repository::with(&[(".envrc", "use go 1.26.4\n")]);
    for module in 0..modules {
        let directory = format!("services/group{}/module{module}", module / 50);
        repository
            .write(&format!("{directory}/go.mod"), format!("module m{module}\n\ngo 1.26.0\n"));
        for file in 0..49 {
            repository.write(&format!("{directory}/pkg{}/file{file}.go", file % 7), "package x\n");
        }
        if module % 10 == 0 {
            repository
                .write(&format!("{directory}/.envrc"), "use go 1.26.4\nexport A=1\nPATH_add bin\n");
        }
    }
    repository
}

#[test]
fn a_thousand_modules_are_checked_in_linear_time() {
    let mut calls = Vec::new();
    for modules in [250, 1000] {
        let repository = repository(modules);
        repository.write("services/group0/module3/go.mod", "module m3\n\ngo 1.27.0\n");
        let start = Instant::now();
        let (found, code) = repository.found(&[]);
        let tree = start.elapsed();
        assert_eq!((found.len(), code), (1, 1));
        repository.commit();
        repository.write("services/group0/module4/go.mod", "module m4\n\ngo 1.27.0\n");
        repository.stage();
        let start = Instant::now();
        let (found, _) = repository.found(&["--staged"]);
        let staged = start.elapsed();
        assert_eq!(found, ["services/group0/module4/go.mod:3:4 GOENV101"]);
        println!(
            "{modules} modules, {} files: check {tree:.0?}, check --staged {staged:.0?}",
            modules * 50
        );
        let counted = repository.sandbox.run(
            &repository.root,
            "strace",
            &["-f", "-c", "-o", "/dev/stderr", crate::common::GOENV, "check"],
        );
        let total = counted.stderr();
        let total =
            total.lines().rev().find(|line| line.ends_with("total")).unwrap_or_default().to_owned();
        let number =
            total.split_whitespace().filter_map(|word| word.parse::<u64>().ok()).next_back();
        calls.push(number.unwrap_or_default());
    }
    println!("system calls: {calls:?}");
}
