//! `goenv keys`: what is listed, added and revoked.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::repository::Repository;

fn fingerprint_of(repository: &Repository, name: &str) -> String {
    let key = repository.key(&format!("{name}.pub"));
    let printed =
        repository.sandbox.run(&repository.root, "ssh-keygen", &["-l", "-f", key.as_str()]);
    printed.stdout().split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn keys_are_added_listed_and_revoked() {
    let repository = Repository::new();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let text = fs::read_to_string(repository.key("alice.pub")).unwrap();
    let fingerprint = fingerprint_of(&repository, "alice");

    let words: Vec<&str> = text.split_whitespace().collect();
    let add = goenv(&[
        "keys",
        "add",
        "alice@bank",
        words[0],
        words[1],
        "--tier",
        "prod",
        "--tier",
        "dev",
        "--until",
        "2099-12-31",
    ]);
    assert_eq!(
        (add.code(), add.stderr()),
        (0, format!("goenv: alice@bank may approve prod, dev with {fingerprint}\n"))
    );
    let path = repository.sandbox.path("home/.config/goenv/allowed_signers");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!(
            "alice@bank namespaces=\"goenv-policy-prod,goenv-policy-dev\",valid-before=\"20991231235959Z\" {} {}\n",
            words[0], words[1]
        )
    );
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = goenv(&["keys", "add", "bob", &repository.key("alice.pub")]);
    assert_eq!(
        (again.code(), again.stderr()),
        (1, "goenv: ~/.config/goenv/allowed_signers: the key is already listed for \"alice@bank\" in line 1; edit its namespaces= there to let it approve more\n".into())
    );
    assert_eq!(
        goenv(&["keys", "list"]).stdout(),
        format!(
            "alice@bank {fingerprint} goenv-policy-prod,goenv-policy-dev valid until 2099-12-31T23:59:59Z \
             ~/.config/goenv/allowed_signers:1\n"
        )
    );
    let revoke = goenv(&["keys", "revoke", &fingerprint]);
    assert_eq!((revoke.code(), revoke.stderr()), (0, format!("goenv: revoked {fingerprint}\n")));
    let revoke = goenv(&["keys", "revoke", &repository.key("alice.pub")]);
    assert_eq!(
        (revoke.code(), revoke.stderr()),
        (0, format!("goenv: {fingerprint} is revoked already\n"))
    );
    // Nobody is told to trust it again, be it listed or not.
    let gone = |line| {
        let place = format!("~/.config/goenv/revoked_keys:{line}");
        let gone = if line == 1 { fingerprint.clone() } else { fingerprint_of(&repository, "bob") };
        format!("goenv: {place}: {gone} is revoked, so nothing that it signs counts\n")
    };
    let before = fs::read(&path).unwrap();
    let again = goenv(&["keys", "add", "alice@bank", &repository.key("alice.pub")]);
    let _ = again.failure(1, &gone(1));
    goenv(&["keys", "revoke", &repository.key("bob.pub")]).success();
    let bob = goenv(&["keys", "add", "bob@bank", &repository.key("bob.pub")]);
    let _ = bob.failure(1, &gone(2));
    assert_eq!(fs::read(&path).unwrap(), before, "nothing was added");
    let json: serde_json::Value =
        serde_json::from_str(&goenv(&["keys", "list", "--json"]).stdout()).unwrap();
    assert_eq!((&json[0]["state"], &json[0]["store"]), (&"revoked".into(), &"user".into()));
}

#[test]
fn a_list_without_signers_says_so() {
    let repository = Repository::new();
    let listed = |args: &[&str]| {
        let done = repository.sandbox.goenv(&repository.root, args);
        (done.code(), done.stdout(), done.stderr())
    };
    let said = "goenv: nobody is trusted to sign; to trust a key: goenv keys add NAME FILE\n";
    assert_eq!(listed(&["keys", "list"]), (0, String::new(), said.to_owned()));
    assert_eq!(listed(&["keys", "list", "--json"]), (0, "[]\n".to_owned(), String::new()));
}

#[test]
fn lines_that_are_no_signers_are_told_with_their_place() {
    let repository = Repository::new();
    let key = fs::read_to_string(repository.key("alice.pub")).unwrap();
    repository.sandbox.file(
        "home/.config/goenv/allowed_signers",
        format!("# team\nalice {key}bob cert-authority,namespaces=\"x\" {key}"),
    );
    let listed = repository.sandbox.goenv(&repository.root, &["keys", "list"]);
    assert_eq!((listed.code(), listed.stdout()), (1, String::new()));
    assert_eq!(
        listed.stderr(),
        "goenv: $SANDBOX/home/.config/goenv/allowed_signers:2:7: expected namespaces=\"goenv-policy-TIER\" before the key: \
         without it the key could approve anything\n\
         goenv: $SANDBOX/home/.config/goenv/allowed_signers:3:5: certificate authorities are not accepted: list each \
         signer's key\n"
    );
}

#[test]
fn a_key_that_is_none_is_refused() {
    let repository = Repository::new();
    let goenv = |args: &[&str]| {
        let done = repository.sandbox.goenv(&repository.root, args);
        (done.code(), done.stderr())
    };
    assert_eq!(
        goenv(&["keys", "add", "alice", "nonsense"]),
        (1, "goenv: \"nonsense\" is no file and no key; name a .pub file, or give the text: 'ssh-ed25519 AAAA…'\n".into())
    );
    assert_eq!(
        goenv(&["keys", "revoke", "nonsense"]),
        (1, "goenv: \"nonsense\" is no file and no key; name a .pub file, or give the text: 'ssh-ed25519 AAAA…'\n".into())
    );
    assert_eq!(
        goenv(&["keys", "revoke", "SHA256:abc"]),
        (1, "goenv: found \"SHA256:abc\", expected an OpenSSH public key or a SHA256: fingerprint\n".into())
    );
    repository.sandbox.file("home/ledger/rsa.pub", "ssh-rsa AAAA ann\n");
    assert_eq!(
        goenv(&["keys", "add", "alice", "rsa.pub"]),
        (1, "goenv: $SANDBOX/home/ledger/rsa.pub: found key type \"ssh-rsa\", expected ssh-ed25519\n".into())
    );
    assert_eq!(
        goenv(&["keys", "add", "*", &repository.key("alice.pub")]),
        (1, "goenv: ~/.config/goenv/allowed_signers: found principal \"*\", expected a name or an address, without spaces and patterns\n".into())
    );
    assert_eq!(
        goenv(&["keys", "add", "alice", &repository.key("alice")]),
        (
            1,
            format!(
                "goenv: {}: found \"-----BEGIN OPENSSH PRIVATE KEY-----\", expected a public key\n",
                repository
                    .key("alice")
                    .replace(&*repository.sandbox.path("").to_string_lossy(), "$SANDBOX/")
            )
        )
    );
    assert_eq!(
        goenv(&["keys", "add", "alice", &repository.key("alice.pub"), "--until", "soon"]),
        (2, "goenv: --until: found \"soon\", expected a date as 2027-02-20\n".into())
    );
    assert_eq!(
        goenv(&["keys", "add", "alice", &repository.key("alice.pub"), "--until", "2020-01-01"]),
        (2, "goenv: --until: 2020-01-01 is past\n".into())
    );
    assert_eq!(
        goenv(&["keys", "add", "alice", &repository.key("alice.pub"), "--tier", "Prod"]),
        (2, "goenv: --tier: found \"Prod\", expected a tier: lower-case letters, digits and hyphens\n".into())
    );
}

#[test]
fn no_change_of_two_at_once_is_lost() {
    let repository = Repository::new();
    let script = "for i in 1 2 3 4 5 6 7 8; do ssh-keygen -q -t ed25519 -N '' -f k$i; done\n\
         for i in 1 2 3 4 5 6 7 8; do goenv keys add u$i k$i.pub & done; wait\n\
         for i in 1 2 3 4 5 6 7 8; do goenv keys revoke k$i.pub & done; wait\n\
         cd ~/.config/goenv; cat allowed_signers | wc -l; cat revoked_keys | wc -l";
    let done = repository.sandbox.run(&repository.root, "bash", &["-c", script]);
    let counts: Vec<String> = done.stdout().lines().map(|line| line.trim().to_owned()).collect();
    assert_eq!(counts, ["8", "8"], "{}", done.stderr());
}

/// As of a forge's `/USER.keys`: whoever revokes such a file means every key in it.
#[test]
fn of_a_file_with_several_keys_none_is_taken_for_all() {
    let repository = Repository::new();
    let text =
        |name: &str| std::fs::read_to_string(repository.key(&format!("{name}.pub"))).unwrap();
    let two = repository.sandbox.file("two.pub", text("alice") + "\n" + &text("bob"));
    let one = repository.sandbox.file("one.pub", format!("\n{}\n\n", text("alice")));
    let keys =
        |args: &[&str]| repository.sandbox.goenv(&repository.root, &[&["keys"], args].concat());
    let said = "goenv: $SANDBOX/two.pub: more than one key; give one at a time\n";
    keys(&["revoke", two.to_str().unwrap()]).failure(1, said);
    keys(&["add", "ann", two.to_str().unwrap()]).failure(1, said);
    let prints = format!(
        "{}\n{}\n",
        fingerprint_of(&repository, "alice"),
        fingerprint_of(&repository, "bob")
    );
    repository.sandbox.file("two.pub", &prints);
    keys(&["revoke", two.to_str().unwrap()]).failure(1, said);
    for text in [text("alice") + &text("bob"), prints] {
        keys(&["revoke", &text]).failure(1, "goenv: more than one key; give one at a time\n");
    }
    assert!(!repository.sandbox.home().join(".config/goenv/revoked_keys").exists());
    keys(&["revoke", one.to_str().unwrap()]).success();
}

/// Whoever did so took from themselves every policy that the key signed.
#[cfg(target_os = "linux")]
#[test]
fn a_key_that_the_organisation_lists_gets_no_second_name() {
    let repository = Repository::new();
    let script = format!(
        "mkdir /etc/goenv\necho 'alice@bank namespaces=\"goenv-policy-dev\"' $(cat {key}) > /etc/goenv/allowed_signers\n\
         goenv keys add me {key}; echo $?\ngoenv keys add alice@bank {key} --tier prod; echo $?",
        key = repository.key("alice.pub"),
    );
    let done = repository.sandbox.run_as_root(&repository.root, &script);
    assert_eq!(done.success().stdout(), "1\n0\n");
    let said = done.stderr();
    let refused = "goenv: /etc/goenv/allowed_signers:1: the key is listed there for \"alice@bank\", and a key belongs to one principal\n\
                   goenv: alice@bank may approve prod with SHA256:";
    assert!(said.starts_with(refused), "{said}");
}
