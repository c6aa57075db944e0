//! Answers what a policy asks of this machine.
//!
//! The one implementation of `policy::Host` that touches the machine. Everything that is asked is watched, absence
//! included. A policy text that is sourced is answered only if it is part of the approval. Nothing here runs a
//! program or writes a file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::AccessFlags;

use crate::admit::Admission;
use crate::env::{Bytes, Env};
use crate::files::{self, FileProblem, Text};
use crate::go::Version;
use crate::policy::{Access, Cause, Host, Kind, Look, Refusal, SdkFound, SdkWanted};
use crate::sdk::resolve::{Need, Refused, Resolved, Unused, Why, resolve};
use crate::sdk::{Found, Places};
use crate::shell::quote_path;
use crate::trust::header::{Engine, Tier};
use crate::trust::record::{Approved, Record};
use crate::trust::serial::Mark;
use crate::watch::Watched;

/// The largest data file (`.env`) that is read.
const DATA_LIMIT: u64 = 1024 * 1024;

/// What may be sourced.
#[derive(Debug)]
pub enum Sourcing<'a> {
    /// What the approval of this policy covers, and what is approved by itself. The record is read when the first
    /// text is sourced, which most policies never do.
    Approved {
        /// Who decides.
        admission: &'a Admission,
        /// The policy.
        policy: &'a Text,
        /// The tier that its header names.
        tier: Option<&'a Tier>,
        /// What it was approved for.
        engine: Engine,
    },
    /// Everything, and it is collected: `allow` shows and keeps it.
    Collecting,
}

/// This machine, for the evaluation of one policy.
#[derive(Debug)]
pub struct Machine<'a> {
    uid: u32,
    places: &'a Places,
    outside: &'a Env,
    sourcing: Sourcing<'a>,
    watched: &'a mut Watched,
    need: Need,
    record: Option<Record>,
    /// The policy texts that were sourced, in order.
    pub sourced: Vec<Approved>,
    /// The serials to keep before the policy applies: those of signed texts that it sources.
    pub marks: Vec<(PathBuf, Mark)>,
    /// When the first of the approvals ends that texts have by themselves, in seconds since 1970.
    pub until: Option<i64>,
    /// The SDK that was found.
    pub sdk: Option<Box<Resolved>>,
    /// The SDK that was asked for and is not used.
    pub unused: Option<(SdkWanted, Unused)>,
}

impl<'a> Machine<'a> {
    /// Returns a host that has answered nothing yet.
    pub fn new(
        uid: u32,
        places: &'a Places,
        outside: &'a Env,
        sourcing: Sourcing<'a>,
        watched: &'a mut Watched,
    ) -> Self {
        Self {
            uid,
            places,
            outside,
            sourcing,
            watched,
            need: Need::Any,
            record: None,
            sourced: Vec::new(),
            marks: Vec::new(),
            until: None,
            sdk: None,
            unused: None,
        }
    }

    /// Returns the host with what the rules ask of an SDK.
    pub fn needing(self, need: Need) -> Self {
        Self { need, ..self }
    }

    /// Returns what a text that is sourced, as `written`, was approved for; `None` where nobody who may has approved it.
    fn may_source(&mut self, text: &Text, written: &Path) -> Option<Engine> {
        match self.sourcing {
            Sourcing::Collecting => {
                let Text { path, bytes, .. } = text.clone();
                self.sourced.push(Approved { path, bytes });
                Some(Engine::Native)
            }
            Sourcing::Approved { admission, policy, tier, engine } => {
                // Where signatures are required no approval of this machine stands in for one.
                if !admission.must_sign(tier) && self.record.is_none() {
                    self.record = admission.record_of(policy, engine);
                }
                // Older approvals have the path as the policy has it.
                let paths = [&text.path, written];
                let covers =
                    |record: &Record| paths.iter().any(|path| record.covers(path, &text.bytes));
                if self.record.as_ref().is_some_and(covers) {
                    return Some(engine);
                }
                let trust = admission.approves(text, tier, self.watched)?;
                self.until = earliest(self.until, trust.until);
                let mark = trust.raise.clone();
                self.marks.extend(mark.map(|mark| (text.path.clone(), mark)));
                Some(trust.engine)
            }
        }
    }

    /// Returns the bytes of a policy text that is sourced by a text which `asking` evaluates, and what they were approved
    /// for; `None` if there is none.
    ///
    /// # Errors
    /// If it may not be read, or nobody who may has approved it.
    pub fn approved_text(
        &mut self,
        path: &Path,
        asking: Engine,
    ) -> Result<Option<(Bytes, Engine)>, Refusal> {
        let read = self.watched.read(path, files::POLICY_LIMIT, self.uid);
        let Some(text) = read.map_err(|problem| Self::refusal(&problem))? else { return Ok(None) };
        let text = Text { path: physical(path), ..text };
        if let Sourcing::Approved { admission, .. } = self.sourcing {
            match admission.denies(&text, self.watched) {
                Ok(false) => {}
                Ok(true) => return Err(denied(&text.path)),
                Err(problem) => return Err(Self::refusal(&problem)),
            }
        }
        match self.may_source(&text, path) {
            Some(engine) => Ok(Some((text.bytes, engine))),
            None => Err(self.unapproved(&text.path, asking)),
        }
    }

    /// Returns the refusal of a policy text that nobody who may has approved; `asking` would evaluate it.
    fn unapproved(&self, path: &Path, asking: Engine) -> Refusal {
        let shown = crate::ui::safe_path(path);
        let (what, hint) = match self.sourcing {
            Sourcing::Approved { .. } if self.signing_tier().is_some() => {
                ("has no signatures that count here", self.approving(path, asking))
            }
            // What bash reads is known only once it runs: each text is allowed by itself.
            Sourcing::Approved { engine: Engine::Bash, .. } => {
                ("was not allowed, or changed since", self.approving(path, asking))
            }
            _ => ("is not part of what was allowed, or changed since", "goenv allow".to_owned()),
        };
        let hint = Some(format!("review it, then run: {hint}"));
        Refusal { message: format!("{shown} {what}"), hint, cause: Cause::Approval }
    }

    /// Returns the refusal of a policy text that was approved for bash, which goenv's own engine is to evaluate.
    fn for_bash(&self, path: &Path) -> Refusal {
        let shown = crate::ui::safe_path(path);
        let message =
            format!("{shown} is approved for bash, and goenv's own engine would evaluate it here");
        let first = match self.signing_tier() {
            Some(_) => "remove `#goenv: engine bash` from its header",
            None => "review it",
        };
        let hint = Some(format!("{first}, then run: {}", self.approving(path, Engine::Native)));
        Refusal { message, hint, cause: Cause::Approval }
    }

    /// Returns the tier of the policy, where it and what it reads have to be signed.
    fn signing_tier(&self) -> Option<&Tier> {
        let Sourcing::Approved { admission, tier, .. } = self.sourcing else { return None };
        tier.filter(|tier| admission.must_sign(Some(tier)))
    }

    /// Returns the command that approves a text by itself.
    fn approving(&self, path: &Path, engine: Engine) -> String {
        let path = quote_path(path);
        match (self.signing_tier(), engine) {
            (Some(tier), _) => format!("goenv sign --tier {tier} {path}"),
            (None, Engine::Bash) => format!("goenv allow --bash {path}"),
            (None, Engine::Native) => format!("goenv allow {path}"),
        }
    }

    /// Returns the SDK as if it were installed, for `allow`, which shows a policy before its SDK is here.
    fn pretend(&self, wanted: &SdkWanted, why: Why) -> Option<SdkFound> {
        let is_shown = matches!(self.sourcing, Sourcing::Collecting) && why != Why::Line;
        let version = Version::read(wanted.version.as_ref().filter(|_| is_shown)?).ok()?;
        Some(SdkFound { version: version.to_string(), root: self.places.stored(&version) })
    }

    fn refusal(problem: &FileProblem) -> Refusal {
        Refusal { message: problem.to_string(), hint: problem.hint(), cause: Cause::Text }
    }
}

/// Returns the earlier of two ends, where there are any.
pub fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// Returns the refusal of a policy text that was blocked by itself: what approved the policy does not lift that.
fn denied(path: &Path) -> Refusal {
    let message = format!("{} was denied with `goenv deny`", crate::ui::safe_path(path));
    let hint = format!("review it, then run: goenv allow {}", quote_path(path));
    Refusal { message, hint: Some(hint), cause: Cause::Approval }
}

/// Returns a text's path as approvals have it: its directory without symbolic links, whatever a policy writes.
pub fn physical(path: &Path) -> PathBuf {
    let directory = path.parent().and_then(files::real_path);
    let physical = directory.zip(path.file_name()).map(|(directory, name)| directory.join(name));
    physical.unwrap_or_else(|| path.to_path_buf())
}

impl Host for Machine<'_> {
    fn policy_text(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        // What was approved for one engine is no approval for the other.
        match self.approved_text(path, Engine::Native)? {
            Some((_, Engine::Bash)) => Err(self.for_bash(&physical(path))),
            found => Ok(found.map(|(bytes, _)| bytes)),
        }
    }

    fn data(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        self.watch(path);
        files::read_data(path, DATA_LIMIT).map_err(|problem| Self::refusal(&problem))
    }

    fn look(&mut self, path: &Path) -> Option<Look> {
        self.watch(path);
        let metadata = files::look_through(path)?;
        let kind = match () {
            () if metadata.is_file() => Kind::File,
            () if metadata.is_dir() => Kind::Directory,
            () => Kind::Other,
        };
        let may = |flag| nix::unistd::access(path, flag).is_ok();
        Some(Look {
            kind,
            size: metadata.size(),
            mtime: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
            access: Access {
                read: may(AccessFlags::R_OK),
                write: may(AccessFlags::W_OK),
                execute: may(AccessFlags::X_OK),
            },
        })
    }

    fn link(&mut self, path: &Path) -> Option<PathBuf> {
        self.watch(path);
        files::link_target(path)
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        self.watch(path);
        files::real_path(path)
    }

    fn names(&mut self, path: &Path) -> Vec<Bytes> {
        self.watch(path);
        let names = files::list(path);
        names.iter().filter_map(|path| Some(path.file_name()?.as_bytes().to_vec())).collect()
    }

    fn program(&mut self, name: &[u8], path_value: &[u8]) -> Option<PathBuf> {
        if name.contains(&b'/') {
            let path = PathBuf::from(OsStr::from_bytes(name));
            self.watch(&path);
            return files::is_program(&path).then_some(path);
        }
        crate::env::list::entries(path_value).find_map(|directory| {
            let path = Path::new(OsStr::from_bytes(directory)).join(OsStr::from_bytes(name));
            self.watch(&path);
            files::is_program(&path).then_some(path)
        })
    }

    fn sdk(&mut self, wanted: &SdkWanted) -> Result<SdkFound, Refusal> {
        match resolve(wanted, self.outside, self.places, self.need) {
            Ok(resolved) => {
                let Found { seen, absent, .. } = &resolved.found;
                absent.iter().for_each(|path| self.watched.miss(path));
                for (path, metadata) in seen {
                    metadata.iter().for_each(|metadata| self.watched.note(path, metadata));
                }
                resolved.watch().for_each(|path| self.watched.add(path));
                let Found { version, root, .. } = &resolved.found;
                let answer = SdkFound { version: version.to_string(), root: root.clone() };
                self.sdk = Some(Box::new(resolved));
                Ok(answer)
            }
            Err(refused) => {
                refused.watch.iter().for_each(|path| self.watched.add(path));
                let Refused { why, message, hint, sdk, .. } = *refused;
                self.unused = sdk.map(|sdk| (wanted.clone(), sdk));
                let cause = match why {
                    Why::Line => Cause::Text,
                    Why::Missing | Why::Unsealed => Cause::Missing,
                    Why::Wrong => Cause::Altered,
                };
                self.pretend(wanted, why).ok_or(Refusal { message, hint, cause })
            }
        }
    }

    fn watch(&mut self, path: &Path) {
        self.watched.add(path);
    }
}
