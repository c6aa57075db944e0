//! `allow --bash`: a policy that bash evaluates, and everything that may go wrong with a program.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::common::{Done, Sandbox};

/// What only bash can evaluate.
const FUNCTION: &str = "set_a() { export A=$1; }\nset_a 1\n";

/// Makes a directory below the home with a policy that bash was allowed to run, and returns it.
fn allowed(sandbox: &Sandbox, name: &str, policy: impl AsRef<[u8]>) -> PathBuf {
    let directory = sandbox.home().join(name);
    sandbox.file(directory.join(".envrc"), policy);
    sandbox.goenv(&directory, &["allow", "--bash"]).success();
    directory
}

fn export(sandbox: &Sandbox, directory: &Path) -> Done {
    sandbox.goenv(directory, &["export", "json"])
}

/// Returns what `export json` prints for a directory, without goenv's own variables.
fn exported(sandbox: &Sandbox, directory: &Path) -> (i32, String) {
    crate::without_own(&export(sandbox, directory))
}

#[test]
fn the_way_to_bash_is_named_where_bash_could_go_it() {
    let sandbox = Sandbox::new();
    let p = sandbox.home().join("p");
    let said = |policy: &str, command: &str| {
        sandbox.file("home/p/.envrc", policy);
        let done = sandbox.goenv(&p, &[command]).stderr();
        done.lines().last().unwrap_or_default().to_owned()
    };
    let way = "; to have bash run it: goenv allow --bash";
    // What is refused only where it is reached is allowed, and says so at every load.
    for policy in ["use flake\n", "layout python3\n", "if true; then use node 18; fi\n"] {
        assert!(said(policy, "allow").ends_with(way), "{policy}");
        let done = export(&sandbox, &p);
        assert!(done.stderr().ends_with(&format!("{way}\n")), "{}", done.stderr());
    }
    // bash could not read these either, or would do something else.
    for slip in [
        "export A=\"b\n",
        "if true; then\n",
        "use go >=1.26\n",
        "[ -f x]\n",
        "fi\n",
        "use golang 1\n",
        "A = b\n",
    ] {
        assert!(!said(slip, "allow").contains("--bash"), "{slip}");
    }
    assert!(!said("source_url https://x y\n", "allow").contains("--bash"));
    // Nor does anybody go a way that the rules close.
    sandbox.file("home/.config/goenv/config.toml", "[tiers.dev]\nengine = \"native\"\n");
    for beyond in ["make x\n", "use flake\n"] {
        let policy = format!("#goenv: v1\n#goenv: tier dev\n{beyond}");
        assert!(said(&policy, "allow").contains("goenv starts no program"), "{beyond}");
        assert!(!said(&policy, "allow").contains("--bash"), "{beyond}");
    }
}

#[test]
fn allow_shows_the_text_and_runs_nothing_before_it_is_approved() {
    let sandbox = Sandbox::new();
    let policy = format!("{FUNCTION}touch ran\necho 'to\x1b[2J' the user\n");
    sandbox.file("home/p/.envrc", &policy);
    let p = sandbox.home().join("p");
    let said = "goenv: $SANDBOX/home/p/.envrc:1:1: functions are not part of the policy language\n  \
        1 | set_a() { export A=$1; }\n    | ^^^^^\n\
        hint: write the lines where they are used, or in a file for `source_env`; \
        to have bash run it: goenv allow --bash\n";
    let _ = sandbox.goenv(&p, &["allow"]).failure(5, said);
    assert_eq!(exported(&sandbox, &p), (3, "{}".to_owned()));
    let done = sandbox.goenv(&p, &["allow", "--bash"]);
    assert_eq!(
        done.success().stderr(),
        "goenv: ~/p/.envrc is a program: bash runs it with your rights whenever it is loaded\n  \
         | set_a() { export A=$1; }\n  | set_a 1\n  | touch ran\n  | echo 'to\\u{1b}[2J' the user\n\
         goenv: allowed ~/p/.envrc for bash\n"
    );
    assert!(!p.join("ran").exists());
    let done = export(&sandbox, &p);
    assert_eq!(done.success().stderr(), "to\u{1b}[2J the user\ngoenv: ~/p/.envrc: +A\n");
    assert!(p.join("ran").exists());
    assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"1"}"#.to_owned()));
    let status = sandbox.goenv(&p, &["status"]).stdout();
    assert!(status.contains("\nengine     bash, which runs it with your rights\n"), "{status}");
    // What changed since is what is shown.
    sandbox.file("home/p/.envrc", policy.replace("set_a 1", "set_a 2"));
    assert_eq!(exported(&sandbox, &p).0, 3);
    let done = sandbox.goenv(&p, &["allow", "--bash"]);
    assert_eq!(
        done.success().stderr(),
        "goenv: ~/p/.envrc is a program: bash runs it with your rights whenever it is loaded\n\
         goenv: ~/p/.envrc since it was allowed:\n  - set_a 1\n  + set_a 2\n\
         goenv: allowed ~/p/.envrc for bash\n"
    );
    assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"2"}"#.to_owned()));
}

#[test]
fn an_approval_for_one_engine_is_none_for_the_other() {
    let sandbox = Sandbox::new();
    // Native goenv would answer the same, so the file tells which of them ran.
    let p = sandbox.home().join("p");
    sandbox.file("home/p/.envrc", "export A=$BASH_VERSION\n");
    let done = sandbox.goenv(&p, &["allow"]);
    assert!(done.stderr().contains("bash's own variable"), "{}", done.stderr());
    sandbox.file("home/p/.envrc", "export A=1\n");
    let engine = || {
        let text = sandbox.goenv(&p, &["status", "--json"]).stdout();
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        status["engine"].as_str().unwrap().to_owned()
    };
    let records = || {
        let root = sandbox.home().join(".local/share/goenv/allow");
        let directory = fs::read_dir(root).unwrap().next().unwrap().unwrap().path();
        let files = fs::read_dir(directory).unwrap();
        files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect::<Vec<_>>()
    };
    for (command, name) in [
        (&["allow"][..], "native"),
        (&["allow", "--bash"], "bash"),
        (&["reload"], "bash"),
        (&["allow"], "native"),
        (&["reload"], "native"),
    ] {
        sandbox.goenv(&p, command).success();
        assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"1"}"#.to_owned()), "{command:?}");
        assert_eq!(engine(), name, "{command:?}");
        assert_eq!(records().iter().filter(|record| record.ends_with(b"A=1\n\n")).count(), 1);
    }
    sandbox.goenv(&p, &["deny"]).success();
    sandbox.goenv(&p, &["allow", "--bash"]).success();
    sandbox.goenv(&p, &["deny"]).success();
    assert_eq!(exported(&sandbox, &p).0, 3);
}

#[test]
fn the_audit_log_says_that_bash_evaluates() {
    let sandbox = Sandbox::new();
    let native = sandbox.home().join("n");
    sandbox.file("home/n/.envrc", "export A=1\n");
    sandbox.goenv(&native, &["allow"]).success();
    export(&sandbox, &native).success();
    let p = allowed(&sandbox, "p", FUNCTION);
    export(&sandbox, &p).success();
    let _ = allowed(&sandbox, "p", "exit 1\n");
    assert_eq!(export(&sandbox, &p).code(), 5);
    sandbox.goenv(&p, &["deny"]).success();
    let log = sandbox.goenv(&p, &["audit", "log", "--json"]).stdout();
    let engines: Vec<String> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|record| format!("{} {}", record["ev"].as_str().unwrap(), record["engine"]))
        .collect();
    let bash = "\"bash\"";
    assert_eq!(
        engines,
        [
            "policy.allow null".to_owned(),
            "policy.load null".to_owned(),
            format!("policy.allow {bash}"),
            format!("policy.load {bash}"),
            format!("policy.allow {bash}"),
            format!("policy.refuse {bash}"),
            "policy.deny null".to_owned(),
        ]
    );
    assert_eq!(sandbox.goenv(&p, &["audit", "verify"]).code(), 0);
    let shown = sandbox.goenv(&p, &["audit", "log"]).stdout();
    assert_eq!(shown.matches(" in bash").count(), 4, "{shown}");
    assert!(shown.contains("home/p/.envrc in bash A\n"), "{shown}");
    for form in ["jsonl", "cef"] {
        let text = sandbox.goenv(&p, &["audit", "export", "--format", form]).stdout();
        assert_eq!(text.matches("engine").count(), 4, "{text}");
    }
}

#[test]
fn another_engine_is_another_decision_though_nothing_else_changes() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let prompt = "eval \"$(goenv export bash 2>/dev/null)\"";
    let script = format!(
        "cd {}; {prompt}; goenv allow --bash; {prompt}; goenv allow --bash; {prompt}; goenv reload; {prompt}; \
         goenv allow; {prompt}",
        p.display()
    );
    sandbox.run(&sandbox.home(), "bash", &["-c", &script]).success();
    let log = sandbox.goenv(&p, &["audit", "log", "--json"]).stdout();
    let loads: Vec<String> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|record| record["ev"] == "policy.load")
        .map(|record| record["engine"].to_string())
        .collect();
    assert_eq!(loads, ["null", "\"bash\"", "null"], "{log}");
}

#[test]
fn leaving_undoes_exactly_what_bash_did() {
    let sandbox = Sandbox::new();
    let p = allowed(
        &sandbox,
        "p",
        "for d in a b; do PATH_add $d; done\nexport A=$'two\\nlines' B=$'\\xff' C=\nunset GONE\n",
    );
    let script = format!(
        "export GONE=here EMPTY=\n/usr/bin/env -0 >before\ncd {p} && eval \"$(goenv export bash)\"\n\
         printf '%s|' \"$A\" \"${{C-unset}}\" \"${{GONE-unset}}\"; printf %s \"$B\" | od -An -tx1\n\
         case $PATH in \"$PWD/b:$PWD/a:\"*) echo on PATH;; esac\n\
         cd .. && eval \"$(goenv export bash)\"\n/usr/bin/env -0 >after\n\
         for f in before after; do tr '\\0' '\\n' <$f | grep -v -e ^OLDPWD= -e ^_= | sort >$f.txt; done\n\
         cmp before.txt after.txt && echo the same",
        p = p.display()
    );
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
    assert_eq!(done.stdout(), "two\nlines||unset| ff\non PATH\nthe same\n", "{}", done.stderr());
}

#[test]
fn a_policy_that_fails_applies_nothing_and_says_where() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/data.env", "GIT_SSH=x\n");
    let at = "goenv: $SANDBOX/home/p/.envrc";
    for (policy, code, said) in [
        (
            "export A=1\n  nosuch x\n",
            5,
            format!(
                "environment: line 2: nosuch: command not found\n{at}:2:3: this ended with status 127\n  \
                 2 |   nosuch x\n    |   ^^^^^^^^\n"
            ),
        ),
        (
            "export A=1\nf() {\n  false\n}\nf\n",
            5,
            format!("{at}:3:3: this ended with status 1\n  3 |   false\n    |   ^^^^^\n"),
        ),
        (
            "export A=1\nlayout nope\n",
            5,
            format!(
                "environment: line LINE: layout_nope: command not found\n{at}:2:1: this ended with status 127\n  \
                 2 | layout nope\n    | ^^^^^^^^^^^\n"
            ),
        ),
        ("export A=1\nexit 7\n", 5, format!("{at} ended with status 7\n")),
        (
            "export A=1\nreturn 7\n",
            5,
            format!(
                "{at}: it returned with status 7; where that means no failure, write: return 0\n"
            ),
        ),
        (
            "export A=1\nexec true\n",
            5,
            format!(
                "{at}: bash ended without saying what the environment is; \
                 a policy cannot use exec, or a trap of its own on EXIT\n"
            ),
        ),
        ("export A=1\nkill -KILL $$\n", 5, format!("{at}: bash was ended by SIGKILL\n")),
        (
            "export A=1\nsource_up\n",
            5,
            format!(
                "goenv: there is no .envrc in any directory above\n{at}:2:1: this ended with status 1\n  \
                 2 | source_up\n    | ^^^^^^^^^\n"
            ),
        ),
        (
            "export A=1\nsource_url https://example.com/x sha256-x\n",
            5,
            format!(
                "goenv: source_url: nothing is downloaded at a prompt: keep the file in the repository, and use source_env\n\
                 {at}:2:1: this ended with status 1\n  2 | source_url https://example.com/x sha256-x\n    | {}\n",
                "^".repeat(41)
            ),
        ),
        (
            "export A=1\nuse go 1.19.1\n",
            1,
            format!(
                "goenv: using go 1.19.1\n{at}:2:1: go1.19.1 is not installed, and no other Go is\n  \
                 2 | use go 1.19.1\n    | ^^^^^^^^^^^^^\nhint: goenv sdk install 1.19.1\n"
            ),
        ),
        (
            "export A=1\ntarget linux\n",
            5,
            format!(
                "{at}:2:1: `linux` is no platform: OS/ARCH is expected\n  2 | target linux\n    | ^^^^^^^^^^^^\n\
                 hint: target linux/arm64 cgo=0\n"
            ),
        ),
        (
            "export A=1\ndotenv data.env\n",
            5,
            format!(
                "{at}:2: GIT_SSH: a .env file may not set it: git, and go through it, run programs that it names\n"
            ),
        ),
        (
            "export A=1 PROMPT_COMMAND=x\n",
            5,
            format!(
                "{at}: PROMPT_COMMAND: no policy may set it: the shell expands it at every prompt\n"
            ),
        ),
        (
            "export A=1 BASH_ENV=x\n",
            5,
            format!("{at}: BASH_ENV: no policy may set it: it makes the shell run code or break\n"),
        ),
        (
            "export A=$(head -c 1048576 /dev/zero | tr '\\0' x)\n",
            5,
            format!("{at}: the value of A has 1048576 bytes, more than 131072 with its name\n"),
        ),
    ] {
        let p = allowed(&sandbox, "p", policy);
        let done = export(&sandbox, &p);
        // Where in goenv's own functions a command is missing is no news.
        let text = done.stderr();
        let text = match text.strip_prefix("environment: line ").filter(|_| said.contains("LINE")) {
            Some(rest) => {
                format!("environment: line LINE:{}", rest.split_once(':').unwrap().1)
            }
            None => text,
        };
        assert_eq!((done.code(), text), (code, said), "{policy}");
        assert_eq!(exported(&sandbox, &p), (code, "{}".to_owned()), "{policy}");
    }
}

#[test]
fn what_bash_cannot_read_is_not_approved() {
    let sandbox = Sandbox::new();
    let p = sandbox.home().join("p");
    let at = "goenv: $SANDBOX/home/p/.envrc";
    for (policy, said) in [
        ("touch ran\nif true; then\n", format!("{at}:3:1: syntax error: unexpected end of file\n")),
        (
            "touch ran\nfi\n",
            format!("{at}:2:1: syntax error near unexpected token `fi'\n  2 | fi\n    | ^^\n"),
        ),
        // bash -n ends well behind this one.
        (
            "touch ran\n[[ x == ]]\nexport A=1\n",
            format!(
                "{at}:2:1: unexpected argument `]]' to conditional binary operator\n  2 | [[ x == ]]\n    | ^^^^^^^^^^\n"
            ),
        ),
        (
            "touch ran\ncat <<E\nexport A=1",
            format!(
                "{at}:3:1: warning: here-document at line 2 delimited by end-of-file (wanted `E')\n  \
                 3 | export A=1\n    | ^^^^^^^^^^\n"
            ),
        ),
    ] {
        sandbox.file("home/p/.envrc", policy);
        let _ = sandbox.goenv(&p, &["allow", "--bash"]).failure(5, &said);
        assert_eq!(exported(&sandbox, &p).0, 3);
    }
    sandbox.file("home/p/.envrc", b"export A=1\r\n");
    let done = sandbox.goenv(&p, &["allow", "--bash"]);
    assert_eq!(done.code(), 5);
    assert!(done.stderr().starts_with(&format!("{at}:1:11: the line ends in a carriage return")));
    sandbox.file("home/p/.envrc", b"export A=1\0\n");
    let done = sandbox.goenv(&p, &["allow", "--bash"]);
    assert!(done.stderr().starts_with(&format!("{at}:1:11: the file contains a NUL byte")));
    assert!(!p.join("ran").exists());
}

#[test]
fn a_long_complaint_of_bash_about_a_long_text_is_heard() {
    let sandbox = Sandbox::new();
    let policy = format!(") {}\n{}", "x".repeat(150_000), "# more\n".repeat(30_000));
    sandbox.file("home/p/.envrc", policy);
    let p = sandbox.home().join("p");
    let done = sandbox.run(&p, "timeout", &["10", "goenv", "allow", "--bash"]);
    assert_eq!(done.code(), 5);
    assert!(done.stderr().contains("syntax error near unexpected token"));
}

#[test]
fn the_users_bash_startup_and_exported_functions_have_no_say() {
    let mut sandbox = Sandbox::new();
    let evil = sandbox.file("home/evil", "export A=evil\nsource_env() { A=evil; }\n");
    let p = allowed(&sandbox, "p", "export A=${A-}1\nf() { :; }\nprintf -v B %s b\nexport B\n");
    sandbox.set("BASH_ENV", &evil);
    sandbox.set("ENV", &evil);
    sandbox.set("SHELLOPTS", "noexec");
    sandbox.set("BASH_FUNC_printf%%", "() { touch ~/ran; }");
    sandbox.set("IFS", "x");
    sandbox.set("CDPATH", "/");
    sandbox.set("TMOUT", "1");
    fs::write(sandbox.home().join(".bashrc"), "export A=evil\n").unwrap();
    assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"1","B":"b"}"#.to_owned()));
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn nothing_that_bash_says_is_evaluated_and_it_has_no_input() {
    let sandbox = Sandbox::new();
    let p = allowed(
        &sandbox,
        "p",
        "echo 'export EVIL=1'\nread -r line || export A=nothing\nexport B=${line-}\n",
    );
    let script =
        format!("cd {} && eval \"$(goenv export bash)\"; echo \"$A ${{EVIL-unset}}\"", p.display());
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
    assert_eq!(done.stdout(), "nothing unset\n");
    assert_eq!(done.stderr(), "export EVIL=1\ngoenv: ~/p/.envrc: +A +B\n");
}

#[test]
fn a_background_process_keeps_no_prompt_waiting() {
    let sandbox = Sandbox::new();
    for (name, policy, code) in [
        ("goes", "sleep 20 2>/dev/null &\nexport A=1\n", 0),
        ("fails", "sleep 20 2>/dev/null &\nexec true\n", 5),
    ] {
        let p = allowed(&sandbox, name, policy);
        let start = Instant::now();
        // What is still running has stderr, for which nobody waits here.
        let script = format!("cd {} && goenv export bash 2>said; echo $?", p.display());
        let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
        assert!(done.stdout().ends_with(&format!("{code}\n")), "{}", done.stdout());
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_ctrl_c_ends_also_a_policy_that_ignores_it_or_stands_still() {
    let sandbox = Sandbox::new();
    for (number, policy) in [
        "trap '' INT\nsleep 20",
        "kill -STOP $$",
        "sh -c 'kill -STOP $$'",
        "trap '' INT\nexec {__goenv_fd}>&-\nsleep 20",
        "trap '' INT\nwhile :; do watch_file x; done",
    ]
    .iter()
    .enumerate()
    {
        let policy = format!(": >began\n{policy}\nexport A=1\n");
        let p = allowed(&sandbox, &format!("p{number}"), &policy);
        // A job of its own, which a Ctrl-C reaches with all that it started; what is left of it is killed.
        let script = format!(
            "set -m; cd {}; goenv export json >/dev/null 2>said & job=$!\n\
             until [ -e began ]; do sleep 0.01; done; sleep 0.2; kill -INT -- -$job\n\
             for i in {{1..100}}; do kill -0 $job 2>/dev/null || break; sleep 0.1; done\n\
             kill -0 $job 2>/dev/null && echo hangs\nkill -KILL -- -$job 2>/dev/null\ncat said",
            p.display()
        );
        let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
        let said = "bash was interrupted; to have it run again: goenv reload\n";
        assert!(done.stdout().ends_with(said), "{policy}{}", done.stdout());
        assert!(!done.stdout().contains("hangs"), "{policy}");
    }
}

#[test]
fn what_keeps_talking_behind_its_bash_is_not_listened_to_for_ever() {
    let sandbox = Sandbox::new();
    let policy = "while [ ! -e stop ]; do echo x >&$__goenv_fd; done 2>/dev/null &\nexec true\n";
    let p = allowed(&sandbox, "p", policy);
    let script = format!(
        "cd {}; timeout 10 goenv export json >/dev/null 2>said; echo $?; : >stop",
        p.display()
    );
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
    assert_eq!(done.stdout(), "5\n");
}

#[test]
fn many_variables_and_watched_paths_take_no_time() {
    let sandbox = Sandbox::new();
    let limited =
        |directory: &Path| sandbox.run(directory, "timeout", &["10", "goenv", "export", "json"]);
    let p = allowed(&sandbox, "many", "for i in {1..4000}; do export A$i=1; done\n");
    assert!(limited(&p).success().stdout().contains("\"A4000\": \"1\""));
    let p = allowed(&sandbox, "watched", "watch_file {1..20000}\n");
    let said = "goenv: $SANDBOX/home/watched/.envrc: more than 4096 paths are watched\n";
    let _ = limited(&p).failure(5, said);
}

#[test]
fn a_policy_that_runs_goenv_does_not_start_itself() {
    let sandbox = Sandbox::new();
    let p =
        allowed(&sandbox, "p", "echo run >>log\nexport A=$(goenv exec . printenv B || echo no)\n");
    let said = "runs goenv for itself";
    let done = sandbox.run(&p, "timeout", &["10", "goenv", "export", "json"]);
    assert!(done.success().stderr().contains(said), "{}", done.stderr());
    assert_eq!(fs::read_to_string(p.join("log")).unwrap(), "run\n");
    // Another policy is another matter, and nobody is told what is only for that.
    let _ = allowed(&sandbox, "b", "export B=b\n");
    let p = allowed(&sandbox, "a", "export A=$(goenv exec ../b printenv B)\n");
    assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"b"}"#.to_owned()));
}

#[test]
fn nothing_runs_from_path_and_nothing_is_read_from_a_pipe_with_a_name() {
    let mut sandbox = Sandbox::new();
    let p = allowed(&sandbox, "p", "export A=1\n");
    for name in ["tr", "sort", "cat", "bash", "env"] {
        sandbox.program(p.join(name), "#!/bin/sh\necho ran >>~/ran\n");
    }
    sandbox.set("PATH", format!(".:{}", std::env::var("PATH").unwrap()));
    let done = export(&sandbox, &p);
    assert!(done.success().stdout().contains("\"A\": \"1\""));
    assert!(!sandbox.home().join("ran").exists());
    let sandbox = Sandbox::new();
    let policy = format!("source /dev/..{}/q/pipe\n", sandbox.home().display());
    let p = allowed(&sandbox, "q", policy);
    let script = "/usr/bin/mkfifo pipe; (echo 'touch ~/ran' >pipe) & timeout 10 goenv export json; \
        echo $?; kill $!";
    let done = sandbox.run(&p, "/bin/bash", &["-c", script]);
    assert!(done.stdout().ends_with("5\n"), "{} {}", done.stdout(), done.stderr());
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn what_is_said_to_a_function_never_becomes_code() {
    let sandbox = Sandbox::new();
    sandbox.file("home/name", "a[$(touch ~/ran)]\n");
    sandbox.file("home/version", "1+a[$(touch ~/ran)]\n");
    for (number, policy) in [
        "path_add \"$(cat ~/name)\" bin",
        "path_rm \"$(cat ~/name)\" bin",
        "env_vars_required \"$(cat ~/name)\"",
        "direnv_version \"$(cat ~/version)\"",
        "mkdir -p sdks/14/bin other/bin; NODE_VERSION_PREFIX= NODE_VERSIONS=$PWD/sdks use node ../other",
    ]
    .iter()
    .enumerate()
    {
        let p = allowed(&sandbox, &format!("p{number}"), format!("{policy}\nexport A=1\n"));
        assert_eq!(exported(&sandbox, &p), (5, "{}".to_owned()), "{policy}");
        assert!(!sandbox.home().join("ran").exists(), "{policy}");
    }
}

#[test]
fn what_a_dotenv_file_may_not_set_reaches_nothing_that_the_policy_runs() {
    let sandbox = Sandbox::new();
    sandbox.program("home/evil/date", "#!/bin/sh\n: >~/ran\n");
    let never = "no policy may set it: it ";
    for (number, (setting, why)) in [
        ("PATH=$HOME/evil:/bin", "a .env file may not set it: it chooses which programs run"),
        ("LD_PRELOAD=/x", &format!("{never}loads code into every program")),
        ("__goenv_fd=ran", &format!("{never}is goenv's own")),
        ("__goenv_source=/elsewhere", &format!("{never}is goenv's own")),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("p{number}");
        sandbox.file(format!("home/{name}/.env"), format!("A=1\n{setting}\n"));
        let p = allowed(&sandbox, &name, "f() { dotenv || :; }\nf\ndate\necho >here\n");
        let name = setting.split('=').next().unwrap();
        let said = format!("goenv: $SANDBOX/home/p{number}/.envrc:1: {name}: {why}\n");
        let _ = export(&sandbox, &p).failure(5, &said);
        let made = ["here", "ran", "../ran"].map(|file| p.join(file).exists());
        assert_eq!(made, [false; 3], "{setting}");
    }
}

#[test]
fn what_a_file_says_is_not_computed() {
    let sandbox = Sandbox::new();
    for (number, (policy, line)) in [
        ("declare -i PORT=1\ndotenv\n", "dotenv"),
        ("declare -i PORT\ndotenv\n", "dotenv"),
        ("strict_env; f() { local -i PORT=1; dotenv; }\nf\n", "f"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("p{number}");
        sandbox.file(format!("home/{name}/.env"), "PORT='a[$(touch ran)]'\n");
        let p = allowed(&sandbox, &name, policy);
        let done = export(&sandbox, &p);
        assert_eq!((done.code(), p.join("ran").exists()), (5, false), "{line}: {}", done.stderr());
        let said = "goenv: PORT is an integer here, and what is set is not computed: declare it otherwise\n";
        assert!(done.stderr().starts_with(said), "{}", done.stderr());
    }
    // Any other is set where the function has it, as bash does.
    sandbox.file("home/p/.env", "PORT='a[$(touch ran)]'\nB=1\n");
    let p = allowed(&sandbox, "p", "f() { local PORT; dotenv; export A=$PORT; }\nf\n");
    let expected = r#"{"A":"a[$(touch ran)]","B":"1"}"#.to_owned();
    assert_eq!((exported(&sandbox, &p), p.join("ran").exists()), ((0, expected), false));
}

#[test]
fn layout_python_imports_nothing_of_the_directory() {
    let sandbox = Sandbox::new();
    for file in ["platform.py", "site.py", "runpy.py", "venv/__init__.py", "venv/__main__.py"] {
        sandbox.file(format!("home/p/{file}"), "open('ran', 'w')\n");
    }
    let p = allowed(&sandbox, "p", "layout python3\n");
    let done = export(&sandbox, &p);
    assert!(done.success().stdout().contains("\"VIRTUAL_ENV\""), "{}", done.stdout());
    assert!(!p.join("ran").exists());
}

#[test]
fn what_bash_counts_in_stays_as_it_is_outside() {
    let mut sandbox = Sandbox::new();
    for name in ["PPID", "RANDOM", "LINENO", "OPTIND", "BASH", "BASH_VERSION", "SECONDS"] {
        sandbox.set(name, "1");
    }
    let p = allowed(&sandbox, "p", "SECONDS=7; export A=1\n");
    assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"1"}"#.to_owned()));
}

#[test]
fn node_and_python_are_as_direnv_would_have_them() {
    let mut sandbox = Sandbox::new();
    let tool = |path: &str, text: &str| sandbox.program(path, text);
    for version in ["v16.9.0", "v18.1.0"] {
        tool(&format!("home/nodes/{version}/bin/node"), &format!("#!/bin/sh\necho {version}\n"));
    }
    // A virtual environment in which stands what it was asked for with.
    tool(
        "bin/python3",
        "#!/bin/sh\nif [ \"$1\" = -c ]; then echo 3.9; else mkdir -p \"$5\"; echo \"$*\" > \"$5/args\"; fi\n",
    );
    sandbox.set("NODE_VERSIONS", sandbox.path("home/nodes"));
    let policies = [
        ("node", "NODE_VERSION_PREFIX=v use node\n"),
        ("plain", "NODE_VERSION_PREFIX= use node v18\n"),
    ];
    for (name, policy) in policies {
        sandbox.file(format!("home/{name}/.nvmrc"), "18\n");
        sandbox.file(format!("home/{name}/.node-version"), "16\n");
        let p = allowed(&sandbox, name, policy);
        let ours = exported(&sandbox, &p);
        let path = |text: &str| -> String {
            let set: serde_json::Value = serde_json::from_str(text).unwrap();
            set["PATH"].as_str().unwrap().to_owned()
        };
        sandbox.run(&p, "direnv", &["allow"]).success();
        let theirs = sandbox.run(&p, "direnv", &["export", "json"]).stdout();
        assert_eq!((ours.0, path(&ours.1)), (0, path(&theirs)), "{name}");
    }
    let p = allowed(&sandbox, "python", "layout python3 --system-site-packages\n");
    assert_eq!(exported(&sandbox, &p).0, 0);
    let args = p.join(".direnv/python-3.9/args");
    let args = fs::read_to_string(args).unwrap();
    assert!(args.starts_with("-I -m venv --system-site-packages /"), "{args}");
    // A directory without the program is none of a node.
    sandbox.dir("home/nodes/v20.0.0/bin");
    let p = allowed(&sandbox, "none", "NODE_VERSION_PREFIX=v use node 20\n");
    assert_eq!(exported(&sandbox, &p), (5, "{}".to_owned()));
}

#[test]
fn what_a_text_sets_is_not_lost_in_the_functions_that_read_it() {
    let sandbox = Sandbox::new();
    let names = ["asked", "at", "before", "count", "fails", "field", "file", "flags", "found"];
    let assignments =
        |value: &str| -> String { names.iter().map(|name| format!("{name}={value}\n")).collect() };
    for (number, policy) in [
        "source ./text",
        "source_env text",
        "source_env_if_exists text",
        "source_up text",
        "unstrict_env source_env text",
        "dotenv",
        "dotenv_if_exists",
    ]
    .iter()
    .enumerate()
    {
        sandbox.file("home/.env", assignments("1"));
        let text = sandbox.file("home/text", assignments("1"));
        sandbox.goenv(&sandbox.home(), &["allow", "--bash", text.to_str().unwrap()]).success();
        let name = format!("p{number}");
        sandbox.file(format!("home/{name}/text"), assignments("1"));
        sandbox.file(format!("home/{name}/.env"), assignments("1"));
        let p = allowed(&sandbox, &name, format!("{policy}\nexport {}\n", names.join(" ")));
        sandbox.goenv(&p, &["allow", "--bash", "text"]).success();
        let expected: Vec<String> = names.iter().map(|name| format!("\"{name}\":\"1\"")).collect();
        let expected = format!("{{{}}}", expected.join(","));
        assert_eq!(exported(&sandbox, &p), (0, expected), "{policy}");
    }
}

#[test]
fn a_link_that_the_user_came_by_is_in_no_path() {
    let sandbox = Sandbox::new();
    let p = allowed(&sandbox, "p", "export A=$PWD B=$(pwd) C=$(expand_path x)\npath_add D bin\n");
    std::os::unix::fs::symlink(&p, sandbox.home().join("link")).unwrap();
    let script = "cd ~/link && goenv export json 2>/dev/null";
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", script]);
    let said = done.success().stdout();
    assert!(said.contains("\"A\": \"$SANDBOX/home/p\""), "{said}");
    assert!(!said.contains("/link"), "{said}");
}

#[test]
fn a_native_text_is_approved_by_its_path_without_links() {
    let sandbox = Sandbox::new();
    let lib = sandbox.file("home/p/lib/text", "export L=1\n");
    let p = allowed(&sandbox, "p", "source link/text\nsource_env link/text\n");
    std::os::unix::fs::symlink("lib", p.join("link")).unwrap();
    sandbox.goenv(&p, &["allow", lib.to_str().unwrap()]).success();
    assert_eq!(exported(&sandbox, &p), (0, r#"{"L":"1"}"#.to_owned()));
}

#[test]
fn a_text_that_a_policy_reads_is_approved_by_itself() {
    let sandbox = Sandbox::new();
    let p = sandbox.home().join("p");
    sandbox.file("home/p/lib.sh", "lib() { export LIB=$1; }\ntouch ran\n");
    sandbox.file("home/p/sub/.envrc", "export SUB=$PWD\n");
    for (line, file) in [
        (". ./lib.sh\n", "lib.sh"),
        ("source lib.sh\n", "lib.sh"),
        ("source_env sub\n", "sub/.envrc"),
    ] {
        allowed(&sandbox, "p", format!("export A=1\n{line}"));
        let said = format!(
            "goenv: $SANDBOX/home/p/.envrc:2:1: $SANDBOX/home/p/{file} was not allowed, or changed since\n  \
             2 | {line}    | {}\n\
             hint: review it, then run: goenv allow --bash {}/{file}\n",
            "^".repeat(line.len() - 1),
            "$SANDBOX/home/p"
        );
        let _ = export(&sandbox, &p).failure(3, &said);
        assert_eq!(exported(&sandbox, &p), (3, "{}".to_owned()));
        assert!(!p.join("ran").exists());
    }
    // One that was allowed for goenv's own engine is evaluated by that.
    sandbox.goenv(&p, &["allow", "sub"]).success();
    allowed(&sandbox, "p", "source_env sub\nexport A=$SUB\n");
    let sub = "$SANDBOX/home/p/sub";
    assert_eq!(exported(&sandbox, &p), (0, format!(r#"{{"A":"{sub}","SUB":"{sub}"}}"#)));
    sandbox.file("home/p/sub/.envrc", "export SUB=$BASH_VERSION\n");
    assert_eq!(exported(&sandbox, &p).0, 3);
    sandbox.goenv(&p, &["allow", "--bash", "lib.sh"]).success();
    allowed(&sandbox, "p", "source lib.sh\nlib 1\n");
    assert_eq!(exported(&sandbox, &p), (0, r#"{"LIB":"1"}"#.to_owned()));
    sandbox.file("home/p/lib.sh", "lib() { export LIB=evil; }\n");
    assert_eq!(exported(&sandbox, &p), (3, "{}".to_owned()));
    sandbox.goenv(&p, &["allow", "--bash", "lib.sh"]).success();
    assert_eq!(exported(&sandbox, &p), (0, r#"{"LIB":"evil"}"#.to_owned()));
}

/// Runs what an error's hint says behind "run: ".
fn follow(sandbox: &Sandbox, directory: &Path, done: &Done) {
    let said = done.stderr();
    let command = said.rsplit_once("run: ").unwrap().1.trim_end();
    let root = sandbox.path("");
    let command = command.replace("$SANDBOX", root.to_str().unwrap().trim_end_matches('/'));
    sandbox.run(directory, "sh", &["-c", &command]).success();
}

#[test]
fn no_way_past_the_functions_reads_a_text_that_nobody_approved() {
    let sandbox = Sandbox::new();
    for (number, way) in [
        "builtin source ./lib.sh",
        "command . ./lib.sh",
        "set -o posix; . ./lib.sh",
        "POSIXLY_CORRECT=1; source ./lib.sh",
        "\\. ./lib.sh",
    ]
    .iter()
    .enumerate()
    {
        let p = allowed(&sandbox, &format!("p{number}"), format!("{way} || :\nexport A=1\n"));
        sandbox.file(p.join("lib.sh"), "touch ran\n");
        let _ = export(&sandbox, &p);
        assert!(!p.join("ran").exists(), "{way}");
    }
    // What a program writes into a pipe is the program's doing.
    let piped =
        "source /dev/stdin <<<'export A=1'\n. <(echo 'export B=$1; return; export B=2') x\n";
    let p = allowed(&sandbox, "p", piped);
    assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"1","B":"x"}"#.to_owned()));
}

#[test]
fn a_text_that_was_allowed_for_bash_is_not_for_the_native_engine() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/text", "export L=1\n");
    let p = sandbox.project("p", "source ./text\n");
    sandbox.file("home/p/text", "export L=2\n");
    sandbox.goenv(&p, &["allow", "--bash", "text"]).success();
    let said = "goenv: $SANDBOX/home/p/.envrc:1:1: $SANDBOX/home/p/text is approved for bash, \
        and goenv's own engine would evaluate it here\n  1 | source ./text\n    | ^^^^^^^^^^^^^\n\
        hint: review it, then run: goenv allow $SANDBOX/home/p/text\n";
    let done = export(&sandbox, &p);
    let _ = done.failure(3, said);
    assert_eq!(exported(&sandbox, &p).1, "{}");
    follow(&sandbox, &p, &done);
    assert_eq!(exported(&sandbox, &p), (0, r#"{"L":"2"}"#.to_owned()));
}

#[test]
fn a_native_text_in_a_policy_for_bash_reads_native_texts_alone() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/inner", "export L=$LINENO\n");
    let outer = sandbox.file("home/p/outer", "source ./inner\n");
    let p = allowed(&sandbox, "p", "source ./outer\n");
    // What it reads is no part of an approval that the policy does not have.
    sandbox.file("home/p/inner", "export L=1\n");
    sandbox.goenv(&p, &["allow", outer.to_str().unwrap()]).success();
    for (setup, what) in [
        (&["deny", "inner"][..], "inner was denied with `goenv deny`"),
        (&["allow", "--bash", "inner"], "inner is approved for bash, and goenv's own engine would"),
    ] {
        sandbox.goenv(&p, setup).success();
        let done = export(&sandbox, &p);
        assert_eq!(done.code(), 3);
        assert!(done.stderr().contains(what), "{}", done.stderr());
        assert!(done.stderr().contains("$SANDBOX/home/p/outer:1:1: "), "{}", done.stderr());
        assert_eq!(exported(&sandbox, &p).1, "{}");
        follow(&sandbox, &p, &done);
        assert_eq!(exported(&sandbox, &p), (0, r#"{"L":"1"}"#.to_owned()), "{setup:?}");
    }
}

#[test]
fn what_a_policy_reads_is_watched() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.env", "E=1\n");
    sandbox.file("home/p/sub/.envrc", "export SUB=1\n");
    sandbox.goenv(&sandbox.home().join("p"), &["allow", "sub"]).success();
    let p = allowed(
        &sandbox,
        "p",
        "dotenv\nwatch_file none.txt\nsource_env sub\nwatch_dir sub\nf() { :; }\n",
    );
    let text = sandbox.goenv(&p, &["status", "--json"]).stdout();
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    let watched = status["watches"].as_array().unwrap();
    for file in [".envrc", ".env", "none.txt", "sub/.envrc", "sub"] {
        let path = format!("$SANDBOX/home/p/{file}");
        assert!(watched.iter().any(|watch| *watch == path.as_str()), "{file}: {text}");
    }
    let script = format!(
        "cd {} && eval \"$(goenv export bash)\"; echo $E; sleep 0.1; echo E=2 >.env; eval \"$(goenv export bash)\"; echo $E",
        p.display()
    );
    assert_eq!(sandbox.run(&sandbox.home(), "bash", &["-c", &script]).stdout(), "1\n2\n");
}

#[test]
fn use_go_is_goenvs_own_and_nothing_overrides_it() {
    let sandbox = Sandbox::with_sdks(&["1.24.11", "1.26.6"]);
    let p = allowed(
        &sandbox,
        "p",
        "f() { use go \"$1\"; }\nf 1.24.11\nf 1.26.6\nexport V=$(go version) ROOT=$GOROOT\n",
    );
    let done =
        sandbox.goenv(&p, &["exec", ".", "bash", "-c", "echo $V; echo $GOTOOLCHAIN; echo $PATH"]);
    let text = done.success().stdout();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("go version go1.26.6 "), "{text}");
    assert_eq!(lines[1], "local");
    assert!(!lines[2].contains("1.24.11"), "{text}");
    let why = sandbox.goenv(&p, &["why", "GOROOT"]);
    assert_eq!(why.success().stdout(), "GOROOT\t~/p/.envrc:1\nGOROOT\t~/p/.envrc:1\n");
    let p = allowed(&sandbox, "p", "use go 1.26.6\nexport GOROOT=/elsewhere\n");
    let said = "goenv: using go 1.26.6\n\
        goenv: $SANDBOX/home/p/.envrc: GOROOT: `use go` sets it: another root would run another Go\n";
    let _ = export(&sandbox, &p).failure(5, said);
    // It says that it used it, and sets nothing.
    let p = allowed(&sandbox, "p", "f() (use go 1.26.6)\nf\nexport A=1\n");
    let said = said.replace(".envrc:", ".envrc:1:");
    let _ = export(&sandbox, &p).failure(5, &said);
}

#[test]
fn why_names_a_line_only_where_it_is_known() {
    let sandbox = Sandbox::new();
    let policy = "f() { :; }\nexport A=1\nlock B=1 C=1\nexport C=2\n";
    let p = allowed(&sandbox, "p", policy);
    let why = sandbox.goenv(&p, &["why"]).success().stdout();
    let file = "~/p/.envrc";
    assert_eq!(why, format!("B\t{file}:3\nC\t{file}:3\nA\t{file}\nC\t{file}\n"));
    let why = sandbox.goenv(&p, &["why", "--json", "C"]).success().stdout();
    let why: serde_json::Value = serde_json::from_str(&why).unwrap();
    let path = "$SANDBOX/home/p/.envrc";
    let reason = |line: Option<u32>| {
        let column = line.map(|_| 1);
        serde_json::json!({"name": "C", "path": path, "line": line, "column": column})
    };
    assert_eq!(why, serde_json::json!([reason(Some(3)), reason(None)]));
}

#[test]
fn the_rules_can_forbid_bash() {
    let sandbox = Sandbox::new();
    let p = allowed(&sandbox, "p", FUNCTION);
    assert_eq!(exported(&sandbox, &p).0, 0);
    let rules = "tier = \"dev\"\n[tiers.dev]\nengine = \"native\"\n";
    sandbox.file("home/.config/goenv/config.toml", rules);
    let said = "goenv: $SANDBOX/home/p/.envrc is blocked: it wants bash, and the rules admit the native engine alone \
        ($SANDBOX/home/.config/goenv/config.toml:3)\n";
    let _ = export(&sandbox, &p).failure(3, said);
    sandbox.file("home/q/.envrc", FUNCTION);
    let q = sandbox.home().join("q");
    let _ = sandbox.goenv(&q, &["allow", "--bash"]).failure(3, &said.replace("/p/", "/q/"));
    fs::remove_file(sandbox.home().join(".config/goenv/config.toml")).unwrap();
    assert_eq!(exported(&sandbox, &q).0, 3, "nothing was approved");
}

#[test]
fn bash_runs_once_for_each_load_and_is_the_systems_own() {
    let mut sandbox = Sandbox::new();
    let p = allowed(&sandbox, "p", "echo run >>~/log\nf() { export A=1; }\nf\n");
    sandbox.program("fake/bash", "#!/bin/sh\ntouch ~/faked\n");
    let path = sandbox.env[std::ffi::OsStr::new("PATH")].to_str().unwrap().to_owned();
    sandbox.set("PATH", format!("{}:{path}", sandbox.path("fake").display()));
    std::thread::sleep(Duration::from_millis(100));
    let prompt = "eval \"$(goenv export bash)\"";
    let script = format!(
        "cd {}; {prompt}; {prompt}; {prompt}; cat ~/log; goenv reload; {prompt}; cat ~/log",
        p.display()
    );
    let done = sandbox.run(&sandbox.home(), "/bin/bash", &["-c", &script]);
    assert_eq!(done.stdout(), "run\nrun\nrun\n", "{}", done.stderr());
    assert!(!sandbox.home().join("faked").exists());
}

/// What a hostile program in a policy could say over the socket.
#[test]
fn nonsense_over_the_socket_applies_nothing() {
    let sandbox = Sandbox::new();
    let at = "goenv: $SANDBOX/home/p/.envrc";
    let strange = format!("{at}: it says what goenv does not understand\n");
    let large = format!("{at}: it says an environment beyond what goenv reads\n");
    for (said, answer) in [
        ("printf 'hello\\0001\\0x\\0' >&\"$__goenv_fd\"", &strange),
        ("printf 'env\\000many\\0' >&\"$__goenv_fd\"", &strange),
        (
            "printf 'text\\0005\\0f\\0001\\0/\\0policy\\0/etc/passwd\\0' >&\"$__goenv_fd\"",
            &format!("{at}: it asks for the policy again\n"),
        ),
        ("printf 'env\\000999999\\0' >&\"$__goenv_fd\"", &large),
        ("head -c 20000000 /dev/zero | tr '\\0' x >&\"$__goenv_fd\" 2>/dev/null || :", &large),
    ] {
        let p = allowed(&sandbox, "p", format!("export A=1\n{said}\n"));
        let done = export(&sandbox, &p);
        assert_eq!((done.code(), done.stderr().as_str()), (5, answer.as_str()), "{said}");
        assert_eq!(exported(&sandbox, &p).1, "{}");
    }
}

#[test]
fn metrics_runs_no_policy() {
    let sandbox = Sandbox::new();
    let p = allowed(&sandbox, "p", format!("{FUNCTION}touch ran\n"));
    let done = sandbox.goenv(&p, &["metrics"]);
    assert!(done.success().stdout().contains("/home/p"), "{}", done.stdout());
    assert!(!p.join("ran").exists());
}

#[test]
fn what_direnv_load_cannot_load_is_told() {
    let sandbox = Sandbox::new();
    let at = "goenv: $SANDBOX/home/p/.envrc:2:1:";
    for (command, said) in [
        ("direnv_load false", format!("{at} this ended with status 1\n")),
        ("direnv_load sh -c 'exit 7'", format!("{at} this ended with status 7\n")),
        (
            "direnv_load true",
            format!(
                "goenv: direnv_load: nothing was dumped: the command has to end with: direnv dump\n\
                 {at} this ended with status 1\n"
            ),
        ),
        (
            "direnv_load sh -c 'echo junk >$DIRENV_DUMP_FILE_PATH'",
            format!("{at} what it dumped is no dump of direnv's\n"),
        ),
    ] {
        let p = allowed(&sandbox, "p", format!("export A=1\n{command}\n"));
        let excerpt = format!("  2 | {command}\n    | {}\n", "^".repeat(command.len()));
        let _ = export(&sandbox, &p).failure(5, &format!("{said}{excerpt}"));
    }
    // Names are judged as any, and nothing of goenv's or direnv's own comes along.
    let load = |rest: &str| format!("direnv_load env {rest} \"$direnv\" dump\n");
    let p = allowed(&sandbox, "p", load("LD_PRELOAD=/x.so"));
    assert_eq!(exported(&sandbox, &p).0, 5);
    let p = allowed(&sandbox, "p", load("GOENV_STATE=x DIRENV_DIFF=x PS1=x SHLVL=7 'f.o=1' A=1"));
    assert_eq!(exported(&sandbox, &p), (0, r#"{"A":"1"}"#.to_owned()));
    // No dump is left behind.
    let mut sandbox = Sandbox::new();
    sandbox.set("TMPDIR", sandbox.dir("dumps"));
    let p = allowed(&sandbox, "p", load("A=1"));
    assert_eq!(exported(&sandbox, &p).0, 0);
    assert_eq!(fs::read_dir(sandbox.path("dumps")).unwrap().count(), 0);
    let why = sandbox.goenv(&p, &["why", "A"]).success().stdout();
    assert_eq!(why, "A\t~/p/.envrc:1\n");
}

#[test]
fn bytes_that_a_dump_cannot_tell_stay_what_they_are() {
    let sandbox = Sandbox::new();
    let policy = "export RAW=$'\\xff'\ndirenv_load env A=1 \"$direnv\" dump\n";
    let p = allowed(&sandbox, "p", policy);
    let done = sandbox.goenv(&p, &["exec", ".", "sh", "-c", "printf %s \"$RAW$A\""]);
    assert_eq!(done.success().bytes(), b"\xff1");
}

#[test]
fn use_vim_and_rvm_are_there() {
    let sandbox = Sandbox::new();
    let p = allowed(&sandbox, "p", "use vim\n");
    let text = export(&sandbox, &p).success().stdout();
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["DIRENV_EXTRA_VIMRC"], "$SANDBOX/home/p/.vimrc.local");
    let script = format!(
        "cd {} && eval \"$(goenv export bash)\"; echo ${{DIRENV_EXTRA_VIMRC##*/}}; cd; \
         eval \"$(goenv export bash)\"; echo ${{DIRENV_EXTRA_VIMRC-left}}",
        p.display()
    );
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
    assert_eq!(done.stdout(), ".vimrc.local\nleft\n", "{}", done.stderr());
    // What a text sets by itself of the kind is refused as before.
    let p = allowed(&sandbox, "p", "export DIRENV_DIFF=x\n");
    assert_eq!(exported(&sandbox, &p).0, 5);
    let text = "rvm() { export RVM=\"$*\"; }\n";
    for (number, (place, policy)) in [
        ("home/.rvm/scripts/rvm", "rvm use 3.2\n"),
        ("home/elsewhere/scripts/rvm", "rvm_path=~/elsewhere\nrvm use 3.2\n"),
        ("home/other/rvm", "rvm_scripts_path=~/other\nrvm use 3.2\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = sandbox.file(place, text);
        let p = allowed(&sandbox, &format!("rvm{number}"), policy);
        assert_eq!(exported(&sandbox, &p).0, 3, "nobody approved it");
        sandbox.goenv(&p, &["allow", "--bash", text.to_str().unwrap()]).success();
        assert_eq!(exported(&sandbox, &p), (0, r#"{"RVM":"use 3.2"}"#.to_owned()));
    }
}
