//! Every way to alter an SDK: what the prompt notices by `stat`, and what reading everything notices.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use goenv::env::Env;
use goenv::sdk::store::{Health, adopt, health, verify};
use goenv::sdk::tree::Cores;
use goenv::sdk::{Places, Platform, Record, stamp};

use crate::real::{Home, NEW, copy, sdk, user};

/// Whether the prompt's own check, which looks at some files only, notices a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    Notices,
    DoesNot,
}

/// An alteration that can be undone.
#[derive(Clone, Copy)]
enum Change {
    /// One bit of the file, with size and modification time put back.
    Bit(&'static str),
    Add(&'static str),
    Remove(&'static str),
    Mode(&'static str, u32),
    /// The file moved out of the tree and a link to it in its place.
    Link(&'static str),
}

impl Change {
    fn apply(self, root: &Path) {
        match self {
            Self::Bit(path) => flip(&root.join(path)),
            Self::Add(path) => fs::write(root.join(path), "x").unwrap(),
            Self::Remove(path) => fs::remove_file(root.join(path)).unwrap(),
            Self::Mode(path, to) => mode(&root.join(path), to),
            Self::Link(path) => {
                let away = root.parent().unwrap().join("away");
                fs::rename(root.join(path), &away).unwrap();
                symlink(&away, root.join(path)).unwrap();
            }
        }
    }

    fn undo(self, root: &Path) {
        match self {
            Self::Bit(path) => flip(&root.join(path)),
            Self::Add(path) => fs::remove_file(root.join(path)).unwrap(),
            Self::Mode(path, _) => mode(&root.join(path), permissions(&sdk(NEW).join(path))),
            Self::Remove(path) | Self::Link(path) => {
                let _ = fs::remove_file(root.join(path));
                fs::copy(sdk(NEW).join(path), root.join(path)).unwrap();
            }
        }
    }
}

fn permissions(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Turns one bit of the last byte round and puts size and modification time back.
fn flip(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

#[test]
fn every_alteration_is_noticed() {
    let home = Home::new();
    let root = home.path().join("sdk").join(format!("go{NEW}"));
    // The programs, and of the sources enough: every change is followed by reading all of it twice.
    for part in ["VERSION", "go.env", "bin", "pkg", "src/fmt"] {
        copy(&sdk(NEW).join(part), &root.join(part));
    }
    let linux = Platform::parse("linux/amd64").unwrap();
    let places =
        Places::new(&Env::new(), &home.path(), linux, user(&home.path()), Path::new("/nowhere"));
    adopt(&root, &places).unwrap();
    use Change::{Add, Bit, Link, Mode, Remove};
    use Prompt::{DoesNot, Notices};
    let table = [
        (Bit("bin/go"), Notices, "the content of bin/go changed"),
        (Bit("go.env"), Notices, "the content of go.env changed"),
        (Bit("VERSION"), Notices, "the content of VERSION changed"),
        (
            Bit("pkg/tool/linux_amd64/compile"),
            Notices,
            "the content of pkg/tool/linux_amd64/compile changed",
        ),
        (Bit("src/fmt/print.go"), DoesNot, "the content of src/fmt/print.go changed"),
        (Bit("pkg/include/textflag.h"), DoesNot, "the content of pkg/include/textflag.h changed"),
        (Add("bin/gopls"), Notices, "bin/gopls was added"),
        (Add("pkg/tool/linux_amd64/x"), Notices, "pkg/tool/linux_amd64/x was added"),
        (Add("go.work"), Notices, "go.work was added"),
        (Add("src/fmt/x.go"), DoesNot, "src/fmt/x.go was added"),
        (Remove("bin/gofmt"), Notices, "bin/gofmt was removed"),
        (Remove("src/fmt/print.go"), DoesNot, "src/fmt/print.go was removed"),
        (Mode("bin/go", 0o775), Notices, "the mode of bin/go changed from 0755 to 0775"),
        (Mode("bin/gofmt", 0o4755), Notices, "the mode of bin/gofmt changed from 0755 to 4755"),
        (
            Mode("src/fmt/print.go", 0o666),
            DoesNot,
            "the mode of src/fmt/print.go changed from 0644 to 0666",
        ),
        (Mode("src/fmt", 0o777), DoesNot, "the mode of src/fmt changed from 0755 to 0777"),
        (Link("bin/gofmt"), Notices, "the mode of bin/gofmt changed from 0755 to 120755"),
        (
            Link("src/fmt/print.go"),
            DoesNot,
            "the mode of src/fmt/print.go changed from 0644 to 120644",
        ),
    ];
    println!("{:<62} prompt notices", "change, as verify names it");
    for (change, prompt, expected) in table {
        let record = record(&places);
        assert_eq!(stamp::changed(&root, &record.stamps), None, "before: {expected}");
        change.apply(&root);
        let noticed = stamp::changed(&root, &record.stamps);
        let is = if noticed.is_some() { Notices } else { DoesNot };
        assert_eq!(is, prompt, "{expected}");
        let verdict = verify(&record, &places, Cores::All);
        let said = verdict.complaint().unwrap_or_default();
        assert_eq!(said, expected, "{expected}");
        if prompt == Notices && expected.contains("bin/go") {
            // What the prompt noticed it reads again, and comes to the same verdict.
            assert_eq!(health(&record, &places, Cores::One), verdict, "{expected}");
        }
        println!("{said:<62} {}", noticed.unwrap_or_else(|| "-".to_owned()));
        change.undo(&root);
        std::thread::sleep(Duration::from_millis(100));
        // Put back, it is what it was, and its record, whose stamps proved nothing meanwhile, learns how it stands.
        let altered = self::record(&places);
        assert_eq!(altered.stamps, [], "{expected}");
        assert_eq!(verify(&altered, &places, Cores::All), Health::Sealed, "{expected}");
    }

    // Who only looks teaches it nothing.
    let taught = record(&places);
    fs::File::open(root.join("VERSION")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let looking = places.clone().read_only();
    assert_eq!(health(&taught, &looking, Cores::One), Health::Sealed);
    assert_eq!(record(&places), taught);
    assert_eq!(health(&taught, &places, Cores::One), Health::Sealed);
    assert_ne!(record(&places), taught);

    // A seal that was altered with the tree proves nothing.
    let record = record(&places);
    flip(&root.join("src/fmt/print.go"));
    let seal = places.seal(NEW);
    let text = fs::read_to_string(&seal).unwrap();
    fs::write(&seal, text.replace("src/fmt/print.go", "src/fmt/prinx.go")).unwrap();
    let said = verify(&record, &places, Cores::All).complaint().unwrap();
    assert_eq!(said, format!("its seal {} is not the one of its record", seal.display()));
}

fn record(places: &Places) -> Record {
    let version = goenv::go::Version::read(NEW).unwrap();
    goenv::sdk::find(&version, places).unwrap().record.unwrap()
}
