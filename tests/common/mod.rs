//! What the test programs share: a hermetic place on disk, real SDKs, and shells on a pseudo-terminal.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

pub mod elf;
pub mod pty;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// The program under test.
pub const GOENV: &str = env!("CARGO_BIN_EXE_goenv");

/// Returns the root of a real Go SDK.
pub fn sdk(version: &str) -> PathBuf {
    let root = std::env::var_os("GOENV_TEST_SDKS")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
            home.join(".cache/goenv-test-sdks")
        })
        .join(format!("go{version}/go"));
    assert!(
        root.join("bin/go").is_file(),
        "there is no Go SDK in {}: run tests/run, which fetches the SDKs that the tests need",
        root.display()
    );
    root.canonicalize().unwrap()
}

/// Returns a program or file that tests/run puts into the directory of test tools.
pub fn tool(name: &str) -> PathBuf {
    let directory = std::env::var_os("GOENV_TEST_TOOLS").map_or_else(
        || {
            let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
            home.join(".cache/goenv-test-tools")
        },
        PathBuf::from,
    );
    let path = directory.join(name);
    assert!(path.exists(), "there is no {}: run tests/run, which installs it", path.display());
    path
}

/// A throw-away home with its own environment: nothing of the machine's configuration is seen.
pub struct Sandbox {
    root: tempfile::TempDir,
    /// The environment that programs get.
    pub env: BTreeMap<OsString, OsString>,
}

impl Sandbox {
    /// Returns an empty one.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("goenv-test-").tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut sandbox = Self { root, env: BTreeMap::new() };
        let home = sandbox.dir("home");
        let bin = sandbox.dir("bin");
        symlink(GOENV, bin.join("goenv")).unwrap();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
        sandbox.set("HOME", home);
        sandbox.set("PATH", path);
        sandbox.set("TERM", "xterm");
        sandbox.set("LANG", "C.UTF-8");
        sandbox.set("TMPDIR", sandbox.dir("tmp"));
        sandbox
    }

    /// Returns one in whose `~/sdk` these real SDKs lie.
    pub fn with_sdks(versions: &[&str]) -> Self {
        let sandbox = Self::new();
        for version in versions {
            let place = sandbox.dir("home/sdk").join(format!("go{version}"));
            symlink(sdk(version), place).unwrap();
        }
        sandbox
    }

    /// Returns one in whose `~/sdk` lie files that claim to be these releases; nothing runs them.
    pub fn with_releases<V: std::fmt::Display>(versions: impl IntoIterator<Item = V>) -> Self {
        let sandbox = Self::new();
        for version in versions {
            let root = format!("home/sdk/go{version}");
            sandbox.file(format!("{root}/VERSION"), format!("go{version}\n"));
            sandbox.program(format!("{root}/bin/go"), "#!/bin/sh\n");
        }
        sandbox
    }

    /// Sets a variable of the environment.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.env.insert(name.into(), value.as_ref().into());
    }

    /// Returns the physical path of `path` below the root.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(path)
    }

    /// Returns the home directory.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Makes a directory and returns its path.
    pub fn dir(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Writes a file and returns its path.
    pub fn file(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes a program and returns its path.
    pub fn program(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(path, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Makes a directory below the home with an allowed policy, and returns it.
    pub fn project(&self, name: impl AsRef<Path>, policy: impl AsRef<[u8]>) -> PathBuf {
        let directory = self.home().join(name);
        self.file(directory.join(".envrc"), policy);
        self.goenv(&directory, &["allow"]).success();
        directory
    }

    /// Runs a program in a directory with this environment and nothing else.
    pub fn run<S: AsRef<OsStr>>(&self, directory: &Path, program: &str, args: &[S]) -> Done {
        let output = Command::new(program)
            .args(args)
            .current_dir(directory)
            .env_clear()
            .envs(&self.env)
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}; run tests/run, which installs it"));
        Done { output, root: self.path("").to_string_lossy().trim_end_matches('/').to_owned() }
    }

    /// Runs a script as root where nothing is but the system's programs, this sandbox and goenv: /etc and /home are
    /// empty. Where the tests run as somebody else, it is the root of a user namespace, to whom the files here belong
    /// as they did.
    #[cfg(target_os = "linux")]
    pub fn run_as_root(&self, directory: &Path, script: &str) -> Done {
        let is_root = nix::unistd::geteuid().is_root();
        let users: &[&str] = if is_root { &[] } else { &["--map-root-user", "--map-auto"] };
        let sandbox = self.path("");
        let program = Path::new(GOENV).parent().unwrap();
        let [sandbox, program, directory] =
            [&sandbox, program, directory].map(|path| path.to_str().unwrap());
        let place = ["bash", "-c", ROOT, "bash", sandbox, program, directory, script];
        self.run(&self.path(""), "unshare", &[&["--mount"], users, &place].concat())
    }

    /// Runs goenv.
    pub fn goenv(&self, directory: &Path, args: &[&str]) -> Done {
        self.run(directory, GOENV, args)
    }
}

/// Runs a script in a root of its own; given are the sandbox, goenv's directory, the one to be in, and the script.
const ROOT: &str = r#"
set -e
root=$1/tmp/root
mkdir -p "$root"
mount -t tmpfs none "$root"
mkdir "$root/etc" "$root/home" "$root/proc"
for place in /bin /sbin /lib*; do
  if [ -L "$place" ]; then cp -P "$place" "$root"; else mkdir "$root$place" && mount --rbind "$place" "$root$place"; fi
done
for place in /usr /dev /proc "$2"; do
  mkdir -p "$root$place"
  mount --rbind "$place" "$root$place"
done
mkdir -p "$root$1"
mount --bind "$1" "$root$1"
exec /usr/sbin/chroot "$root" bash -c 'cd "$1" && eval "$2"' bash "$3" "$4"
"#;

/// A program that ended; its texts with the sandbox's root replaced by `$SANDBOX`.
#[must_use = "assert how it ended"]
pub struct Done {
    output: Output,
    root: String,
}

impl Done {
    /// Returns the exit code.
    pub fn code(&self) -> i32 {
        self.output.status.code().expect("it ended by itself")
    }

    /// Returns stdout, the root replaced.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).replace(&self.root, "$SANDBOX")
    }

    /// Returns the bytes of stdout as they are.
    pub fn bytes(&self) -> &[u8] {
        &self.output.stdout
    }

    /// Returns stderr, the root replaced.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).replace(&self.root, "$SANDBOX")
    }

    /// Asserts that it went well.
    #[track_caller]
    pub fn success(&self) -> &Self {
        assert_eq!(self.code(), 0, "stdout: {}\nstderr: {}", self.stdout(), self.stderr());
        self
    }

    /// Asserts the exit code and the whole of stderr.
    #[track_caller]
    pub fn failure(&self, code: i32, stderr: &str) -> &Self {
        assert_eq!((self.code(), self.stderr().as_str()), (code, stderr));
        self
    }
}

/// Waits until files that were just written are older than the clock's granularity, so that a load is not racy.
pub fn settle() {
    std::thread::sleep(Duration::from_millis(40));
}

/// Reads the output of `env -0`.
pub fn parse_env(bytes: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            let equals = entry.iter().position(|byte| *byte == b'=')?;
            Some((entry[..equals].to_vec(), entry[equals + 1..].to_vec()))
        })
        .collect()
}
