//! Rules for the variables that a repository sets: where modules come from, whether they are checked, which Go runs.
//!
//! Policies, `.env` files, Dockerfiles and CI files set variables; the rules are the same for all of them.

use super::Finding;
use super::envrc;
use super::facts::{Facts, File};
use super::kind::Kind;
use super::lines::{column, lines, unquoted};
use super::rules::Rule;
use super::standing::{Standing, Standings};

/// A variable that some file sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, expansions as written.
    pub value: String,
    /// Whether something in the value is expanded.
    pub expands: bool,
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1.
    pub column: u32,
    /// How many bytes it covers.
    pub width: usize,
}

/// Returns the variables that a file sets, where it is of a kind that does.
pub fn of(file: &File) -> Vec<Setting> {
    match file.kind {
        Kind::Policy => of_policy(&file.bytes),
        Kind::Dotenv => of_dotenv(&file.bytes),
        Kind::Docker => super::docker::settings(&file.bytes),
        Kind::GitHub | Kind::Pipeline => super::ci::settings(&file.bytes),
        _ => Vec::new(),
    }
}

fn of_policy(policy: &[u8]) -> Vec<Setting> {
    let commands = envrc::commands(policy);
    let of_command = |command: &envrc::Command| -> Vec<Setting> {
        let assignments = command.assignments();
        let lock = (command.name() == "lock").then(|| command.called().get(1)).flatten();
        let locked = lock.and_then(|word| Some((word.text.split_once('=')?, word)));
        let locked = locked.map(|((name, value), word)| (name, value, word));
        let setting = |(name, value, word): (&str, &str, &envrc::Word)| Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            expands: word.expands,
            line: word.line,
            column: word.column,
            width: word.width,
        };
        assignments.chain(locked).map(setting).collect()
    };
    commands.iter().flat_map(of_command).collect()
}

fn of_dotenv(file: &[u8]) -> Vec<Setting> {
    lines(file)
        .filter_map(|(number, line)| {
            let text = String::from_utf8_lossy(line);
            let body = text.trim_start();
            let body = body.strip_prefix("export ").unwrap_or(body);
            let (name, value) = body.split_once('=').or_else(|| body.split_once(": "))?;
            let name = name.trim();
            let start = text.find(name)?;
            let value = unquoted(value.trim());
            crate::env::is_identifier(name.as_bytes()).then(|| Setting {
                name: name.to_owned(),
                value: value.to_owned(),
                expands: value.contains('$'),
                line: number,
                column: column(start),
                width: text.trim_end().len().saturating_sub(start),
            })
        })
        .collect()
}

/// Checks the variables of every file.
pub fn check(facts: &Facts, standings: &Standings<'_>, findings: &mut Vec<Finding>) {
    for file in &facts.files {
        let settings = of(file);
        let standing = standings.of(&file.path);
        let has = |name: &str| settings.iter().any(|setting| setting.name == name);
        let own_proxy = settings
            .iter()
            .any(|setting| setting.name == "GOPROXY" && is_own_proxy(&setting.value));
        // GOPRIVATE then leads around the proxy.
        let is_bypassed = own_proxy && !has("GONOPROXY");
        for setting in &settings {
            let at = |rule: Rule, message: String| {
                let finding = Finding::new(rule, &file.path, message);
                finding.at(setting.line, setting.column, setting.width)
            };
            findings.extend(modules(setting, is_bypassed).map(|(rule, message)| at(rule, message)));
            findings.extend(
                toolchain(file, setting, standing).map(|message| at(Rule::Toolchain, message)),
            );
            findings.extend(
                overrides(file, setting, standing).map(|message| at(Rule::Overridden, message)),
            );
            if has_password(&setting.value) {
                let message = format!("{} has a password in its address", setting.name);
                findings.push(at(Rule::Password, message));
            }
        }
    }
}

/// Rules for where modules come from and whether they are checked.
fn modules(setting: &Setting, is_bypassed: bool) -> Option<(Rule, String)> {
    let value = setting.value.trim();
    if value.is_empty() {
        return None;
    }
    match setting.name.as_str() {
        "GOPROXY" => proxy(value),
        "GOSUMDB" if value == "off" => Some((
            Rule::NoSumDb,
            "GOSUMDB=off checks no module against the checksum database".into(),
        )),
        "GOSUMDB" if !setting.expands => sum_database(value),
        "GONOSUMDB" if value.split(',').any(covers_all) => {
            Some((Rule::NoSumDb, "GONOSUMDB covers every module".into()))
        }
        "GOPRIVATE" if value.split(',').any(covers_all) => {
            Some((Rule::NoSumDb, "GOPRIVATE covers every module".into()))
        }
        "GOPRIVATE" => is_bypassed.then(|| {
            (Rule::PrivateBypass, "GOPRIVATE without GONOPROXY=none goes around GOPROXY".into())
        }),
        "GONOSUMCHECK" => Some((Rule::NoSuchVariable, "Go has no variable GONOSUMCHECK".into())),
        "GOINSECURE" => {
            Some((Rule::Insecure, "GOINSECURE fetches modules over plain connections".into()))
        }
        "GOFLAGS" => flags(value).into_iter().find_map(flag),
        _ => None,
    }
}

fn covers_all(pattern: &str) -> bool {
    matches!(pattern.trim(), "*" | "*/*" | "**" | "*.*")
}

fn is_own_proxy(value: &str) -> bool {
    value
        .split([',', '|'])
        .any(|part| part.starts_with("http") && !part.starts_with("https://proxy.golang.org"))
}

fn proxy(value: &str) -> Option<(Rule, String)> {
    let plain = value.split([',', '|']).find(|part| {
        // Go takes a scheme in whatever case.
        let part = part.trim().to_ascii_lowercase();
        let address = part.strip_prefix("http://").unwrap_or("localhost");
        let host = address.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        !["localhost", "127.0.0.1", "[::1]"].iter().any(|own| {
            host.strip_prefix(own).is_some_and(|port| port.is_empty() || port.starts_with(':'))
        })
    });
    if plain.is_some() {
        return Some((Rule::PlainProxy, "GOPROXY names a proxy over plain HTTP".to_owned()));
    }
    let (before, _) = value.rsplit_once("|direct")?;
    let own = is_own_proxy(before);
    own.then(|| {
        (
            Rule::ProxyFallback,
            "`|direct` leaves the proxy at any error, `,direct` at 404 and 410 alone".to_owned(),
        )
    })
}

/// Go's grammar: a name, or name+hash+key, and an address after a space.
fn sum_database(value: &str) -> Option<(Rule, String)> {
    let mut words = value.split(' ');
    let name = words.next().unwrap_or_default();
    let address = words.next();
    let parts: Vec<&str> = name.splitn(3, '+').collect();
    let sound_name = match parts.as_slice() {
        [name] => matches!(*name, "sum.golang.org" | "sum.golang.google.cn"),
        [name, hash, key] => {
            let hex = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            !name.is_empty() && hex && key.len() >= 44
        }
        _ => false,
    };
    let sound = sound_name && words.next().is_none() && address.is_none_or(|a| a.contains("://"));
    (!sound).then(|| (Rule::BadSumDb, "go refuses this GOSUMDB: malformed verifier id".to_owned()))
}

/// Returns the flags in GOFLAGS as go takes them apart: quotes may stand around a whole one, and nothing escapes.
fn flags(value: &str) -> Vec<&str> {
    let mut flags = Vec::new();
    let mut rest = value.trim_ascii_start();
    while let Some(first) = rest.chars().next() {
        let (flag, after) = match first {
            // What go refuses for lack of the other quote is taken to its end.
            '"' | '\'' => {
                let quoted = rest.get(1..).unwrap_or_default();
                quoted.split_once(first).unwrap_or((quoted, ""))
            }
            _ => rest.split_at(rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len())),
        };
        flags.push(flag);
        rest = after.trim_ascii_start();
    }
    flags
}

/// Flags that run a program, replace files or rewrite go.mod, whatever the command.
fn flag(token: &str) -> Option<(Rule, String)> {
    let flag = token.strip_prefix("--").or_else(|| token.strip_prefix('-'))?;
    let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
    let does = match (name, value) {
        ("toolexec" | "exec" | "vettool", _) => "runs a program at every build",
        ("overlay" | "modfile" | "pkgdir", _) => "replaces files of the build",
        ("mod", "mod") => "lets every build rewrite go.mod and go.sum",
        ("insecure", _) => "fetches without TLS",
        ("ldflags", value) if value.contains("-extld") => "runs another linker",
        _ => return None,
    };
    let shown = if value.is_empty() { format!("-{name}") } else { format!("-{name}={value}") };
    Some((Rule::Flags, format!("{shown} in GOFLAGS {does}")))
}

/// A GOTOOLCHAIN that lets go run another Go than the policy's.
fn toolchain(file: &File, setting: &Setting, standing: &Standing<'_>) -> Option<String> {
    let value = setting.value.trim();
    let relevant = setting.name == "GOTOOLCHAIN" && !value.is_empty() && !setting.expands;
    if !relevant || value == "local" || (!standing.is_decided() && file.kind != Kind::Policy) {
        return None;
    }
    let named = crate::go::Version::from_toolchain(value);
    let is_pinned = named.zip(standing.pin.as_ref()).is_some_and(|(named, pin)| pin.names(&named));
    if !value.contains('+') && is_pinned {
        return None;
    }
    Some(match &standing.pin {
        Some(pin) => format!("GOTOOLCHAIN={value} lets go run another Go than the pinned go{pin}"),
        None => format!("GOTOOLCHAIN={value} lets go choose the Go that runs"),
    })
}

/// A value that differs from what the policy locks.
fn overrides(file: &File, setting: &Setting, standing: &Standing<'_>) -> Option<String> {
    if file.kind == Kind::Policy || setting.expands {
        return None;
    }
    let locks = &standing.policy?.evaluated()?.locks;
    let (name, value) = locks.iter().find(|(name, _)| *name == setting.name.as_bytes())?;
    (*value != setting.value.as_bytes()).then(|| {
        let name = String::from_utf8_lossy(name);
        format!("{name} is locked to another value by the policy")
    })
}

/// Returns whether an address in the value has `user:password@`.
pub fn has_password(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ', '"', '\'', ',', '|']).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@') else { return false };
        let Some((_, password)) = user.split_once(':') else { return false };
        !password.is_empty() && !password.starts_with(['$', '<', '{', '%', '*'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, value: &str) -> String {
        let one = |name: &str, value: &str| Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            expands: value.contains('$'),
            line: 1,
            column: 1,
            width: 1,
        };
        modules(&one(name, value), true).map_or_else(String::new, |(rule, _)| rule.id().to_owned())
    }

    #[test]
    fn each_value_has_its_rule() {
        for (name, value, id) in [
            ("GOPROXY", "https://proxy.corp.example|direct", "GOENV201"),
            ("GOPROXY", "https://proxy.corp.example,direct", ""),
            ("GOPROXY", "https://proxy.golang.org|direct", ""),
            ("GOPROXY", "off", ""),
            ("GOPROXY", "http://proxy.corp.example", "GOENV207"),
            ("GOPROXY", "http://127.0.0.1:3000,https://a.example", ""),
            ("GOPROXY", "http://localhost/x,direct", ""),
            ("GOPROXY", "http://localhost.corp.example", "GOENV207"),
            ("GOPROXY", "http://127.0.0.1@proxy.corp.example", "GOENV207"),
            ("GOPROXY", "direct,HTTP://proxy.corp.example", "GOENV207"),
            ("GOSUMDB", "off", "GOENV202"),
            ("GOSUMDB", "sum.golang.org", ""),
            ("GOSUMDB", "sum.golang.org https://sumdb.corp.example", ""),
            ("GOSUMDB", "sum.golang.org+https://sumdb.corp.example", "GOENV205"),
            ("GOSUMDB", "corp.example", "GOENV205"),
            ("GOSUMDB", "c.example+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", ""),
            ("GONOSUMDB", "*", "GOENV202"),
            ("GONOSUMDB", "*.corp.example", ""),
            ("GOPRIVATE", "*", "GOENV202"),
            ("GOPRIVATE", "corp.example", "GOENV204"),
            ("GONOSUMCHECK", "1", "GOENV206"),
            ("GOINSECURE", "corp.example", "GOENV203"),
            ("GOINSECURE", "", ""),
            ("GOFLAGS", "-mod=readonly -trimpath", ""),
            ("GOFLAGS", "-trimpath -mod=mod", "GOENV209"),
            ("GOFLAGS", "-toolexec=/tmp/x", "GOENV209"),
            ("GOFLAGS", "--overlay=x.json", "GOENV209"),
            ("GOFLAGS", "-v '-toolexec=/tmp/x y'", "GOENV209"),
            ("GOFLAGS", "'-trimpath'\t\"-ldflags=-linkmode=external -extld=/tmp/x\"", "GOENV209"),
            ("GOFLAGS", "'-v'-mod=mod", "GOENV209"),
            ("GOFLAGS", "'-ldflags=-X main.flag=-toolexec=x'", ""),
            ("GOFLAGS", "-tags=a'-mod=mod", ""),
            ("GOFLAGS", "'-mod=mod", "GOENV209"),
            ("OTHER", "off", ""),
        ] {
            assert_eq!(found(name, value), id, "{name}={value}");
        }
    }

    #[test]
    fn passwords_in_addresses_are_seen() {
        for (value, expected) in [
            ("https://ann:hunter22@proxy.example/x", true),
            ("https://a.example,https://x:y@b.example", true),
            ("https://ann@proxy.example", false),
            ("https://$USER:$PASS@proxy.example", false),
            ("https://proxy.example/a:b@c", false),
            ("a:b@c", false),
        ] {
            assert_eq!(has_password(value), expected, "{value}");
        }
    }
}
