//! Installing from mirrors: on loopback with TLS, from directories, and everything that goes wrong there.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use goenv::hex::{hex, sha256};
use goenv::sdk::install::{InstallError, Installed, Order, Progress, install};
use goenv::sdk::mirror::Mirror;
use goenv::sdk::tree::Cores;
use goenv::sdk::{Health, Pins, Places, store};

use crate::common::Sandbox;
use crate::real::{Home, succeed};
use crate::server::{Answer, Asked, Server};
use crate::small::{Entry, archive, file, gzip, places, release, store as names, tar, version};

const NAME: &str = "go1.26.6.linux-amd64.tar.gz";

/// Returns the list of a mirror in go.dev's shape.
fn feed(versions: &[(&str, &[u8])]) -> String {
    let releases: Vec<_> = versions
        .iter()
        .map(|(version, archive)| {
            format!(
                r#"{{"version":"go{version}","stable":true,"files":[{{"filename":"go{version}.linux-amd64.tar.gz",
                "os":"linux","arch":"amd64","version":"go{version}","sha256":"{}","size":{},"kind":"archive"}}]}}"#,
                hex(&sha256(archive)),
                archive.len()
            )
        })
        .collect();
    format!("[{}]", releases.join(","))
}

struct Wanted<'a> {
    version: &'a str,
    pins: &'a [(&'a str, String)],
    ca: Option<&'a Path>,
}

fn run(
    places: &Places,
    mirrors: &[&str],
    wanted: &Wanted<'_>,
) -> (Result<Installed, InstallError>, Vec<String>) {
    let mirrors: Vec<_> = mirrors.iter().map(|text| Mirror::read(text).unwrap()).collect();
    let pins: Vec<_> =
        wanted.pins.iter().map(|(platform, hash)| ((*platform).to_owned(), hash.clone())).collect();
    let (version, pins) = (version(wanted.version), Pins::read(&pins).unwrap());
    let order =
        Order { version: &version, pins: &pins, mirrors: &mirrors, ca: wanted.ca, keyring: None };
    let mut notes = Vec::new();
    let outcome = install(&order, places, &mut |progress| {
        if let Progress::Note(note) = progress {
            notes.push(note);
        }
    });
    (outcome, notes)
}

fn error(places: &Places, mirrors: &[&str], wanted: &Wanted<'_>) -> String {
    run(places, mirrors, wanted).0.unwrap_err().to_string()
}

fn new(outcome: (Result<Installed, InstallError>, Vec<String>)) -> goenv::sdk::Record {
    match outcome.0.unwrap() {
        Installed::New(record) => record,
        already => panic!("{already:?}"),
    }
}

#[test]
fn a_release_is_installed_over_tls_and_is_sealed() {
    let home = Home::new();
    let places = places(&home);
    let body = archive("1.26.6");
    let list = feed(&[("1.25.3", b""), ("1.26.6", &body), ("1.27rc1", b"")]);
    let served = body.clone();
    let server =
        Server::start(&home.path().join("tls"), move |asked: &Asked| match asked.path.as_str() {
            "/go/?mode=json&include=all" => Answer::new(200, list.as_bytes()),
            "/go/go1.26.6.linux-amd64.tar.gz" => Answer::file(asked, &served),
            _ => Answer::new(404, b""),
        });
    let base = server.base.as_str();
    let ca = Some(server.ca.as_path());
    let wanted = |version| Wanted { version, pins: &[], ca };

    let record = new(run(&places, &[base], &wanted("1.26.6")));
    assert_eq!(
        server.asked(),
        ["/go/index.json", "/go/?mode=json&include=all", "/go/go1.26.6.linux-amd64.tar.gz"]
    );
    assert_eq!(record.archive_sha256, Some(hex(&sha256(&body))));
    assert_eq!(record.origin, format!("{base}/{NAME}"));
    assert_eq!(record.root, places.store.join("go1.26.6.linux-amd64"));
    assert_eq!(store::health(&record, &places, goenv::sdk::tree::Cores::One), Health::Sealed);
    assert_eq!(
        names(&places),
        ["go1.26.6.linux-amd64", "go1.26.6.linux-amd64.json", "go1.26.6.linux-amd64.seal"]
    );
    // Again: it is here already, and nobody is asked.
    assert_eq!(
        run(&places, &[base], &wanted("1.26.6")).0.unwrap(),
        Installed::Already(record.clone())
    );
    assert_eq!(server.asked(), Vec::<String>::new());
    // A language version is the newest release of its line.
    assert_eq!(run(&places, &[base], &wanted("1.26")).0.unwrap(), Installed::Already(record));
    assert_eq!(server.asked(), ["/go/index.json", "/go/?mode=json&include=all"]);
    // What the mirror does not have, with what it has.
    assert_eq!(
        error(&places, &[base], &wanted("1.26.9")),
        format!("go1.26.9 for linux/amd64 is not at {base} (nearest there: 1.26.6, 1.27rc1)")
    );
    assert_eq!(
        error(&places, &[base], &wanted("1.27")),
        format!("go1.27 for linux/amd64 is not at {base} (nearest there: 1.26.6, 1.27rc1)")
    );
    // Without the organisation's authority the server is nobody.
    let nobody = error(&places, &[base], &Wanted { version: "1.25.3", pins: &[], ca: None });
    assert!(nobody.starts_with(&format!("cannot reach {base}/index.json: ")), "{nobody}");
    println!("{nobody}");
}

/// An object store forbids what it does not have.
#[test]
fn a_list_that_is_forbidden_is_none() {
    let home = Home::new();
    let places = places(&home);
    let body = archive("1.26.6");
    let digest = hex(&sha256(&body));
    let is_open = AtomicBool::new(true);
    let server =
        Server::start(&home.path().join("tls"), move |asked: &Asked| match asked.path.as_str() {
            "/go/go1.26.6.linux-amd64.tar.gz" => Answer::file(asked, &body),
            // Once; later it has to be paid for.
            "/go/go1.26.6.linux-amd64.tar.gz.sha256" if is_open.swap(false, Ordering::Relaxed) => {
                Answer::new(200, digest.as_bytes())
            }
            _ => Answer::new(403, b"<Error><Code>AccessDenied</Code></Error>"),
        });
    let base = server.base.as_str();
    let wanted = Wanted { version: "1.26.6", pins: &[], ca: Some(&server.ca) };
    let record = new(run(&places, &[base], &wanted));
    assert_eq!(record.origin, format!("{base}/{NAME}"));
    store::remove(&version("1.26.6"), &places).unwrap();
    let said = error(&places, &[base], &wanted);
    assert_eq!(said, format!("{base}/{NAME}.sha256 answers with status 403"));
}

/// What the environment names as the way out is taken, or nothing is: never another way.
#[test]
fn a_proxy_is_not_gone_around() {
    let mut sandbox = Sandbox::new();
    let body = archive("1.26.6");
    let list = feed(&[("1.26.6", &body)]);
    let server = Server::start(&sandbox.path("tls"), move |asked: &Asked| {
        let is_list = asked.path == "/go/index.json";
        if is_list { Answer::new(200, list.as_bytes()) } else { Answer::file(asked, &body) }
    });
    let (base, ca) = (&server.base, server.ca.display());
    let config = format!("[sdk]\nmirrors = [{base:?}]\nca = \"{ca}\"\n");
    sandbox.file("home/.config/goenv/config.toml", config);
    sandbox.set("ALL_PROXY", "socks5://ann:secret@127.0.0.1:1");
    let socks = "the proxy that ALL_PROXY, HTTPS_PROXY or HTTP_PROXY names speaks SOCKS: expected one as http://HOST:PORT";
    let home = sandbox.home();
    let install = |sandbox: &Sandbox| sandbox.goenv(&home, &["sdk", "install", "1.26.6"]);
    let _ = install(&sandbox).failure(1, &format!("goenv: {socks}\n"));
    sandbox.set("ALL_PROXY", "");
    sandbox.set("https_proxy", "http://127.0.0.1:1");
    let refused = install(&sandbox);
    assert_eq!((refused.code(), server.asked()), (1, Vec::new()), "{}", refused.stderr());
    sandbox.set("NO_PROXY", "localhost");
    install(&sandbox).success();
}

#[test]
fn a_wrong_digest_keeps_nothing_and_asks_nobody_else() {
    let home = Home::new();
    let places = places(&home);
    let (good, bad) = (archive("1.26.6"), archive("1.26.5"));
    let digest = hex(&sha256(&good));
    let is = hex(&sha256(&bad));
    let list = feed(&[("1.26.6", &good)]);
    let server =
        Server::start(&home.path().join("tls"), move |asked: &Asked| match asked.path.as_str() {
            "/go/index.json" => Answer::new(200, list.as_bytes()),
            "/go/go1.26.6.linux-amd64.tar.gz" => Answer::file(asked, &bad),
            _ => Answer::new(404, b""),
        });
    let base = server.base.as_str();
    let second = home.path().join("second");
    fs::create_dir(&second).unwrap();
    fs::write(second.join(NAME), &good).unwrap();
    fs::write(second.join(format!("{NAME}.sha256")), &digest).unwrap();
    let second = format!("file://{}", second.display());
    let ca = Some(server.ca.as_path());
    assert_eq!(
        error(&places, &[base, &second], &Wanted { version: "1.26.6", pins: &[], ca }),
        format!(
            "{base}/{NAME} is sha256:{is}, expected sha256:{digest} (as {base} says); nothing was kept"
        )
    );
    assert_eq!(names(&places), Vec::<String>::new());
    // A pin needs no list, and outweighs what the mirror says.
    server.asked();
    let pins = [("linux/amd64", format!("sha256:{digest}"))];
    assert_eq!(
        error(&places, &[base, &second], &Wanted { version: "1.26.6", pins: &pins, ca }),
        format!(
            "{base}/{NAME} is sha256:{is}, expected sha256:{digest} (as pinned); nothing was kept"
        )
    );
    assert_eq!(server.asked(), ["/go/go1.26.6.linux-amd64.tar.gz"]);
    // The right archive with a tree that is pinned otherwise is no better.
    let h1 = format!("h1:{}=", "A".repeat(43));
    let pins = [("linux/amd64", h1.clone())];
    let message = error(&places, &[&second], &Wanted { version: "1.26.6", pins: &pins, ca });
    assert!(message.starts_with("go1.26.6 is h1:"), "{message}");
    assert!(
        message.ends_with(&format!(", expected {h1} (as pinned); nothing was kept")),
        "{message}"
    );
    assert_eq!(names(&places), Vec::<String>::new());
    // The archive of another version, whatever its name and digest.
    let third = home.path().join("third");
    fs::create_dir(&third).unwrap();
    fs::write(third.join(NAME), archive("1.26.5")).unwrap();
    fs::write(third.join(format!("{NAME}.sha256")), &is).unwrap();
    assert_eq!(
        error(
            &places,
            &[&format!("file://{}", third.display())],
            &Wanted { version: "1.26.6", pins: &[], ca }
        ),
        "the archive is not go1.26.6 for linux/amd64: it is go1.26.5"
    );
    assert_eq!(names(&places), Vec::<String>::new());
}

#[test]
fn what_breaks_off_is_continued() {
    let home = Home::new();
    let places = places(&home);
    let body = archive("1.26.6");
    let list = feed(&[("1.26.6", &body)]);
    let (served, half) = (body.clone(), body.len() / 2);
    let times = AtomicUsize::new(0);
    let server =
        Server::start(&home.path().join("tls"), move |asked: &Asked| match asked.path.as_str() {
            "/go/index.json" => Answer::new(200, list.as_bytes()),
            "/go/go1.26.6.linux-amd64.tar.gz" => match times.fetch_add(1, Ordering::Relaxed) {
                0 => Answer { cut: Some(half), ..Answer::file(asked, &served) },
                // No progress at all: this run gives up and leaves its part.
                1 => Answer { cut: Some(0), ..Answer::file(asked, &served) },
                _ => Answer::file(asked, &served),
            },
            _ => Answer::new(404, b""),
        });
    let wanted = Wanted { version: "1.26.6", pins: &[], ca: Some(&server.ca) };
    let message = error(&places, &[&server.base], &wanted);
    assert!(message.starts_with(&format!("cannot reach {}/{NAME}: ", server.base)), "{message}");
    let part = format!("{}.part", hex(&sha256(&body)));
    assert_eq!(names(&places), [part.as_str()]);
    server.asked();
    new(run(&places, &[&server.base], &wanted));
    assert_eq!(server.asked(), ["/go/index.json".to_owned(), format!("/go/{NAME} from {half}")]);
    // A part that is not of this archive costs a second download and nothing else.
    store::remove(&version("1.26.6"), &places).unwrap();
    fs::write(places.store.join(".download").join(&part), vec![0; half]).unwrap();
    new(run(&places, &[&server.base], &wanted));
    assert_eq!(
        server.asked(),
        ["/go/index.json".to_owned(), format!("/go/{NAME} from {half}"), format!("/go/{NAME}")]
    );
    assert_eq!(
        names(&places),
        ["go1.26.6.linux-amd64", "go1.26.6.linux-amd64.json", "go1.26.6.linux-amd64.seal"]
    );
}

#[test]
fn the_next_mirror_is_asked_where_one_fails_and_that_is_said() {
    let home = Home::new();
    let places = places(&home);
    let body = archive("1.26.6");
    let directory = home.path().join("mirror");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join(NAME), &body).unwrap();
    fs::write(directory.join(format!("{NAME}.sha256")), hex(&sha256(&body))).unwrap();
    let mirror = format!("file://{}", directory.display());
    let server = Server::start(&home.path().join("tls"), |asked: &Asked| {
        if asked.path.contains("1.26.5") {
            let location = vec![(
                "Location",
                "https://evil.example/go1.26.5.linux-amd64.tar.gz?X-Signature=secret".to_owned(),
            )];
            return Answer { headers: location, ..Answer::new(302, b"") };
        }
        Answer::new(503, b"")
    });
    let ca = Some(server.ca.as_path());
    let (outcome, notes) =
        run(&places, &[&server.base, &mirror], &Wanted { version: "1.26.6", pins: &[], ca });
    assert!(matches!(outcome.unwrap(), Installed::New(_)));
    assert_eq!(
        notes,
        [format!("{}/index.json answers with status 503; trying {mirror}", server.base)]
    );
    // Nobody is followed to a host that nobody configured.
    let pins = [("linux/amd64", format!("sha256:{}", "0".repeat(64)))];
    assert_eq!(
        error(&places, &[&server.base], &Wanted { version: "1.26.5", pins: &pins, ca }),
        format!(
            "{}/go1.26.5.linux-amd64.tar.gz redirects to https://evil.example/go1.26.5.linux-amd64.tar.gz, which is no configured mirror",
            server.base
        )
    );
    // A mirror that says nothing of an archive, and one that nobody runs.
    fs::write(directory.join("go1.26.4.linux-amd64.tar.gz"), &body).unwrap();
    assert_eq!(
        error(&places, &[&mirror], &Wanted { version: "1.26.4", pins: &[], ca }),
        format!("{mirror} says no sha256 of go1.26.4.linux-amd64.tar.gz, and none is pinned")
    );
    let down =
        error(&places, &["https://localhost:1/go"], &Wanted { version: "1.26.4", pins: &[], ca });
    assert!(down.starts_with("cannot reach https://localhost:1/go/index.json: "), "{down}");
    println!("{down}");
}

/// Makes a mirror that is a directory with this archive, and returns its address.
fn directory(home: &Home, name: &str, body: &[u8]) -> String {
    let directory = home.path().join(name);
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join(NAME), body).unwrap();
    fs::write(directory.join("index.json"), feed(&[("1.26.6", body)])).unwrap();
    format!("file://{}", directory.display())
}

/// Taking the old tree away takes seconds; the new one is known by then.
#[test]
fn a_release_that_takes_anothers_place_is_not_taken_for_that_one_altered() {
    let home = Home::new();
    let places = places(&home);
    let (old, new_body) = (archive("1.26.6"), gzip(&tar(&[release("1.26.6"), more()].concat())));
    let first = directory(&home, "first", &old);
    let second = directory(&home, "second", &new_body);
    let old = new(run(&places, &[&first], &Wanted { version: "1.26.6", pins: &[], ca: None }));
    succeed(Command::new("chmod").arg("-R").arg("u+w").arg(&old.root));
    for number in 0..5000 {
        fs::write(old.root.join(format!("src/{number}")), "").unwrap();
    }
    let away = places.store.join(".tmp-old-1.26.6");
    let digest = hex(&sha256(&new_body));
    let pins = [("linux/amd64", format!("sha256:{digest}"))];
    let wanted = Wanted { version: "1.26.6", pins: &pins, ca: None };
    let is_installed = AtomicBool::new(false);
    let known = || {
        while !is_installed.load(Ordering::Relaxed) {
            let record = store_record(&places);
            // Read while the old tree was still on its way.
            if record.as_deref() == Some(digest.as_str()) && away.exists() {
                return true;
            }
        }
        false
    };
    let is_known = std::thread::scope(|scope| {
        let known = scope.spawn(known);
        new(run(&places, &[&second], &wanted));
        is_installed.store(true, Ordering::Relaxed);
        known.join().unwrap()
    });
    assert!(is_known);

    // Whoever had read the old record when the new tree came does not write it back.
    assert!(matches!(store::verify(&old, &places, Cores::One), Health::Unknown(_)));
    let stale = goenv::sdk::Record { seal: record(&places).seal, ..old };
    assert_eq!(store::verify(&stale, &places, Cores::One), Health::Sealed);
    assert_eq!(store_record(&places), Some(digest));
    assert_eq!(store::health(&record(&places), &places, Cores::One), Health::Sealed);
}

fn more() -> Vec<Entry> {
    vec![file("go/more", 0o644, "more\n")]
}

fn record(places: &Places) -> goenv::sdk::Record {
    goenv::sdk::find(&version("1.26.6"), places).unwrap().record.unwrap()
}

/// Returns the digest of the archive in the record.
fn store_record(places: &Places) -> Option<String> {
    let record = goenv::sdk::examine::read_record(&version("1.26.6"), places).ok()?;
    record.archive_sha256
}

#[test]
fn an_altered_release_is_installed_anew() {
    let home = Home::new();
    let places = places(&home);
    let body = archive("1.26.6");
    let mirror = directory(&home, "mirror", &body);
    let wanted = Wanted { version: "1.26.6", pins: &[], ca: None };
    let first = new(run(&places, &[&mirror], &wanted));
    let source = first.root.join("src/go.mod");
    succeed(Command::new("chmod").arg("-R").arg("u+w").arg(&first.root));
    fs::remove_file(&source).unwrap();
    fs::write(first.root.join("bin/go"), "evil").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(60));
    let second = new(run(&places, &[&mirror], &wanted));
    assert_eq!(second.h1, first.h1);
    assert_eq!(fs::read_to_string(&source).unwrap(), "module std\n");
    // And removed, with everything that belongs to it.
    assert_eq!(store::remove(&version("1.26.6"), &places).unwrap(), Some(first.root));
    assert_eq!(names(&places), Vec::<String>::new());
}
