#![expect(clippy::disallowed_methods, reason = "tests make their own files")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;
use crate::env::Env;
use crate::sdk::list::list;
use crate::sdk::places::Platform;
use crate::sdk::store::adopt;

/// A home and a system of their own, in which SDKs are a VERSION and a `bin/go`.
struct Machine {
    directory: tempfile::TempDir,
    places: Places,
}

impl Machine {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        let platform = Platform { os: "linux".to_owned(), arch: "amd64".to_owned() };
        let user = fs::metadata(&base).unwrap().uid();
        let places =
            Places::new(&Env::new(), &base.join("home"), platform, user, &base.join("system"));
        Self { directory, places }
    }

    fn base(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    fn sdk(&self, root: &str, version: &str) -> PathBuf {
        let root = self.base().join(root);
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(root.join("VERSION"), format!("go{version}\ntime 2026-08-11T00:40:52Z\n"))
            .unwrap();
        fs::write(root.join("bin/go"), "#!/bin/sh\n").unwrap();
        mode(&root.join("bin/go"), 0o755);
        for directory in [&root, &root.join("bin")] {
            mode(directory, 0o755);
        }
        root
    }

    fn find(&self, version: &str) -> Result<Found, Box<Missing>> {
        find(&Version::read(version).unwrap(), &self.places)
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn every_place_is_found_and_the_first_wins() {
    let machine = Machine::new();
    let mut expected = Vec::new();
    for (root, source) in [
        ("home/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.6.linux-amd64", Source::ModuleCache),
        ("home/.gvm/gos/go1.26.6", Source::Gvm),
        ("home/.local/share/mise/installs/go/1.26.6", Source::Mise),
        ("home/.asdf/installs/golang/1.26.6/go", Source::Asdf),
        ("home/.goenv/versions/1.26.6", Source::GoNv),
        ("system/usr/lib/go", Source::System),
        ("system/usr/lib/go-1.26", Source::System),
        ("system/usr/local/go", Source::Local),
        ("home/sdk/go1.26.6", Source::GoDl),
        ("home/.local/share/goenv/sdks/go1.26.6.linux-amd64", Source::Store),
    ] {
        let root = machine.sdk(root, "1.26.6");
        let found = machine.find("1.26.6").unwrap();
        assert_eq!((&found.root, found.source), (&root, source));
        let seen: Vec<_> = found.seen.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(seen, [root.join("VERSION"), root.join("bin/go")]);
        assert!(found.seen.iter().all(|(_, metadata)| metadata.is_some()));
        expected.push((source, root));
    }
    expected.reverse();
    // /usr/lib/go-1.26 is listed before /usr/lib/go as it is found before it.
    let listed = list(&machine.places).into_iter();
    assert_eq!(listed.map(|sdk| (sdk.source, sdk.root)).collect::<Vec<_>>(), expected);
}

#[test]
fn many_are_listed_in_the_order_of_their_versions_and_none_that_is_no_sdk() {
    let machine = Machine::new();
    let mut expected: Vec<_> = [9, 10]
        .iter()
        .flat_map(|minor| (0..60).map(move |patch| format!("1.{minor}.{patch}")))
        .map(|version| (version.clone(), machine.sdk(&format!("home/sdk/go{version}"), &version)))
        .collect();
    let linked = machine.sdk("opt/here", "1.10.60");
    symlink("../../opt/here", machine.base().join("home/sdk/go1.10.60")).unwrap();
    expected.push(("1.10.60".to_owned(), linked));
    // Without a program, with a link for one, of another name; and a link to nothing.
    fs::create_dir_all(machine.base().join("home/sdk/go1.10.61/bin")).unwrap();
    fs::create_dir_all(machine.base().join("home/sdk/go1.10.62/bin")).unwrap();
    symlink("/bin/sh", machine.base().join("home/sdk/go1.10.62/bin/go")).unwrap();
    machine.sdk("home/sdk/gopher", "1.10.63");
    symlink("gone", machine.base().join("home/sdk/go1.10.64")).unwrap();
    let listed = list(&machine.places).into_iter();
    let listed: Vec<_> = listed.map(|sdk| (sdk.version.to_string(), sdk.root)).collect();
    assert_eq!(listed, expected);
}

#[test]
fn what_could_win_is_watched() {
    let machine = Machine::new();
    machine.sdk("system/usr/local/go", "1.25.3");
    machine.sdk("system/usr/lib/go-1.26", "1.26.6");
    let base = machine.base();
    let found = machine.find("1.26.6").unwrap();
    assert_eq!(
        found.absent,
        [
            base.join("home/.local/share/goenv/sdks/go1.26.6.linux-amd64.json"),
            base.join("home/.local/share/goenv/sdks/go1.26.6.linux-amd64/VERSION"),
            base.join("home/sdk/go1.26.6/VERSION"),
        ]
    );
    assert_eq!(found.before, [base.join("system/usr/local/go/VERSION")]);
}

#[test]
fn the_root_is_without_symbolic_links() {
    let machine = Machine::new();
    let real = machine.sdk("opt/anywhere", "1.26.6");
    fs::create_dir_all(machine.base().join("home/sdk")).unwrap();
    symlink(&real, machine.base().join("home/sdk/go1.26.6")).unwrap();
    assert_eq!(machine.find("1.26.6").unwrap().root, real);
}

#[test]
fn a_language_version_is_the_newest_release_of_its_line() {
    let machine = Machine::new();
    machine.sdk("home/sdk/go1.26.6", "1.26.6");
    machine.sdk("home/sdk/go1.26.10", "1.26.10");
    machine.sdk("home/sdk/go1.27rc1", "1.27rc1");
    assert_eq!(machine.find("1.26").unwrap().version.as_str(), "1.26.10");
    let missing = machine.find("1.27").unwrap_err();
    assert_eq!(missing.message(), "go1.27 is not installed (nearest here: 1.26.10, 1.27rc1)");
}

#[test]
fn of_a_line_gos_own_release_comes_before_somebodys_build_of_it() {
    let machine = Machine::new();
    machine.sdk("home/sdk/go1.26.6-corp", "1.26.6-corp");
    assert_eq!(machine.find("1.26").unwrap().version.as_str(), "1.26.6-corp");
    machine.sdk("home/sdk/go1.26.6", "1.26.6");
    assert_eq!(machine.find("1.26").unwrap().version.as_str(), "1.26.6");
    machine.sdk("home/sdk/go1.26.7-corp", "1.26.7-corp");
    assert_eq!(machine.find("1.26").unwrap().version.as_str(), "1.26.7-corp");
}

#[test]
fn of_a_line_the_newest_that_is_an_sdk_is_used_and_the_others_are_watched() {
    let machine = Machine::new();
    machine.sdk("home/sdk/go1.26.6", "1.26.6");
    let open = machine.sdk("home/sdk/go1.26.9", "1.26.9");
    mode(&open, 0o777);
    let empty = machine.base().join("home/sdk/go1.26.10");
    fs::create_dir_all(&empty).unwrap();
    let found = machine.find("1.26").unwrap();
    assert_eq!(found.version.as_str(), "1.26.6");
    for path in [open.join("VERSION"), open.join("bin/go"), machine.base().join("home/sdk")] {
        assert!(found.before.contains(&path), "{}", path.display());
    }
    fs::remove_dir_all(machine.base().join("home/sdk/go1.26.6")).unwrap();
    assert_eq!(
        machine.find("1.26").unwrap_err().message(),
        format!("go1.26 at {0} is not used: {0} can be changed by others", open.display())
    );
    // What is said to be here could be used.
    machine.sdk("home/sdk/go1.25.3", "1.25.3");
    assert_eq!(
        machine.find("1.26.11").unwrap_err().message(),
        "go1.26.11 is not installed (here: 1.25.3)"
    );
}

#[test]
fn an_sdk_that_was_adopted_elsewhere_is_of_its_line() {
    let machine = Machine::new();
    machine.sdk("home/sdk/go1.26.6", "1.26.6");
    let root = machine.sdk("opt/anywhere", "1.26.7");
    fs::create_dir_all(root.join("pkg/tool")).unwrap();
    fs::create_dir(root.join("src")).unwrap();
    adopt(&root, &machine.places).unwrap();
    let found = machine.find("1.26").unwrap();
    assert_eq!((found.root, found.source), (root, Source::Adopted));
    assert_eq!(
        machine.find("1.26.8").unwrap_err().message(),
        "go1.26.8 is not installed (here: 1.26.6, 1.26.7)"
    );
}

#[test]
fn what_is_not_the_sdk_is_not_used_and_the_reason_is_said() {
    let machine = Machine::new();
    assert_eq!(
        machine.find("1.26.6").unwrap_err().message(),
        "go1.26.6 is not installed, and no other Go is"
    );
    let root = machine.sdk("home/sdk/go1.26.6", "1.26.6");
    let message = |text: &str| {
        let missing = machine.find("1.26.6").unwrap_err();
        assert_eq!(
            missing.message(),
            format!("go1.26.6 at {} is not used: {text}", root.display())
        );
        assert_eq!(missing.hint(), "goenv sdk install 1.26.6");
    };
    let go = root.join("bin/go");
    mode(&go, 0o644);
    message("its bin/go is not a program");
    fs::remove_file(&go).unwrap();
    symlink("/bin/sh", &go).unwrap();
    message("its bin/go is not a program");
    fs::remove_file(&go).unwrap();
    machine.sdk("home/sdk/go1.26.6", "1.26.6");
    for path in [root.clone(), root.join("bin"), go] {
        mode(&path, 0o777);
        message(&format!("{} can be changed by others", path.display()));
        mode(&path, 0o755);
    }
    for text in
        ["1.26.6\n", "", "go1.26.6/..", "go\n", "go1.26.6 \n", "go1.26.6\r\n", "\u{feff}go1.26.6\n"]
    {
        fs::write(root.join("VERSION"), text).unwrap();
        message("its VERSION does not name a Go release");
    }
    machine.sdk("home/sdk/go1.26.6", "1.26.5");
    let missing = machine.find("1.26.6").unwrap_err();
    // Its name lies, yet it is a 1.26.5 that is here.
    assert_eq!(missing.message(), "go1.26.6 is not installed (here: 1.26.5)");
}

#[test]
fn a_version_file_that_never_ends_does_not_keep_the_prompt() {
    let machine = Machine::new();
    let root = machine.sdk("home/sdk/go1.26.6", "1.26.6");
    let version = root.join("VERSION");
    fs::remove_file(&version).unwrap();
    nix::unistd::mkfifo(&version, nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert!(machine.find("1.26.6").is_err());
    fs::remove_file(&version).unwrap();
    symlink("/dev/zero", &version).unwrap();
    assert!(machine.find("1.26.6").is_err());
}

#[test]
fn the_nearest_versions_are_of_the_same_line_first() {
    let machine = Machine::new();
    for version in ["1.24.11", "1.25.3", "1.26.0", "1.26.4", "1.27.1"] {
        machine.sdk(&format!("home/sdk/go{version}"), version);
    }
    let message = |version: &str| machine.find(version).unwrap_err().message();
    assert_eq!(
        message("1.26.6"),
        "go1.26.6 is not installed (nearest here: 1.26.0, 1.26.4, 1.27.1)"
    );
    assert_eq!(message("1.25.4"), "go1.25.4 is not installed (nearest here: 1.25.3, 1.26.0)");
    assert_eq!(message("1.28.0"), "go1.28.0 is not installed (nearest here: 1.27.1)");
    assert_eq!(message("1.20"), "go1.20 is not installed (nearest here: 1.24.11)");
    for version in ["1.25.3", "1.26.0", "1.26.4"] {
        fs::remove_file(machine.base().join(format!("home/sdk/go{version}/bin/go"))).unwrap();
    }
    // What could not be used is not here.
    assert_eq!(message("1.26.6"), "go1.26.6 is not installed (here: 1.24.11, 1.27.1)");
}

#[test]
fn links_of_every_kind_lead_to_the_real_root() {
    let machine = Machine::new();
    let real = machine.sdk("opt/real/go", "1.26.6");
    let (base, place) = (machine.base(), machine.base().join("home/sdk/go1.26.6"));
    fs::create_dir_all(base.join("home/sdk")).unwrap();
    symlink(base.join("opt/real"), base.join("opt/link")).unwrap();
    symlink("go", base.join("opt/real/again")).unwrap();
    for target in [
        base.join("opt/real/again"),
        base.join("opt/link/go"),
        base.join("opt//link/./again/"),
        "../../opt/real/go".into(),
        "../../opt/link/again".into(),
    ] {
        symlink(&target, &place).unwrap();
        assert_eq!(machine.find("1.26.6").unwrap().root, real, "{}", target.display());
        fs::remove_file(&place).unwrap();
    }
    symlink(&place, &place).unwrap();
    let missing = machine.find("1.26.6").unwrap_err();
    assert_eq!(
        missing.looked_at.iter().find(|(root, _)| *root == place).map(|(_, why)| why.to_string()),
        Some("Too many levels of symbolic links (os error 40)".to_owned())
    );
}
