//! Go's signature of an archive, with real gpg keys: what gpgv accepts by its exit status is not enough.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use goenv::hex::{hex, sha256};
use goenv::sdk::Pins;
use goenv::sdk::install::{InstallError, Installed, Order, install};
use goenv::sdk::mirror::Mirror;

use crate::real::{Home, succeed};
use crate::small::{archive, places, store, version};

const NAME: &str = "go1.26.6.linux-amd64.tar.gz";

/// A home for gpg with one signing key.
struct Signer {
    home: tempfile::TempDir,
    /// What gpg believes the time to be.
    time: &'static str,
}

impl Signer {
    fn new(lifetime: &str, time: &'static str) -> Self {
        let signer = Self { home: tempfile::tempdir().unwrap(), time };
        signer.gpg(&[
            "--passphrase",
            "",
            "--quick-gen-key",
            "Google <g@example>",
            "ed25519",
            "sign",
            lifetime,
        ]);
        signer
    }

    fn gpg(&self, arguments: &[&str]) {
        let mut gpg = Command::new("gpg");
        gpg.env_clear().env("PATH", "/usr/bin:/bin").env("GNUPGHOME", self.home.path());
        gpg.args(["--batch", "--yes", "--quiet", "--faked-system-time", self.time]);
        succeed(gpg.args(arguments));
    }

    fn keyring(&self) -> PathBuf {
        let keyring = self.home.path().join("keyring.gpg");
        self.gpg(&["--output", keyring.to_str().unwrap(), "--export"]);
        keyring
    }

    fn sign(&self, archive: &Path) {
        let signature = format!("{}.asc", archive.display());
        self.gpg(&["--armor", "--output", &signature, "--detach-sign", archive.to_str().unwrap()]);
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        let _ = end.arg("--homedir").arg(self.home.path()).args(["--kill", "gpg-agent"]).output();
    }
}

#[test]
fn only_a_good_signature_by_a_key_that_still_counts_is_accepted() {
    let home = Home::new();
    let places = places(&home);
    let directory = home.path().join("mirror");
    fs::create_dir(&directory).unwrap();
    let (file, body) = (directory.join(NAME), archive("1.26.6"));
    fs::write(&file, &body).unwrap();
    fs::write(directory.join(format!("{NAME}.sha256")), hex(&sha256(&body))).unwrap();
    let mirrors = [Mirror::Directory(directory.clone())];
    let (version, pins) = (version("1.26.6"), Pins::default());
    let run = |keyring: &Path| {
        let keyring = Some(keyring);
        let order = Order { version: &version, pins: &pins, mirrors: &mirrors, ca: None, keyring };
        install(&order, &places, &mut |_| {})
    };
    let refused = |keyring: &Path| {
        let error: InstallError = run(keyring).unwrap_err();
        assert!(error.is_wrong());
        assert_eq!(store(&places), Vec::<String>::new(), "{error}");
        error.to_string()
    };
    let (good, other) =
        (Signer::new("10y", "20260101T000000"), Signer::new("10y", "20260101T000000"));
    let past = Signer::new("1y", "20200101T000000");
    let bad = |keyring: &Path, why: &str| {
        format!("the signature of the archive is not good by {}: {why}", keyring.display())
    };
    let keyring = good.keyring();

    let mirror = format!("file://{}", directory.display());
    assert_eq!(
        refused(&keyring),
        format!("{mirror} has no signature of {NAME}, and one is required")
    );
    other.sign(&file);
    assert_eq!(refused(&keyring), bad(&keyring, "its key is not in the keyring"));
    fs::write(directory.join(format!("{NAME}.asc")), "<html>").unwrap();
    assert_eq!(refused(&keyring), bad(&keyring, "it is no signature"));
    // Signed something else.
    good.sign(&directory.join(format!("{NAME}.sha256")));
    fs::rename(directory.join(format!("{NAME}.sha256.asc")), directory.join(format!("{NAME}.asc")))
        .unwrap();
    assert_eq!(refused(&keyring), bad(&keyring, "the archive is not what was signed"));
    // gpgv itself says "Good signature" here and exits with 0.
    past.sign(&file);
    let expired = past.keyring();
    assert_eq!(refused(&expired), bad(&expired, "its key has expired"));
    let nowhere = home.path().join("nowhere.gpg");
    assert_eq!(refused(&nowhere), bad(&nowhere, "its key is not in the keyring"));
    good.sign(&file);
    assert!(matches!(run(&keyring).unwrap(), Installed::New(_)));
}
