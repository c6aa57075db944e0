//! Which variables a policy may set: three classes of names, and what a granted value may be.
//!
//! Runs on the values after expansion, so that no spelling gets around it; one objection refuses the whole policy.
//! *Never* names take over the shell or goenv itself. *Sensitive* ones make programs run code, reach other hosts or
//! skip checks: an allowed policy may set them (and `allow` points at each), a signed one with a grant and a value
//! that passes its rule, a `.env` file not at all. Everything else is *plain*. Each name has its reason: docs/security.md.

mod names;
mod values;

use std::collections::BTreeSet;

use super::rules::{EnvRule, TierRules};
use super::signers::matches;
use crate::env::list::{entries, put_in_front};
use crate::env::{is_identifier, is_number};

/// What approved the text that sets a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// A person allowed it on this machine.
    Allowed,
    /// Trusted signers signed it.
    Signed,
    /// Nobody: a `.env` file is data that changes daily.
    Dotenv,
    /// Nobody: a signed policy took it from another file.
    Data,
}

/// One variable that a policy changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value outside, `None` where it is unset there.
    pub before: Option<&'a [u8]>,
    /// Its value inside, `None` where the policy unsets it.
    pub after: Option<&'a [u8]>,
}

/// The classes of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Anything else.
    Plain,
    /// May make programs run code, reach other hosts or skip checks.
    Sensitive,
    /// Takes over the shell or goenv itself.
    Never,
}

/// Why a policy may not set a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The name, lossily as text; escape it before it is printed.
    pub name: String,
    /// The class of the name.
    pub class: Class,
    /// What is wrong: to follow "NAME: ", lower case, no full stop.
    pub why: String,
}

/// What a judgement rests on besides the changes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What approved the text.
    pub approval: Approval,
    /// The rules of the policy's tier.
    pub rules: &'a TierRules,
    /// The root of the SDK that `use go` set: GOROOT and GOTOOLCHAIN are then its own.
    pub sdk_root: Option<&'a [u8]>,
}

/// Returns the class of a name and the reason for it, which is empty for a plain one.
pub fn class(name: &[u8]) -> (Class, &'static str) {
    let listed = |(list, class): (&'static [Reasoned], Class)| {
        let mut fits = beginning_with(list, Some(&b'*')).chain(beginning_with(list, name.first()));
        fits.find(|(pattern, _)| matches(pattern.as_bytes(), name)).map(|(_, why)| (class, *why))
    };
    let safe = names::PLAIN.iter().any(|pattern| pattern.as_bytes() == name);
    let lists = [(names::NEVER, Class::Never), (names::SENSITIVE, Class::Sensitive)];
    // Of direnv's names this one is a policy's to set: `use vim` does.
    let lists = lists.into_iter().skip(usize::from(name == names::VIMRC.as_bytes()));
    let found = if safe { None } else { lists.into_iter().find_map(listed) };
    found.unwrap_or((Class::Plain, ""))
}

/// A pattern of names, and why they are what they are.
type Reasoned = (&'static str, &'static str);

/// Returns the patterns that begin with this byte, of a list in the order of their first ones.
fn beginning_with(
    list: &'static [Reasoned],
    first: Option<&u8>,
) -> impl Iterator<Item = &'static Reasoned> {
    let of = |(pattern, _): &Reasoned| pattern.as_bytes().first().copied();
    let first = first.copied();
    let start = list.partition_point(|entry| of(entry) < first);
    list.iter().skip(start).take_while(move |entry| of(entry) == first)
}

/// Returns every objection to the changes that a policy makes; none means that it may apply.
pub fn judge(changes: &[Change<'_>], context: Context<'_>) -> Vec<Objection> {
    changes.iter().filter_map(|change| objection(change, context)).collect()
}

/// Returns the sensitive names among the changes with the reason of each, for `allow` to point at.
pub fn sensitive(changes: &[Change<'_>]) -> Vec<(String, &'static str)> {
    let sensitive = |change: &Change<'_>| match class(change.name) {
        (Class::Sensitive, why) => Some((String::from_utf8_lossy(change.name).into_owned(), why)),
        _ => None,
    };
    changes.iter().filter_map(sensitive).collect()
}

/// Returns the entries of a changed PATH that were not in it before, in order.
pub fn added_entries<'a>(change: &Change<'a>) -> Vec<&'a [u8]> {
    let (Some(after), Some(before)) = (change.after, change.before) else {
        return change.after.map(|after| entries(after).collect()).unwrap_or_default();
    };
    // Most often a policy puts a few in front of a thousand; one that stands among those as well is new in its place.
    if let Some(new) = put_in_front(before, after) {
        return entries(new).collect();
    }
    let before: BTreeSet<&[u8]> = entries(before).collect();
    entries(after).filter(|entry| !before.contains(entry)).collect()
}

fn objection(change: &Change<'_>, context: Context<'_>) -> Option<Objection> {
    let name = change.name;
    let (class, reason) = class(name);
    let object = |class: Class, why: String| {
        Some(Objection { name: String::from_utf8_lossy(name).into_owned(), class, why })
    };
    if !is_identifier(name) {
        return object(Class::Never, "a name is letters, digits and underscores".into());
    }
    if class == Class::Never {
        return object(class, format!("no policy may set it: {reason}"));
    }
    if names::NUMBERS.iter().any(|number| number.as_bytes() == name)
        && change.after.is_some_and(|value| !is_number(value))
    {
        let why = "expected a number: shells compute its value, and run commands in it";
        return object(Class::Never, why.into());
    }
    if let Some(why) = set_by_sdk(change, context.sdk_root) {
        return object(Class::Never, why);
    }
    if context.sdk_root.is_some() && matches!(name, b"GOROOT" | b"GOTOOLCHAIN") {
        return None;
    }
    let wrong = match name {
        b"PATH" => path_entries(change, context),
        _ => change.after.and_then(|value| values::unreadable(value, context.approval)),
    };
    if let Some(why) = wrong {
        return object(class, why);
    }
    // What nobody approved reaches plain names alone.
    let unapproved = match context.approval {
        Approval::Dotenv => Some("a .env file may not set it"),
        Approval::Data => Some("its value stands in a file that nobody signed"),
        Approval::Allowed | Approval::Signed => None,
    };
    let risk = match class {
        Class::Sensitive => Some(reason),
        _ => (name == b"PATH").then_some("it chooses which programs run"),
    };
    if let (Some(rule), Some(risk)) = (unapproved, risk) {
        return object(class, format!("{rule}: {risk}"));
    }
    let granted = context.rules.grants(name);
    match (context.approval, class) {
        (Approval::Signed, Class::Sensitive) if !granted => {
            let place = context.rules.place("grant");
            object(class, format!("a signed policy needs a grant for it{place}: {reason}"))
        }
        (Approval::Signed, Class::Sensitive) => {
            let value = change.after?;
            values::refused(name, value).and_then(|why| object(class, why))
        }
        // PATH and what `use go` sets have rules of their own, and are what goenv is for.
        (Approval::Allowed | Approval::Signed, _) if name == b"PATH" => None,
        _ if context.rules.env == EnvRule::Listed && !granted => {
            let place = context.rules.place("env");
            object(class, format!("only granted names may be set{place}"))
        }
        _ => None,
    }
}

/// Returns what is wrong with a variable that the SDK decides.
fn set_by_sdk(change: &Change<'_>, sdk_root: Option<&[u8]>) -> Option<String> {
    let root = sdk_root?;
    match change.name {
        b"GOROOT" if change.after != Some(root) => {
            Some("`use go` sets it: another root would run another Go".into())
        }
        b"GOTOOLCHAIN" if change.after != Some(b"local") => {
            Some("`use go` sets it to local: anything else lets go run another Go".into())
        }
        _ => None,
    }
}

/// Returns what is wrong with the entries that a policy adds to PATH, or with unsetting it.
fn path_entries(change: &Change<'_>, context: Context<'_>) -> Option<String> {
    if change.after.is_none() {
        return Some("without PATH no program is found".into());
    }
    let exact = context.approval == Approval::Signed || context.rules.strict;
    added_entries(change).into_iter().find_map(|entry| {
        let wrong = |how: &str| Some(format!("the entry {} {how}", super::flaw::shown(entry)));
        match entry {
            [] => Some("an empty entry stands for the current directory".into()),
            [b'/', ..] if entry.iter().any(u8::is_ascii_control) => {
                wrong("has a control character")
            }
            [b'/', ..] if exact && climbs(entry) => wrong("has a .. component"),
            [b'/', ..] => values::unreadable(entry, context.approval)
                .map(|why| format!("in the entry {}: {why}", super::flaw::shown(entry))),
            _ => wrong("is not absolute, as PATH_add makes it"),
        }
    })
}

/// Returns whether a path has a `..` component: where it leads depends on symbolic links, which nobody signed.
fn climbs(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|part| part == b"..")
}

#[cfg(test)]
mod tests;
