//! Whether the policy that was found may apply, and who approved it.
//!
//! Bytes and values in, a [`Trust`] out; nothing here opens a file, reads the clock or the environment. The
//! policy's header says where, when and as what it was approved ([`header`]); signatures are OpenSSH's
//! ([`sshsig`], [`signers`]); the organisation's and the user's rules say what is demanded ([`rules`]); and what a
//! trusted policy may set is judged after it was evaluated. Specified in docs/security.md.

pub mod approve;
pub mod date;
pub mod decide;
pub mod flaw;
pub mod header;
pub mod record;
pub mod remote;
pub mod rules;
pub mod scope;
pub mod serial;
pub mod signers;
pub mod sshsig;
#[cfg(test)]
pub(crate) mod testing;
pub mod variables;

use header::{Engine, Header};
use serial::Mark;

/// The verdict on a policy, in the words of `status --json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// There is no policy.
    #[default]
    None,
    /// A person allowed it on this machine.
    Allowed,
    /// Enough trusted signers signed it.
    Signed,
    /// Nobody who may has approved it.
    Blocked,
    /// A person denied it on this machine.
    Denied,
    /// Its approval does not hold: wrong bytes, place, time or serial.
    Invalid,
}

impl State {
    /// Returns the state's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Allowed => "allowed",
            Self::Signed => "signed",
            Self::Blocked => "blocked",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
        }
    }
}

/// Someone whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The principal that the trusted signers' file names.
    pub principal: String,
    /// The fingerprint of the key, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
}

/// What became of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The fingerprint of the key that claims to have signed.
    pub fingerprint: String,
    /// What it was made for.
    pub namespace: String,
    /// Whose it is, if it counts.
    pub principal: Option<String>,
    /// Why it does not count: to follow "signature 1 ".
    pub doubt: Option<String>,
}

/// The verdict on a policy, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The verdict.
    pub state: State,
    /// Who signed, where signatures were weighed: those that count.
    pub by: Vec<Approver>,
    /// Each signature, where they were weighed, in the order of the file.
    pub weighed: Vec<Weighed>,
    /// How many distinct principals had to sign; 0 where signatures were not weighed.
    pub need: u32,
    /// Why, to follow "is blocked: " and the like: lower case, no full stop.
    pub reason: String,
    /// A command or a sentence that mends it.
    pub hint: Option<String>,
    /// The exit code of a refusal, 3 (not trusted) or 4 (signature or digest wrong); 0 for a yes.
    pub code: u8,
    /// The policy's header, where it has a sound one.
    pub header: Option<Header>,
    /// What evaluates the policy.
    pub engine: Engine,
    /// The serial mark to keep before the policy applies.
    pub raise: Option<Mark>,
    /// When a yes ends, in seconds since 1970: the policy expires, or the key of one who approved.
    pub until: Option<i64>,
    /// Whether it was refused because something newer was seen.
    pub rollback: bool,
}

impl Trust {
    /// Returns the verdict where there is no policy.
    pub fn none() -> Self {
        Self {
            state: State::None,
            by: Vec::new(),
            weighed: Vec::new(),
            need: 0,
            reason: String::new(),
            hint: None,
            code: 0,
            header: None,
            engine: Engine::Native,
            raise: None,
            until: None,
            rollback: false,
        }
    }

    /// Returns whether the policy may apply.
    pub fn applies(&self) -> bool {
        matches!(self.state, State::Allowed | State::Signed)
    }

    /// Returns the cure, for who sees the whole verdict already and need not be sent to `goenv verify`.
    pub fn cure(&self) -> Option<&str> {
        self.hint.as_deref().filter(|hint| !hint.ends_with("goenv verify"))
    }

    fn refuse(state: State, code: u8, reason: String, hint: Option<String>) -> Self {
        Self { state, code, reason, hint, ..Self::none() }
    }

    fn with(self, header: Option<Header>) -> Self {
        Self { header, ..self }
    }
}
