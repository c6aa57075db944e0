//! What the gate costs: system calls in proportion to the files. examples/gate/measure prints times.

use crate::repository::Repository;

/// Returns a repository of so many modules with ten files each, and a policy for every tenth.
fn repository(modules: usize) -> Repository {
    let repository = Repository::with(&[(".envrc", "use go 1.26.4\n")]);
    for module in 0..modules {
        let directory = format!("services/group{}/module{module}", module / 50);
        repository
            .write(&format!("{directory}/go.mod"), format!("module m{module}\n\ngo 1.26.0\n"));
        for file in 0..9 {
            repository.write(&format!("{directory}/pkg/file{file}.go"), "package x\n");
        }
        if module % 10 == 0 {
            repository.write(&format!("{directory}/.envrc"), "use go 1.26.4\nexport A=1\n");
        }
    }
    repository
}

/// Returns how many system calls a check makes.
fn calls(repository: &Repository, arguments: &[&str]) -> u64 {
    let counts = repository.sandbox.path("counts");
    let mut all = vec!["-c", "-o", counts.to_str().unwrap(), crate::common::GOENV, "check"];
    all.extend(arguments);
    repository.sandbox.run(&repository.root, "strace", &all).success();
    let table = std::fs::read_to_string(&counts).unwrap();
    let total = table.lines().rev().find(|line| line.ends_with("total")).unwrap();
    let numbers = total.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
    // calls, and errors where there were any.
    numbers.max().unwrap()
}

#[test]
fn the_work_grows_with_the_files_and_staged_with_what_changed() {
    let counted: Vec<(u64, u64)> = [50, 200]
        .into_iter()
        .map(|modules| {
            let repository = repository(modules);
            let tree = calls(&repository, &[]);
            repository.commit();
            repository.write("services/group0/module4/go.mod", "module m4\n\ngo 1.26.1\n");
            repository.stage();
            (tree, calls(&repository, &["--staged"]))
        })
        .collect();
    println!("system calls of check and check --staged, 50 and 200 modules: {counted:?}");
    let [(small, small_staged), (large, large_staged)] = counted[..] else { panic!() };
    assert!(large * 10 <= small * 42, "four times the files cost {large} after {small}");
    assert!(
        large_staged < small_staged * 2,
        "one change costs {large_staged} after {small_staged}"
    );
}
