//! Files that nobody writes by accident: a finding or one clear error, never a panic, never a wait.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::common::GOENV;
use crate::repository::Repository;

const POLICY: (&str, &str) = (".envrc", "use go 1.26.4\n");

#[test]
fn odd_module_files_are_findings() {
    let large = format!("module m\n\ngo 1.26.0\n\n// {}\n", "x".repeat(10 << 20));
    for (bytes, expected) in [
        (large.as_bytes(), "go.mod:1:1 GOENV111"),
        (b"module m\r\n\r\ngo 1.27.0\r\n", "go.mod:3:4 GOENV101"),
        (b"\xef\xbb\xbfmodule m\n\ngo 1.26.0\n", "go.mod:1:1 GOENV104"),
        (b"module m\n\ngo 1.26.0\0\n", "go.mod:3:10 GOENV104"),
        (b"<<<<<<< HEAD\nmodule m\n", "go.mod:1:1 GOENV104"),
        (b"\xff\xfe\0m\0o\0d", "go.mod:1:3 GOENV104"),
    ] {
        let repository = Repository::with(&[POLICY]);
        repository.write("go.mod", bytes);
        for arguments in [&[][..], &["--staged"]] {
            repository.stage();
            let (found, code) = repository.found(arguments);
            assert_eq!((found[0].as_str(), code), (expected, 1), "{arguments:?}");
        }
    }
}

#[test]
fn a_file_that_could_not_be_read_is_a_finding_even_if_it_can_be_read_later() {
    let repository = Repository::with(&[POLICY]);
    // With four open files at most, none can be opened while the directory is listed; afterwards it can.
    let script = format!("ulimit -n 4 && exec {GOENV} check");
    let done = repository.sandbox.run(&repository.root, "bash", &["-c", &script]);
    let found = ".envrc:1:1: error[GOENV111]: too many open files\n";
    assert!(done.stdout().starts_with(found), "{}{}", done.stdout(), done.stderr());
    assert_eq!(done.code(), 1);
}

#[test]
fn links_and_special_files_neither_loop_nor_leak() {
    let repository = Repository::with(&[POLICY, ("a/go.mod", "module a\n\ngo 1.26.0\n")]);
    let at = |path: &str| repository.root.join(path);
    fs::create_dir_all(at("b")).unwrap();
    symlink("../b", at("b/loop")).unwrap();
    symlink("go.mod", at("b/go.mod")).unwrap();
    fs::create_dir_all(at("c")).unwrap();
    symlink("/etc/passwd", at("c/go.mod")).unwrap();
    fs::create_dir_all(at("d")).unwrap();
    symlink("../a/go.mod", at("d/go.mod")).unwrap();
    fs::create_dir_all(at("e")).unwrap();
    assert!(Command::new("mkfifo").arg(at("e/go.mod")).status().unwrap().success());
    fs::create_dir_all(at("f/go.mod")).unwrap();
    let (found, code) = repository.found(&[]);
    let expected = ["b/go.mod:1:1 GOENV111", "c/go.mod:1:1 GOENV111", "e/go.mod:1:1 GOENV111"];
    assert_eq!((found, code), (expected.map(str::to_owned).to_vec(), 1));
    assert!(!repository.check(&[]).stdout().contains("root:"), "nothing outside is shown");
}

#[test]
fn what_cannot_be_opened_is_a_finding() {
    let repository =
        Repository::with(&[POLICY, ("a/go.mod", "module a\n"), ("b/go.mod", "module b\n")]);
    let mode = |path: &str, mode: u32| {
        let path = repository.root.join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("a", 0o000);
    mode("b/go.mod", 0o000);
    // Root opens everything, so this runs as nobody, whose goenv has to lie where nobody can enter.
    let program = repository.sandbox.path("bin/goenv-for-nobody");
    // Copied by another process: while this one has it open for writing, no thread's child can run it.
    let copy = [GOENV, program.to_str().unwrap()];
    repository.sandbox.run(&repository.root, "cp", &copy).success();
    let is_root = nix::unistd::geteuid().is_root();
    let mut command = if is_root { Command::new("setpriv") } else { Command::new(&program) };
    if is_root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    }
    let output = command
        .args(["check"])
        .current_dir(&repository.root)
        .env_clear()
        .env("HOME", repository.sandbox.home())
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    mode("a", 0o755);
    let help = "  help: Make it readable, smaller, or a regular file inside the repository\n\n";
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!(
            "a:1:1: error[GOENV111]: permission denied\n{help}b/go.mod:1:1: error[GOENV111]: permission denied\n{help}"
        ),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn names_that_are_no_text_are_shown_and_escaped() {
    let repository = Repository::with(&[POLICY]);
    let name = std::ffi::OsStr::from_bytes(b"x\xff\x1b[2J\n,");
    use std::os::unix::ffi::OsStrExt;
    let directory = repository.root.join(name);
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("go.mod"), "module m\n\ngo 1.27.0\n").unwrap();
    let text = repository.check(&[]).stdout();
    assert!(text.starts_with("x\\xff\\u{1b}[2J\\n,/go.mod:3:4: error[GOENV101]"), "{text}");
    repository.stage();
    for form in ["text", "json", "sarif", "github", "gitlab"] {
        let done = repository.check(&["--staged", "--format", form]);
        assert_eq!(done.code(), 1, "{form}");
        assert!(!done.bytes().contains(&0x1b), "{form}");
    }
}

#[test]
fn no_name_is_a_command_or_a_link_where_the_report_is_read() {
    let repository = Repository::with(&[POLICY]);
    let names = [
        "::set-output name=a::",
        " ::x",
        "##[x]",
        "##vso[task.setvariable variable=a]b",
        "[x](https:",
    ];
    for name in names {
        let module = repository.root.join(name).join("go.mod");
        std::fs::create_dir_all(module.parent().unwrap()).unwrap();
        std::fs::write(module, "module m\n\ngo 1.27.0 // ##[x]\n").unwrap();
        let policy = "#goenv: v1\n#goenv: engine bash\nf() { :; }\n";
        std::fs::write(repository.root.join(name).join(".envrc"), policy).unwrap();
    }
    std::fs::write(repository.root.join("go.mod"), "module m\n\ngo 1.27.0 // ##[x]\n").unwrap();
    for form in ["text", "github"] {
        let done = repository.check(&["--format", form]);
        let said = format!("{}{}", done.stdout(), done.stderr());
        let orders = said.lines().filter(|line| {
            let line = line.trim_start();
            form == "text"
                && (line.starts_with("::") || line.contains("##[") || line.contains("##vso["))
                || line.starts_with("::") && !line.starts_with("::error file=")
        });
        assert_eq!(orders.collect::<Vec<_>>(), [""; 0], "{said}");
        assert!(done.stderr().contains("bash evaluates these"), "{}", done.stderr());
    }
    let sarif = repository.check(&["--format", "sarif", "[x](https:"]).stdout();
    assert!(!sarif.contains("[x]("), "{sarif}");
}

#[test]
fn a_dotenv_file_is_judged_whatever_its_directory_is_called() {
    use std::os::unix::ffi::OsStrExt as _;
    let repository = Repository::with(&[]);
    let directory = repository.root.join(std::ffi::OsStr::from_bytes(b"\xff"));
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join(".env"), format!("KEY=AKIA{}\n", "ABCDEFGHIJ234567")).unwrap();
    repository.stage();
    let found = repository.check(&[]).stdout();
    assert!(found.starts_with("\\xff/.env:1:5: error[GOENV407]"), "{found}");
}

#[test]
fn arguments_that_are_wrong_are_told() {
    let repository = Repository::with(&[POLICY]);
    repository
        .check(&["nothing-here"])
        .failure(1, "goenv: $SANDBOX/home/repo/nothing-here does not exist\n");
    repository
        .check(&[".", "/"])
        .failure(1, "goenv: / is outside of the repository $SANDBOX/home/repo\n");
    repository.check(&["--explain", "GOENV999"]).failure(
        2,
        "goenv: `GOENV999` is no rule of the gate; the rules are listed in docs/gate.md\n",
    );
    assert_eq!(repository.check(&["--tier", "Prod"]).code(), 2);
}

/// Files of a megabyte that repeat what is compared with everything else: the work stays in proportion.
#[test]
fn floods_are_judged_and_cut_short() {
    let repeat = |line: &str| line.repeat((1 << 20) / line.len() - 200);
    let repository = Repository::new();
    repository.write(
        ".envrc",
        format!("use go 1.26.4\n{}", repeat("#goenv-ignore: GOENV202 until 2099-01-01 x\n")),
    );
    repository.write("a/.envrc", format!("#goenv: v1\n#goenv: engine bash\n{}", repeat("use x\n")));
    repository
        .write("a/.env", format!("GOPROXY=https://a.example\n{}", repeat("GOPRIVATE=a.example\n")));
    repository.write("b/.env", repeat("A_TOKEN=hunter22\n"));
    repository.write("Dockerfile", repeat("FROM golang:1.26.4 AS a\n"));
    let long = format!("ARG A={}\n", "x".repeat(1 << 19));
    repository.write("c/Dockerfile", format!("{long}FROM {}\n", "$A".repeat(1 << 17)));
    repository.write("d/go.work", format!("go 1.24\n{}", repeat("use ./a\n")));
    repository.write("d/a/go.mod", format!("module a\n{}go 1.25\n", repeat("require x v1.0.0\n")));
    let matrix = repeat("  - go-version: ${{ matrix.go }}\n    matrix: {go: '1.25'}\n");
    repository.write(".github/workflows/ci.yml", format!("x:\n{matrix}"));
    repository.write(".github/workflows/deep.yml", repeat("[{"));
    repository.stage();
    let start = std::time::Instant::now();
    let (found, code) = repository.found(&[]);
    println!("{} findings in {:.0?}", found.len(), start.elapsed());
    assert_eq!(code, 1);
    let of = |path: &str| found.iter().filter(|found| found.starts_with(path)).count();
    assert_eq!(
        (of("a/.envrc"), of("a/.env:"), of("b/.env"), of("d/go.work")),
        (100, 100, 100, 100)
    );
    assert!(found.contains(&".github/workflows/ci.yml:1:1 GOENV111".to_owned()));
    assert_eq!(of("Dockerfile"), 0);
}

/// Every file of a repository that was cut off anywhere, or has a byte too much, is still judged.
#[test]
fn damaged_files_never_stop_the_gate() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/gate");
    let repository = Repository::new();
    let files = [
        ".envrc",
        "go.work",
        "twice/go.mod",
        ".github/workflows/ci.yml",
        "Dockerfile",
        "proxy/.env",
        "legacy/.envrc",
    ];
    for file in files {
        let bytes = fs::read(format!("{example}/{file}")).unwrap();
        for step in 0..12 {
            let cut = bytes.len() * step / 12;
            let mut damaged = bytes[..cut].to_vec();
            damaged.extend([b'"', b'\\', 0xff, b'[', b'{', b'$', b'('].iter().skip(step % 7));
            damaged.extend(&bytes[cut..]);
            repository.write(&format!("{step}/{file}"), damaged);
            repository.write(&format!("cut{step}/{file}"), &bytes[..cut]);
        }
    }
    let done = repository.check(&["--format", "sarif"]);
    assert!(matches!(done.code(), 1 | 3), "{}", done.stderr());
    serde_json::from_slice::<serde_json::Value>(done.bytes()).unwrap();
}

#[test]
fn no_line_of_the_header_takes_a_policy_out_of_the_gate() {
    let repository = Repository::new();
    let policy = "#goenv: v1\n#goenv: engine bash\nuse go 1.24.11\nexport LD_PRELOAD=/x.so\n";
    repository.write(".envrc", policy);
    repository.write("go.mod", "module m\n\ngo 1.26\n");
    repository.write("sub/.envrc", "#goenv: v1\n#goenv: engine bash\nfrobnicate x\n");
    let (found, code) = repository.found(&[]);
    assert_eq!(
        (found, code),
        (
            vec![
                ".envrc:3:8 GOENV402".to_owned(),
                ".envrc:4:8 GOENV306".to_owned(),
                "go.mod:3:4 GOENV101".to_owned(),
            ],
            1
        )
    );
    // What is beyond the language bash may know.
    assert!(repository.check(&[]).stderr().contains("was not judged: sub/.envrc\n"));
}

#[test]
fn the_cure_for_a_refused_variable_promises_no_grant_that_there_is_not() {
    let repository = Repository::new();
    repository.write(".envrc", "export LD_PRELOAD=/x.so\n");
    let said = repository.check(&[]).stdout();
    assert_eq!(
        said,
        ".envrc:1:8: error[GOENV306]: LD_PRELOAD: no policy may set it: it loads code into every program\n  \
         1 | export LD_PRELOAD=/x.so\n    |        ^^^^^^^^^^\n  \
         help: Remove the line; what a signed policy may set with a grant: docs/security.md, section \"Variables\"\n\n"
    );
}
