//! `goenv sign [PATH]`: fills in the header, has ssh-keygen sign the bytes, and puts the signature beside them.
//!
//! Never touches a private key. The new bytes are signed before anything is written, and the policy is written
//! before its signature: at every moment in between the pair does not verify, which is refused, never misread.

use std::path::{Path, PathBuf};

use super::shown::{aimed, short};
use crate::admit::{
    Admission, ORGANISATION, Repositories, SIGNERS, SIGNERS_LIMIT, beside, store_places,
};
use crate::audit::journal::Journal;
use crate::audit::record::{Event, Outcome};
use crate::bash;
use crate::env::Bytes;
use crate::error::{Error, Exit};
use crate::files::Text;
use crate::trust::approve::{self, Facts, Limits, Unclear};
use crate::trust::decide;
use crate::trust::header::{self, Engine, Header, Tier};
use crate::trust::scope::Scope;
use crate::trust::signers::edit::public_key;
use crate::trust::signers::find;
use crate::trust::sshsig::{self, Key, Message, Signature};
use crate::trust::{Approver, Trust};
use crate::ui::{Tone, Ui, safe, safe_path};
use crate::watch::Watched;
use crate::world::World;
use crate::{files, load, policy, process};

/// The flags as they were given.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `--tier`.
    pub tier: Option<String>,
    /// `--key`.
    pub key: Option<PathBuf>,
    /// `--expires`.
    pub expires: Option<String>,
}

/// Signs the policy.
///
/// # Errors
/// If the policy has an error, its place has no name, or ssh-keygen does not sign.
pub fn run(path: Option<&Path>, asked: &Asked, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let path = super::policy_path(path, world)?;
    let mut watched = Watched::new(world.now());
    let text = load::read(&path, world, &mut watched)?;
    let admission = Admission::new(world, world.now(), &mut watched)?;
    let beside = beside(&path);
    let before = watched.read(&beside, sshsig::MOST_BYTES as u64, world.uid)?;
    let before = before.map(|text| text.bytes);
    let wants = wants(asked, now(world))?;
    let others = before.as_deref().and_then(|file| sshsig::decode(file).ok()).unwrap_or_default();
    let second = is_second(&text.bytes, &others, &wants, &admission, world, &mut watched)?;
    let bytes = if second {
        text.bytes.clone()
    } else {
        fill_in(&text, &wants, before.is_some(), &admission, world, &mut watched)?
    };
    let header = header::parse(&bytes).ok().flatten().unwrap_or_default();
    // As it stands on disk, so that an error names a line that is there: a header is comments.
    match header.engine {
        Some(Engine::Bash) => bash::check(&path, &text.bytes, world.env())?,
        _ => drop(policy::parse(&path, &text.bytes)?),
    }
    let tier = approve::tier(&wants, Some(&header), None);
    let made = signature(&bytes, &tier.namespace(), asked.key.as_deref(), world)?;
    if second
        && others.iter().any(|other| other.key == made.0.key && other.verify(&Message::new(&bytes)))
    {
        ui.say(Tone::Plain, &format!("{} has this key's signature already", short(&path, world)));
        let trust = verdict(&path, &admission, world)?;
        if !trust.applies() {
            say_verdict(&path, &trust, &made.0, &admission, world, ui);
        }
        return Ok(Exit::Done);
    }
    if second && others.len() >= sshsig::MOST_BLOCKS {
        let many = format!("{} signatures already, and no more are read", others.len());
        let hint = aimed("take those out that do not count, by: goenv verify", &path, world);
        return Err(refused(Exit::Failed, format!("{}: {many}", safe_path(&beside)), Some(&hint)));
    }
    for (path, known) in [(&path, Some(&text.bytes)), (&beside, before.as_ref())] {
        is_still(path, known, world)?;
    }
    if bytes != text.bytes {
        files::write(&path, &bytes)?;
    }
    let kept = if second { before.unwrap_or_default() } else { Vec::new() };
    files::write(&beside, &[kept, made.1].concat())?;
    let trust = verdict(&path, &admission, world)?;
    report(&path, &header, &made.0, &trust, &admission, world, ui);
    let by = trust.by.into_iter().find(|by| by.fingerprint == made.0.key.fingerprint());
    let signer = by.unwrap_or_else(|| unnamed(&made.0.key));
    record(&path, &bytes, &header, signer, &admission, world, ui);
    Ok(Exit::Done)
}

/// Refuses to write over what somebody else wrote while ssh-keygen asked for a passphrase or a touch.
fn is_still(path: &Path, known: Option<&Bytes>, world: &World) -> Result<(), Error> {
    let found = Watched::new(world.now()).read(path, files::POLICY_LIMIT, world.uid)?;
    if found.as_ref().map(|text| &text.bytes) == known {
        return Ok(());
    }
    let message = format!("{} changed while it was signed, and stays as it is", safe_path(path));
    Err(refused(Exit::Failed, message, Some("run the command again")))
}

fn now(world: &World) -> i64 {
    i64::try_from(world.now().as_secs()).unwrap_or(i64::MAX)
}

fn refused(exit: Exit, message: String, hint: Option<&str>) -> Error {
    Error::Refused { message, hint: hint.map(str::to_owned), exit }
}

fn wants(asked: &Asked, now: i64) -> Result<approve::Asked, Error> {
    let wrong = |flag: &str, value: &str, expected: &str| {
        let found = safe(value.as_bytes());
        refused(Exit::Usage, format!("{flag}: found \"{found}\", expected {expected}"), None)
    };
    let tier = asked.tier.as_ref().map(|name| {
        let rule = "a tier: lower-case letters, digits and hyphens";
        Tier::new(name).ok_or_else(|| wrong("--tier", name, rule))
    });
    let expires = asked.expires.as_ref().map(|text| {
        let rule = "a date as 2027-02-20, or days as 90d";
        approve::expiry(text, now).ok_or_else(|| wrong("--expires", text, rule))
    });
    Ok(approve::Asked { tier: tier.transpose()?, expires: expires.transpose()? })
}

/// Returns whether the policy as it stands is what is to be signed once more.
fn is_second(
    policy: &[u8],
    others: &[Signature],
    wants: &approve::Asked,
    admission: &Admission,
    world: &World,
    watched: &mut Watched,
) -> Result<bool, Error> {
    let header = header::parse(policy).ok().flatten().unwrap_or_default();
    let mark = match &header.scope {
        Some(scope) if !others.is_empty() => admission.marks()?.read(scope, watched)?,
        _ => None,
    };
    let max_age_days = admission.rules().of(header.tier.as_ref()).max_age_days;
    let limits = Limits { mark: mark.as_ref(), max_age_days, now: now(world) };
    Ok(approve::is_second(policy, others, wants, limits))
}

/// Returns the policy's bytes with a header that can be signed.
fn fill_in(
    text: &Text,
    wants: &approve::Asked,
    signed_before: bool,
    admission: &Admission,
    world: &World,
    watched: &mut Watched,
) -> Result<Vec<u8>, Error> {
    let place = Repositories::around(&text.path, world.uid, watched)?;
    let here: Vec<Scope> = place
        .repositories
        .iter()
        .filter_map(|repository| Scope::new(repository.clone(), &place.directory))
        .collect();
    let header = header::parse(&text.bytes).ok().flatten().unwrap_or_default();
    let own = header.scope.as_ref().filter(|scope| here.contains(scope)).or(here.first());
    let mark = match own {
        Some(scope) => admission.marks()?.read(scope, watched)?,
        None => None,
    };
    let host_tier = admission.rules().tier.as_ref();
    let tier = approve::tier(wants, Some(&header), host_tier);
    let facts = Facts {
        here: &here,
        host_tier,
        mark: mark.as_ref(),
        signed_before,
        max_age_days: admission.rules().of(Some(&tier)).max_age_days,
        now: now(world),
    };
    approve::fill_in(&text.bytes, wants, &facts).map_err(|unclear| match unclear {
        Unclear::Header(flaw) => refused(Exit::Policy, flaw.at(&safe_path(&text.path)), None),
        Unclear::Scope => unplaced(&text.path, place.in_repository, world),
        Unclear::Serial => {
            let what = format!("{}: the last serial that there is was used", safe_path(&text.path));
            refused(Exit::Failed, what, None)
        }
        Unclear::Expires(what) => refused(Exit::Usage, format!("--expires: {what}"), None),
    })
}

/// Returns the error for a policy whose place has no name.
fn unplaced(path: &Path, in_repository: bool, world: &World) -> Error {
    let (why, hint) = decide::unplaced(in_repository);
    let hint = aimed(hint, path, world);
    refused(Exit::Failed, format!("{}: {why}", safe_path(path)), Some(&hint))
}

/// Has ssh-keygen sign, and returns the signature and its armour once it was verified.
pub(super) fn signature(
    bytes: &[u8],
    namespace: &str,
    key: Option<&Path>,
    world: &World,
) -> Result<(Signature, Vec<u8>), Error> {
    let (path, _scratch) = match key {
        Some(key) => (world.absolute(key), None),
        None => default_key(world)?,
    };
    let file = process::sign(bytes, namespace, &path, world.env())?;
    let wrong = |what: String| {
        let hint = "make one with: ssh-keygen -t ed25519";
        refused(Exit::Failed, format!("{}: {what}", safe_path(&path)), Some(hint))
    };
    let [made] =
        <[Signature; 1]>::try_from(sshsig::decode(&file).map_err(|flaw| wrong(flaw.message))?)
            .map_err(|_| wrong("ssh-keygen made more than one signature".into()))?;
    if !made.is_attended() {
        let hint = Some("make one that asks for a touch: ssh-keygen -t ed25519-sk");
        let what = format!("{}: this hardware key signs without a touch", safe_path(&path));
        return Err(refused(Exit::Failed, what, hint));
    }
    if made.namespace != namespace || !made.verify(&Message::new(bytes)) {
        return Err(wrong("ssh-keygen's signature does not verify".into()));
    }
    Ok((made, file))
}

/// Returns the key that is used where none is named, and the scratch file that holds an agent's public key.
fn default_key(world: &World) -> Result<(PathBuf, Option<tempfile::NamedTempFile>), Error> {
    if let Some(home) = world.dirs.home.clone() {
        for name in ["id_ed25519", "id_ed25519.pub", "id_ed25519_sk", "id_ed25519_sk.pub"] {
            let path = home.join(".ssh").join(name);
            if files::look_through(&path).is_some() {
                return Ok((path, None));
            }
        }
    }
    let listed = process::agent_keys(world.env());
    let listed = String::from_utf8_lossy(&listed);
    let Some(line) = listed.lines().find(|line| public_key(line).is_ok()) else {
        let message = "there is no ~/.ssh/id_ed25519, and no agent holds an ed25519 key".into();
        let hint = Some("name one with --key, or make one: ssh-keygen -t ed25519");
        return Err(refused(Exit::Failed, message, hint));
    };
    let mut scratch = tempfile::Builder::new().suffix(".pub").tempfile()?;
    std::io::Write::write_all(&mut scratch, format!("{line}\n").as_bytes())?;
    Ok((scratch.path().to_path_buf(), Some(scratch)))
}

/// Returns whether what was signed suffices here.
fn verdict(path: &Path, admission: &Admission, world: &World) -> Result<Trust, Error> {
    let mut watched = Watched::new(world.now());
    let text = load::read(path, world, &mut watched)?;
    admission.verdict_by_signature(&text, &mut watched)
}

/// Says what was signed, and whether that suffices here.
fn report(
    path: &Path,
    header: &Header,
    made: &Signature,
    trust: &Trust,
    admission: &Admission,
    world: &World,
    ui: &Ui,
) {
    let tier = header.tier.as_ref().map(ToString::to_string).unwrap_or_default();
    let serial = header.serial.unwrap_or_default();
    let expires = header.expires.as_ref().map(|expires| expires.text.as_str()).unwrap_or_default();
    let shown = short(path, world);
    let signed = format!("signed {shown}: tier {tier}, serial {serial}, expires {expires}");
    ui.say(Tone::Plain, &signed);
    if header.engine == Some(Engine::Bash) {
        let what = "it is a program: bash runs it with the rights of whoever loads it, and does not tell whether \
                    data that nobody signed is in what it sets";
        ui.say(Tone::Warning, what);
    }
    say_verdict(path, trust, made, admission, world, ui);
}

/// Returns the signer whom nobody here has named.
fn unnamed(key: &Key) -> Approver {
    Approver { principal: String::new(), fingerprint: key.fingerprint() }
}

/// Says whether what was signed suffices here, and what would have to be done.
fn say_verdict(
    path: &Path,
    trust: &Trust,
    made: &Signature,
    admission: &Admission,
    world: &World,
    ui: &Ui,
) {
    if trust.applies() {
        return ui.say(Tone::Plain, &safe(trust.reason.as_bytes()));
    }
    ui.say(Tone::Warning, &format!("not enough here yet: {}", safe(trust.reason.as_bytes())));
    let tier = trust.header.as_ref().and_then(|header| header.tier.as_ref());
    if let Some(tier) = tier.filter(|_| trust.need > 0 && !is_listed(&made.key, world)) {
        let rules = admission.rules().of(Some(tier));
        ui.say(Tone::Plain, &missing_key(&made.key, tier.name(), rules.user_signers));
    } else if let Some(hint) = trust.cure() {
        ui.say(Tone::Plain, &aimed(hint, path, world));
    }
}

/// Returns how a key comes to count for a tier.
fn missing_key(key: &Key, tier: &str, user_signers: bool) -> String {
    if !user_signers {
        return format!(
            "for tier {tier} the organisation's signers alone count: {ORGANISATION}/{SIGNERS}"
        );
    }
    let (kind, text) = (key.kind(), key.base64());
    format!("trust the key on this machine with: goenv keys add NAME '{kind} {text}' --tier {tier}")
}

/// Returns whether a list names the key already: then it is not to be added, whatever it lacks.
fn is_listed(key: &Key, world: &World) -> bool {
    let keys = std::slice::from_ref(key);
    store_places(&world.dirs, world.uid).into_iter().any(|(_, directory, uid)| {
        let text = Watched::new(world.now()).read(&directory.join(SIGNERS), SIGNERS_LIMIT, uid);
        text.ok()
            .flatten()
            .is_some_and(|text| find(&text.bytes, keys).is_ok_and(|found| !found.is_empty()))
    })
}

fn record(
    path: &Path,
    bytes: &[u8],
    header: &Header,
    signer: Approver,
    admission: &Admission,
    world: &World,
    ui: &Ui,
) {
    use std::os::unix::ffi::OsStrExt;
    let Some(journal) = Journal::of(world, admission.rules()) else { return };
    let mut record = journal.record(Event::Sign, Outcome::Allow);
    record.path = path.as_os_str().as_bytes().to_vec();
    record.sha256 = Some(crate::hex::sha256(bytes));
    crate::transition::about_header(&mut record, header);
    record.engine = header.engine.unwrap_or_default();
    record.signers = vec![signer];
    crate::transition::happened(&journal, &record, ui);
}
