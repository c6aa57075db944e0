//! Audit lines in the Common Event Format, for collectors that want it: one JSON line in, one CEF line out.

use serde_json::Value;

use crate::ui::is_hidden;

/// Returns a record's line as CEF, `None` where it is no JSON object.
///
/// Extension keys are CEF's own where it has one; ours are `cs1` to `cs6` and `flexString1` with their labels.
pub fn cef(line: &[u8]) -> Option<String> {
    let record: Value = serde_json::from_slice(line).ok()?;
    let record = record.as_object()?;
    let text = |key: &str| match record.get(key) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(Value::Array(list)) => {
            let items = list.iter().map(|item| match item {
                Value::String(text) => text.clone(),
                // A signer: whose signature, with which key.
                other => format!("{}={}", bare(&other["p"]), bare(&other["k"])),
            });
            items.collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    };
    let (event, result) = (text("ev"), text("res"));
    let severity = match result.as_str() {
        "allow" => 2,
        "deny" => 6,
        _ => 8,
    };
    let version = text("ver");
    let version = version.strip_prefix("goenv ").unwrap_or(&version);
    let mut cef = format!(
        "CEF:0|goenv|goenv|{}|{}|{}|{severity}|",
        header(version),
        header(&event),
        header(&event)
    );
    let sdk = record.get("sdk").map(|sdk| bare(&sdk["v"])).unwrap_or_default();
    let engine_label = if text("engine").is_empty() { "" } else { "engine" };
    let fields = [
        ("rt", text("ts")),
        ("externalId", text("seq")),
        ("dvchost", text("host")),
        ("suid", text("uid")),
        ("suser", text("user")),
        ("outcome", result),
        ("reason", text("code")),
        ("filePath", text("path")),
        ("fileHash", text("sha256")),
        ("cs1Label", "scope".into()),
        ("cs1", text("scope")),
        ("cs2Label", "tier".into()),
        ("cs2", text("tier")),
        ("cs3Label", "signers".into()),
        ("cs3", text("signers")),
        ("cs4Label", "sdk".into()),
        ("cs4", sdk),
        ("cs5Label", "variables".into()),
        ("cs5", text("vars")),
        ("cs6Label", "hash".into()),
        ("cs6", text("hash")),
        ("cn1Label", "serial".into()),
        ("cn1", text("serial")),
        ("cn2Label", "signers needed".into()),
        ("cn2", text("need")),
        ("flexString1Label", engine_label.into()),
        ("flexString1", text("engine")),
    ];
    let shown: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", extension(value)))
        .collect();
    cef.push_str(&shown.join(" "));
    Some(cef)
}

fn bare(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns a header field: backslash and pipe escaped, one line.
fn header(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// Returns an extension value: backslash, equals sign and line ends escaped.
fn extension(text: &str) -> String {
    plain(&text.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n").replace('\r', "\\r"))
}

/// Returns `text` with what a terminal or a reader could mistake replaced.
fn plain(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::super::record::{Outcome, Tip, line};
    use super::*;

    #[test]
    fn a_record_becomes_one_cef_line() {
        let mut record = record();
        record.path = "/srv/a=b|c\n\x1b\u{e0041}".into();
        let (line, tip) = line(Tip::default(), &record);
        let expected = format!(
            "CEF:0|goenv|goenv|0.1.0|policy.load|policy.load|2|rt=2027-02-20T00:00:00Z externalId=1 \
             dvchost=settle-1 suid=1000 suser=ann outcome=allow reason=0 filePath=/srv/a\\=b|c\\n\u{fffd}\u{fffd} \
             fileHash={} cs1Label=scope cs1=git.bank.example/payments/ledger//services/settle cs2Label=tier \
             cs2=prod cs3Label=signers cs3=alice@bank\\=SHA256:x cs4Label=sdk cs4=1.26.6 cs5Label=variables \
             cs5=GOROOT PATH cs6Label=hash cs6={} cn1Label=serial cn1=42 cn2Label=signers needed cn2=2",
            "ab".repeat(32),
            crate::hex::hex(&tip.hash)
        );
        assert_eq!(cef(&line).unwrap(), expected);
        record.engine = crate::trust::header::Engine::Bash;
        let line = super::super::record::line(Tip::default(), &record).0;
        let shown = cef(&line).unwrap();
        assert!(shown.ends_with(" cn2=2 flexString1Label=engine flexString1=bash"), "{shown}");
        for (outcome, severity) in [(Outcome::Allow, 2), (Outcome::Deny, 6), (Outcome::Error, 8)] {
            record.outcome = outcome;
            let line = super::super::record::line(Tip::default(), &record).0;
            assert!(cef(&line).unwrap().contains(&format!("|policy.load|{severity}|rt=")));
        }
        assert_eq!(cef(b"junk"), None);
        assert_eq!(cef(b"[]"), None);
    }
}
