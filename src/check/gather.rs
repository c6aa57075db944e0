//! Gathers the facts: which files there are, what they hold, what the policies among them want.
//!
//! From the work tree or from git's index; besides what is to be judged, the files that others are judged by
//! (policies above, workspaces and their members). Nothing of the repository is run, and go never is.

mod index;
mod walk;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::evaluate::{Stands, evaluate};
use super::facts::{Extent, Facts, File, Judged, Policy, Signatures};
use super::kind::Kind;
use super::{bash, envrc};
use crate::admit::{self, Admission};
use crate::env::{Bytes, Env};
use crate::error::{Error, Exit};
use crate::files;
use crate::go::modfile::{self, ModFile};
use crate::host::{Machine, Sourcing};
use crate::policy::{PolicyError, Wanted};
use crate::sdk::places::{Places, Platform};
use crate::trust::Trust;
use crate::trust::decide::unplaced;
use crate::trust::header::{self, Engine, Header, Tier};
use crate::trust::remote;
use crate::trust::rules::{Require, Rules};
use crate::trust::scope::Repository;
use crate::watch::Watched;
use crate::world::World;
use crate::{inherit, process};

/// The largest file that is read.
const LIMIT: u64 = 1024 * 1024;

/// A policy and its signature, which decide about everything below them.
const POLICY_FILES: [&str; 2] = [".envrc", ".envrc.sig"];
/// What a `use go` without a version asks.
const VERSION_FILES: [&str; 4] = ["go.work", "go.mod", ".go-version", ".tool-versions"];

/// Where files are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The work tree.
    WorkTree,
    /// What is staged.
    Index,
}

/// What is to be checked.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Files and directories; none for the current directory, or with the index for all of it.
    pub paths: &'a [PathBuf],
    /// Where they are read from.
    pub origin: Origin,
    /// The tier, where not each policy's own counts.
    pub tier: Option<&'a Tier>,
}

/// Files as one of the two sources gave them.
struct Found {
    root: PathBuf,
    files: Vec<File>,
    unread: Vec<(PathBuf, String)>,
    source: Source,
}

enum Source {
    WorkTree(PathBuf),
    Index(index::Index),
}

impl Source {
    /// Returns the bytes of a file of the repository.
    fn read(&self, path: &Path, env: &Env) -> Option<Bytes> {
        match self {
            Self::WorkTree(root) => files::read_data(&root.join(path), LIMIT).ok().flatten(),
            Self::Index(index) => index.read(path, env),
        }
    }

    /// Returns what stands at a path of the repository.
    fn stands(&self, path: &Path) -> Stands {
        match self {
            Self::WorkTree(_) => Stands::Whatever,
            Self::Index(index) => index.stands(path),
        }
    }
}

/// Gathers the facts.
///
/// # Errors
/// If there is no such path or repository, git fails, or the rules cannot be read.
pub fn gather(request: &Request<'_>, admission: &Admission, world: &World) -> Result<Facts, Error> {
    let mut found = match request.origin {
        Origin::WorkTree => walk::work_tree(request.paths, world)?,
        Origin::Index => index::staged(request.paths, world)?,
    };
    only_committed(&mut found, world);
    let mut facts = Facts::new(found.root, found.files, found.unread);
    facts.outside = inherit::outside_of(world);
    let here = world.cwd.as_deref().and_then(|cwd| cwd.strip_prefix(&facts.root).ok());
    facts.here = here.map(Path::to_path_buf);
    facts.policies = policies(&facts, &found.source, request.tier, admission, world)?;
    Ok(facts)
}

/// Leaves out `.env` files that are not in the repository: those may hold secrets.
fn only_committed(found: &mut Found, world: &World) {
    let is_git = files::look_at(&found.root.join(".git")).is_some();
    if !is_git || !found.files.iter().any(|file| file.kind == Kind::Dotenv) {
        return;
    }
    // Not by their paths: those may be no text, and more than one command line holds.
    let arguments = ["--glob-pathspecs", "ls-files", "-z", "--", "**/.env*"];
    let Ok(said) = process::git(&arguments, &found.root, world.env(), b"") else { return };
    let tracked: BTreeSet<&[u8]> = said.stdout.split(|byte| *byte == 0).collect();
    if said.code == Some(0) {
        found.files.retain(|file| {
            file.kind != Kind::Dotenv || tracked.contains(file.path.as_os_str().as_bytes())
        });
    }
}

/// Reads every policy among the files.
fn policies(
    facts: &Facts,
    source: &Source,
    tier: Option<&Tier>,
    admission: &Admission,
    world: &World,
) -> Result<Vec<Policy>, Error> {
    let home = world.dirs.home.clone().unwrap_or_else(|| PathBuf::from("/nonexistent"));
    let places = Places::new(&facts.outside, &home, Platform::host(), world.uid, Path::new("/"));
    let scales = Scales { admission, root: &facts.root, repositories: OnceCell::new() };
    let watched = Watched::new(world.now());
    let mut reader = Reader { facts, source, tier, world, places, scales, watched };
    facts.of_kind(Kind::Policy).map(|file| reader.policy(file)).collect()
}

/// What came of evaluating a policy.
struct Evaluated {
    wanted: Result<Wanted, PolicyError>,
    extent: Extent,
    sourced: Vec<PathBuf>,
}

/// What policies are read with.
struct Reader<'a> {
    facts: &'a Facts,
    source: &'a Source,
    /// The tier that was asked for.
    tier: Option<&'a Tier>,
    world: &'a World,
    places: Places,
    scales: Scales<'a>,
    watched: Watched,
}

impl Reader<'_> {
    /// Reads one policy, and weighs what is signed of it.
    fn policy(&mut self, file: &File) -> Result<Policy, Error> {
        let header = header::parse(&file.bytes);
        let sound = header.as_ref().ok().and_then(Option::as_ref);
        let own = sound.and_then(|header| header.tier.clone());
        let rules = self.scales.admission.rules();
        let requiring = requiring(self.tier, own.as_ref(), rules).cloned();
        // What `goenv sign` takes where no tier is named.
        let taken = own.as_ref().or(rules.tier.as_ref());
        let sign_for = requiring.clone().filter(|tier| taken != Some(tier));
        let signatures = self.signatures(file, own.as_ref(), requiring.as_ref())?;
        let Evaluated { wanted, extent, sourced } = self.evaluated(file, sound);
        let sourced = match signatures {
            Signatures::NotAsked => sourced.into_iter().map(|text| (text, None)).collect(),
            _ => {
                let engine = sound.and_then(|header| header.engine).unwrap_or_default();
                self.weighed(sourced, own.as_ref(), engine)?
            }
        };
        let serial = sound.and_then(|header| header.serial);
        let committed =
            serial.and_then(|_| committed(&self.facts.root, &file.path, self.world.env()));
        let (path, bytes) = (file.path.clone(), file.bytes.clone());
        Ok(Policy { path, bytes, header, wanted, extent, signatures, sign_for, committed, sourced })
    }

    /// Returns what the signatures beside a policy are worth: it says that it is for tier `own`, and tier `requiring`
    /// asks for some.
    fn signatures(
        &mut self,
        file: &File,
        own: Option<&Tier>,
        requiring: Option<&Tier>,
    ) -> Result<Signatures, Error> {
        let missing = |why| Ok(Signatures::Missing(why));
        match (self.facts.file(&admit::beside(&file.path)), requiring, own) {
            (Some(_), Some(tier), Some(own)) if own != tier => missing(format!(
                "it is for tier {own}, and tier {tier} requires signatures for itself"
            )),
            (Some(signature), ..) => {
                let (text, signature) = (&file.bytes, &signature.bytes);
                let trust = self.scales.weigh(&file.path, text, signature, &mut self.watched)?;
                if trust.applies() {
                    return Ok(Signatures::Hold);
                }
                let hint = trust.hint.filter(|_| trust.weighed.is_empty());
                Ok(Signatures::Fail {
                    is_forged: trust.code == Exit::Forged as u8,
                    reason: trust.reason,
                    hint: hint.map(|hint| self.scales.placed(hint)),
                })
            }
            (None, Some(tier), _) => {
                missing(format!("tier {tier} requires signatures, and there is no .envrc.sig"))
            }
            (None, None, _) => Ok(Signatures::NotAsked),
        }
    }

    /// Returns what a policy wants, how much of it says so, and the texts that it reads.
    fn evaluated(&mut self, file: &File, header: Option<&Header>) -> Evaluated {
        let (wanted, sourced) = self.evaluate(&file.path, &file.bytes);
        let is_for_bash = header.is_some_and(|header| header.engine == Some(Engine::Bash));
        let path = self.facts.root.join(&file.path);
        let is_fit = crate::policy::unfit(&path, &file.bytes).is_none();
        if wanted.is_ok() || !is_for_bash || !is_fit {
            return Evaluated { wanted, extent: Extent::Whole, sourced };
        }
        // The gate runs nothing, and a line of the header must not take out of it what can be judged without that.
        let commands = envrc::commands(&file.bytes);
        let own = bash::own_lines(&file.bytes, &commands);
        let wanted = match crate::policy::parse(&path, &own) {
            Ok(_) => self.evaluate(&file.path, &own).0,
            // What bash would make of it nobody knows.
            Err(_) => Ok(Wanted { env: self.facts.outside.clone(), ..Wanted::default() }),
        };
        let directory = file.path.parent().unwrap_or(Path::new(""));
        let is_there = |path: &Path| self.source.read(path, self.world.env()).is_some();
        let sourced = bash::sourced(&commands, directory, &is_there);
        Evaluated { wanted, extent: Extent::OwnLines, sourced }
    }

    fn evaluate(
        &mut self,
        path: &Path,
        bytes: &[u8],
    ) -> (Result<Wanted, PolicyError>, Vec<PathBuf>) {
        let (facts, world) = (self.facts, self.world);
        let read = |path: &Path| self.source.read(path, world.env());
        let stand = |path: &Path| self.source.stands(path);
        let (outside, collecting) = (&facts.outside, Sourcing::Collecting);
        let mut machine =
            Machine::new(world.uid, &self.places, outside, collecting, &mut self.watched);
        evaluate(path, bytes, facts, outside, (&read, &stand), &mut machine)
    }

    /// Returns the texts that a signed policy of tier `own`, for `engine`, reads, each with why it does not count.
    fn weighed(
        &mut self,
        texts: Vec<PathBuf>,
        own: Option<&Tier>,
        engine: Engine,
    ) -> Result<Vec<(PathBuf, Option<String>)>, Error> {
        let (facts, source, env) = (self.facts, self.source, self.world.env());
        let bytes = |path: &Path| match facts.file(path) {
            Some(file) => Some(file.bytes.clone()),
            None => source.read(path, env),
        };
        let mut weighed = Vec::new();
        for text in texts {
            let flaw = self.scales.flaw(&text, own, engine, &bytes, &mut self.watched)?;
            weighed.push((text, flaw));
        }
        Ok(weighed)
    }
}

/// What signatures of one repository are weighed with.
struct Scales<'a> {
    admission: &'a Admission,
    root: &'a Path,
    /// What its git remotes name, read when it is first asked.
    repositories: OnceCell<Vec<Repository>>,
}

impl Scales<'_> {
    /// Returns the verdict that signatures give on the text at `path`.
    fn weigh(
        &self,
        path: &Path,
        text: &[u8],
        signature: &[u8],
        watched: &mut Watched,
    ) -> Result<Trust, Error> {
        let repositories = self.repositories.get_or_init(|| repositories_of(self.root));
        let place = admit::place_of(path);
        self.admission.by_signature(text, signature, repositories, place, watched)
    }

    /// Returns a verdict's hint: where there is no repository, a remote cannot be added before one is made.
    fn placed(&self, hint: String) -> String {
        let is_git = files::look_at(&self.root.join(".git")).is_some();
        match hint == unplaced(true).1 && !is_git {
            true => unplaced(false).1.to_owned(),
            false => hint,
        }
    }

    /// Returns why a text that a policy of `tier`, for `engine`, reads does not count.
    fn flaw(
        &self,
        path: &Path,
        tier: Option<&Tier>,
        engine: Engine,
        bytes: &dyn Fn(&Path) -> Option<Bytes>,
        watched: &mut Watched,
    ) -> Result<Option<String>, Error> {
        let (Some(text), Some(signature)) = (bytes(path), bytes(&admit::beside(path))) else {
            return Ok(Some("is not signed".to_owned()));
        };
        let trust = self.weigh(path, &text, &signature, watched)?;
        let own = trust.header.as_ref().and_then(|header| header.tier.as_ref());
        let name = |tier: Option<&Tier>| tier.map_or("none".to_owned(), ToString::to_string);
        Ok(match trust.applies() {
            true if own == tier && engine == Engine::Native && trust.engine == Engine::Bash => {
                Some("is signed for bash, and the policy is for goenv's own engine".to_owned())
            }
            true if own == tier => None,
            true => Some(format!("is signed for tier {}, and not for {}", name(own), name(tier))),
            false => Some(format!("is not signed: {}", trust.reason)),
        })
    }
}

/// Returns the tier whose rules require signatures of a policy that says it is for `own`.
///
/// That is the tier which it is judged as; and where none was `asked` for, this host's as well, since a host applies
/// no other's policies.
fn requiring<'a>(
    asked: Option<&'a Tier>,
    own: Option<&'a Tier>,
    rules: &'a Rules,
) -> Option<&'a Tier> {
    let tiers = if asked.is_some() { [asked, None] } else { [rules.tier.as_ref(), own] };
    let requires = |tier: &&Tier| rules.of(Some(tier)).require == Require::Signed;
    tiers.into_iter().flatten().find(requires)
}

/// Returns a file as the last commit has it.
fn committed(root: &Path, path: &Path, env: &Env) -> Option<Bytes> {
    let name = [b"HEAD:", path.as_os_str().as_bytes(), b"\n"].concat();
    if path.as_os_str().as_bytes().contains(&b'\n') {
        return None;
    }
    let said = process::git(&["cat-file", "--batch"], root, env, &name).ok()?;
    index::blobs(&said.stdout).into_iter().next().flatten()
}

/// Returns what the git remotes of the repository name.
///
/// A checkout that a CI runner made may belong to anybody; it is what is judged, and not what is trusted.
fn repositories_of(root: &Path) -> Vec<Repository> {
    let read = |path: &Path| files::read_data(path, LIMIT).ok().flatten();
    let dot = root.join(".git");
    let git = match files::look_at(&dot) {
        Some(metadata) if metadata.is_file() => {
            read(&dot).and_then(|text| remote::git_directory(&text, root)).unwrap_or(dot)
        }
        _ => dot,
    };
    let common =
        read(&git.join("commondir")).and_then(|text| remote::common_directory(&text, &git));
    let config = read(&common.unwrap_or(git).join("config")).unwrap_or_default();
    remote::repositories(&config)
}

/// Returns the go.mod files of the members of the workspaces among `files`, relative to the root.
fn members(files: &[File]) -> Vec<PathBuf> {
    let works = files.iter().filter(|file| file.kind == Kind::Work);
    works
        .flat_map(|file| {
            let uses = modfile::strict(&file.bytes, ModFile::Work).uses;
            uses.into_iter()
                .filter_map(|word| super::modules::member_path(&file.path, &word.text))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Returns the files above a directory that what lies in it is judged by.
fn context(directory: &Path) -> Vec<PathBuf> {
    let names = || POLICY_FILES.iter().chain(&VERSION_FILES);
    directory.ancestors().flat_map(|up| names().map(move |name| up.join(name))).collect()
}

/// Returns the error about a path that is not in the repository.
fn outside(path: &Path, root: &Path) -> Error {
    let (path, root) = (crate::ui::safe_path(path), crate::ui::safe_path(root));
    Error::failed(format!("{path} is outside of the repository {root}"))
}

/// Returns a file of the repository, judged or not.
fn file(path: PathBuf, bytes: Bytes, judged: Judged) -> Option<File> {
    let kind = super::kind::of(&path)?;
    Some(File { path, kind, bytes, judged })
}
