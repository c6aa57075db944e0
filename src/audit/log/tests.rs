use std::io::BufReader;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::super::record::tests::record;
use super::super::verify::{Report, Severity, verify};
use super::*;

fn scratch() -> (tempfile::TempDir, Log) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::new(directory.path().join("state/goenv"), "audit");
    (directory, log)
}

/// Verifies every file of the log in order.
fn report(log: &Log) -> Report {
    let mut all = Report::default();
    for path in log.files().unwrap() {
        let file = verify(BufReader::new(log.read(&path).unwrap()), all.tip, |_| {}).unwrap();
        all.first = if all.records == 0 { file.first } else { all.first };
        all.records += file.records;
        all.tip = file.tip;
        all.is_tampered |= file.is_tampered;
        all.findings.extend(file.findings);
    }
    all
}

#[test]
fn records_are_appended_and_linked() {
    let (_scratch, log) = scratch();
    for seq in 1..=50 {
        assert_eq!(log.append(&record(), Durability::Written).unwrap().seq, seq);
    }
    log.append(&record(), Durability::Synced).unwrap();
    let report = report(&log);
    assert_eq!((report.records, report.first, report.findings), (51, 1, vec![]));
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
    assert_eq!(mode(&log.path()), 0o600);
    assert_eq!(mode(log.path().parent().unwrap()), 0o700);
}

#[test]
fn a_log_cut_anywhere_in_its_last_line_is_continued_and_says_so() {
    let (_scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    let one = std::fs::read(log.path()).unwrap();
    log.append(&record(), Durability::Written).unwrap();
    let two = std::fs::read(log.path()).unwrap();
    for cut in 0..two.len() {
        std::fs::write(log.path(), &two[..cut]).unwrap();
        log.append(&record(), Durability::Written).unwrap();
        log.append(&record(), Durability::Written).unwrap();
        let report = report(&log);
        assert!(!report.is_tampered, "cut at {cut}: {:?}", report.findings);
        let whole = [0, one.len() - 1, one.len(), two.len() - 1].contains(&cut);
        assert_eq!(report.findings.len(), usize::from(!whole), "cut at {cut}");
        assert!(report.findings.iter().all(|finding| finding.severity == Severity::Warning));
    }
}

#[test]
fn a_repair_that_is_itself_cut_short_is_repaired() {
    let (_scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    let mut text = std::fs::read(log.path()).unwrap();
    text.extend_from_slice(b"{\"v\":1,\"se");
    std::fs::write(log.path(), &text).unwrap();
    log.append(&record(), Durability::Written).unwrap();
    let repaired = std::fs::read(log.path()).unwrap();
    for cut in text.len()..repaired.len() {
        std::fs::write(log.path(), &repaired[..cut]).unwrap();
        log.append(&record(), Durability::Written).unwrap();
        let report = report(&log);
        assert!(!report.is_tampered, "cut at {cut}: {:?}", report.findings);
    }
}

#[test]
fn an_edited_last_line_is_not_taken_for_a_torn_one() {
    let (_scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    log.append(&record(), Durability::Written).unwrap();
    let text = std::fs::read_to_string(log.path()).unwrap();
    let at = text.rfind("\"ann\"").unwrap();
    std::fs::write(log.path(), format!("{}\"eve\"{}", &text[..at], &text[at + 5..])).unwrap();
    log.append(&record(), Durability::Written).unwrap();
    assert!(report(&log).is_tampered);
}

/// It parses, and is neither whole nor cut short.
#[test]
fn an_edited_last_line_without_its_newline_is_not_continued() {
    let (_scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    log.append(&record(), Durability::Written).unwrap();
    let text = std::fs::read_to_string(log.path()).unwrap();
    let at = text.rfind("\"ann\"").unwrap();
    let edited = format!("{}\"eve\"{}", &text[..at], text[at + 5..].trim_end());
    std::fs::write(log.path(), edited).unwrap();
    assert_eq!(log.append(&record(), Durability::Written).unwrap().seq, 3);
    assert!(report(&log).is_tampered);
}

#[test]
fn a_log_whose_last_newline_alone_is_missing_is_whole() {
    let (_scratch, log) = scratch();
    for count in 1..=20 {
        log.append(&record(), Durability::Written).unwrap();
        let text = std::fs::read(log.path()).unwrap();
        std::fs::write(log.path(), text.trim_ascii_end()).unwrap();
        let report = report(&log);
        assert_eq!((report.records, report.tip.seq, report.findings), (count, count, vec![]));
    }
}

#[test]
fn records_longer_than_the_first_look_are_continued() {
    let (_scratch, log) = scratch();
    let mut long = record();
    long.vars = (0..400).map(|at| format!("NAME_{at:04}")).collect();
    for seq in 1..=4 {
        assert_eq!(log.append(&long, Durability::Written).unwrap().seq, seq);
    }
    let line = std::fs::metadata(log.path()).unwrap().len() / 4;
    assert!(line > 2 * FIRST_LOOK as u64 && line < MOST_LINE as u64);
    // Cut short, the last one alone is lost.
    let text = std::fs::read(log.path()).unwrap();
    std::fs::write(log.path(), &text[..text.len() - 100]).unwrap();
    log.append(&record(), Durability::Written).unwrap();
    let report = report(&log);
    assert_eq!((report.records, report.tip.seq, report.is_tampered), (5, 5, false));
}

#[test]
fn only_what_is_named_as_a_part_of_the_log_is_one() {
    let (_scratch, log) = scratch();
    assert!(log.files().unwrap().is_empty());
    log.append(&record(), Durability::Written).unwrap();
    let directory = log.path().parent().unwrap().to_owned();
    let part = "audit-00000000000000000007.jsonl";
    for name in [
        part,
        "audit-7.jsonl",
        "audit-0000000000000000000x.jsonl",
        "audit-00000000000000000007.json",
        "other-00000000000000000007.jsonl",
        "audit-damaged-1803081600.jsonl",
    ] {
        std::fs::write(directory.join(name), "").unwrap();
    }
    assert_eq!(log.files().unwrap(), [directory.join(part), log.path()]);
    // A log that cannot be looked for is not an empty one.
    let inside = Log::new(log.path(), "audit");
    assert_eq!(
        inside.files().unwrap_err().to_string(),
        format!("the audit log {} cannot be listed: not a directory", log.path().display())
    );
}

#[test]
fn a_link_in_place_of_a_log_is_not_read() {
    let (scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    let link = scratch.path().join("link.jsonl");
    std::os::unix::fs::symlink(log.path(), &link).unwrap();
    let message = log.read(&link).unwrap_err().to_string();
    let expected = format!("the audit log {} cannot be opened: too many levels", link.display());
    assert!(message.starts_with(&expected), "{message}");
}

/// Where each user's log lies beside the others', whoever else can write into its directory could put parts there.
#[test]
fn a_directory_among_others_is_its_users_alone() {
    let beside = tempfile::tempdir().unwrap();
    let uid = nix::unistd::geteuid().as_raw();
    let message = |log: &Log| log.append(&record(), Durability::Written).unwrap_err().to_string();
    let log = Log::of_user(beside.path(), uid);
    let directory = beside.path().join(uid.to_string());
    assert_eq!(log.path(), directory.join("audit.jsonl"));
    let refused = format!(
        "the audit log {} cannot be written: its directory is not this user's alone to write",
        log.path().display()
    );
    assert_eq!(log.append(&record(), Durability::Written).unwrap().seq, 1);
    for mode in [0o720, 0o702] {
        std::fs::set_permissions(&directory, Permissions::from_mode(mode)).unwrap();
        assert_eq!(message(&log), refused);
    }
    std::fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(log.append(&record(), Durability::Written).unwrap().seq, 2);
    // Another's, a link to ours, and what is no directory.
    let moved = beside.path().join("moved");
    std::fs::rename(&directory, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &directory).unwrap();
    assert_eq!(message(&log), refused);
    std::fs::remove_file(&directory).unwrap();
    std::fs::write(&directory, "").unwrap();
    assert_eq!(message(&log), refused);
    let others = Log::of_user(beside.path(), uid + 1);
    std::fs::create_dir(beside.path().join((uid + 1).to_string())).unwrap();
    assert!(message(&others).ends_with("its directory is not this user's alone to write"));
    let below_a_file = Log::of_user(&moved.join("audit.jsonl"), uid);
    assert!(message(&below_a_file).ends_with("audit.jsonl cannot be written: not a directory"));
}

#[test]
fn sixteen_writers_at_once_leave_one_chain() {
    let (_scratch, log) = scratch();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..100 {
                    log.append(&record(), Durability::Written).unwrap();
                }
            });
        }
    });
    let report = report(&log);
    assert_eq!((report.records, report.tip.seq, report.findings), (1600, 1600, vec![]));
}

/// Returns how many bytes the files of a log have, which costs the same however long it grew meanwhile.
fn size(log: &Log) -> u64 {
    let length = |path: PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    log.files().unwrap().into_iter().map(length).sum()
}

/// This test plays two parts: started by itself with a directory, it writes until it is killed.
#[test]
fn writers_killed_at_any_moment_leave_a_chain_that_verifies() {
    const PART: &str = "GOENV_TEST_AUDIT_WRITER";
    if let Some(directory) = std::env::var_os(PART) {
        let log = Log::new(directory, "audit");
        loop {
            log.append(&record(), Durability::Written).unwrap();
        }
    }
    let (_scratch, log) = scratch();
    let name = "audit::log::tests::writers_killed_at_any_moment_leave_a_chain_that_verifies";
    for round in 0..12 {
        let mut writers: Vec<_> = (0..4)
            .map(|_| {
                Command::new(std::env::current_exe().unwrap())
                    .args([name, "--exact"])
                    .env(PART, log.path().parent().unwrap())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        // Until they write, and then to a different point each round.
        let before = size(&log);
        while size(&log) < before + 20 * line(Tip::default(), &record()).0.len() as u64 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(300 * round));
        for writer in &mut writers {
            writer.kill().unwrap();
            writer.wait().unwrap();
        }
    }
    log.append(&record(), Durability::Written).unwrap();
    let report = report(&log);
    assert!(!report.is_tampered, "{:?}", report.findings);
    assert!(report.records > 200, "{}", report.records);
}

#[test]
fn a_log_that_grew_too_big_is_put_aside_and_continued() {
    let (_scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    let length = std::fs::metadata(log.path()).unwrap().len();
    let mut text = Vec::new();
    let mut tip = Tip::default();
    while (text.len() as u64) < ROTATE_BYTES - length {
        let (bytes, next) = line(tip, &record());
        text.extend(bytes);
        tip = next;
    }
    std::fs::write(log.path(), &text).unwrap();
    while std::fs::metadata(log.path()).unwrap().len() < ROTATE_BYTES {
        tip = log.append(&record(), Durability::Written).unwrap();
    }
    let last = log.append(&record(), Durability::Written).unwrap();
    assert_eq!(
        last.seq,
        tip.seq + 2,
        "a record that says where the log goes on, and the one asked for"
    );
    let names: Vec<String> = log
        .files()
        .unwrap()
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, [format!("audit-{:020}.jsonl", tip.seq), "audit.jsonl".into()]);
    let mode = log.files().unwrap()[0].metadata().unwrap().mode() & 0o777;
    assert_eq!(mode, 0o400);
    let report_all = report(&log);
    assert_eq!((report_all.records, report_all.findings), (last.seq, vec![]));

    // Without the old file the log says what is missing, and that it once was there.
    std::fs::remove_file(&log.files().unwrap()[0]).unwrap();
    let rest = report(&log);
    assert!(!rest.is_tampered);
    assert_eq!(rest.findings[0].message, format!("records before {} are not here", tip.seq + 1));
}

#[test]
fn a_log_whose_end_is_no_log_is_put_aside_and_told() {
    let (scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    std::fs::write(log.path(), [b'x'; 3 * MOST_LINE]).unwrap();
    assert_eq!(log.append(&record(), Durability::Written).unwrap().seq, 2);
    let damaged = format!("audit-damaged-{}.jsonl", record().time);
    assert!(scratch.path().join("state/goenv").join(&damaged).exists());
    let text = std::fs::read_to_string(log.path()).unwrap();
    assert!(text.lines().next().unwrap().contains(&format!("\"path\":\"{damaged}\"")));
    // The next record does not make a log whole that was found spoilt before it.
    let report = report(&log);
    let message = "the log before it was spoilt and put aside as the file that it names";
    assert_eq!((report.findings.len(), report.is_tampered), (1, true));
    assert_eq!((report.findings[0].line, &*report.findings[0].message), (1, message));
}

#[test]
fn a_log_that_is_put_aside_while_it_is_read_is_read_as_it_was() {
    let (_scratch, log) = scratch();
    for _ in 0..4 {
        log.append(&record(), Durability::Written).unwrap();
    }
    let opened = log.opened().unwrap();
    let (open, size) = open(&log.path(), false).unwrap();
    let mut end = End::of(&open, size).unwrap();
    log.rotate(&open, &mut end, &record(), Durability::Written).unwrap();
    let read = |opened: Vec<Opened>| {
        opened.into_iter().fold(Report::default(), |before, (_, file)| {
            let report = verify(BufReader::new(file.unwrap()), before.tip, |_| {}).unwrap();
            assert_eq!(report.findings, vec![]);
            Report { records: before.records + report.records, ..report }
        })
    };
    assert_eq!((read(opened).records, read(log.opened().unwrap()).records), (4, 6));
}

/// What a kill leaves between any two steps of putting a log aside.
#[test]
fn a_log_that_was_being_put_aside_goes_on_as_one_chain() {
    let (scratch, log) = scratch();
    let directory = scratch.path().join("state/goenv");
    for _ in 0..4 {
        log.append(&record(), Durability::Written).unwrap();
    }
    let before = std::fs::read(log.path()).unwrap();
    let (open, size) = open(&log.path(), false).unwrap();
    let mut end = End::of(&open, size).unwrap();
    log.rotate(&open, &mut end, &record(), Durability::Written).unwrap();
    let after = std::fs::read(log.path()).unwrap();
    let part = directory.join("audit-00000000000000000004.jsonl");
    let next = directory.join("audit.next");
    let is_whole = |records| {
        let report = report(&log);
        assert_eq!((report.records, report.findings), (records, vec![]));
    };
    is_whole(6);

    // The old file has lost its name and the new one has none yet.
    std::fs::rename(log.path(), &next).unwrap();
    is_whole(4);
    log.append(&record(), Durability::Written).unwrap();
    is_whole(7);
    assert!(!next.exists());

    // The new file is there, whole or cut, and the old one has its name still.
    for length in [0, 100, after.len()] {
        std::fs::remove_file(&part).unwrap();
        std::fs::write(log.path(), &before).unwrap();
        std::fs::write(&next, &after[..length]).unwrap();
        is_whole(4);
        log.append(&record(), Durability::Written).unwrap();
        is_whole(5);
        let (open, size) = super::open(&log.path(), false).unwrap();
        let mut end = End::of(&open, size).unwrap();
        log.rotate(&open, &mut end, &record(), Durability::Written).unwrap();
        is_whole(7);
        std::fs::rename(directory.join("audit-00000000000000000005.jsonl"), &part).unwrap();
    }
}

#[test]
fn a_huge_log_costs_no_more_than_a_small_one() {
    let (_scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    // 1 GiB, nearly all of it a hole, with a record at its end.
    let file = OpenOptions::new().write(true).open(log.path()).unwrap();
    let (bytes, tip) = line(Tip { seq: 41, hash: [7; 32] }, &record());
    file.write_all_at(b"\n", (1 << 30) - 1).unwrap();
    file.write_all_at(&bytes, 1 << 30).unwrap();
    let start = std::time::Instant::now();
    let next = log.append(&record(), Durability::Written).unwrap();
    assert!(start.elapsed() < Duration::from_millis(200));
    assert_eq!(next.seq, tip.seq + 2);
    assert_eq!(std::fs::metadata(log.path()).unwrap().len() / MOST_LINE as u64, 0);
}

#[test]
fn what_is_no_log_is_refused_in_words() {
    let (scratch, log) = scratch();
    log.append(&record(), Durability::Written).unwrap();
    let message = |log: &Log| log.append(&record(), Durability::Written).unwrap_err().to_string();
    let path = log.path();
    let shown = path.display().to_string();

    std::fs::set_permissions(&path, Permissions::from_mode(0o622)).unwrap();
    assert_eq!(
        message(&log),
        format!("the audit log {shown} cannot be opened: it is not this user's alone to write")
    );
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(scratch.path().join("elsewhere"), &path).unwrap();
    assert!(message(&log).starts_with(&format!(
        "the audit log {shown} cannot be opened: too many levels of symbolic links"
    )));
    assert!(!scratch.path().join("elsewhere").exists());
    std::fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR)
        .unwrap();
    assert_eq!(
        message(&log),
        format!("the audit log {shown} cannot be opened: it is not a regular file")
    );
    std::fs::remove_file(&path).unwrap();

    let held = log.lock().unwrap();
    assert_eq!(
        message(&log),
        format!(
            "the audit log {shown} cannot be locked: another process has held it for two seconds"
        )
    );
    drop(held);
    let nowhere = Log::new("/proc/goenv", "audit");
    assert!(
        message(&nowhere).starts_with("the audit log /proc/goenv/audit.jsonl cannot be created: ")
    );
}
