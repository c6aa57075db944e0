//! Where the SDK of a version may lie: goenv's store first, then where people and other tools unpack them.
//!
//! Pure: an environment, a home and a platform come in, paths go out. For one version there is a short, fixed list
//! of candidates, so how many SDKs are installed changes nothing. Nothing but absolute paths counts; variables
//! of other tools say where *their* trees are, exactly as those tools read them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::env::Env;
use crate::go::{Version, host};

/// An operating system and an architecture by Go's names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// GOOS: `linux`, `darwin`.
    pub os: String,
    /// GOARCH: `amd64`, `arm64`.
    pub arch: String,
}

impl Platform {
    /// Returns the platform that this program was built for.
    pub fn host() -> Self {
        Self { os: host::os().to_owned(), arch: host::arch().to_owned() }
    }

    /// Returns the platform in `linux/amd64`, or `None` where the text is not two lower-case names.
    pub fn parse(text: &str) -> Option<Self> {
        let (os, arch) = text.split_once('/')?;
        let name = |part: &str| {
            (1..=16).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        (name(os) && name(arch)).then(|| Self { os: os.to_owned(), arch: arch.to_owned() })
    }

    /// Returns `linux-amd64`, as releases and directories are named.
    pub fn dashed(&self) -> String {
        format!("{}-{}", self.os, self.arch)
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)
    }
}

/// Who put an SDK where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// goenv's own store.
    Store,
    /// A tree elsewhere that `goenv sdk add` took in.
    Adopted,
    /// `golang.org/dl`: `~/sdk`.
    GoDl,
    /// `/usr/local/go`, as the Go project's instructions say.
    Local,
    /// A package of the system.
    System,
    /// go-nv's goenv.
    GoNv,
    /// asdf.
    Asdf,
    /// mise.
    Mise,
    /// gvm.
    Gvm,
    /// A toolchain that the go command downloaded: without covdata and other tools from 1.25 on.
    ModuleCache,
}

impl Source {
    /// Returns the name that `sdk list` prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Adopted => "adopted",
            Self::GoDl => "golang.org/dl",
            Self::Local => "/usr/local",
            Self::System => "system",
            Self::GoNv => "go-nv",
            Self::Asdf => "asdf",
            Self::Mise => "mise",
            Self::Gvm => "gvm",
            Self::ModuleCache => "module cache",
        }
    }
}

/// A directory that may hold SDKs, and how they are named in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) source: Source,
    /// The directory whose entries are SDKs.
    pub(super) directory: PathBuf,
    pub(super) naming: Naming,
    /// What follows the entry: `go` for asdf, `libexec` for Homebrew.
    pub(super) below: &'static str,
}

/// How the entry of a version is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// `go1.26.6.linux-amd64`.
    Platform,
    /// `go1.26.6`.
    Toolchain,
    /// `1.26.6`.
    Plain,
    /// `toolchain@v0.0.1-go1.26.6.linux-amd64`.
    Module,
    /// `<prefix>1.26`, by the language line: its VERSION says which release it is.
    Line(&'static str),
    /// One fixed name, whatever the version.
    Fixed(&'static str),
}

impl Naming {
    /// Returns the name of the entry that may hold `version`.
    pub(super) fn entry(self, version: &Version, platform: &Platform) -> String {
        match self {
            Self::Platform => format!("go{version}.{}", platform.dashed()),
            Self::Toolchain => format!("go{version}"),
            Self::Plain => version.to_string(),
            Self::Module => format!("toolchain@v0.0.1-go{version}.{}", platform.dashed()),
            Self::Line(prefix) => format!("{prefix}{}", version.language()),
            Self::Fixed(name) => name.to_owned(),
        }
    }

    /// Returns what the name of an entry says, for a platform in `dashed` form.
    pub(super) fn read(self, name: &str, dashed: &str) -> Named {
        let bare = match self {
            Self::Platform => name.strip_suffix(dashed).and_then(|rest| rest.strip_suffix('.')),
            Self::Module => name
                .strip_prefix("toolchain@v0.0.1-")
                .and_then(|rest| rest.strip_suffix(dashed))
                .and_then(|rest| rest.strip_suffix('.')),
            Self::Toolchain | Self::Plain => Some(name),
            Self::Line(prefix) => name.strip_prefix(prefix),
            Self::Fixed(fixed) => return if name == fixed { Named::Some } else { Named::None },
        };
        let go = !matches!(self, Self::Plain | Self::Line(_));
        let version = bare.filter(|bare| bare.starts_with("go") == go).map(Version::read);
        match version {
            // A language version is an alias for some release of its line.
            Some(Ok(version)) if version.is_language() => Named::Some,
            Some(Ok(version)) => Named::Version(version),
            _ => Named::None,
        }
    }
}

/// What the name of an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It is no SDK, or not one for this platform.
    None,
    /// It may be an SDK of any version.
    Some,
    /// It is an SDK of this version, if it is one.
    Version(Version),
}

/// Every place in which an SDK is looked for, in the order in which they win.
#[derive(Clone, Debug)]
pub struct Places {
    /// goenv's store: SDKs, and beside each its record and its seal.
    pub store: PathBuf,
    /// The platform whose SDKs are looked for.
    pub platform: Platform,
    /// The user that this process acts for: a tree of anybody else but root is not used.
    pub user: u32,
    /// Those outside the store. Most prompts find what they want in it and never ask.
    elsewhere: OnceLock<Vec<Place>>,
    env: Env,
    home: PathBuf,
    system: PathBuf,
    pub(super) writing: Writing,
}

/// Whether what is learnt by looking is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// A record learns how its SDK stands now.
    Allowed,
    /// Nothing is written.
    Forbidden,
}

impl Places {
    /// Returns the places for an environment; `system` stands for `/` and is something else in tests.
    pub fn new(env: &Env, home: &Path, platform: Platform, user: u32, system: &Path) -> Self {
        let data = data(env, home);
        Self {
            store: data.join("goenv/sdks"),
            platform,
            user,
            elsewhere: OnceLock::new(),
            env: env.clone(),
            home: home.to_owned(),
            system: system.to_owned(),
            writing: Writing::Allowed,
        }
    }

    fn elsewhere(&self) -> &[Place] {
        self.elsewhere.get_or_init(|| elsewhere(&self.env, &self.home, &self.system))
    }

    /// Returns the same places, in which looking writes nothing.
    pub fn read_only(self) -> Self {
        Self { writing: Writing::Forbidden, ..self }
    }

    /// Returns the root that the store has for `version`, there or not.
    pub fn stored(&self, version: &Version) -> PathBuf {
        self.store.join(Naming::Platform.entry(version, &self.platform))
    }

    /// Returns the file that says what goenv knows of `version`: where it lies and what it was when it was sealed.
    pub fn record(&self, version: &str) -> PathBuf {
        self.store.join(format!("go{version}.{}.json", self.platform.dashed()))
    }

    /// Returns the file that says what every file of `version` was when it was sealed.
    pub fn seal(&self, version: &str) -> PathBuf {
        self.store.join(format!("go{version}.{}.seal", self.platform.dashed()))
    }

    /// Returns every root outside the store that may hold `version`, in the order in which they win.
    pub(super) fn candidates(&self, version: &Version) -> impl Iterator<Item = (Source, PathBuf)> {
        self.elsewhere().iter().map(move |place| {
            let entry = place.directory.join(place.naming.entry(version, &self.platform));
            let root = if place.below.is_empty() { entry } else { entry.join(place.below) };
            (place.source, root)
        })
    }

    /// Returns every place, the store first.
    pub(super) fn all(&self) -> impl Iterator<Item = Place> {
        let (source, directory) = (Source::Store, self.store.clone());
        let store = Place { source, directory, naming: Naming::Platform, below: "" };
        std::iter::once(store).chain(self.elsewhere().iter().cloned())
    }

    /// Returns the directories whose entries are SDKs.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.store.as_path())
            .chain(self.elsewhere().iter().map(|place| place.directory.as_path()))
    }
}

fn data(env: &Env, home: &Path) -> PathBuf {
    absolute(env, "XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"))
}

/// Returns the places outside the store, in the order in which they win.
fn elsewhere(env: &Env, home: &Path, system: &Path) -> Vec<Place> {
    let of = |variable: &str, default: &str| {
        absolute(env, variable).unwrap_or_else(|| home.join(default))
    };
    let mise = absolute(env, "MISE_DATA_DIR").unwrap_or_else(|| data(env, home).join("mise"));
    let modules = absolute(env, "GOMODCACHE").unwrap_or_else(|| gopath(env, home).join("pkg/mod"));
    let place = |source, directory, naming, below| Place { source, directory, naming, below };
    let usr = |path: &str| system.join("usr").join(path);
    let brew = system.join("opt/homebrew/opt");
    vec![
        place(Source::GoDl, home.join("sdk"), Naming::Toolchain, ""),
        place(Source::Local, usr("local"), Naming::Fixed("go"), ""),
        place(Source::System, usr("lib"), Naming::Line("go-"), ""),
        place(Source::System, usr("lib"), Naming::Fixed("go"), ""),
        place(Source::System, usr("lib"), Naming::Fixed("golang"), ""),
        place(Source::System, brew.clone(), Naming::Line("go@"), "libexec"),
        place(Source::System, brew, Naming::Fixed("go"), "libexec"),
        place(Source::GoNv, of("GOENV_ROOT", ".goenv").join("versions"), Naming::Plain, ""),
        place(
            Source::Asdf,
            of("ASDF_DATA_DIR", ".asdf").join("installs/golang"),
            Naming::Plain,
            "go",
        ),
        place(Source::Mise, mise.join("installs/go"), Naming::Plain, ""),
        place(Source::Gvm, of("GVM_ROOT", ".gvm").join("gos"), Naming::Toolchain, ""),
        place(Source::ModuleCache, modules.join("golang.org"), Naming::Module, ""),
    ]
}

/// Returns the first entry of GOPATH, or its default.
fn gopath(env: &Env, home: &Path) -> PathBuf {
    let first = env.get("GOPATH").and_then(|value| value.split(|b| *b == b':').next());
    first.and_then(absolute_path).unwrap_or_else(|| home.join("go"))
}

fn absolute(env: &Env, name: &str) -> Option<PathBuf> {
    env.get(name).and_then(absolute_path)
}

fn absolute_path(value: &[u8]) -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(value));
    path.is_absolute().then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux() -> Platform {
        Platform { os: "linux".to_owned(), arch: "amd64".to_owned() }
    }

    fn roots(env: &Env) -> Vec<String> {
        let places = Places::new(env, Path::new("/home/ann"), linux(), 1000, Path::new("/"));
        let version = Version::read("1.26.6").unwrap();
        let mut roots = vec![places.stored(&version)];
        roots.extend(places.candidates(&version).map(|(_, root)| root));
        roots.iter().map(|root| root.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn one_version_has_a_short_fixed_list_of_candidates() {
        assert_eq!(
            roots(&Env::new()),
            [
                "/home/ann/.local/share/goenv/sdks/go1.26.6.linux-amd64",
                "/home/ann/sdk/go1.26.6",
                "/usr/local/go",
                "/usr/lib/go-1.26",
                "/usr/lib/go",
                "/usr/lib/golang",
                "/opt/homebrew/opt/go@1.26/libexec",
                "/opt/homebrew/opt/go/libexec",
                "/home/ann/.goenv/versions/1.26.6",
                "/home/ann/.asdf/installs/golang/1.26.6/go",
                "/home/ann/.local/share/mise/installs/go/1.26.6",
                "/home/ann/.gvm/gos/go1.26.6",
                "/home/ann/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.6.linux-amd64",
            ]
        );
    }

    #[test]
    fn the_variables_of_other_tools_move_their_places() {
        let env: Env = [
            ("XDG_DATA_HOME", "/data"),
            ("GOENV_ROOT", "/nv"),
            ("ASDF_DATA_DIR", "/asdf"),
            ("GVM_ROOT", "/gvm"),
            ("GOPATH", "/gopath:/other"),
            ("MISE_DATA_DIR", "relative/is/ignored"),
        ]
        .into_iter()
        .collect();
        let roots = roots(&env);
        for expected in [
            "/data/goenv/sdks/go1.26.6.linux-amd64",
            "/nv/versions/1.26.6",
            "/asdf/installs/golang/1.26.6/go",
            "/data/mise/installs/go/1.26.6",
            "/gvm/gos/go1.26.6",
            "/gopath/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.6.linux-amd64",
        ] {
            assert!(roots.iter().any(|root| root == expected), "{expected} in {roots:?}");
        }
    }

    #[test]
    fn entries_are_known_by_their_names() {
        for (naming, name, expected) in [
            (Naming::Platform, "go1.26.6.linux-amd64", true),
            (Naming::Platform, "go1.26.6.linux-arm64", false),
            (Naming::Platform, "go1.26.6.linux-amd64.json", false),
            (Naming::Toolchain, "go1.26.6", true),
            (Naming::Toolchain, "1.26.6", false),
            (Naming::Plain, "1.26.6", true),
            (Naming::Plain, "go1.26.6", false),
            (Naming::Plain, "latest", false),
            (Naming::Line("go-"), "go-1.26", true),
            (Naming::Line("go-"), "gophers", false),
            (Naming::Fixed("go"), "go", true),
            (Naming::Module, "toolchain@v0.0.1-go1.26.6.linux-amd64", true),
            (Naming::Module, "toolchain@v0.0.1-go1.26.6.darwin-arm64", false),
        ] {
            let named = naming.read(name, "linux-amd64") != Named::None;
            assert_eq!(named, expected, "{naming:?} {name}");
        }
    }

    #[test]
    fn platforms_are_two_lower_case_names() {
        assert_eq!(Platform::parse("linux/amd64"), Some(linux()));
        for text in [
            "linux",
            "linux/",
            "/amd64",
            "Linux/amd64",
            "linux/amd64/v1",
            "../x",
            "linux-amd64",
            "",
        ] {
            assert_eq!(Platform::parse(text), None, "{text}");
        }
    }
}
