//! Which releases of Go a tier admits: the policy's `allow_go`, `deny_go` and `promote` lines and the rules'
//! `[tiers.*]` and `[go]`, intersected.
//!
//! Values in, verdicts out; the prompt and the gate ask the same questions here, so they give the same answers. A
//! release must be admitted by every list that speaks of the tier, and denied by none. docs/gate.md, section "Tiers".

use std::fmt;

use crate::go::{Pattern, Version};
use crate::policy::{Directive, Place, Wanted};
use crate::trust::header::Tier;
use crate::trust::rules::Rules;

/// What a tier admits.
#[derive(Clone, Debug, Default)]
pub struct Admitted {
    tier: Option<Tier>,
    is_production: bool,
    lists: Vec<List>,
    denied: Vec<Denied>,
}

/// Versions of which one must match, and who wrote them.
#[derive(Clone, Debug)]
struct List {
    source: String,
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Denied {
    pattern: Pattern,
    reason: String,
    source: String,
}

/// What is wrong with a line of the policy or an entry of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Where it stands, if in a policy.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// Whether that is the release which a sound line asks for.
    pub is_release: bool,
}

/// Why a version may not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// It is denied by name.
    Denied {
        /// Why.
        reason: String,
        /// Who says so.
        source: String,
    },
    /// A list does not hold it.
    Unlisted {
        /// What the list holds.
        listed: String,
        /// Whose list it is.
        source: String,
        /// The tier.
        tier: String,
    },
    /// A beta or release candidate in production.
    Prerelease(String),
    /// No release, in production.
    Language(String),
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { reason, source } if reason.is_empty() => {
                write!(f, "is denied by {source}")
            }
            Self::Denied { reason, source } => write!(f, "is denied by {source}: {reason}"),
            Self::Unlisted { listed, source, tier } => {
                write!(f, "is not among what {source} admits in tier {tier}: {listed}")
            }
            Self::Prerelease(tier) => write!(f, "is a pre-release, which tier {tier} does not run"),
            Self::Language(tier) => {
                write!(f, "is a language version, and tier {tier} needs a release")
            }
        }
    }
}

impl Admitted {
    /// Returns what `tier` admits under these rules and these lines of a policy.
    ///
    /// # Errors
    /// If a version, a pattern or the name of a tier is not understood.
    pub fn of(
        tier: Option<&Tier>,
        rules: &Rules,
        directives: &[Directive],
    ) -> Result<Self, BadLine> {
        let tier = tier.or(rules.tier.as_ref());
        let mut admitted = Self { tier: tier.cloned(), ..Self::default() };
        let mut own = List { source: "the policy".to_owned(), patterns: Vec::new() };
        for directive in directives {
            match directive.name.as_str() {
                "allow_go" => own.patterns.extend(allowed(directive, tier)?),
                "deny_go" => admitted.denied.push(denied(directive)?),
                _ => {}
            }
        }
        if !own.patterns.is_empty() {
            admitted.lists.push(own);
        }
        if let Some(tier) = tier {
            let of_tier = rules.of(Some(tier));
            let place = of_tier.places.get("go").cloned();
            let source = place.unwrap_or_else(|| "config.toml".to_owned());
            for list in &of_tier.go {
                let patterns = list.iter().map(|text| of_rules(text)).collect::<Result<_, _>>()?;
                admitted.lists.push(List { source: source.clone(), patterns });
            }
            let orders = orders(rules, directives)?;
            admitted.is_production = is_production(tier, &orders);
        }
        for (text, reason) in &rules.deny_go {
            let (pattern, reason) = (of_rules(text)?, reason.clone());
            admitted.denied.push(Denied { pattern, reason, source: "config.toml".to_owned() });
        }
        Ok(admitted)
    }

    /// Returns whether the tier is one that releases run in.
    pub fn is_production(&self) -> bool {
        self.is_production
    }

    /// Returns whether some list says what may run.
    pub fn is_listed(&self) -> bool {
        !self.lists.is_empty()
    }

    /// Returns whether anything is listed or denied.
    pub fn is_limited(&self) -> bool {
        self.is_listed() || !self.denied.is_empty()
    }

    /// Returns the tier's name for messages.
    fn tier(&self) -> String {
        self.tier.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
    }

    /// Returns what the lists hold, for messages.
    pub fn listed(&self) -> String {
        let lists: Vec<String> = self.lists.iter().map(List::names).collect();
        lists.join(", and of those ")
    }

    /// Decides whether a release may run.
    ///
    /// # Errors
    /// If it is denied, a list does not hold it, or it is no release and the tier is production.
    pub fn admit(&self, version: &Version) -> Result<(), NotAdmitted> {
        if let Some(denied) = self.denied.iter().find(|denied| denied.pattern.admits(version)) {
            let (reason, source) = (denied.reason.clone(), denied.source.clone());
            return Err(NotAdmitted::Denied { reason, source });
        }
        if self.is_production && version.is_prerelease() {
            return Err(NotAdmitted::Prerelease(self.tier()));
        }
        if self.is_production && version.is_language() {
            return Err(NotAdmitted::Language(self.tier()));
        }
        // Outside production a language version stands for the newest release of its line that is admitted.
        let outside = |list: &&List| {
            if version.is_language() { !list.reaches(version) } else { !list.admits(version) }
        };
        match self.lists.iter().find(outside) {
            None => Ok(()),
            Some(list) => Err(NotAdmitted::Unlisted {
                listed: list.names(),
                source: list.source.clone(),
                tier: self.tier(),
            }),
        }
    }

    /// Returns whether some admitted release is `least` or later.
    pub fn reaches(&self, least: &Version) -> bool {
        self.candidates(least).iter().any(|version| version >= least && self.admit(version).is_ok())
    }

    /// Returns whether some admitted release is of the line of `version` or an older one.
    pub fn goes_back_to(&self, version: &Version) -> bool {
        let Some(line) = Version::parse(&version.language()) else { return true };
        let of_line = |candidate: &&Version| {
            Version::parse(&candidate.language()).is_some_and(|language| language <= line)
        };
        self.candidates(version)
            .iter()
            .filter(of_line)
            .any(|candidate| self.admit(candidate).is_ok())
    }

    /// Returns whether some admitted release is of this line.
    pub fn has_line(&self, line: &str) -> bool {
        let Some(version) = Version::parse(line) else { return false };
        let candidates = self.candidates(&version);
        candidates.iter().any(|found| found.language() == line && self.admit(found).is_ok())
    }

    /// Returns releases such that one of them is admitted where any is: the bounds of every pattern, their
    /// neighbours, and for each line that is named its first release and one that is far away.
    fn candidates(&self, near: &Version) -> Vec<Version> {
        let listed = self.lists.iter().flat_map(|list| &list.patterns);
        let patterns = listed.chain(self.denied.iter().map(|denied| &denied.pattern));
        let mut candidates = vec![near.clone()];
        candidates.extend(patterns.filter_map(Pattern::bound));
        let mut lines: Vec<String> = candidates.iter().map(Version::language).collect();
        lines.push("1.999".to_owned());
        lines.sort();
        lines.dedup();
        for bound in candidates.clone() {
            candidates.extend(bound.neighbours());
        }
        for line in lines {
            candidates.extend(Version::parse(&format!("{line}.0")));
            candidates.extend(Version::parse(&format!("{line}.999")));
        }
        candidates.retain(|version| !version.is_language());
        candidates
    }
}

impl List {
    fn admits(&self, version: &Version) -> bool {
        self.patterns.iter().any(|pattern| pattern.admits(version))
    }

    fn reaches(&self, line: &Version) -> bool {
        let of_line = |bound: Version| bound.language() == line.language();
        self.patterns.iter().any(|pattern| {
            pattern.bound().is_some_and(of_line)
                || Version::parse(&format!("{line}.999")).is_some_and(|last| pattern.admits(&last))
        })
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.patterns.iter().map(ToString::to_string).collect();
        names.join(" ")
    }
}

/// Decides whether the SDK of a policy may run in `tier`: what the prompt asks after evaluation.
///
/// # Errors
/// If it may not, or a line of the policy or the rules that speaks of it is not understood; with the place of the
/// line that is to be changed, where it is the policy's.
pub fn judge(wanted: &Wanted, tier: Option<&Tier>, rules: &Rules) -> Result<(), BadLine> {
    let admitted = Admitted::of(tier, rules, &wanted.governance)?;
    let Some((asked, found)) = &wanted.sdk else { return Ok(()) };
    let place = wanted.origins.iter().rfind(|(name, _)| name == b"GOROOT");
    let place = place.map(|(_, place)| place.clone());
    // A version that is asked for as a language counts as one, whichever release was found for it.
    let written = asked.version.as_deref().and_then(|text| Version::read(text).ok());
    let language = written.filter(|version| version.is_language() && admitted.is_production());
    let version = language.or_else(|| Version::read(&found.version).ok());
    let Some(version) = version else { return Ok(()) };
    let no = |no: NotAdmitted| {
        let message = format!("go{version} {no}");
        BadLine { place, message, is_release: true }
    };
    admitted.admit(&version).map_err(no)
}

/// Returns the patterns of an `allow_go` line if it is about `tier`; every word is read, whatever the tier.
fn allowed(directive: &Directive, tier: Option<&Tier>) -> Result<Vec<Pattern>, BadLine> {
    let (name, patterns) = allow_line(directive)?;
    Ok(if tier == Some(&name) { patterns } else { Vec::new() })
}

/// Reads an `allow_go TIER VERSION…` line.
pub fn allow_line(directive: &Directive) -> Result<(Tier, Vec<Pattern>), BadLine> {
    let mut words = directive.arguments.iter();
    let tier = tier_of(words.next().map_or(&[][..], Vec::as_slice), directive)?;
    let patterns = words.map(|word| pattern_of(word, directive)).collect::<Result<_, _>>()?;
    Ok((tier, patterns))
}

fn denied(directive: &Directive) -> Result<Denied, BadLine> {
    let (first, rest) = directive.arguments.split_first().unwrap_or((const { &Vec::new() }, &[]));
    let reason: Vec<_> = rest.iter().map(|word| String::from_utf8_lossy(word)).collect();
    let line = directive.place.line;
    let source = format!("line {line} of the policy");
    Ok(Denied { pattern: pattern_of(first, directive)?, reason: reason.join(" "), source })
}

fn tier_of(word: &[u8], directive: &Directive) -> Result<Tier, BadLine> {
    let text = String::from_utf8_lossy(word);
    Tier::new(&text).ok_or_else(|| BadLine {
        place: Some(directive.place.clone()),
        message: format!("`{text}` is no tier: expected lower-case letters, digits and hyphens"),
        is_release: false,
    })
}

fn pattern_of(word: &[u8], directive: &Directive) -> Result<Pattern, BadLine> {
    Pattern::read(&String::from_utf8_lossy(word)).map_err(|bad| BadLine {
        place: Some(directive.place.clone()),
        message: bad.to_string(),
        is_release: false,
    })
}

fn of_rules(text: &str) -> Result<Pattern, BadLine> {
    let message = |bad| format!("config.toml: {bad}");
    Pattern::read(text).map_err(|bad| BadLine {
        place: None,
        message: message(bad),
        is_release: false,
    })
}

/// Returns every order of promotion: the rules' and the policy's.
///
/// # Errors
/// If a `promote` line names what is no tier, or one twice.
pub fn orders(rules: &Rules, directives: &[Directive]) -> Result<Vec<Vec<Tier>>, BadLine> {
    let mut orders = rules.promote.clone();
    for directive in directives.iter().filter(|directive| directive.name == "promote") {
        let tiers = directive.arguments.iter().map(|word| tier_of(word, directive));
        let order: Vec<Tier> = tiers.collect::<Result<_, _>>()?;
        let twice =
            order.iter().enumerate().find(|(at, tier)| order.iter().take(*at).any(|t| t == *tier));
        if let Some((_, tier)) = twice {
            let message = format!("tier {tier} is named twice");
            return Err(BadLine {
                place: Some(directive.place.clone()),
                message,
                is_release: false,
            });
        }
        orders.push(order);
    }
    Ok(orders)
}

/// Returns whether releases run in `tier`: it is called so, or is the last in an order of promotion.
pub fn is_production(tier: &Tier, orders: &[Vec<Tier>]) -> bool {
    matches!(tier.name(), "prod" | "production")
        || orders.iter().any(|order| order.last() == Some(tier))
}

/// A pair of tiers that does not promote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The earlier tier.
    pub earlier: Tier,
    /// The later one.
    pub later: Tier,
    /// What the later one admits and the earlier does not; `None` where the later one has no list.
    pub pattern: Option<String>,
    /// The line of the policy that admits it.
    pub place: Option<Place>,
}

/// Returns where a later tier admits what an earlier one does not.
///
/// # Errors
/// If a line is not understood.
pub fn gaps(rules: &Rules, directives: &[Directive]) -> Result<Vec<Gap>, BadLine> {
    let mut lines = Vec::new();
    for directive in directives.iter().filter(|directive| directive.name == "allow_go") {
        lines.push((allow_line(directive)?, directive.place.clone()));
    }
    let own = |tier: &Tier| -> Vec<(&Pattern, Option<&Place>)> {
        let of_tier = lines.iter().filter(|((name, _), _)| name == tier);
        of_tier
            .flat_map(|((_, patterns), place)| patterns.iter().map(move |p| (p, Some(place))))
            .collect()
    };
    let mut gaps = Vec::new();
    for order in orders(rules, directives)? {
        for pair in order.windows(2) {
            let [earlier, later] = pair else { continue };
            gaps.extend(gap(earlier, later, &own(earlier), &own(later)));
            let theirs = |tier: &Tier| -> Result<Vec<Pattern>, BadLine> {
                let lists = rules.tiers().find(|(name, _)| *name == tier);
                let texts = lists.map(|(_, rules)| rules.go.concat()).unwrap_or_default();
                texts.iter().map(|text| of_rules(text)).collect()
            };
            let (before, after) = (theirs(earlier)?, theirs(later)?);
            let before: Vec<_> = before.iter().map(|pattern| (pattern, None)).collect();
            let after: Vec<_> = after.iter().map(|pattern| (pattern, None)).collect();
            gaps.extend(gap(earlier, later, &before, &after));
        }
    }
    gaps.dedup();
    Ok(gaps)
}

type Sourced<'a> = (&'a Pattern, Option<&'a Place>);

fn gap(earlier: &Tier, later: &Tier, before: &[Sourced<'_>], after: &[Sourced<'_>]) -> Vec<Gap> {
    let gap = |pattern: Option<String>, place: Option<&Place>| Gap {
        earlier: earlier.clone(),
        later: later.clone(),
        pattern,
        place: place.cloned(),
    };
    if before.is_empty() {
        // An earlier tier without a list admits everything.
        return Vec::new();
    }
    if after.is_empty() {
        return vec![gap(None, before.first().and_then(|(_, place)| *place))];
    }
    let missing =
        |(pattern, _): &&Sourced<'_>| !before.iter().any(|(bound, _)| pattern.within(bound));
    after
        .iter()
        .filter(missing)
        .map(|(pattern, place)| gap(Some(pattern.to_string()), *place))
        .collect()
}

#[cfg(test)]
mod tests;
