//! `goenv inspect BINARY…`: what Go binaries were built with, and whether the tier in force admits them.
//!
//! The policy of the current directory counts as the gate reads it: nobody has to have allowed it here, and where a
//! signature is required it has to hold. The fields of the JSON are stable: docs/reference.md.

use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::admit::Admission;
use crate::binary::show::{self, Inspected};
use crate::binary::{self, Binary, Image, NotRead, judge};
use crate::check::facts::Facts;
use crate::check::format::Colour;
use crate::check::gather::{Origin, Request, gather};
use crate::check::rules::{Level, Rule};
use crate::check::standing::Standings;
use crate::check::{Finding, policies, silence};
use crate::cli::InspectArguments;
use crate::error::{Error, Exit};
use crate::files::{self, Data, FileProblem};
use crate::hex::hex;
use crate::ui::{Tone, Ui, safe, safe_path};
use crate::world::World;
use crate::{locate, trust::header::Tier};

/// The largest file that is read: no linker of Go's writes one as large.
const LIMIT: u64 = 4 * 1024 * 1024 * 1024;

/// Inspects and reports; a file that cannot be read is named, and the others are inspected.
///
/// # Errors
/// If the rules cannot be read, or the policy does not hold.
pub fn run(arguments: &InspectArguments, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let admission = Admission::of(world)?;
    let tier = arguments.tier.as_ref();
    let (facts, policy) = policy(tier, &admission, world)?;
    let standings =
        Standings::new(&facts, admission.rules(), tier, world.now()).map_err(Error::Rules)?;
    holds(&policy, &facts, &standings)?;
    let colour = if ui.colours_stdout() { Colour::On } else { Colour::Off };
    let mut exit = Exit::Done;
    let mut inspected = Vec::new();
    for path in &arguments.binaries {
        let one = match read(&world.absolute(path)) {
            Ok((binary, sha256)) => {
                let file = path.to_string_lossy().into_owned();
                let place = place(&world.absolute(path), &policy, &facts);
                judged(Inspected::new(file, sha256, binary), &place, &policy, &facts, &standings)
            }
            Err(error) => {
                ui.say(Tone::Error, &error.text());
                exit = Exit::Failed;
                continue;
            }
        };
        if one.findings.iter().any(|finding| finding.level() == Level::Error) {
            exit = Exit::Failed;
        }
        if !arguments.json {
            let gap = if inspected.is_empty() { "" } else { "\n" };
            ui.data(format!("{gap}{}", show::text(&one, colour)).as_bytes())?;
        }
        inspected.push(one);
    }
    if arguments.json {
        ui.data(&show::json(&inspected))?;
    }
    Ok(exit)
}

/// Returns the policy that governs the current directory, with what it is judged by, and its path among the facts.
fn policy(
    tier: Option<&Tier>,
    admission: &Admission,
    world: &World,
) -> Result<(Facts, PathBuf), Error> {
    let Some(located) = world.cwd.as_deref().and_then(locate::nearest) else {
        return Ok((Facts::default(), PathBuf::from(locate::POLICY_NAME)));
    };
    let paths = [located.path];
    let request = Request { paths: &paths, origin: Origin::WorkTree, tier };
    let facts = gather(&request, admission, world)?;
    let [path] = paths;
    let relative = path.strip_prefix(&facts.root).map(Path::to_path_buf);
    Ok((facts, relative.unwrap_or(path)))
}

/// Makes sure that the policy is one that could apply: else nothing is judged by it.
fn holds(path: &Path, facts: &Facts, standings: &Standings<'_>) -> Result<(), Error> {
    let unread = facts.unread.iter();
    let mut findings: Vec<Finding> =
        unread.map(|(path, why)| Finding::new(Rule::Unread, path, why.clone())).collect();
    policies::check(facts, standings, &mut findings);
    let keeps_out = |finding: &&Finding| {
        use Rule::{Expired, PolicyError, Refused, Serial, Signature, Signer, Unread};
        let of_policy = matches!(
            finding.rule,
            Signature | Signer | Serial | Expired | PolicyError | Refused | Unread
        );
        of_policy && finding.path == path
    };
    if let Some(finding) = findings.iter().find(keeps_out) {
        let exit = match finding.rule {
            Rule::Unread => Exit::Failed,
            Rule::PolicyError | Rule::Refused => Exit::Policy,
            _ => Exit::Untrusted,
        };
        let place = safe_path(&facts.root.join(path));
        let message = format!("{place}:{}: {}", finding.line, safe(finding.message.as_bytes()));
        return Err(Error::Refused { message, hint: Some(finding.help.clone()), exit });
    }
    let standing = standings.of(path);
    if let Some(bad) = &standing.bad {
        return Err(Error::Rules(bad.message.clone()));
    }
    match standing.policy.map(|policy| &policy.wanted) {
        Some(Err(error)) => Err(error.clone().into()),
        _ => Ok(()),
    }
}

/// Returns where a binary lies for the policy's exceptions: one that lies elsewhere counts as the policy's.
fn place(path: &Path, policy: &Path, facts: &Facts) -> PathBuf {
    let real = files::real_path(path).unwrap_or_else(|| path.to_path_buf());
    match real.strip_prefix(&facts.root) {
        Ok(below) if !facts.root.as_os_str().is_empty() => below.to_path_buf(),
        _ => policy.with_file_name(real.file_name().unwrap_or_default()),
    }
}

/// Returns a binary with what the tier says of it and the policy does not silence.
fn judged(
    mut one: Inspected,
    place: &Path,
    policy: &Path,
    facts: &Facts,
    standings: &Standings<'_>,
) -> Inspected {
    let standing = standings.of(policy);
    let findings = judge::judge(&one.binary, place, standing, standings);
    let mut report = silence::apply(findings, facts, standings);
    // What is wrong with the exceptions themselves is the gate's to say.
    report.findings.retain(|finding| finding.path == place);
    one.tier = standing.tier.as_ref().map(ToString::to_string);
    (one.findings, one.silenced) = (report.findings, report.silenced);
    one
}

/// Reads a binary, and the digest of all of its file.
fn read(path: &Path) -> Result<(Binary, String), Error> {
    let data = Data::open(path, LIMIT)?;
    let data = data.ok_or_else(|| FileProblem::Missing(path.to_path_buf()))?;
    let read_at = |offset, buffer: &mut [u8]| data.read_at(offset, buffer);
    let binary =
        binary::read(&Image::new(data.size(), &read_at)).map_err(|problem| match problem {
            NotRead::System(error) => Error::from(FileProblem::system(path, &error)),
            problem => Error::failed(format!("{} {problem}", safe_path(path))),
        })?;
    let mut digest = Context::new(&SHA256);
    data.scan(|piece| digest.update(piece))?;
    Ok((binary, hex(digest.finish().as_ref())))
}
