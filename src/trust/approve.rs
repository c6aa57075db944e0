//! What `goenv sign` writes before anything is signed: the header filled in, its serial raised.
//!
//! Pure: the policy, its signatures and what is known of the place in; the bytes to sign out. A second approver
//! changes no byte: where a signature holds for the policy as it stands, that is what is signed.

use super::header::{self, Expiry, Header, MOST_SERIAL, Tier};
use super::scope::Scope;
use super::serial::{Mark, Order};
use super::sshsig::{Message, Signature};
use super::{date, flaw::Flaw};
use crate::hex::sha256;

/// How many days a policy holds where nothing else says.
const DAYS: u32 = 90;

/// What a header is filled in from.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The scopes of the policy's place, one for each remote; none where no remote says.
    pub here: &'a [Scope],
    /// This host's tier.
    pub host_tier: Option<&'a Tier>,
    /// The highest serial seen for the scope.
    pub mark: Option<&'a Mark>,
    /// Whether there is a signature file.
    pub signed_before: bool,
    /// How far the expiry may lie.
    pub max_age_days: Option<u32>,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `--tier`.
    pub tier: Option<Tier>,
    /// `--expires`.
    pub expires: Option<Expiry>,
}

/// Why a header cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The policy's header is wrong.
    Header(Flaw),
    /// No remote says where this is.
    Scope,
    /// The expiry asked for is past, or further away than the rules admit.
    Expires(String),
    /// The highest serial that there is was used.
    Serial,
}

/// Returns the expiry that `--expires` gives: a date, or days from now as `90d`.
pub fn expiry(text: &str, now: i64) -> Option<Expiry> {
    match text.strip_suffix('d').map(str::parse::<u32>) {
        Some(Ok(days)) => Expiry::new(&date::day(now + i64::from(days) * 86_400)),
        _ => Expiry::new(text),
    }
}

/// Returns the tier that a policy is signed for.
pub fn tier(asked: &Asked, header: Option<&Header>, host: Option<&Tier>) -> Tier {
    let of_header = header.and_then(|header| header.tier.as_ref());
    let known = asked.tier.as_ref().or(of_header).or(host).cloned();
    known.unwrap_or_else(Tier::dev)
}

/// What an approval must keep to, to count on this host.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// The highest serial seen for the scope of the policy's header.
    pub mark: Option<&'a Mark>,
    /// How far the expiry may lie.
    pub max_age_days: Option<u32>,
    /// Now, in seconds since 1970.
    pub now: i64,
}

impl Limits<'_> {
    /// Returns when an approval has to end at the latest.
    fn latest(&self) -> i64 {
        latest(self.max_age_days, self.now)
    }
}

fn latest(max_age_days: Option<u32>, now: i64) -> i64 {
    let days = i64::from(max_age_days.unwrap_or(u32::MAX));
    now.saturating_add(days.saturating_mul(86_400))
}

/// Returns whether `policy` as it stands is what is to be signed: somebody signed it, nothing else is asked for, and
/// what was seen here does not refuse it whoever signs.
pub fn is_second(
    policy: &[u8],
    signatures: &[Signature],
    asked: &Asked,
    limits: Limits<'_>,
) -> bool {
    let Ok(Some(header)) = header::parse(policy) else { return false };
    let Header { scope: Some(scope), tier: Some(tier), serial: Some(serial), .. } = &header else {
        return false;
    };
    let Some(expires) = &header.expires else { return false };
    let own = Mark { scope: scope.clone(), serial: *serial, sha256: sha256(policy) };
    let follows = matches!(own.order(limits.mark), Order::Newer | Order::Same);
    let in_time = expires.at > limits.now && expires.at <= limits.latest();
    let same = asked.tier.as_ref().is_none_or(|asked| asked == tier)
        && asked.expires.as_ref().is_none_or(|asked| asked == expires);
    let (namespace, message) = (tier.namespace(), Message::new(policy));
    let holds =
        |signature: &Signature| signature.namespace == namespace && signature.verify(&message);
    same && follows && in_time && signatures.iter().any(holds)
}

/// Returns the policy with a header that can be signed.
///
/// # Errors
/// If the header is wrong, the place has no name, or the expiry cannot be.
pub fn fill_in(policy: &[u8], asked: &Asked, facts: &Facts<'_>) -> Result<Vec<u8>, Unclear> {
    let before = header::parse(policy).map_err(Unclear::Header)?.unwrap_or_default();
    let own = before.scope.as_ref().filter(|scope| facts.here.contains(scope));
    let scope = own.or(facts.here.first()).ok_or(Unclear::Scope)?.clone();
    let tier = tier(asked, Some(&before), facts.host_tier);
    let least = facts.mark.filter(|mark| mark.scope == scope).map_or(1, |mark| mark.serial + 1);
    let serial = match before.serial {
        Some(serial) if facts.signed_before => serial + 1,
        serial => serial.unwrap_or(least),
    };
    let serial = Some(serial.max(least)).filter(|serial| *serial <= MOST_SERIAL);
    let header = Header {
        scope: Some(scope),
        tier: Some(tier),
        serial: Some(serial.ok_or(Unclear::Serial)?),
        expires: Some(expires(asked, &before, facts)?),
        engine: before.engine,
    };
    header::write(policy, &header).map_err(Unclear::Header)
}

fn expires(asked: &Asked, before: &Header, facts: &Facts<'_>) -> Result<Expiry, Unclear> {
    let latest = latest(facts.max_age_days, facts.now);
    let fits = |expires: &&Expiry| expires.at > facts.now && expires.at <= latest;
    match &asked.expires {
        Some(asked) if asked.at <= facts.now => {
            Err(Unclear::Expires(format!("{} is past", asked.text)))
        }
        Some(asked) if asked.at > latest => {
            let days = facts.max_age_days.unwrap_or(u32::MAX);
            Err(Unclear::Expires(format!("{} is more than {days} days from now", asked.text)))
        }
        Some(asked) => Ok(asked.clone()),
        None => match before.expires.as_ref().filter(fits) {
            Some(before) => Ok(before.clone()),
            None => {
                let days = facts.max_age_days.unwrap_or(DAYS).min(DAYS);
                let at = date::day(facts.now + i64::from(days) * 86_400);
                Expiry::new(&at).ok_or_else(|| Unclear::Expires(format!("{at} is no date")))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::sign;
    use super::*;

    const NOW: i64 = 1_798_000_000; // 2026-12-23

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    fn facts<'a>(here: &'a [Scope]) -> Facts<'a> {
        Facts {
            here,
            host_tier: None,
            mark: None,
            signed_before: false,
            max_age_days: None,
            now: NOW,
        }
    }

    fn filled(policy: &str, asked: &Asked, facts: &Facts<'_>) -> String {
        String::from_utf8(fill_in(policy.as_bytes(), asked, facts).unwrap()).unwrap()
    }

    #[test]
    fn a_bare_policy_gets_a_whole_header() {
        let here = [scope("h/a/b//c"), scope("h/fork/b//c")];
        assert_eq!(
            filled("use go 1.26.6\n", &Asked::default(), &facts(&here)),
            "#goenv: v1\n#goenv: scope h/a/b//c\n#goenv: tier dev\n#goenv: serial 1\n#goenv: expires 2027-03-23\nuse go 1.26.6\n"
        );
        let host = Tier::new("prod").unwrap();
        let facts = Facts { host_tier: Some(&host), max_age_days: Some(30), ..facts(&here) };
        assert_eq!(
            filled("#goenv: v1\n#goenv: engine bash\nx\n", &Asked::default(), &facts),
            "#goenv: v1\n#goenv: scope h/a/b//c\n#goenv: tier prod\n#goenv: serial 1\n#goenv: expires 2027-01-22\n#goenv: engine bash\nx\n"
        );
    }

    #[test]
    fn a_header_keeps_what_holds_and_raises_its_serial_once_it_was_signed() {
        let here = [scope("h/a/b//c"), scope("h/fork/b//c")];
        let policy = "#goenv: v1\n#goenv: scope h/fork/b//c\n#goenv: tier prod\n#goenv: serial 42\n#goenv: expires 2027-02-20\nx\n";
        let serial = |facts: &Facts<'_>| {
            let text = filled(policy, &Asked::default(), facts);
            assert!(
                text.contains("scope h/fork/b//c\n#goenv: tier prod")
                    && text.contains("2027-02-20")
            );
            header::parse(text.as_bytes()).unwrap().unwrap().serial.unwrap()
        };
        assert_eq!(serial(&facts(&here)), 42);
        assert_eq!(serial(&Facts { signed_before: true, ..facts(&here) }), 43);
        let mark = Mark { scope: scope("h/fork/b//c"), serial: 50, sha256: [0; 32] };
        assert_eq!(serial(&Facts { signed_before: true, mark: Some(&mark), ..facts(&here) }), 51);
        let other = Mark { scope: scope("h/a/b//c"), ..mark };
        assert_eq!(serial(&Facts { mark: Some(&other), ..facts(&here) }), 42);
    }

    #[test]
    fn a_scope_of_elsewhere_and_an_expiry_that_is_past_are_replaced() {
        let here = [scope("h/a/b//c")];
        let policy = "#goenv: v1\n#goenv: scope h/x/y//z\n#goenv: expires 2026-12-01\nx\n";
        let text = filled(policy, &Asked::default(), &facts(&here));
        assert!(text.contains("scope h/a/b//c") && text.contains("expires 2027-03-23"));
        // One that ends at this very second is past, one that ends at the latest second is not too far.
        let at = |now, days| Facts { now, max_age_days: days, ..facts(&here) };
        let december = Expiry::new("2026-12-01").unwrap().at;
        let kept = |facts| filled(policy, &Asked::default(), &facts).contains("expires 2026-12-01");
        assert!(kept(at(december - 1, None)) && !kept(at(december, None)));
        let month = december - 30 * 86_400;
        assert!(kept(at(month, Some(30))) && !kept(at(month - 1, Some(30))));
    }

    #[test]
    fn nothing_follows_the_last_serial() {
        let here = [scope("h/a/b//c")];
        let policy = format!("#goenv: v1\n#goenv: serial {MOST_SERIAL}\nx\n");
        assert!(filled(&policy, &Asked::default(), &facts(&here)).contains("serial 900719"));
        let signed = Facts { signed_before: true, ..facts(&here) };
        let again = fill_in(policy.as_bytes(), &Asked::default(), &signed);
        assert_eq!(again, Err(Unclear::Serial));
        let mark = Mark { scope: scope("h/a/b//c"), serial: MOST_SERIAL, sha256: [0; 32] };
        let seen = Facts { mark: Some(&mark), ..facts(&here) };
        assert_eq!(fill_in(b"x\n", &Asked::default(), &seen), Err(Unclear::Serial));
    }

    #[test]
    fn what_is_unclear_is_said() {
        let here = [scope("h/a/b//c")];
        let asked = |text: &str| Asked { expires: expiry(text, NOW), ..Asked::default() };
        assert_eq!(fill_in(b"", &Asked::default(), &facts(&[])), Err(Unclear::Scope));
        assert!(matches!(
            fill_in(b"#goenv: v9\n", &Asked::default(), &facts(&here)),
            Err(Unclear::Header(_))
        ));
        let past = Unclear::Expires("2026-01-01 is past".into());
        assert_eq!(fill_in(b"", &asked("2026-01-01"), &facts(&here)), Err(past));
        let far = Unclear::Expires("2027-12-23 is more than 90 days from now".into());
        let limited = Facts { max_age_days: Some(90), ..facts(&here) };
        assert_eq!(fill_in(b"", &asked("365d"), &limited), Err(far));
        assert!(filled("", &asked("10d"), &limited).contains("expires 2027-01-02"));
        let spring = Expiry::new("2027-03-01").unwrap();
        let asked = Asked { expires: Some(spring.clone()), ..Asked::default() };
        let until = |now| fill_in(b"", &asked, &Facts { now, ..limited });
        assert!(until(spring.at - 90 * 86_400).is_ok());
        let far = Unclear::Expires("2027-03-01 is more than 90 days from now".into());
        assert_eq!(until(spring.at - 90 * 86_400 - 1), Err(far));
        assert_eq!(expiry("tomorrow", NOW), None);
        assert_eq!(expiry("99999999999d", NOW), None);
    }

    #[test]
    fn a_second_approver_signs_what_the_first_signed() {
        let here = [scope("h/a/b//c")];
        let policy = filled("x\n", &Asked::default(), &facts(&here));
        let bytes = policy.as_bytes();
        let by = |file: Vec<u8>| super::super::sshsig::decode(&file).unwrap();
        let first = by(sign(1, "goenv-policy-dev", bytes));
        let limits = Limits { mark: None, max_age_days: None, now: NOW };
        let second = |policy: &[u8], signatures: &[Signature], limits: Limits<'_>| {
            is_second(policy, signatures, &Asked::default(), limits)
        };
        assert!(second(bytes, &first, limits));
        assert!(!second(b"y\n", &first, limits));
        assert!(!second(bytes, &by(sign(1, "git", bytes)), limits));
        assert!(!second(bytes, &by(sign(1, "goenv-policy-dev", b"old")), limits));
        assert!(!second(bytes, &first, Limits { now: NOW + 100 * 86_400, ..limits }));
        // The second at which it expires is too late.
        let ends = header::parse(bytes).unwrap().unwrap().expires.unwrap().at;
        assert!(second(bytes, &first, Limits { now: ends - 1, ..limits }));
        assert!(!second(bytes, &first, Limits { now: ends, ..limits }));
        // No more signatures make these apply here: the bytes have to change.
        assert!(second(bytes, &first, Limits { max_age_days: Some(90), ..limits }));
        assert!(!second(bytes, &first, Limits { max_age_days: Some(30), ..limits }));
        let seen = |serial, sha256| Mark { scope: scope("h/a/b//c"), serial, sha256 };
        let with = |mark: &Mark| second(bytes, &first, Limits { mark: Some(mark), ..limits });
        assert!(with(&seen(1, sha256(bytes))) && !with(&seen(1, [0; 32])));
        assert!(!with(&seen(2, [0; 32])));
        let prod = Asked { tier: Tier::new("prod"), ..Asked::default() };
        assert!(!is_second(bytes, &first, &prod, limits));
    }
}
