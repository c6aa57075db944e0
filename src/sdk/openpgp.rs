#![expect(clippy::disallowed_methods, reason = "running gpgv is this file's work")]
//! Go's own signature of a release archive, checked by gpgv against a pinned keyring.
//!
//! gpgv's exit status accepts a signature by a key that has expired, so what counts is what it says on its status
//! channel: one good, valid signature and nothing against it. gpgv runs with an empty environment and no home of the
//! user's; it is given files of our own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a signature does not count.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// gpgv cannot be started.
    #[error("cannot run gpgv, which checks the signature of the archive: {0}")]
    NoProgram(std::io::Error),
    /// The signature is not good.
    #[error("the signature of the archive is not good by {}: {why}", keyring.display())]
    Bad {
        /// The keyring.
        keyring: PathBuf,
        /// What gpgv says of it.
        why: String,
    },
}

/// Where gpgv may be: not wherever PATH says.
const PROGRAMS: [&str; 4] =
    ["/usr/bin/gpgv", "/bin/gpgv", "/usr/local/bin/gpgv", "/opt/homebrew/bin/gpgv"];

/// Checks the detached signature of `archive`.
pub fn check(archive: &Path, signature: &Path, keyring: &Path) -> Result<(), SignatureError> {
    let program = PROGRAMS.iter().find(|program| Path::new(program).is_file());
    let output = Command::new(program.unwrap_or(&"gpgv"))
        .env_clear()
        .args(["--status-fd", "1", "--keyring"])
        .arg(keyring)
        .arg("--")
        .arg(signature)
        .arg(archive)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(SignatureError::NoProgram)?;
    judge(&String::from_utf8_lossy(&output.stdout))
        .map_err(|why| SignatureError::Bad { keyring: keyring.to_owned(), why })
}

/// Judges by the status lines: every word against the signature outweighs one for it.
fn judge(status: &str) -> Result<(), String> {
    const AGAINST: [&str; 8] = [
        "BADSIG",
        "ERRSIG",
        "EXPSIG",
        "EXPKEYSIG",
        "REVKEYSIG",
        "KEYREVOKED",
        "NO_PUBKEY",
        "NODATA",
    ];
    let words: Vec<_> = status
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] ")?.split(' ').next())
        .collect();
    if let Some(against) = words.iter().find(|word| AGAINST.contains(word)) {
        return Err(match *against {
            "NO_PUBKEY" | "ERRSIG" => "its key is not in the keyring".to_owned(),
            "EXPKEYSIG" => "its key has expired".to_owned(),
            "REVKEYSIG" | "KEYREVOKED" => "its key is revoked".to_owned(),
            "EXPSIG" => "it has expired".to_owned(),
            "BADSIG" => "the archive is not what was signed".to_owned(),
            _ => "it is no signature".to_owned(),
        });
    }
    let count = |wanted: &str| words.iter().filter(|word| **word == wanted).count();
    match (count("GOODSIG"), count("VALIDSIG")) {
        (1, 1) => Ok(()),
        (0, 0) => Err("it is no signature".to_owned()),
        _ => Err("there is more than one signature".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_lines_decide() {
        let good =
            "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 78BD Google\n[GNUPG:] VALIDSIG 2F52 2026-08-11\n";
        assert_eq!(judge(good), Ok(()));
        for (lines, why) in [
            (String::new(), "it is no signature"),
            ("gpgv: Good signature\n".to_owned(), "it is no signature"),
            ("[GNUPG:] NODATA 4\n".to_owned(), "it is no signature"),
            (good.replace("GOODSIG", "EXPKEYSIG"), "its key has expired"),
            (good.replace("GOODSIG", "REVKEYSIG"), "its key is revoked"),
            (good.replace("GOODSIG", "EXPSIG"), "it has expired"),
            ("[GNUPG:] BADSIG 78BD x\n".to_owned(), "the archive is not what was signed"),
            (
                "[GNUPG:] ERRSIG 78BD 1\n[GNUPG:] NO_PUBKEY 78BD\n".to_owned(),
                "its key is not in the keyring",
            ),
            (good.to_owned() + good, "there is more than one signature"),
            (good.to_owned() + "[GNUPG:] BADSIG 78BD x\n", "the archive is not what was signed"),
        ] {
            assert_eq!(judge(&lines).unwrap_err(), why, "{lines}");
        }
    }
}
