//! What the value of a granted sensitive variable may be, and what no value of a signed policy may hold.
//!
//! A grant says that a policy may set a name; these rules say with what, so that a grant for `GOPROXY` is not one
//! for switching off the checksum database. An error is one sentence, to follow "NAME: ".

use super::Approval;
use crate::trust::flaw::shown;
use crate::ui::is_hidden;

/// The size that a value may have in a signed policy.
const MOST_BYTES: usize = 32 * 1024;

/// Returns what is wrong with the bytes of a value, whatever variable has it.
pub(super) fn unreadable(value: &[u8], approval: Approval) -> Option<String> {
    if value.contains(&0) {
        return Some("the value has a NUL byte".into());
    }
    if value.starts_with(b"()") && value.contains(&b'{') {
        return Some("old bash takes a value that begins as a function for one".into());
    }
    if approval != Approval::Signed {
        return None;
    }
    if value.len() > MOST_BYTES {
        return Some(format!(
            "the value has {} bytes, a signed policy may set {MOST_BYTES}",
            value.len()
        ));
    }
    let Ok(text) = std::str::from_utf8(value) else {
        return Some("the value is not UTF-8".into());
    };
    // What is hidden makes a value look like another in review.
    let hidden = text.chars().find(|c| is_hidden(*c) && !matches!(c, '\n' | '\t'));
    hidden.map(|c| format!("the value has the invisible character U+{:04X}", u32::from(c)))
}

/// Returns why a granted variable may not have `value`.
pub(super) fn refused(name: &[u8], value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    // An empty value is what Go takes for an unset variable.
    if text.is_empty() {
        return None;
    }
    match name {
        b"GOFLAGS" => go_flags(text),
        b"GOPROXY" => proxies(text),
        b"GOSUMDB" => checksum_database(text),
        b"GOINSECURE" | b"GONOSUMCHECK" => {
            Some("it switches off checks, whatever its value".into())
        }
        b"GOPRIVATE" | b"GONOSUMDB" | b"GONOPROXY" => module_patterns(text),
        b"GOVCS" => version_control(text),
        b"GOAUTH" => one_of(text, &["off", "netrc"]),
        b"GOPACKAGESDRIVER" | b"GOENV" => one_of(text, &["off"]),
        b"GOCACHEPROG" | b"GIT_HTTP_USER_AGENT" | b"GO_LDSO" | b"GOSSAFUNC" | b"GOSSADIR" => {
            Some("its value cannot be checked".into())
        }
        b"GOTOOLCHAIN" => one_of(text, &["local"]),
        b"GOWORK" if text == "off" => None,
        b"GODEBUG" => debug_settings(text),
        b"GOROOT" | b"GOCACHE" | b"GOMODCACHE" | b"GOPATH" | b"GOBIN" | b"GOTMPDIR" | b"TMPDIR"
        | b"GOCOVERDIR" | b"GOWORK" | b"CC" | b"CXX" | b"FC" | b"AR" | b"GCCGO" | b"PKG_CONFIG"
        | b"SSL_CERT_FILE" | b"SSL_CERT_DIR" | b"KUBECONFIG" => absolute(text),
        // A pattern of flags that any module may then ask for.
        name if name.starts_with(b"CGO_") && name.ends_with(b"_ALLOW") => {
            Some("its value cannot be checked".into())
        }
        name if name.starts_with(b"CGO_") => compiler_flags(text),
        b"PKG_CONFIG_PATH" => text.split(':').find_map(absolute),
        _ => None,
    }
}

fn one_of(text: &str, allowed: &[&str]) -> Option<String> {
    let wrong = || format!("found {}, expected {}", shown(text.as_bytes()), allowed.join(" or "));
    (!allowed.contains(&text)).then(wrong)
}

/// Refuses a value that is not one absolute path without a step up.
fn absolute(text: &str) -> Option<String> {
    let path = text.starts_with('/')
        && !text.contains(|c: char| c.is_whitespace() || c == ':')
        && !text.split('/').any(|part| part == "..");
    let expected = "expected one absolute path, without options";
    (!path).then(|| format!("found {}, {expected}", shown(text.as_bytes())))
}

/// Refuses flags by which go runs a program, loads code or reads files from elsewhere: the known good ones pass.
fn go_flags(text: &str) -> Option<String> {
    if text.contains(['\'', '"']) {
        return Some("quoted flags are not checked: write flags without spaces in them".into());
    }
    text.split_ascii_whitespace()
        .find_map(|token| {
            let flag = token.strip_prefix("--").or_else(|| token.strip_prefix('-'))?;
            let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
            let number = value.parse::<u16>().is_ok();
            let switch = matches!(value, "" | "true" | "false");
            let sound = match name {
                "trimpath" | "v" | "x" | "n" | "race" | "msan" | "asan" | "cover" | "work"
                | "a" | "json" | "short" | "modcacherw" | "linkshared" => switch,
                "buildvcs" => switch || value == "auto",
                "mod" => matches!(value, "readonly" | "vendor"),
                "p" | "count" | "cpu" | "parallel" => number,
                "tags" => value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.,".contains(&b)),
                "buildmode" => value.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "timeout" => value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'),
                "covermode" => matches!(value, "set" | "count" | "atomic"),
                "ldflags" => linker_flags(value),
                _ => false,
            };
            (!sound).then(|| {
                format!("the flag {} is not among those that are safe", shown(token.as_bytes()))
            })
        })
        .or_else(|| {
            let plain = text.split_ascii_whitespace().find(|token| !token.starts_with('-'))?;
            Some(format!("found {}, expected flags", shown(plain.as_bytes())))
        })
}

/// Returns whether `-ldflags=` holds one flag that only strips the binary.
fn linker_flags(value: &str) -> bool {
    matches!(value, "-s" | "-w" | "-s=true" | "-w=true" | "-buildid=" | "")
}

/// Refuses proxies other than https hosts, `off` and `direct`: a file:// proxy skips go's check of toolchains.
fn proxies(text: &str) -> Option<String> {
    text.split([',', '|']).find_map(|proxy| {
        let host = proxy.strip_prefix("https://").unwrap_or_default();
        if has_password(proxy) {
            return Some("a proxy's password belongs into netrc, not into a signed file".into());
        }
        let sound = matches!(proxy, "off" | "direct")
            || host.starts_with(|c: char| c.is_ascii_alphanumeric());
        let expected = "expected https:// hosts, direct or off";
        (!sound).then(|| format!("found {}, {expected}", shown(proxy.as_bytes())))
    })
}

/// Returns whether somebody's name and password stand before the host of an address, whatever its scheme: it is then not
/// shown.
fn has_password(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().is_some_and(|host| host.contains('@'))
}

/// Refuses to switch the checksum database off; a name, its key and its address pass.
fn checksum_database(text: &str) -> Option<String> {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or_default();
    let address = words.next().unwrap_or("https://");
    if words.clone().chain([name, address]).any(has_password) {
        return Some("a password belongs into netrc, not into a signed file".into());
    }
    let sound = name != "off"
        && name.contains('.')
        && address.starts_with("https://")
        && words.next().is_none();
    let expected = "expected a database's name with its key, as sum.golang.org";
    (!sound).then(|| format!("found {}, {expected}", shown(text.as_bytes())))
}

/// Refuses patterns that cover every module, or every module of a public top-level domain.
fn module_patterns(text: &str) -> Option<String> {
    text.split(',').find_map(|pattern| {
        let host = pattern.split('/').next().unwrap_or_default();
        let domain = host.strip_prefix("*.").unwrap_or(host);
        let sound = domain.contains('.') && !domain.contains(['*', '?', '[', '\\']);
        let expected = "expected module paths that begin with a domain, as *.bank.example";
        (!sound).then(|| format!("found {}, {expected}", shown(pattern.as_bytes())))
    })
}

/// Refuses to let every version control program run.
fn version_control(text: &str) -> Option<String> {
    text.split(',').find_map(|rule| {
        let commands = rule.split_once(':').map_or("", |(_, commands)| commands);
        let sound = commands.split('|').all(|command| {
            matches!(command.trim(), "git" | "hg" | "svn" | "bzr" | "fossil" | "off")
        });
        let expected = "expected PATTERN:git, PATTERN:off and the like";
        (!sound).then(|| format!("found {}, {expected}", shown(rule.as_bytes())))
    })
}

/// Refuses settings that weaken TLS, certificates or the search for programs.
fn debug_settings(text: &str) -> Option<String> {
    text.split(',').find_map(|setting| {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let weak = key == "execerrdot"
            || ["x509", "tls", "rsa", "http2client"].iter().any(|p| key.starts_with(p));
        if weak {
            return Some(format!("{key} switches off a check"));
        }
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.#-".contains(&b))
        };
        let sound = plain(key) && plain(value);
        (!sound).then(|| format!("found {}, expected KEY=VALUE", shown(setting.as_bytes())))
    })
}

/// Flags, by their beginnings, by which a C compiler loads code or runs other programs.
const LOADING: &[&str] = &[
    "-B",
    "-Xassembler",
    "-Xclang",
    "-Xlinker",
    "-Xpreprocessor",
    "--config",
    "--for-assembler",
    "--for-linker",
    "--ld-path",
    "--plugin",
    "--prefix",
    "--specs",
    "-fpass-plugin",
    "-fplugin",
    "-fuse-ld",
    "-iplugindir",
    "-load",
    "-mllvm",
    "-specs",
    "-wrapper",
    "@",
];

/// The same of what a compiler passes on to its preprocessor, assembler or linker. The linker's `-I` names the program that
/// is to load what is built.
const PASSED_ON: &[&str] =
    &["-I", "--dynamic-linker", "-dynamic-linker", "--plugin", "-plugin", "-fplugin", "@"];

/// Refuses flags by which a C compiler loads code or runs other programs.
fn compiler_flags(text: &str) -> Option<String> {
    text.split_ascii_whitespace().find_map(|flag| {
        let bare = flag.trim_matches(['\'', '"']);
        let loads = |known: &[&str], part: &str| known.iter().any(|it| part.starts_with(it));
        let passed_on = ["-Wl,", "-Wp,", "-Wa,"].iter().find_map(|it| bare.strip_prefix(it));
        let refused = match passed_on {
            Some(parts) => parts.split(',').any(|part| loads(PASSED_ON, part)),
            None => loads(LOADING, bare),
        };
        refused.then(|| format!("the flag {} loads code", shown(flag.as_bytes())))
    })
}
