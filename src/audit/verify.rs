//! Whether a log is whole: a stream of lines → what is wrong with it, and its end.
//!
//! Reads once, keeps one line. Finds edited, swapped, deleted and inserted lines by the chain; a line that was cut
//! short is a warning if the line after it declares just that, else the log was tampered with. That lines are
//! missing at the end no chain can show: compare the tip with an anchor. Never trusts a length in the log.

use std::io::{self, BufRead, Read};

use super::record::{HASH, Link, MOST_LINE, Tip};

/// How bad a finding is, in the words of `audit verify --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Severity {
    /// A kill or a full disk explains it, and the log says so itself.
    #[serde(rename = "warning")]
    Warning,
    /// Somebody changed the log.
    #[serde(rename = "error")]
    Tampered,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1.
    pub line: u64,
    /// How bad it is.
    pub severity: Severity,
    /// What was found and what was expected: lower case, no full stop.
    pub message: String,
}

/// What a file of the log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of records.
    pub records: u64,
    /// The number of the first record, 0 where there is none.
    pub first: u64,
    /// The end of the chain.
    pub tip: Tip,
    /// What is wrong, in order; of either severity the first hundred.
    pub findings: Vec<Finding>,
    /// How many findings there are beyond those.
    pub omitted: u64,
    /// Whether somebody changed the log.
    pub is_tampered: bool,
}

/// How many findings of one severity are kept.
const MOST_FINDINGS: usize = 100;

impl Report {
    fn add(&mut self, line: u64, severity: Severity, message: String) {
        self.is_tampered |= severity == Severity::Tampered;
        // A hundred warnings, which who owns a log can write, leave room for what they might hide.
        let alike = self.findings.iter().filter(|finding| finding.severity == severity).count();
        if alike < MOST_FINDINGS {
            self.findings.push(Finding { line, severity, message });
        } else {
            self.omitted += 1;
        }
    }
}

/// Returns what is wrong with a file of the log, which continues the chain that ends in `before`.
///
/// `see` is shown the number and hash of every record, for anchors to be compared.
pub fn verify(
    mut reader: impl BufRead,
    before: Tip,
    mut see: impl FnMut(Tip),
) -> io::Result<Report> {
    let mut report = Report { tip: before, ..Report::default() };
    let mut line = Vec::new();
    let mut number = 0;
    // Bytes since the last record that are no record, their newlines included.
    let mut junk: u64 = 0;
    loop {
        let length = next_line(&mut reader, &mut line)?;
        if length == 0 {
            break;
        }
        number += 1;
        let Some(link) = Link::parse(line.strip_suffix(b"\n").unwrap_or(&line)) else {
            if holds_record(&line) {
                let message = "a whole record was spoilt: no kill does that".into();
                report.add(number, Severity::Tampered, message);
            }
            junk += length;
            continue;
        };
        check(&mut report, &link, number, std::mem::take(&mut junk));
        report.tip = Tip { seq: link.seq, hash: link.hash };
        report.records += 1;
        see(report.tip);
    }
    if junk > 0 {
        // The next writer will declare it; until then nobody has.
        let most = MOST_LINE as u64;
        let severity = if junk < most { Severity::Warning } else { Severity::Tampered };
        report.add(
            number,
            severity,
            format!("the last {junk} bytes are no record: a line was cut short"),
        );
    }
    Ok(report)
}

/// Adds what is wrong with one record, given the chain before it and the bytes in between that are none.
fn check(report: &mut Report, link: &Link, number: u64, junk: u64) {
    let tampered = |report: &mut Report, message: String| {
        report.add(number, Severity::Tampered, message);
    };
    if !link.intact {
        tampered(report, format!("record {} was edited: its hash is another", link.seq));
    }
    if report.records == 0 {
        report.first = link.seq;
    }
    let begins = report.records == 0 && report.tip == Tip::default();
    let expected = report.tip.seq.saturating_add(1);
    if begins && link.seq == 1 && link.event == "audit.rotate" {
        // A log that merely grew has records, and the next one a higher number.
        let message = "the log before it was spoilt and put aside as the file that it names";
        tampered(report, message.to_owned());
    } else if begins && link.seq > 1 {
        let rotated = link.event == "audit.rotate";
        let severity = if rotated { Severity::Warning } else { Severity::Tampered };
        let message = format!("records before {} are not here", link.seq);
        report.add(number, severity, message);
    } else if link.seq != expected {
        tampered(
            report,
            format!("found record {}, expected {expected}: lines are missing or moved", link.seq),
        );
    } else if link.prev != report.tip.hash {
        tampered(report, format!("record {} does not follow the one before it", link.seq));
    }
    let declared = link.torn.filter(|_| link.event == "audit.recover");
    match (junk, declared) {
        (0, None) => {}
        // The writer that declared the bytes put a newline behind them, unless there was one.
        (junk, Some(torn)) if junk == torn || Some(junk) == torn.checked_add(1) => {
            report.add(
                number,
                Severity::Warning,
                format!("a line was cut short: {torn} bytes, declared"),
            );
        }
        (0, Some(torn)) => {
            tampered(report, format!("{torn} torn bytes are declared and are not here"));
        }
        (junk, _) => {
            tampered(report, format!("{junk} bytes before it are no record, and none says so"))
        }
    }
}

/// Returns whether a line that is no record has a record's end in it, which a line that was cut short has not.
fn holds_record(line: &[u8]) -> bool {
    line.windows(HASH.len() + 66).any(|window| {
        let tail = window.strip_prefix(HASH).and_then(|tail| tail.strip_suffix(b"\"}"));
        tail.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Reads one line of any length into `line`, of which at most twice what a record may have is kept.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let most = 2 * MOST_LINE as u64;
    let mut length = Read::take(&mut *reader, most).read_until(b'\n', line)? as u64;
    if length < most || line.ends_with(b"\n") {
        return Ok(length);
    }
    // No record is that long: the rest of the line counts and is not kept.
    line.clear();
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(length);
        }
        let (used, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(newline) => (newline + 1, true),
            None => (buffer.len(), false),
        };
        reader.consume(used);
        length += used as u64;
        if ended {
            return Ok(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::super::record::{Event, line, recovery};
    use super::*;
    use crate::hex::sha256_hex;

    fn log(lines: u64) -> Vec<Vec<u8>> {
        let mut tip = Tip::default();
        (0..lines)
            .map(|_| {
                let (bytes, next) = line(tip, &record());
                tip = next;
                bytes
            })
            .collect()
    }

    fn report(bytes: &[u8]) -> Report {
        verify(bytes, Tip::default(), |_| {}).unwrap()
    }

    fn findings(lines: &[Vec<u8>]) -> Vec<(u64, Severity, String)> {
        let report = report(&lines.concat());
        report.findings.into_iter().map(|f| (f.line, f.severity, f.message)).collect()
    }

    #[test]
    fn json_has_the_documented_words() {
        let all = [Severity::Warning, Severity::Tampered];
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"["warning","error"]"#);
    }

    #[test]
    fn an_untouched_log_is_whole() {
        let mut seen = Vec::new();
        let report =
            verify(&log(100).concat()[..], Tip::default(), |tip| seen.push(tip.seq)).unwrap();
        assert_eq!((report.records, report.first, report.tip.seq), (100, 1, 100));
        assert_eq!(report.findings, []);
        assert_eq!(seen, (1..=100).collect::<Vec<_>>());
        assert_eq!(super::verify(&b""[..], Tip::default(), |_| {}).unwrap(), Report::default());
    }

    #[test]
    fn edits_swaps_deletions_and_insertions_are_found() {
        use Severity::Tampered;
        let good = log(6);
        let mut edited = good.clone();
        let text = String::from_utf8(edited[2].clone()).unwrap();
        edited[2] = text.replace("\"user\":\"ann\"", "\"user\":\"eve\"").into();
        assert_eq!(
            findings(&edited),
            [(3, Tampered, "record 3 was edited: its hash is another".into())]
        );

        // An edit whose hash was mended is found at the line after it.
        let body = String::from_utf8(edited[2].clone()).unwrap();
        let body = body.split(",\"hash\"").next().unwrap().to_owned();
        let hash = sha256_hex(body.as_bytes());
        edited[2] = format!("{body},\"hash\":\"{hash}\"}}\n").into();
        assert_eq!(
            findings(&edited),
            [(4, Tampered, "record 4 does not follow the one before it".into())]
        );

        let mut swapped = good.clone();
        swapped.swap(2, 3);
        assert_eq!(
            findings(&swapped),
            [
                (3, Tampered, "found record 4, expected 3: lines are missing or moved".into()),
                (4, Tampered, "found record 3, expected 5: lines are missing or moved".into()),
                (5, Tampered, "found record 5, expected 4: lines are missing or moved".into()),
            ]
        );
        let mut deleted = good.clone();
        deleted.remove(2);
        assert_eq!(
            findings(&deleted),
            [(3, Tampered, "found record 4, expected 3: lines are missing or moved".into())]
        );
        let mut beheaded = good.clone();
        beheaded.remove(0);
        assert_eq!(findings(&beheaded), [(1, Tampered, "records before 2 are not here".into())]);
        let mut doubled = good.clone();
        doubled.insert(2, good[1].clone());
        assert_eq!(
            findings(&doubled),
            [(3, Tampered, "found record 2, expected 3: lines are missing or moved".into())]
        );
        let mut inserted = good;
        inserted.insert(2, b"junk\n".to_vec());
        assert_eq!(
            findings(&inserted),
            [(4, Tampered, "5 bytes before it are no record, and none says so".into())]
        );
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let good = log(3).concat();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut spoilt = good.clone();
                spoilt[at] ^= 1 << bit;
                let report = report(&spoilt);
                // The last line's newline turned into another byte is a torn line.
                let torn = report.findings.iter().any(|f| f.message.contains("cut short"));
                assert!(
                    report.is_tampered || (torn && report.tip.seq == 2),
                    "byte {at}, bit {bit}"
                );
            }
        }
    }

    #[test]
    fn a_torn_line_is_a_warning_only_where_it_is_declared() {
        let good = log(3);
        let tip = report(&good.concat()).tip;
        for cut in [1, 100, good[2].len() - 2] {
            let torn = &good[2][..cut];
            let (declared, _) = recovery(tip, &record(), torn.len());
            let declared =
                String::from_utf8(declared).unwrap().replace("policy.load", "audit.recover");
            let body = declared.split(",\"hash\"").next().unwrap();
            let hash = sha256_hex(body.as_bytes());
            let declared = format!("{body},\"hash\":\"{hash}\"}}\n").into_bytes();
            let with = [good.concat(), torn.to_vec(), b"\n".to_vec(), declared.clone()];
            assert_eq!(
                findings(&with),
                [(5, Severity::Warning, format!("a line was cut short: {cut} bytes, declared"))]
            );
            let without = [good.concat(), declared];
            assert_eq!(findings(&without)[0].1, Severity::Tampered);
            let end = [good.concat(), torn.to_vec()];
            assert_eq!(
                findings(&end),
                [(
                    4,
                    Severity::Warning,
                    format!("the last {cut} bytes are no record: a line was cut short")
                )]
            );
        }
    }

    #[test]
    fn a_record_that_lacks_its_newline_alone_is_whole() {
        let text = log(3).concat();
        let report = report(&text[..text.len() - 1]);
        assert_eq!((report.records, report.tip.seq, report.findings), (3, 3, vec![]));
    }

    #[test]
    fn what_is_longer_than_a_record_was_not_cut_short() {
        for (length, severity) in
            [(MOST_LINE - 1, Severity::Warning), (MOST_LINE, Severity::Tampered)]
        {
            let report = report(&vec![b'x'; length]);
            assert_eq!((report.findings[0].severity, report.findings.len()), (severity, 1));
        }
    }

    #[test]
    fn what_follows_a_line_that_is_far_too_long_is_read() {
        for length in [2 * MOST_LINE - 1, 2 * MOST_LINE, 3 * MOST_LINE, 100_000] {
            let junk = [vec![b'x'; length], b"\n".to_vec()].concat();
            let good = log(2);
            let report = report(&[junk, good.concat()].concat());
            assert_eq!((report.records, report.tip.seq, report.is_tampered), (2, 2, true));
            let first = &report.findings[0];
            assert!(first.message.contains(&(length + 1).to_string()), "{}", first.message);
            assert_eq!(first.line, 2);
        }
    }

    #[test]
    fn a_hundred_warnings_hide_nothing_worse() {
        let mut report = Report::default();
        for line in 1..=150 {
            report.add(line, Severity::Warning, String::new());
        }
        report.add(151, Severity::Tampered, "edited".into());
        let tampered = report.findings.iter().filter(|one| one.severity == Severity::Tampered);
        assert_eq!(tampered.count(), 1);
        assert_eq!((report.findings.len(), report.omitted), (101, 50));
        assert!(report.is_tampered);
    }

    #[test]
    fn no_number_in_a_log_is_too_large_to_be_judged() {
        let mut recovers = record();
        recovers.event = Event::Recover;
        let (declared, _) = recovery(Tip::default(), &recovers, usize::MAX);
        let missing = "18446744073709551615 torn bytes are declared and are not here";
        assert_eq!(findings(&[declared]), [(1, Severity::Tampered, missing.into())]);

        let before = Tip { seq: u64::MAX - 1, hash: [0; 32] };
        let (last, tip) = line(before, &record());
        let (after, _) = line(tip, &record());
        let gone = "records before 18446744073709551615 are not here";
        assert_eq!(findings(&[last, after]), [(1, Severity::Tampered, gone.into())]);
    }

    #[test]
    fn a_line_without_end_costs_no_memory() {
        let mut line = Vec::new();
        let huge = io::Read::take(io::repeat(b'x'), 100 << 20);
        let length = next_line(&mut io::BufReader::new(huge), &mut line).unwrap();
        assert_eq!((length, line.len()), (100 << 20, 0));
        assert!(line.capacity() <= 64 * 1024);
    }

    #[test]
    fn a_later_file_continues_the_chain() {
        let good = log(6);
        let first = report(&good[..3].concat());
        let second = verify(&good[3..].concat()[..], first.tip, |_| {}).unwrap();
        assert_eq!((second.findings, second.first, second.tip.seq), (vec![], 4, 6));
    }
}
