//! What a policy asks of the machine: what it watches, what it says, and what `go env` answers.

use goenv::policy::{evaluate, parse};

use crate::host::RealHost;
use crate::sandbox::{Sandbox, write};

#[test]
fn what_a_policy_watches_is_told_to_the_host_absence_included() {
    let sandbox = Sandbox::new();
    let directory = sandbox.project("watches");
    let text = "watch_file data.txt absent *.none sub/*/.envrc *.txt\nwatch_dir versions\nwatch_dir absent.d\n\
                dotenv_if_exists absent.env\nsource_env_if_exists absent.sh\nsource_env sub\n";
    let mut host = RealHost::default();
    let program = parse(&directory.join(".envrc"), text.as_bytes()).unwrap();
    evaluate(&program, &sandbox.outside(), &mut host).unwrap();
    let watched: Vec<&str> = host
        .watched
        .iter()
        .map(|p| p.strip_prefix(&directory).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        watched,
        [
            "absent",
            "absent.d",
            "absent.env",
            "absent.sh",
            "data.txt",
            "sub/.envrc",
            "sub/deep/.envrc",
            "versions",
            "versions/go-1.10.1",
            "versions/go-1.10.1/x",
            "versions/go-1.9.2",
            "versions/go-1.9.2/x",
            "versions/go-2.0",
            "versions/go-2.0/x",
        ]
    );
}

#[test]
fn messages_origins_locks_and_governance_are_handed_on() {
    let sandbox = Sandbox::new();
    let directory = sandbox.project("wanted");
    let text = "echo -n hello  \"$INHERITED\"\nlog_status done\necho gone >/dev/null\nlog_error gone 2>/dev/null\n\
                lock A=1 B='x y'\nallow_go prod '>=1.26.4'\nunset lower\nuse go 1.26.6\nsource_env sub\n";
    let wanted = sandbox.goenv(&directory.join(".envrc"), text.as_bytes()).unwrap();
    assert_eq!(wanted.messages, [b"hello yes".to_vec(), b"done".to_vec()]);
    assert_eq!(wanted.locks[1], (b"B".to_vec(), b"x y".to_vec()));
    let directive = &wanted.governance[0];
    assert_eq!((directive.name.as_str(), directive.place.line), ("allow_go", 6));
    assert_eq!(directive.arguments, [b"prod".to_vec(), b">=1.26.4".to_vec()]);
    let origins: Vec<String> = wanted
        .origins
        .iter()
        .map(|(name, place)| {
            let file = place.path.strip_prefix(&directory).unwrap().display();
            format!("{} {file}:{}:{}", String::from_utf8_lossy(name), place.line, place.column)
        })
        .collect();
    assert_eq!(
        origins,
        [
            "A .envrc:5:1",
            "B .envrc:5:1",
            "lower .envrc:7:1",
            "GOROOT .envrc:8:1",
            "GOTOOLCHAIN .envrc:8:1",
            "PATH .envrc:8:1",
            "SUB sub/.envrc:1:8",
            "SUB_SOURCE sub/.envrc:1:19",
            "PATH sub/.envrc:2:1",
        ]
    );
    let (asked, found) = wanted.sdk.unwrap();
    assert_eq!((asked.version.as_deref(), found.version.as_str()), (Some("1.26.6"), "1.26.6"));
    assert_eq!(asked.directory, directory);
}

#[test]
fn has_says_nothing_where_type_and_which_do() {
    let sandbox = Sandbox::new();
    let directory = sandbox.project("has");
    let text = "if has sh; then export A=1; fi\nhas cd && export B=1\nhas missing || export C=1\n\
                type cd\ncommand -v cd\nhas cd && echo said\n";
    let wanted = sandbox.goenv(&directory.join(".envrc"), text.as_bytes()).unwrap();
    let names = ["A", "B", "C"].map(|name| wanted.env.get(name).is_some());
    assert_eq!(names, [true, true, true]);
    assert_eq!(wanted.messages, [b"cd".to_vec(), b"cd".to_vec(), b"said".to_vec()]);
}

#[test]
fn go_env_answers_as_go_does_from_the_environment_the_users_file_and_the_sdk() {
    let sandbox = Sandbox::new();
    let directory = sandbox.project("go-env");
    write(
        &sandbox.path("config/go/env"),
        "# said\nGOPRIVATE=git.example.com\nGOBIN=/user/bin\nGOBIN=\n",
    );
    let sdk = sandbox.path("data/goenv/sdks/go1.26.6.linux-amd64");
    let home = sandbox.path("home");
    let (sdk, home) = (sdk.display(), home.display());
    let answers = [
        ("GOROOT", sdk.to_string()),
        ("GOVERSION", "go1.26.6".to_owned()),
        ("GOPATH", format!("{home}/go")),
        ("GOMODCACHE", format!("{home}/go/pkg/mod")),
        ("GOBIN", String::new()),
        ("GOFLAGS", "-mod=mod".to_owned()),
        ("GOPRIVATE", "git.example.com".to_owned()),
        ("GONOPROXY", "git.example.com".to_owned()),
        ("GOPROXY", "https://proxy.golang.org,direct".to_owned()),
        ("GOOS", "linux".to_owned()),
        ("GOARCH", "arm64".to_owned()),
        ("GOTOOLCHAIN", "local".to_owned()),
        ("GOCACHE", sandbox.path("cache/go-build").display().to_string()),
        ("GOENV", sandbox.path("config/go/env").display().to_string()),
        ("GOEXE", String::new()),
    ];
    let mut text =
        String::from("use go 1.26.6\nexport GOFLAGS=-mod=mod GOARCH=arm64\nUNEXPORTED=1\n");
    for (name, _) in &answers {
        text += &format!("export GOT_{name}=$(go env {name})\n");
    }
    let wanted = sandbox.goenv(&directory.join(".envrc"), text.as_bytes()).unwrap();
    for (name, answer) in answers {
        let got = wanted.env.get(format!("GOT_{name}")).unwrap();
        assert_eq!(String::from_utf8_lossy(got), answer, "{name}");
    }
}
