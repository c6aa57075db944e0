//! `goenv audit`: what is found in a log that somebody edited, and what a checkpoint shows.

use std::fs;

use crate::repository::Repository;

fn logged() -> Repository {
    let repository = Repository::with_two_signers();
    repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    repository
}

#[test]
fn an_untouched_log_verifies_with_sha256sum_too() {
    let repository = logged();
    let verified = repository.sandbox.goenv(&repository.root, &["audit", "verify"]);
    assert_eq!(
        (verified.code(), verified.stdout()),
        (0, "4 records, 1 to 4: the log verifies\n".into())
    );
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let script = format!(
        "prev=$(printf '%064d' 0)\nwhile IFS= read -r line; do\n\
         [ \"$(printf '%s' \"$line\" | jq -r .prev)\" = $prev ] || exit 1\n\
         hash=$(printf '%s' \"${{line%,\\\"hash\\\":*}}\" | sha256sum | cut -d' ' -f1)\n\
         [ \"$(printf '%s' \"$line\" | jq -r .hash)\" = $hash ] || exit 2\n\
         prev=$hash\ndone < {}",
        log.display()
    );
    let done = repository.sandbox.run(&repository.root, "bash", &["-c", &script]);
    assert_eq!(done.code(), 0, "{}", done.stderr());
}

#[test]
fn an_edited_and_a_cut_log_are_found() {
    let repository = logged();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let anchor = repository.sandbox.path("anchor");
    let anchor = anchor.to_str().unwrap();
    goenv(&["audit", "checkpoint", anchor, "--key", &repository.key("alice")]).success();
    // Whose log it is, the number and the hash of its last record.
    let last = fs::read_to_string(&log).unwrap();
    let last: serde_json::Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    let text = fs::read_to_string(anchor).unwrap();
    let [origin, seq, hash] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    let host = last["host"].as_str().unwrap();
    assert_eq!(origin, format!("goenv-audit/v1 {host} {}", last["uid"]));
    assert_eq!((seq.to_owned(), hash.len()), (last["seq"].to_string(), 44));
    let check = format!("ssh-keygen -Y check-novalidate -n goenv-audit -s {anchor}.sig < {anchor}");
    repository.sandbox.run(&repository.root, "sh", &["-c", &check]).success();
    let anchored = goenv(&["audit", "verify", "--anchor", anchor]);
    let said = anchored.success().stdout();
    assert!(said.ends_with(": the log verifies, and holds the checkpoint\n"), "{said}");

    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replacen("\"res\":\"allow\"", "\"res\":\"deny\"", 1)).unwrap();
    let verified = goenv(&["audit", "verify"]);
    assert_eq!(
        (verified.code(), verified.stdout()),
        (4, "4 records, 1 to 4: the log does not verify\n".into())
    );
    assert_eq!(
        verified.stderr(),
        "goenv: $SANDBOX/home/.local/state/goenv/audit.jsonl:1: record 1 was edited: its hash is another\n"
    );
    let refused = goenv(&["audit", "checkpoint", anchor, "--key", &repository.key("alice")]);
    assert_eq!(refused.code(), 4);

    let cut: String = text.split_inclusive('\n').take(3).collect();
    fs::write(&log, cut).unwrap();
    assert_eq!(goenv(&["audit", "verify"]).code(), 0, "no chain can show that its end is missing");
    let verified = goenv(&["audit", "verify", "--anchor", anchor]);
    assert_eq!(verified.code(), 4);
    assert_eq!(verified.stderr(), "goenv: the log ends before the checkpoint: it was cut\n");
}

#[test]
fn a_log_is_shown_and_exported() {
    let repository = logged();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args).stdout();
    let shown = goenv(&["audit", "log", "-n", "1"]);
    let place =
        "4 policy.sign allow $SANDBOX/home/ledger/settle/.envrc prod serial 1 by bob@bank\n";
    assert!(shown.ends_with(place) && shown.lines().count() == 1, "{shown}");
    let lines = goenv(&["audit", "export"]);
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let root = repository.sandbox.path("");
    let root = root.to_str().unwrap().trim_end_matches('/');
    assert_eq!(lines, fs::read_to_string(log).unwrap().replace(root, "$SANDBOX"));
    let cef = goenv(&["audit", "export", "--format", "cef"]);
    assert!(
        cef.lines().all(|line| line.starts_with("CEF:0|goenv|goenv|")) && cef.lines().count() == 4
    );
}

#[test]
fn transitions_are_logged_and_prompts_are_not() {
    let mut repository = Repository::new();
    repository.config("[sdk]\nmirrors = []\n");
    let project = repository.sandbox.dir("home/project");
    repository.sandbox.file("home/project/.envrc", "export TOKEN=s3cret\n");
    let script = "cd project; eval \"$(goenv export bash)\"; goenv allow; eval \"$(goenv export bash)\"\n\
         for i in 1 2 3; do sleep 0.05; eval \"$(goenv export bash)\"; done\n\
         cd ..; eval \"$(goenv export bash)\"; eval \"$(goenv export bash)\"\n\
         cd project; eval \"$(goenv export bash)\"; echo 'export B=1' >> .envrc; eval \"$(goenv export bash)\"\n\
         eval \"$(goenv export bash)\"; goenv deny";
    repository.sandbox.set("USER", "ann");
    repository.sandbox.run(&repository.sandbox.home(), "bash", &["-c", script]).success();
    let text =
        fs::read_to_string(repository.sandbox.path("home/.local/state/goenv/audit.jsonl")).unwrap();
    let records: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<(&str, &str, i64)> = records
        .iter()
        .map(|r| {
            (r["ev"].as_str().unwrap(), r["res"].as_str().unwrap(), r["code"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(
        events,
        [
            ("policy.refuse", "deny", 3),
            ("policy.allow", "allow", 0),
            ("policy.load", "allow", 0),
            ("policy.unload", "allow", 0),
            ("policy.load", "allow", 0),
            ("policy.refuse", "deny", 3),
            ("policy.deny", "allow", 0),
        ]
    );
    assert_eq!(records[2]["vars"], serde_json::json!(["TOKEN"]));
    assert_eq!(
        (&records[2]["user"], &records[2]["path"]),
        (&"ann".into(), &project.join(".envrc").to_str().unwrap().into())
    );
    assert_eq!(records[1]["sha256"], records[2]["sha256"]);
    assert!(!text.contains("s3cret"), "names and digests, never values");
    assert_eq!(repository.sandbox.goenv(&project, &["audit", "verify"]).code(), 0);
}

#[test]
fn signed_loads_name_who_approved_and_rollbacks_are_events() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let old = [".envrc", ".envrc.sig"]
        .map(|name| (settle.join(name), fs::read(settle.join(name)).unwrap()));
    assert_eq!(repository.value(&settle).0, 0);
    let policy = String::from_utf8(old[0].1.clone()).unwrap();
    repository.signed("settle", &policy.replace("A=1", "A=2"), &["alice", "bob"]);
    assert_eq!(repository.value(&settle), (0, Some("2".into())));
    for (path, bytes) in &old {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(repository.value(&settle).0, 3);
    let log = repository.sandbox.goenv(&settle, &["audit", "log", "--json", "-n", "2"]).stdout();
    let records: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let load = &records[0];
    assert_eq!(
        (&load["ev"], &load["serial"], &load["need"]),
        (&"policy.load".into(), &2.into(), &2.into())
    );
    let names: Vec<&str> =
        load["signers"].as_array().unwrap().iter().map(|s| s["p"].as_str().unwrap()).collect();
    assert_eq!(names, ["alice@bank", "bob@bank"]);
    assert_eq!(load["scope"], "git.bank.example/payments/ledger//settle");
    assert_eq!((&records[1]["ev"], &records[1]["code"]), (&"policy.rollback".into(), &3.into()));
}

#[test]
fn under_strict_rules_what_cannot_be_logged_does_not_apply() {
    let repository = Repository::new();
    let project = repository.sandbox.dir("home/project");
    repository.sandbox.file("home/project/.envrc", "export A=1\n");
    repository.sandbox.goenv(&project, &["allow"]).success();
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    let why = "the audit log $SANDBOX/home/.local/state/goenv/audit.jsonl cannot be opened: ";
    assert_eq!(repository.value(&project), (0, Some("1".into())));
    let warned = repository.sandbox.goenv(&project, &["export", "bash"]).stderr();
    assert!(warned.contains(why), "{warned}");
    repository.config("tier = \"dev\"\n[tiers.dev]\nstrict = true\n");
    assert_eq!(repository.value(&project), (1, None));
    let refused = repository.sandbox.goenv(&project, &["allow"]);
    assert_eq!(refused.code(), 1);
    assert!(refused.stderr().starts_with(&format!("goenv: {why}")), "{}", refused.stderr());
}

#[test]
fn a_state_that_cannot_be_read_is_an_event_once() {
    let repository = Repository::new();
    let script = "export GOENV_STATE=1.forged\n\
         for i in 1 2 3; do eval \"$(goenv export bash)\"; done";
    let done = repository.sandbox.run(&repository.sandbox.home(), "bash", &["-c", script]);
    done.success();
    assert_eq!(
        done.stderr(),
        "goenv: GOENV_STATE cannot be read and is dropped; what it would have undone stays\n"
    );
    let log = repository.sandbox.goenv(&repository.root, &["audit", "log", "--json"]).stdout();
    let records: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<(&str, &str)> =
        records.iter().map(|r| (r["ev"].as_str().unwrap(), r["res"].as_str().unwrap())).collect();
    assert_eq!(events, [("state.invalid", "deny")]);
}

#[test]
fn a_log_of_nothing_and_of_one_record_is_counted_in_words() {
    let sandbox = crate::common::Sandbox::new();
    let verify = || sandbox.goenv(&sandbox.home(), &["audit", "verify"]).success().stdout();
    assert_eq!(verify(), "no records: the log verifies\n");
    sandbox.project("p", "export A=1\n");
    assert_eq!(verify(), "record 1: the log verifies\n");
}

#[test]
fn an_auditor_reads_a_copy_of_anothers_log() {
    let repository = logged();
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    // In two parts, as after 16 MiB; the earlier one is named by its last record.
    let text = fs::read_to_string(&log).unwrap();
    let (first, second) = text.split_at(text.find('\n').unwrap() + 1);
    let copy = |name: &str, text: &str| {
        repository.sandbox.file(repository.sandbox.path("copy").join(name), text);
    };
    copy("audit-00000000000000000001.jsonl", first);
    copy("audit.jsonl", second);
    // What the auditor's own rules say does not matter.
    repository.config("oops\n");
    let named = repository.sandbox.path("copy/audit.jsonl");
    let named = named.to_str().unwrap();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let verified = goenv(&["audit", "verify", named]);
    assert_eq!(verified.stdout(), "4 records, 1 to 4: the log verifies\n");
    let exported = goenv(&["audit", "export", named]).stdout();
    assert_eq!(exported.lines().count(), 4);
    let shown = goenv(&["audit", "log", "-n", "1", named]).stdout();
    assert!(shown.contains(" 4 policy.sign allow "), "{shown}");

    copy("audit.jsonl", &second.replacen("\"uid\":", "\"uid\":1", 1));
    let verified = goenv(&["audit", "verify", named]);
    assert_eq!(verified.code(), 4);
    assert_eq!(
        verified.stderr(),
        "goenv: $SANDBOX/copy/audit.jsonl:1: record 2 was edited: its hash is another\n"
    );

    let none = goenv(&["audit", "verify", "copy/audit.jsonl"]);
    assert_eq!(none.code(), 1);
    assert_eq!(none.stderr(), "goenv: $SANDBOX/home/ledger/copy/audit.jsonl does not exist\n");
    let odd = goenv(&["audit", "verify", "settle/.envrc"]);
    assert_eq!(odd.code(), 1);
    assert_eq!(
        odd.stderr(),
        "goenv: $SANDBOX/home/ledger/settle/.envrc is no log: a log's name ends in .jsonl\n"
    );
}

#[test]
fn an_organisations_directory_holds_a_log_of_each_user() {
    let repository = Repository::with_two_signers();
    let home = repository.sandbox.path("");
    // As two users of one machine, in directories that are nobody else's.
    let script = format!(
        "set -e\nmkdir /etc/goenv\n\
         printf '[audit]\\npath = \"/home/log\"\\n' > /etc/goenv/config.toml\n\
         install -d -m 755 /home/log\ncp {goenv} /home/goenv\n\
         as() {{ user=$1; shift; setpriv --reuid $user --regid $user --clear-groups env -i HOME=/home/$user \"$@\"; }}\n\
         for user in 2001 2002; do\n\
           install -d -o $user -m 700 /home/$user /home/$user/p /home/log/$user\n\
           as $user sh -c 'echo export A=1 > ~/p/.envrc; /home/goenv allow ~/p'\n\
           as $user /home/goenv audit verify\n\
         done\n\
         as 2002 touch /home/log/2001/audit-00000000000000000001.jsonl 2>/dev/null && exit 9\n\
         as 2002 cat /home/log/2001/audit.jsonl 2>/dev/null && exit 9\n\
         /home/goenv audit verify /home/log/2001/audit.jsonl\n\
         chmod 777 /home/log/2001\n\
         as 2001 /home/goenv deny /home/2001/p",
        goenv = env!("CARGO_BIN_EXE_goenv"),
    );
    let done = repository.sandbox.run_as_root(&home, &script);
    let whole = "1: the log verifies\n";
    assert_eq!(done.success().stdout(), format!("record {whole}record {whole}record {whole}"));
    let refused = "goenv: the audit log /home/log/2001/audit.jsonl cannot be written: its directory is not this user's alone \
                   to write\n";
    assert!(done.stderr().contains(refused), "{}", done.stderr());
}

#[test]
fn no_number_of_warnings_hides_an_edit() {
    let repository = logged();
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    // Who owns the log can write as many cut lines as they like, each declared by the next record.
    fs::write(&log, "").unwrap();
    for _ in 0..101 {
        let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
        std::io::Write::write_all(&mut file, b"x").unwrap();
        repository.sandbox.goenv(&repository.root, &["deny", "settle"]).success();
    }
    let warned = repository.sandbox.goenv(&repository.root, &["audit", "verify"]);
    assert_eq!(warned.code(), 0);
    assert!(warned.stderr().ends_with("goenv: and 1 more like these\n"), "{}", warned.stderr());
    let many = fs::read_to_string(&log).unwrap();
    fs::write(&log, many + &text).unwrap();
    let verified = repository.sandbox.goenv(&repository.root, &["audit", "verify", "--json"]);
    assert_eq!(verified.code(), 4);
    assert!(verified.stdout().contains("\"tampered\": true"), "{}", verified.stdout());
}

#[test]
fn a_part_that_ends_in_a_cut_line_is_exported_so_that_it_verifies() {
    let repository = logged();
    let text =
        fs::read_to_string(repository.sandbox.path("home/.local/state/goenv/audit.jsonl")).unwrap();
    let (first, second) = text.split_at(text.find('\n').unwrap() + 1);
    let copy = |name: &str, text: &str| repository.sandbox.file(format!("copy/{name}"), text);
    copy("audit-00000000000000000001.jsonl", &format!("{first}{{\"v\":1,\"se"));
    let named = copy("audit.jsonl", second);
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let exported = goenv(&["audit", "export", named.to_str().unwrap()]).success().stdout();
    let cut: Vec<_> =
        exported.lines().filter(|line| !line.starts_with("{\"v\":1,\"seq\":")).collect();
    assert_eq!((exported.lines().count(), cut), (5, vec!["{\"v\":1,\"se"]));
}

#[test]
fn a_checkpoint_of_a_part_that_is_elsewhere_is_no_sign_of_a_cut() {
    let repository = logged();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let whole = fs::read_to_string(&log).unwrap();
    let second = whole.split_inclusive('\n').nth(1).unwrap();
    let named = repository.sandbox.file("copy/audit.jsonl", second);
    let anchor = repository
        .sandbox
        .file("anchor", format!("goenv-audit/v1 settle-1 1000\n1\n{}=\n", "A".repeat(43)));
    let [named, anchor] = [&named, &anchor].map(|path| path.to_str().unwrap());
    goenv(&["audit", "verify", named, "--anchor", anchor]).failure(
        4,
        "goenv: $SANDBOX/copy/audit.jsonl:1: records before 2 are not here\n\
         goenv: the log begins after the checkpoint: the part that should hold it is not here\n",
    );
}

#[test]
fn a_log_that_was_spoilt_does_not_verify_behind_the_next_record() {
    let repository = logged();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    fs::write(&log, fs::read_to_string(&log).unwrap() + &"x".repeat(40_000)).unwrap();
    assert_eq!(goenv(&["audit", "verify"]).code(), 4);
    goenv(&["deny", "settle"]).success();
    let said = "goenv: $SANDBOX/home/.local/state/goenv/audit.jsonl:1: \
                the log before it was spoilt and put aside as the file that it names\n";
    goenv(&["audit", "verify"]).failure(4, said);
}

/// Where there is no room for a new file the old one keeps its name, and once there is, one chain goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_breaks_no_chain_where_a_log_is_put_aside() {
    let repository = logged();
    let home = repository.sandbox.home();
    let log = home.join(".local/state/goenv/audit.jsonl");
    let script = format!(
        "set -e\nmkdir /home/disk\nmount -t tmpfs -o size=32m,nr_inodes=5 none /home/disk\n\
         export XDG_STATE_HOME=/home/disk\nmkdir /home/disk/goenv\ncd /home/disk/goenv\numask 077\n\
         {{ head -c 16777216 /dev/zero | tr '\\0' '\\n'; cat {log}; }} > audit.jsonl\n\
         touch audit.lock ../fill\ngoenv deny {ledger}/settle; ls\n\
         rm ../fill; goenv deny {ledger}/settle; ls\ncut -d, -f2 audit.jsonl",
        log = log.display(),
        ledger = repository.root.display(),
    );
    let done = repository.sandbox.run_as_root(&home, &script);
    assert_eq!(
        done.success().stdout(),
        "audit.jsonl\naudit.lock\n\
         audit-00000000000000000004.jsonl\naudit.jsonl\naudit.lock\n\
         \"seq\":5\n\"seq\":6\n"
    );
    assert!(
        done.stderr().contains("cannot be rotated: no space left on device"),
        "{}",
        done.stderr()
    );
}

#[test]
fn no_policy_says_who_is_logged() {
    let mut repository = Repository::new();
    repository.sandbox.set("USER", "ann");
    let p = repository.sandbox.project("p", "export USER=eve LOGNAME=eve\n");
    let script = "set -e\neval \"$(goenv export bash)\"; [ $USER = eve ]; goenv deny; cd /; eval \"$(goenv export bash)\"";
    repository.sandbox.run(&p, "bash", &["-c", script]).success();
    let log = fs::read_to_string(repository.sandbox.path("home/.local/state/goenv/audit.jsonl"));
    let users: Vec<String> = log
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["user"].to_string())
        .collect();
    assert_eq!(users, ["\"ann\""; 4]);
}
