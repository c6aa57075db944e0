//! Prometheus text: how the policies and SDKs of some directories stand.
//!
//! Directories come in, the text of a file for node_exporter's textfile collector goes out. Versions are labels and never
//! numbers: a number breaks on `1.27rc1` and collides. A directory's series keep their labels while the directory stands as it does,
//! so that an alert can wait. Never reads anything. What each means: docs/reference.md.

use std::fmt::Write as _;

/// How a directory stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Its path.
    pub path: String,
    /// The policy, or the version file that stands in for one; `None` where there is none.
    pub policy: Option<String>,
    /// The tier that the policy is of.
    pub tier: Option<String>,
    /// The verdict on the policy, by its name.
    pub trust: &'static str,
    /// Whether the policy applies.
    pub applies: bool,
    /// When its approval ends or ended, in seconds since 1970.
    pub expires: Option<i64>,
    /// The number of a signed policy.
    pub serial: Option<u64>,
    /// The SDK that it gets, or does not get.
    pub sdk: Option<Sdk>,
    /// The kinds of version files there, and whether the SDK is not what they ask for.
    pub asked: Vec<(&'static str, bool)>,
}

/// An SDK that a directory asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdk {
    /// Its version.
    pub version: String,
    /// Its root, `None` where it is not here.
    pub root: Option<String>,
    /// Whether it is what it was, by its name; `missing` where it is not here.
    pub state: &'static str,
}

/// Returns the text of all metrics, for directories in the order in which they come.
pub fn text(directories: &[Directory], version: &str) -> String {
    let mut out = Text::default();
    out.family("goenv_info", "The goenv that wrote this.");
    out.sample("goenv_info", &[("version", version)], 1);

    let name = "goenv_policy_applies";
    out.family(
        name,
        "Whether the policy of a directory applies: approved, understood, its SDK here.",
    );
    for it in directories {
        out.sample(name, &[("dir", &it.path)], i64::from(it.applies));
    }
    let name = "goenv_policy_info";
    out.family(name, "The policy of a directory and the verdict on it.");
    for it in directories {
        let policy = it.policy.as_deref().unwrap_or_default();
        let tier = it.tier.as_deref().unwrap_or_default();
        let labels = [("dir", &*it.path), ("policy", policy), ("tier", tier), ("trust", it.trust)];
        out.sample(name, &labels, 1);
    }
    let name = "goenv_policy_expiry_timestamp_seconds";
    out.family(name, "When the approval of a policy ends.");
    for it in directories {
        if let Some(expires) = it.expires {
            out.sample(name, &[("dir", &it.path)], expires);
        }
    }
    let name = "goenv_policy_serial";
    out.family(name, "The number of a signed policy.");
    for it in directories {
        if let Some(serial) = it.serial {
            out.sample(name, &[("dir", &it.path)], serial);
        }
    }
    let name = "goenv_toolchain_info";
    out.family(name, "The Go that a directory gets, or asks for and does not get.");
    for (it, sdk) in directories.iter().filter_map(|it| Some((it, it.sdk.as_ref()?))) {
        let tier = it.tier.as_deref().unwrap_or_default();
        let root = sdk.root.as_deref().unwrap_or_default();
        let place = [("dir", &*it.path), ("tier", tier)];
        let labels = [("version", &*sdk.version), ("goroot", root), ("state", sdk.state)];
        out.sample(name, &[&place[..], &labels[..]].concat(), 1);
    }
    let name = "goenv_drift";
    out.family(name, "Whether a version file of a directory asks for what its Go is not.");
    for it in directories {
        for (kind, drifts) in &it.asked {
            out.sample(name, &[("dir", &it.path), ("kind", kind)], i64::from(*drifts));
        }
    }
    out.text
}

#[derive(Default)]
struct Text {
    text: String,
}

impl Text {
    /// Begins a metric. Every file that has it must say the same of it, or node_exporter drops both.
    fn family(&mut self, name: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.text.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{label}=\"");
            for character in value.chars() {
                match character {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    character => self.text.push(character),
                }
            }
            self.text.push('"');
        }
        let _ = writeln!(self.text, "}} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_the_collector_reads() {
        let settle = Directory {
            path: "/srv/settle".into(),
            policy: Some("/srv/settle/.envrc".into()),
            tier: Some("prod".into()),
            trust: "signed",
            applies: true,
            expires: Some(1_800_000_000),
            serial: Some(7),
            sdk: Some(Sdk {
                version: "1.26.6".into(),
                root: Some("/opt/go".into()),
                state: "sealed",
            }),
            asked: vec![("go.mod go", false), (".go-version", true)],
        };
        let odd = Directory { path: "/a\\b\"c\nd".into(), trust: "none", ..Directory::default() };
        let expected = r#"# HELP goenv_info The goenv that wrote this.
# TYPE goenv_info gauge
goenv_info{version="1.0.0"} 1
# HELP goenv_policy_applies Whether the policy of a directory applies: approved, understood, its SDK here.
# TYPE goenv_policy_applies gauge
goenv_policy_applies{dir="/srv/settle"} 1
goenv_policy_applies{dir="/a\\b\"c\nd"} 0
# HELP goenv_policy_info The policy of a directory and the verdict on it.
# TYPE goenv_policy_info gauge
goenv_policy_info{dir="/srv/settle",policy="/srv/settle/.envrc",tier="prod",trust="signed"} 1
goenv_policy_info{dir="/a\\b\"c\nd",policy="",tier="",trust="none"} 1
# HELP goenv_policy_expiry_timestamp_seconds When the approval of a policy ends.
# TYPE goenv_policy_expiry_timestamp_seconds gauge
goenv_policy_expiry_timestamp_seconds{dir="/srv/settle"} 1800000000
# HELP goenv_policy_serial The number of a signed policy.
# TYPE goenv_policy_serial gauge
goenv_policy_serial{dir="/srv/settle"} 7
# HELP goenv_toolchain_info The Go that a directory gets, or asks for and does not get.
# TYPE goenv_toolchain_info gauge
goenv_toolchain_info{dir="/srv/settle",tier="prod",version="1.26.6",goroot="/opt/go",state="sealed"} 1
# HELP goenv_drift Whether a version file of a directory asks for what its Go is not.
# TYPE goenv_drift gauge
goenv_drift{dir="/srv/settle",kind="go.mod go"} 0
goenv_drift{dir="/srv/settle",kind=".go-version"} 1
"#;
        assert_eq!(text(&[settle, odd], "1.0.0"), expected);
    }
}
