//! Gathers the evidence for a verdict on a policy, only as much of it as the verdict needs.
//!
//! The verdict itself is pure and lies in `trust/decide.rs`; here are the files that it rests on: records, rules,
//! the signature, signers, the git remotes and the serial marks (`marks.rs`). Each is read once, guarded, and watched. Nothing in
//! a repository and no environment variable can make a verdict weaker.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::files::{self, FileProblem, Text};
use crate::locate::POLICY_NAME;
use crate::marks::Marks;
use crate::store::Store;
use crate::trust::decide::{self, Evidence, Local, Open, Owner, Record};
use crate::trust::flaw::Flaw;
use crate::trust::header::{Engine, Tier};
use crate::trust::record;
use crate::trust::remote::{self, repositories};
use crate::trust::rules::{Require, Rules, Source};
use crate::trust::scope::Repository;
use crate::trust::signers::{Search, Signer};
use crate::trust::sshsig::{self, Key};
use crate::trust::{State, Trust};
use crate::ui::safe_path;
use crate::watch::Watched;
use crate::world::{Dirs, World};

/// Where the organisation's rules and signers are: root's.
pub const ORGANISATION: &str = "/etc/goenv";
/// The name of the file of rules.
pub const RULES: &str = "config.toml";
/// The name of the file of trusted signers.
pub const SIGNERS: &str = "allowed_signers";
/// The name of the file of revoked keys beside it.
pub const REVOKED: &str = "revoked_keys";

/// The largest rules file and signature file that are read.
pub const RULES_LIMIT: u64 = 1024 * 1024;
const SIGNATURE_LIMIT: u64 = 16 * 1024;
/// The largest signers file that is read: a hundred thousand signers.
pub const SIGNERS_LIMIT: u64 = 16 * 1024 * 1024;

/// What verdicts rest on, for one user of this machine.
#[derive(Debug)]
pub struct Admission {
    uid: u32,
    now: Duration,
    dirs: Dirs,
    store: Option<Store>,
    rules: Rules,
}

impl Admission {
    /// Reads the rules of the organisation and of the user.
    ///
    /// # Errors
    /// If a rules file may not be read, or holds what is not understood: then nothing is trusted.
    pub fn new(world: &World, now: Duration, watched: &mut Watched) -> Result<Self, Error> {
        let dirs = world.dirs.clone();
        let rules = read_rules(&dirs, world.uid, watched)?;
        let store = dirs.data.as_deref().map(|data| Store::new(data, world.uid));
        Ok(Self { uid: world.uid, now, dirs, store, rules })
    }

    /// Returns what a command decides by that watches nothing.
    ///
    /// # Errors
    /// As those of [`Self::new`].
    pub fn of(world: &World) -> Result<Self, Error> {
        let now = world.now();
        Self::new(world, now, &mut Watched::new(now))
    }

    /// Returns the rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the rules, of an admission that nothing is asked any more.
    pub fn into_rules(self) -> Rules {
        self.rules
    }

    /// Returns the approvals of this user.
    ///
    /// # Errors
    /// If there is no place for them.
    pub fn store(&self) -> Result<&Store, Error> {
        self.store.as_ref().ok_or(Error::NoHome)
    }

    /// Returns the verdict on a policy's bytes.
    ///
    /// # Errors
    /// If something that the verdict needs may not be read.
    pub fn verdict(&self, text: &Text, watched: &mut Watched) -> Result<Trust, Error> {
        let open = self.open(text);
        let record = self.record(text, open.must_be_signed(), watched);
        self.weigh(text, open, record.map_err(Error::UnsafePolicy)?, watched)
    }

    /// Returns the verdict on a policy's signatures alone, whatever was allowed or denied on this machine.
    ///
    /// # Errors
    /// If something that the verdict needs may not be read.
    pub fn verdict_by_signature(&self, text: &Text, watched: &mut Watched) -> Result<Trust, Error> {
        self.weigh(text, self.open(text), Record::None, watched)
    }

    /// Returns why an approval of a text for an engine would count for nothing; `None` where it could count.
    pub fn forbids(&self, text: &Text, engine: Engine) -> Option<Trust> {
        match self.open(text).decide_local(Record::Allowed(engine)) {
            Local::Settled(trust) if !trust.applies() => Some(*trust),
            _ => None,
        }
    }

    /// Returns whether a person may have bash run a policy: an approval for it would be enough.
    pub fn leaves_to_bash(&self, text: &Text) -> bool {
        let local = self.open(text).decide_local(Record::Allowed(Engine::Bash));
        matches!(local, Local::Settled(trust) if trust.applies())
    }

    fn open<'a>(&'a self, text: &'a Text) -> Open<'a> {
        Open::new(&text.bytes, &self.rules, self.seconds())
    }

    /// Returns the time in seconds since 1970.
    fn seconds(&self) -> i64 {
        i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX)
    }

    fn weigh(
        &self,
        text: &Text,
        open: Open<'_>,
        record: Record,
        watched: &mut Watched,
    ) -> Result<Trust, Error> {
        let open = match open.decide_local(record) {
            Local::Settled(trust) => return Ok(*trust),
            Local::Open(open) => open,
        };
        let signature = watched
            .read(&beside(&text.path), SIGNATURE_LIMIT, self.uid)
            .map_err(Error::UnsafePolicy)?;
        let signatures = signature.map(|text| sshsig::decode(&text.bytes));
        let Some(signatures) = signatures else {
            // Without a place for approvals it is not true that nobody approved.
            let earlier = self.store()?.latest(&text.path, self.now);
            return Ok(open.unsigned(earlier.is_some()));
        };
        let keys = decide::keys(&signatures);
        let stores = Stores::read(&self.dirs, self.uid, &keys, watched);
        let stores = stores.map_err(Error::UnsafePolicy)?;
        let place = Repositories::around(&text.path, self.uid, watched);
        let place = place.map_err(Error::UnsafePolicy)?;
        let mark = match open.scope() {
            Some(scope) => self.marks()?.read(scope, watched)?,
            None => None,
        };
        Ok(open.decide(&Evidence {
            signatures: &signatures,
            stores: &stores.views(),
            repositories: &place.repositories,
            in_repository: place.in_repository,
            directory: &place.directory,
            mark: mark.as_ref(),
        }))
    }

    /// Returns the verdict that signatures alone give on bytes which need not lie on disk, as a policy of `directory`
    /// in one of `repositories`, whatever this host's tier is: what the gate asks.
    ///
    /// # Errors
    /// If the trusted signers may not be read.
    pub fn by_signature(
        &self,
        policy: &[u8],
        signature: &[u8],
        repositories: &[Repository],
        directory: &Path,
        watched: &mut Watched,
    ) -> Result<Trust, Error> {
        let mut rules = self.rules.clone();
        rules.tier = None;
        let open = match Open::new(policy, &rules, self.seconds()).decide_local(Record::None) {
            Local::Settled(trust) => return Ok(*trust),
            Local::Open(open) => open,
        };
        let signatures = sshsig::decode(signature);
        let stores = Stores::read(&self.dirs, self.uid, &decide::keys(&signatures), watched)?;
        Ok(open.decide(&Evidence {
            signatures: &signatures,
            stores: &stores.views(),
            repositories,
            in_repository: true,
            directory,
            mark: None,
        }))
    }

    /// Returns whether signatures alone approve a policy of `tier`.
    pub fn must_sign(&self, tier: Option<&Tier>) -> bool {
        self.rules.of(tier).require == Require::Signed
    }

    /// Returns the verdict on a text that an approved policy of `tier` reads, if it is approved by itself: where
    /// signatures are required, by such for that tier, or whoever may approve less would have a say in it.
    pub fn approves(
        &self,
        text: &Text,
        tier: Option<&Tier>,
        watched: &mut Watched,
    ) -> Option<Trust> {
        let trust = self.verdict(text, watched).ok().filter(Trust::applies)?;
        if !self.must_sign(tier) {
            return Some(trust);
        }
        let trust = match trust.state {
            State::Signed => trust,
            _ => self.verdict_by_signature(text, watched).ok()?,
        };
        let own = trust.header.as_ref().and_then(|header| header.tier.as_ref());
        (trust.state == State::Signed && own == tier).then_some(trust)
    }

    /// Returns whether the path of a text is blocked on this machine, whatever approved it.
    ///
    /// # Errors
    /// If the system does not say: a block that cannot be seen is not lifted.
    pub fn denies(&self, text: &Text, watched: &mut Watched) -> Result<bool, FileProblem> {
        let Some(store) = &self.store else { return Ok(false) };
        let denial = watched.look(&store.deny_path(&text.path))?;
        Ok(store.counts(denial.as_ref()))
    }

    /// Reads the approval of a policy; one that cannot be read covers nothing.
    pub fn record_of(&self, policy: &Text, engine: Engine) -> Option<record::Record> {
        self.store.as_ref()?.record(&policy.path, &policy.bytes, engine, self.now).ok()?
    }

    /// Returns what this machine's records say of a text; of one that `must_be_signed` only whether it was denied.
    fn record(
        &self,
        text: &Text,
        must_be_signed: bool,
        watched: &mut Watched,
    ) -> Result<Record, FileProblem> {
        let Some(store) = &self.store else { return Ok(Record::None) };
        let is_denied = self.denies(text, watched)?;
        let mut approval = None;
        if !must_be_signed {
            // Where there are both, which no command leaves behind, nothing is run.
            for engine in Engine::ALL {
                let allowed = store.allow_path(&text.path, &text.bytes, engine);
                let found = watched.look_checked(&allowed, self.uid)?;
                if store.counts(found.as_ref()) {
                    approval = Some(engine);
                    break;
                }
            }
        }
        // Where others can take a block away, no approval says anything.
        if must_be_signed || approval.is_some() {
            files::check_directory(&store.deny_directory(), self.uid)?;
        }
        Ok(match approval {
            _ if is_denied => Record::Denied,
            Some(engine) => Record::Allowed(engine),
            None => Record::None,
        })
    }

    /// Returns the serials that were seen.
    ///
    /// # Errors
    /// If there is no place for them.
    pub fn marks(&self) -> Result<Marks, Error> {
        let state = self.dirs.state.as_ref().ok_or(Error::NoHome)?;
        Ok(Marks::new(state, self.uid, self.now))
    }
}

/// Returns the place that a text's scope is of: a policy's directory; of a text that policies source the file itself, which
/// has a scope of its own beside that of the policy in its directory.
pub fn place_of(text: &Path) -> &Path {
    let is_policy = text.file_name() == Some(POLICY_NAME.as_ref());
    text.parent().filter(|_| is_policy).unwrap_or(text)
}

/// Returns the path of the signature file beside a signed one: a policy, or a checkpoint of the log.
pub fn beside(signed: &Path) -> PathBuf {
    files::with_suffix(signed, ".sig")
}

/// Returns the organisation's rules alone: what still holds where the user's own cannot be read, so that a mistake in
/// them loosens nothing. `None` where the organisation's cannot be read or understood either.
pub fn organisation_rules(watched: &mut Watched) -> Option<Rules> {
    let text = read_organisation(watched).ok()?;
    let path = text.as_ref().map(|text| safe_path(&text.path));
    Rules::read(source(&text, path.as_deref()), None).ok()
}

fn read_organisation(watched: &mut Watched) -> Result<Option<Text>, FileProblem> {
    let directory = Path::new(ORGANISATION);
    let text = watched.read(&directory.join(RULES), RULES_LIMIT, 0)?;
    // A link to what is not mounted stands for rules that nobody sees.
    if text.is_none() && files::look_at(directory).is_some() && !files::is_directory(directory) {
        let what = "it is no directory, and leads to none".to_owned();
        return Err(FileProblem::System(directory.to_path_buf(), what));
    }
    Ok(text)
}

fn read_rules(dirs: &Dirs, uid: u32, watched: &mut Watched) -> Result<Rules, Error> {
    let theirs = read_organisation(watched).map_err(Error::UnsafePolicy)?;
    let user = dirs.config.as_ref().map(|config| config.join(RULES));
    let mine = match &user {
        Some(path) => watched.read(path, RULES_LIMIT, uid).map_err(Error::UnsafePolicy)?,
        None => None,
    };
    if theirs.is_none() && mine.is_none() {
        return Ok(Rules::default());
    }
    let shown = |text: &Option<Text>| text.as_ref().map(|text| safe_path(&text.path));
    let (their_path, my_path) = (shown(&theirs), shown(&mine));
    Rules::read(source(&theirs, their_path.as_deref()), source(&mine, my_path.as_deref()))
        .map_err(Error::Rules)
}

fn source<'a>(text: &'a Option<Text>, path: Option<&'a str>) -> Option<Source<'a>> {
    Some(Source { path: path?, text: &text.as_ref()?.bytes })
}

/// What the organisation's and the user's signers' files say of some keys.
#[derive(Debug)]
struct Stores(Vec<SignerFiles>);

#[derive(Debug)]
struct SignerFiles {
    owner: Owner,
    path: String,
    signers: Result<Vec<Signer>, Flaw>,
    revoked_path: String,
    revoked: Option<Vec<u8>>,
}

/// The directory of a trust store, whose it is and who may change it.
pub type StorePlace = (Owner, PathBuf, u32);

/// Returns where the trusted signers are: the organisation's, then the user's.
pub fn store_places(dirs: &Dirs, uid: u32) -> Vec<StorePlace> {
    let organisation = (Owner::Organisation, PathBuf::from(ORGANISATION), 0);
    let user = dirs.config.clone().map(|config| (Owner::User, config, uid));
    std::iter::once(organisation).chain(user).collect()
}

impl Stores {
    fn read(
        dirs: &Dirs,
        uid: u32,
        keys: &[Key],
        watched: &mut Watched,
    ) -> Result<Self, FileProblem> {
        let mut stores = Vec::new();
        for (owner, directory, uid) in store_places(dirs, uid) {
            let (path, revoked_path) = (directory.join(SIGNERS), directory.join(REVOKED));
            let mut search = None;
            let see = |piece: &[u8]| search.get_or_insert_with(|| Search::new(keys)).feed(piece);
            let is_there = watched.scan(&path, SIGNERS_LIMIT, uid, see)?;
            let revoked = watched.read(&revoked_path, SIGNERS_LIMIT, uid)?;
            if is_there || revoked.is_some() {
                stores.push(SignerFiles {
                    owner,
                    path: safe_path(&path),
                    signers: search.map_or(Ok(Vec::new()), Search::finish),
                    revoked_path: safe_path(&revoked_path),
                    revoked: revoked.map(|text| text.bytes),
                });
            }
        }
        Ok(Self(stores))
    }

    fn views(&self) -> Vec<decide::Store<'_>> {
        self.0.iter().map(SignerFiles::view).collect()
    }
}

impl SignerFiles {
    fn view(&self) -> decide::Store<'_> {
        decide::Store {
            owner: self.owner,
            path: &self.path,
            signers: &self.signers,
            revoked_path: &self.revoked_path,
            revoked: self.revoked.as_deref(),
        }
    }
}

/// Where a policy is: the repositories that the remotes around it name, and its directory in the working tree.
#[derive(Debug, Default)]
pub struct Repositories {
    /// What the remotes name; none without a repository or a remote.
    pub repositories: Vec<Repository>,
    /// Whether the policy is in a repository at all.
    pub in_repository: bool,
    /// The policy's directory, relative to the root of the working tree; of a file with another name than
    /// `.envrc`, the file itself.
    pub directory: PathBuf,
}

impl Repositories {
    /// Reads the git config around a policy, without running git.
    ///
    /// # Errors
    /// If a file of the repository may not be read.
    pub fn around(policy: &Path, uid: u32, watched: &mut Watched) -> Result<Self, FileProblem> {
        let directory = policy.parent().unwrap_or(policy);
        let place = place_of(policy);
        for root in directory.ancestors() {
            let Some(git) = git_directory(root, uid, watched)? else { continue };
            let read = |path: &Path, watched: &mut Watched| watched.read(path, RULES_LIMIT, uid);
            let common = read(&git.join("commondir"), watched)?
                .and_then(|text| remote::common_directory(&text.bytes, &git))
                .and_then(|path| files::real_path(&path))
                .unwrap_or(git);
            let config = read(&common.join("config"), watched)?.map(|text| text.bytes);
            return Ok(Self {
                repositories: repositories(&config.unwrap_or_default()),
                in_repository: true,
                directory: place.strip_prefix(root).unwrap_or(place).to_path_buf(),
            });
        }
        Ok(Self::default())
    }
}

/// Returns the git directory of a working tree: `.git` itself, or what a `.git` file of a worktree names.
fn git_directory(
    root: &Path,
    uid: u32,
    watched: &mut Watched,
) -> Result<Option<PathBuf>, FileProblem> {
    let path = root.join(".git");
    match files::look_at(&path) {
        None => Ok(None),
        Some(metadata) if metadata.is_dir() => Ok(Some(path)),
        // git follows a link too. Whose it and what it leads to may be is asked where a file in it is read.
        Some(metadata) if metadata.is_symlink() && files::is_directory(&path) => Ok(Some(path)),
        Some(_) => {
            let text = watched.read(&path, RULES_LIMIT, uid)?;
            let named = text.and_then(|text| remote::git_directory(&text.bytes, root));
            Ok(named.and_then(|path| files::real_path(&path)))
        }
    }
}

/// Returns the error for a verdict that says no, `None` for one that says yes.
pub fn refusal(policy: &Path, trust: &Trust) -> Option<Error> {
    let is_fine = matches!(trust.state, State::Allowed | State::Signed);
    (!is_fine).then(|| Error::Untrusted(policy.to_path_buf(), Box::new(trust.clone())))
}
