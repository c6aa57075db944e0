//! `export` for programs: what a reader of each format gets back.

use crate::repository::Repository;
use std::fs;

use crate::common::Sandbox;

const POLICY: &str =
    "export A='it'\\''s \"$B\" `c` \\d é'\nexport B=$'two\\nlines'\nexport EMPTY=\nunset GONE\n";

fn project(policy: &str) -> (Sandbox, std::path::PathBuf) {
    let mut sandbox = Sandbox::new();
    sandbox.set("GONE", "1");
    let directory = sandbox.project("p", policy);
    (sandbox, directory)
}

#[test]
fn vim_gets_the_same_bytes() {
    let (mut sandbox, directory) = project(POLICY);
    let text = sandbox.goenv(&directory, &["export", "vim"]);
    let script = sandbox.file("env.vim", text.success().bytes());
    let out = sandbox.path("out");
    sandbox.set("VIMRUNTIME_UNUSED", "");
    let arguments = [
        "-u".as_ref(),
        "NONE".as_ref(),
        "-es".as_ref(),
        "-S".as_ref(),
        script.as_os_str(),
        "+call system('env -0 > ' . $OUT)".as_ref(),
        "+qa!".as_ref(),
    ];
    sandbox.set("OUT", &out);
    sandbox.run(&directory, "vim", &arguments).success();
    let env = crate::common::parse_env(&fs::read(out).unwrap());
    let get = |name: &str| {
        env.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
    };
    assert_eq!(get("A").unwrap(), "it's \"$B\" `c` \\d é");
    assert_eq!(get("B").unwrap(), "two\nlines");
    assert_eq!(get("EMPTY").unwrap(), "");
    assert_eq!(get("GONE"), None);
    assert!(get("GOENV_STATE").is_some());
}

#[test]
fn a_policy_reads_its_dotenv_back() {
    let (sandbox, directory) =
        project("export A='it'\\''s \"$B\" `c` \\d é'\nexport B=$'two\\nlines'\n");
    let text = sandbox.goenv(&directory, &["export", "dotenv"]);
    assert!(!text.success().stdout().contains("GOENV_STATE"));
    sandbox.file(sandbox.home().join("q/.env"), text.bytes());
    let reader = sandbox.project("q", "dotenv\n");
    let json = sandbox.goenv(&reader, &["export", "json"]);
    let json: serde_json::Value = serde_json::from_slice(json.success().bytes()).unwrap();
    assert_eq!(json["A"], "it's \"$B\" `c` \\d é");
    assert_eq!(json["B"], "two\nlines");
}

#[test]
fn what_a_format_cannot_hold_is_refused_whole() {
    let (sandbox, directory) = project(POLICY);
    let done = sandbox.goenv(&directory, &["export", "gitlab"]);
    done.failure(
        1,
        "goenv: B: a GitLab report holds no line ends and no blanks at the ends of a value\n",
    );
    assert_eq!(done.stdout(), "");
}

#[test]
fn an_output_that_is_no_file_is_written_to_and_stays() {
    let repository = Repository::with(&[(".envrc", "use go 1.26.6\n")]);
    let script = "mkfifo pipe && { cat pipe > got & } && goenv check --format json -o pipe; wait; test -p pipe && cat got; \
                  echo kept > target && ln -s target link && goenv check --format json -o link; test -L link && cat target";
    let done = repository.sandbox.run(&repository.root, "sh", &["-c", script]);
    let report = repository.check(&["--format", "json"]).stdout();
    assert!(!report.is_empty());
    assert_eq!(done.success().stdout(), format!("{report}{report}"));
}
