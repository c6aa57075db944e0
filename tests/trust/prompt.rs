//! Signed policies at the prompts of a shell that stays where it is: what others do, and what time does, is noticed.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use goenv::trust::date::rfc3339;

use crate::common::pty::{Counted, Shell};
use crate::repository::Repository;

/// Enters a signed policy in a shell and lets the guard be armed.
fn inside(shell: Shell, repository: &Repository) -> Counted {
    let mut counted = Counted::start(shell, &repository.sandbox);
    let _ = counted.pty.run("cd ~/ledger/settle");
    counted.rest();
    assert_eq!(counted.pty.get("A").as_deref(), Some("1"), "{shell:?}");
    let before = counted.calls();
    let _ = counted.pty.run("true");
    assert_eq!(counted.calls(), before, "{shell:?}: nothing changed, so nothing is called");
    counted
}

#[test]
fn a_key_that_another_shell_revoked_is_noticed_at_the_next_prompt() {
    for shell in Shell::GUARDED {
        let repository = Repository::with_two_signers();
        let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
        let mut counted = inside(shell, &repository);
        let mut other = Counted::start(shell, &repository.sandbox);
        let bob = repository.key("bob.pub");
        let shown = other.pty.run(&format!("goenv keys revoke {bob}"));
        assert!(shown.contains("revoked SHA256:"), "{shell:?}: {shown}");
        let shown = counted.pty.run("true");
        assert!(shown.contains("1 of 2 approvals"), "{shell:?}: {shown}");
        assert!(shown.contains("which is revoked"), "{shell:?}: {shown}");
        assert_eq!(counted.pty.get("A"), None, "{shell:?}");
        // A third person signs in the other shell, and this one has it back.
        repository.trust("eve");
        repository.sign(&settle, "eve").success();
        let _ = counted.pty.run("true");
        assert_eq!(counted.pty.get("A").as_deref(), Some("1"), "{shell:?}");
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_secs() as i64
}

/// Signs a policy that ends so soon, with ssh-keygen alone: `goenv sign` takes days.
fn ending(repository: &Repository, at: i64) -> PathBuf {
    let text = format!(
        "#goenv: v1\n#goenv: scope git.bank.example/payments/ledger//settle\n#goenv: tier prod\n\
         #goenv: serial 1\n#goenv: expires {}\nexport A=1\n",
        rfc3339(at)
    );
    repository.sandbox.file("home/ledger/settle/.envrc", text);
    let settle = repository.root.join("settle");
    let script = format!(
        "for k in {} {}; do ssh-keygen -q -Y sign -n goenv-policy-prod -f $k < .envrc >> .envrc.sig; done",
        repository.key("alice"),
        repository.key("bob")
    );
    repository.sandbox.run(&settle, "sh", &["-c", &script]).success();
    settle
}

#[test]
fn a_policy_that_expires_is_left_at_an_unchanged_prompt() {
    for shell in Shell::GUARDED {
        let repository = Repository::with_two_signers();
        let end = now() + 6;
        let settle = ending(&repository, end);
        let written = fs::metadata(settle.join(".envrc")).unwrap().modified().unwrap();
        let mut counted = inside(shell, &repository);
        assert!(now() < end, "{shell:?} took too long to start");
        while now() < end {
            std::thread::sleep(Duration::from_millis(100));
        }
        // The clock that a shell asks for whole seconds is that of the last tick.
        std::thread::sleep(Duration::from_millis(100));
        let shown = counted.pty.run("true");
        let expected = format!("it expired on {}", rfc3339(end));
        assert!(shown.contains(&expected), "{shell:?}: {shown}");
        assert_eq!(counted.pty.get("A"), None, "{shell:?}");
        assert_eq!(fs::metadata(settle.join(".envrc")).unwrap().modified().unwrap(), written);
    }
}
