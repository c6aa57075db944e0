//! From a located policy to the environment that it wants: trust, parse, evaluate, resolve.
//!
//! The policy's bytes are read once; what was found approved is what is parsed and applied. Whatever happens, the
//! watches say what has to change for another outcome. Rules: docs/security.md.

use std::path::Path;
use std::time::Duration;

use crate::admit::{self, Admission};
use crate::bash;
use crate::enforce;
use crate::env::Env;
use crate::env::state::Watch;
use crate::error::Error;
use crate::files::{self, FileProblem, Text};
use crate::follow;
use crate::hex::sha256;
use crate::host::{Machine, Sourcing, earliest};
use crate::locate::{Kind, Located};
use crate::policy::{self, Cause, PolicyError, SdkWanted, Wanted};
use crate::sdk::places::{Places, Platform};
use crate::sdk::resolve::{Need, Resolved, Unused};
use crate::trust::Trust;
use crate::trust::header::{self, Engine, Tier};
use crate::trust::record::Approved;
use crate::trust::rules::{OnFailure, Rules, SdkRule, TierRules};
use crate::watch::Watched;
use crate::world::World;

/// What became of a policy.
#[derive(Debug)]
pub struct Loaded {
    /// What it wants, or why it does not apply.
    pub result: Result<Applied, Error>,
    /// The verdict, where there was one.
    pub trust: Option<Trust>,
    /// The tier that the policy's header names, where there was none.
    pub claimed: Option<Tier>,
    /// The SHA-256 of the policy, where it could be read.
    pub digest: Option<[u8; 32]>,
    /// The SDK that it asks for and does not get.
    pub unused: Option<(SdkWanted, Unused)>,
    /// The rules that held; where they could not be read the organisation's alone.
    pub rules: Rules,
    /// Whether not even those could be read, so that nobody knows what they forbid.
    pub is_lawless: bool,
    /// The paths whose change would change the outcome.
    pub watches: Vec<Watch>,
}

impl Loaded {
    /// Returns the tier that the policy is of: its header's, or this host's.
    pub fn tier(&self) -> Option<&Tier> {
        let header = self.trust.as_ref().and_then(|trust| trust.header.as_ref());
        let named = header.and_then(|header| header.tier.as_ref()).or(self.claimed.as_ref());
        named.or(self.rules.tier.as_ref())
    }

    /// Returns whether the rules let the policy apply only if that is logged.
    pub fn is_strict(&self) -> bool {
        self.rules.of(self.tier()).strict
    }

    /// Returns whether no other Go may run where the policy does not apply: by the rules of its tier or of this host's,
    /// or because the organisation's cannot be read.
    pub fn blocks(&self) -> bool {
        self.is_lawless
            || [self.tier(), None]
                .iter()
                .any(|tier| self.rules.of(*tier).on_failure == OnFailure::Block)
    }

    /// Returns the SDK that a policy that applies gets, or the one that keeps it from applying: it is not here, or not what
    /// it has to be.
    pub fn sdk(&self) -> Option<SdkStanding<'_>> {
        let Ok(applied) = &self.result else {
            let (wanted, Unused { version, here }) = self.unused.as_ref()?;
            let root = here.as_ref().map(|(root, _)| root.as_path());
            let state = here.as_ref().map_or("missing", |(_, health)| health.name());
            return Some(SdkStanding { wanted, version: version.to_string(), root, state });
        };
        let (wanted, found) = applied.wanted.sdk.as_ref()?;
        let state = applied.sdk.as_ref().map_or("unsealed", |sdk| sdk.health.name());
        let (version, root) = (found.version.clone(), Some(found.root.as_path()));
        Some(SdkStanding { wanted, version, root, state })
    }

    /// Returns when the approval of a policy that applies ends, in seconds since 1970.
    pub fn until(&self) -> Option<u64> {
        self.result.as_ref().ok()?;
        u64::try_from(self.trust.as_ref()?.until?).ok()
    }
}

/// How the SDK stands that a policy asks for.
#[derive(Clone, Debug)]
pub struct SdkStanding<'a> {
    /// What the policy says.
    pub wanted: &'a SdkWanted,
    /// The version that this is.
    pub version: String,
    /// Its root, `None` where it is not here.
    pub root: Option<&'a Path>,
    /// Whether it is what it was, by its name; `missing` where it is not here.
    pub state: &'static str,
}

/// What came to be known of a policy before it applied or did not.
#[derive(Default)]
struct Known {
    trust: Option<Trust>,
    claimed: Option<Tier>,
    digest: Option<[u8; 32]>,
    unused: Option<(SdkWanted, Unused)>,
}

/// A policy that applies.
#[derive(Debug)]
pub struct Applied {
    /// What it wants.
    pub wanted: Wanted,
    /// The SDK it got.
    pub sdk: Option<Box<Resolved>>,
}

/// What a policy would do.
#[derive(Debug)]
pub struct Preview {
    /// What it wants, or why it does not apply.
    pub result: Result<Wanted, Error>,
    /// The policy texts that it reads.
    pub sourced: Vec<Approved>,
    /// Why its tier does not admit the Go that it pins.
    pub refused: Option<Error>,
}

/// What a policy is loaded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is to apply: the serials seen, and how an SDK stands, are kept.
    Apply,
    /// Somebody looks at it: nothing is written.
    Look,
    /// Many are looked at, and nobody watches: nothing is written, and no program runs.
    Survey,
}

/// Loads policies for one environment outside.
#[derive(Debug)]
pub struct Loader<'a> {
    world: &'a World,
    outside: &'a Env,
    now: Duration,
    places: Places,
    purpose: Purpose,
}

impl<'a> Loader<'a> {
    /// Returns a loader.
    pub fn new(world: &'a World, outside: &'a Env, purpose: Purpose) -> Self {
        // Without a home there is nothing below it, and the system's SDKs are still found.
        let home = world.dirs.home.as_deref().unwrap_or(Path::new("/nonexistent"));
        let places = Places::new(outside, home, Platform::host(), world.uid, Path::new("/"));
        let places = if purpose == Purpose::Apply { places } else { places.read_only() };
        Self { world, outside, now: world.now(), places, purpose }
    }

    /// Loads a policy, or the version file that stands in for one.
    pub fn load(&self, located: &Located) -> Loaded {
        let mut watched = Watched::new(self.now);
        let mut known = Known::default();
        if let Kind::Followed { .. } = located.kind {
            known.trust = Some(follow::no_policy());
        }
        let (result, rules) = match Admission::new(self.world, self.now, &mut watched) {
            Ok(admission) => {
                let result = self.apply(located, &admission, &mut known, &mut watched);
                (result, Some(admission.into_rules()))
            }
            // The organisation's alone say what becomes of the refusal.
            Err(error) => (Err(error), admit::organisation_rules(&mut watched)),
        };
        let Known { trust, claimed, digest, unused } = known;
        let (is_lawless, rules) = (rules.is_none(), rules.unwrap_or_default());
        let watches = watched.list();
        Loaded { result, trust, claimed, digest, unused, rules, is_lawless, watches }
    }

    fn apply(
        &self,
        located: &Located,
        admission: &Admission,
        known: &mut Known,
        watched: &mut Watched,
    ) -> Result<Applied, Error> {
        match &located.kind {
            Kind::Policy => self.try_load(&located.path, admission, known, watched),
            Kind::Followed { directory } => self.try_follow(directory, admission, known, watched),
        }
    }

    fn try_load(
        &self,
        path: &Path,
        admission: &Admission,
        known: &mut Known,
        watched: &mut Watched,
    ) -> Result<Applied, Error> {
        let text = read(path, self.world, watched)?;
        known.digest = Some(sha256(&text.bytes));
        let verdict = admission.verdict(&text, watched);
        if verdict.is_err() {
            // What it would have to be approved for decides whether another Go may run meanwhile.
            known.claimed =
                header::parse(&text.bytes).ok().flatten().and_then(|header| header.tier);
        }
        let trust = known.trust.insert(verdict?);
        if let Some(refusal) = admit::refusal(path, trust) {
            return Err(refusal);
        }
        let tier = trust.header.as_ref().and_then(|header| header.tier.as_ref());
        let rules = admission.rules().of(tier);
        let need = need(rules);
        let engine = trust.engine;
        let sourcing = Sourcing::Approved { admission, policy: &text, tier, engine };
        let mut machine =
            Machine::new(self.world.uid, &self.places, self.outside, sourcing, watched)
                .needing(need);
        let judge = |wanted: &Wanted| enforce::data(path, wanted, self.outside, trust, rules);
        let wanted = match engine {
            Engine::Native => {
                let program = policy::parse(&text.path, &text.bytes)?;
                policy::evaluate(&program, self.outside, &mut machine)
                    .map_err(|error| other_way(error, &text, admission).into())
            }
            // It counts as a policy that applies: what it wants only running it could say.
            Engine::Bash if self.purpose == Purpose::Survey => {
                Ok(Wanted { env: self.outside.clone(), ..Wanted::default() })
            }
            Engine::Bash => {
                let (bytes, outside, world) = (&text.bytes, self.outside, self.world);
                let machine = &mut machine;
                let policy = bash::Policy { path, bytes, outside, judge: &judge, machine, world };
                if self.purpose == Purpose::Apply { policy.apply() } else { policy.evaluate() }
            }
        };
        known.unused = machine.unused.take();
        let wanted = wanted?;
        let (sdk, mut marks) = (machine.sdk.take(), std::mem::take(&mut machine.marks));
        let (until, uid) = (machine.until, self.world.uid);
        enforce::variables(path, &wanted, self.outside, trust, rules, uid, watched)?;
        enforce::releases(&wanted, tier, admission.rules())?;
        marks.extend(trust.raise.clone().map(|mark| (path.to_path_buf(), mark)));
        // What it reads is part of it: where the approval of that ends, so does this.
        trust.until = earliest(trust.until, until);
        if self.purpose == Purpose::Apply {
            marks.iter().try_for_each(|(path, mark)| admission.marks()?.raise(path, mark))?;
        }
        Ok(Applied { wanted, sdk })
    }

    /// Applies what the followed version files of `directory` ask for, as `use go VERSION` would: no approval, because
    /// they can do no more than choose among the SDKs that are here, and no more than the rules admit.
    fn try_follow(
        &self,
        directory: &Path,
        admission: &Admission,
        known: &mut Known,
        watched: &mut Watched,
    ) -> Result<Applied, Error> {
        let trust = known.trust.get_or_insert_with(follow::no_policy);
        let (rules, of_host) = (admission.rules(), admission.rules().of(None));
        let requests = follow::requests(directory, self.outside, &rules.follow, watched)?;
        let decides = follow::decides(directory, &requests)?;
        let version = follow::version(decides, &requests, rules, &self.places, watched);
        let text = follow::stand_in(decides, &version);
        let engine = Engine::Native;
        let sourcing = Sourcing::Approved { admission, policy: &text, tier: None, engine };
        let mut machine =
            Machine::new(self.world.uid, &self.places, self.outside, sourcing, watched)
                .needing(need(of_host));
        let program = policy::parse(&text.path, &text.bytes)?;
        let wanted = policy::evaluate(&program, self.outside, &mut machine);
        known.unused = machine.unused.take();
        let mut wanted = wanted.map_err(|error| follow::refused(decides, error))?;
        let sdk = machine.sdk.take();
        for (_, place) in &mut wanted.origins {
            (place.line, place.column) = (decides.line, decides.column);
        }
        let (path, uid) = (&text.path, self.world.uid);
        enforce::variables(path, &wanted, self.outside, trust, of_host, uid, watched)?;
        enforce::releases(&wanted, None, rules)?;
        Ok(Applied { wanted, sdk })
    }

    /// Evaluates a policy that nobody approved yet, for `allow` to show: what it would do, and what it reads.
    ///
    /// # Errors
    /// If it does not parse; what goes wrong later is part of the answer.
    pub fn preview(&self, text: &Text) -> Result<Preview, Error> {
        let program = policy::parse(&text.path, &text.bytes)?;
        let (uid, mut watched) = (self.world.uid, Watched::new(self.now));
        let collecting = Sourcing::Collecting;
        let mut machine = Machine::new(uid, &self.places, self.outside, collecting, &mut watched);
        let result = policy::evaluate(&program, self.outside, &mut machine).map_err(Error::from);
        let sourced = machine.sourced;
        let refused = result.as_ref().ok().and_then(|wanted| self.admitted(text, wanted).err());
        Ok(Preview { result, sourced, refused })
    }

    /// Asks whether a policy's tier admits the Go that it pins.
    fn admitted(&self, text: &Text, wanted: &Wanted) -> Result<(), Error> {
        let admission = Admission::new(self.world, self.now, &mut Watched::new(self.now))?;
        let header = header::parse(&text.bytes).ok().flatten();
        let tier = header.as_ref().and_then(|header| header.tier.as_ref());
        enforce::releases(wanted, tier, admission.rules())
    }
}

/// Returns an error about what only bash could run, with the way to let bash run it where that is allowed; any other error
/// as it is.
pub fn other_way(error: PolicyError, text: &Text, admission: &Admission) -> PolicyError {
    let is_beyond = error.cause == Cause::Beyond && error.place.path == text.path;
    if is_beyond && admission.leaves_to_bash(text) { error.or_by_bash() } else { error }
}

fn need(rules: &TierRules) -> Need {
    if rules.sdk == SdkRule::Sealed { Need::Sealed } else { Need::Any }
}

/// Reads a policy's bytes, once.
///
/// # Errors
/// If there is no such file, or it may not be read.
pub fn read(path: &Path, world: &World, watched: &mut Watched) -> Result<Text, Error> {
    watched
        .read(path, files::POLICY_LIMIT, world.uid)
        .map_err(Error::UnsafePolicy)?
        .ok_or_else(|| FileProblem::Missing(path.to_path_buf()).into())
}
