//! The places and environments that are measured: a home with policies in it, entered, unchanged and left; and the
//! same home after years in a large firm.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64ct::{Base64, Encoding};

use crate::measure::Program;

const GOENV: &str = env!("CARGO_BIN_EXE_goenv");

/// Ten lines, as a Go project may have them.
const POLICY: &str = "use go 1.26.6
export APP_ENV=dev
export APP_NAME=ledger
export APP_PORT=8080
export DATABASE_URL=\"postgres://localhost/$APP_NAME\"
export LOG_LEVEL=debug
export CGO_ENABLED=0
PATH_add bin
export FEATURE_FLAGS=a,b,c
export REGION=eu-central-1
";

type Environment = BTreeMap<OsString, OsString>;

/// How much there is beside what is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Nothing.
    Small,
    /// 100,000 approvals, a 1 GiB audit log, 1,000 SDKs, 10,000 signers, 40 directories, 500 variables, a 30 kB PATH.
    Large,
}

/// One home.
pub struct Scene {
    root: tempfile::TempDir,
    env: Environment,
    /// The environment of somebody whose policies are signed: another home, with rules and signers in it.
    signer: Environment,
    /// Where the projects are, below the root.
    base: String,
}

impl Scene {
    pub fn new(size: Size) -> Self {
        let root = tempfile::Builder::new().prefix("goenv-bench-").tempdir().unwrap();
        let depth = if size == Size::Large { 36 } else { 0 };
        let base = format!("home{}", "/d".repeat(depth));
        let mut scene = Self { root, env: Environment::new(), signer: Environment::new(), base };
        for directory in ["none/below", "allowed/bin", "direnv/bin", "watched", "signed/bin"] {
            fs::create_dir_all(scene.at(directory)).unwrap();
        }
        install(Path::new(GOENV), &scene.path("goenv"));
        scene.sets_environment(size);
        fs::create_dir_all(scene.path("home/sdk")).unwrap();
        symlink(sdk(), scene.path("home/sdk/go1.26.6")).unwrap();
        fs::create_dir_all(scene.path("home/firm")).unwrap();
        if size == Size::Large {
            scene.grows("home");
            scene.grows("home/firm");
        }
        fs::write(scene.at("allowed/.envrc"), POLICY).unwrap();
        let plain = POLICY.replace("use go 1.26.6", "export APP_HOME=~/ledger");
        fs::write(scene.at("direnv/.envrc"), plain).unwrap();
        scene.succeed(scene.goenv(&["allow"], "allowed"));
        fs::write(scene.at("watched/.envrc"), "export APP_ENV=dev\nwatch_file go.mod\n").unwrap();
        for directory in ["direnv", "watched"] {
            scene.succeed(scene.goenv(&["allow"], directory));
        }
        scene.signs(size);
        // Older than the clock's granularity, so that nothing is looked at twice.
        std::thread::sleep(Duration::from_millis(50));
        scene
    }

    /// Gives its programs the environment of a scene of this size.
    pub fn sets_environment(&mut self, size: Size) {
        self.env.clear();
        let (variables, entries) = if size == Size::Large { (500, 1000) } else { (25, 0) };
        let mut path = "/usr/local/bin:/usr/bin:/bin".to_owned();
        for index in 0..entries {
            path += &format!(":/opt/tools/number/{index:06}/bin");
        }
        self.env.insert("HOME".into(), self.path("home").into());
        self.env.insert("PATH".into(), path.into());
        for index in 0..variables {
            self.env.insert(
                format!("USUAL_VARIABLE_{index}").into(),
                "some value of a usual length".into(),
            );
        }
        self.signer = self.env.clone();
        self.signer.insert("HOME".into(), self.path("home/firm").into());
    }

    /// Fills the home with what years leave behind.
    fn grows(&self, home: &str) {
        let home = self.path(home);
        let allow = home.join(".local/share/goenv/allow");
        for index in 0..1000 {
            let directory = allow.join(format!("{index:016x}"));
            fs::create_dir_all(&directory).unwrap();
            for record in 0..100 {
                fs::write(directory.join(format!("{record:064x}")), "goenv-allow-1\n").unwrap();
            }
            let sdk = home.join("sdk").join(format!("go1.{}.{}", 100 + index / 10, index % 10));
            fs::create_dir_all(sdk.join("bin")).unwrap();
            fs::write(sdk.join("VERSION"), format!("go1.{}.{}\n", 100 + index / 10, index % 10))
                .unwrap();
            fs::write(sdk.join("bin/go"), "#!/bin/sh\n").unwrap();
            fs::set_permissions(sdk.join("bin/go"), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let state = home.join(".local/state/goenv");
        fs::create_dir_all(&state).unwrap();
        let log = fs::File::create(state.join("audit.jsonl")).unwrap();
        log.set_len(1 << 30).unwrap();
    }

    /// Two people sign a policy that pins a sealed SDK.
    fn signs(&self, size: Size) {
        let firm = self.path("home/firm");
        let goenv = |args: &[&'static str]| Program {
            env: self.signer.clone(),
            ..self.goenv(args, "signed")
        };
        self.succeed(goenv(&["sdk", "add", "SDK"]).with("SDK", sdk()));
        fs::write(self.at("signed/.envrc"), POLICY).unwrap();
        self.succeed(goenv(&["pin", "1.26.6"]));
        let git = "git init -q . && git remote add origin https://git.example.com/team/ledger.git";
        self.shell(git, "signed");
        let config = firm.join(".config/goenv");
        fs::create_dir_all(&config).unwrap();
        let rules = "[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\non_failure = \"warn\"\ngrant = [\"*\"]\n";
        fs::write(config.join("config.toml"), rules).unwrap();
        let mut signers = String::new();
        for person in ["ann", "ben"] {
            self.shell(
                &format!("ssh-keygen -q -t ed25519 -N '' -C {person} -f ~/{person}"),
                "none",
            );
            let key = fs::read_to_string(firm.join(format!("{person}.pub"))).unwrap();
            signers += &format!("{person}@example.com namespaces=\"goenv-policy-prod\" {key}");
        }
        if size == Size::Large {
            for index in 0..10_000 {
                let key = Base64::encode_string(&signer_blob(index));
                signers += &format!(
                    "p{index}@example.com namespaces=\"goenv-policy-prod\" ssh-ed25519 {key}\n"
                );
            }
        }
        fs::write(config.join("allowed_signers"), signers).unwrap();
        for person in ["ann", "ben"] {
            let sign =
                format!("{} sign --tier prod --key ~/{person} 2>&1", self.path("goenv").display());
            self.shell(&sign, "signed");
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(path)
    }

    fn at(&self, directory: &str) -> PathBuf {
        self.path(&self.base).join(directory)
    }

    fn goenv(&self, args: &[&'static str], directory: &str) -> Program {
        let args = args.iter().map(OsString::from).collect();
        let (directory, env) = (self.at(directory), self.env.clone());
        Program { path: self.path("goenv"), args, directory, env }
    }

    fn shell(&self, script: &str, directory: &str) {
        let args = vec!["-c".into(), script.into()];
        let env = self.signer.clone();
        let program = Program { path: "/bin/sh".into(), args, env, ..self.goenv(&[], directory) };
        self.succeed(program);
    }

    fn succeed(&self, program: Program) -> Vec<u8> {
        let output = Command::new(&program.path)
            .args(&program.args)
            .current_dir(&program.directory)
            .env_clear()
            .envs(&program.env)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{:?}: {out}{err}", program.args);
        output.stdout
    }

    /// Returns an empty static program as a plain build makes it: with the one flag that links it statically.
    pub fn plain(&self) -> Program {
        self.empty("plain", &[])
    }

    /// Returns an empty static program that is built with all the flags that goenv is built with.
    pub fn floor(&self) -> Program {
        let ours = ["-Cpanic=abort", "-Clto=fat", "-Ccodegen-units=1", "-Crelocation-model=static"];
        self.empty("floor", &ours)
    }

    fn empty(&self, name: &str, flags: &[&str]) -> Program {
        let (built, path) = (self.path(&format!("{name}-built")), self.path(name));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/floor.rs");
        let status = Command::new("rustc")
            .args(["--edition=2024", "-O", "-Ctarget-feature=+crt-static"])
            .args(flags)
            .args(["-o".as_ref(), built.as_os_str(), source.as_ref()])
            .status()
            .unwrap();
        assert!(status.success());
        install(&built, &path);
        Program { path, ..self.goenv(&[], "none/below") }
    }

    /// The environment of a shell that entered a directory.
    fn inside(&self, directory: &str) -> Environment {
        variables(&self.succeed(self.goenv(&["exec", ".", "/usr/bin/env", "-0"], directory)))
    }

    /// What a prompt may find.
    pub fn exports(&self) -> Vec<(&'static str, Program)> {
        let export = |directory: &str, env: &Environment| Program {
            env: env.clone(),
            ..self.goenv(&["export", "bash"], directory)
        };
        let (outside, inside) = (&self.env, self.inside("allowed"));
        vec![
            ("no policy anywhere", export("none/below", outside)),
            ("unchanged, a policy is loaded", export("allowed", &inside)),
            ("enter: ten lines, allowed, SDK found", export("allowed", outside)),
            ("enter: signed by two, SDK pinned and sealed", export("signed", &self.signer)),
            ("leave", export("none", &inside)),
        ]
    }

    /// Listing the SDKs that are here, in the environment of the small scene.
    pub fn listings(&self, small: &Self) -> Vec<(&'static str, Program)> {
        let mut env = small.env.clone();
        env.insert("HOME".into(), self.path("home").into());
        let list = |args: &[&'static str]| {
            let program = Program { env: env.clone(), ..self.goenv(args, "none") };
            let rows = self.succeed(program.clone());
            assert!(rows.len() > 50_000, "not every SDK is listed");
            program
        };
        vec![
            ("sdk list", list(&["sdk", "list"])),
            ("sdk list --json", list(&["sdk", "list", "--json"])),
        ]
    }

    /// A directory with the same variables, entered and then unchanged, by goenv and by what else is installed.
    pub fn rivals(&self) -> Vec<Rival> {
        let goenv = self.rival("goenv", self.path("goenv"), "direnv", &["export", "bash"]);
        let direnv = find("direnv").map(|direnv| {
            self.succeed(self.run(direnv.clone(), &["allow"], "direnv"));
            self.rival("direnv", direnv, "direnv", &["export", "bash"])
        });
        let mise = find("mise").map(|mise| {
            fs::create_dir_all(self.at("mise/bin")).unwrap();
            fs::write(self.at("mise/mise.toml"), mise_policy()).unwrap();
            self.succeed(self.run(mise.clone(), &["trust"], "mise"));
            self.rival("mise", mise, "mise", &["hook-env", "-s", "bash"])
        });
        [Some(goenv), direnv, mise].into_iter().flatten().collect()
    }

    fn rival(
        &self,
        name: &'static str,
        path: PathBuf,
        directory: &str,
        args: &[&'static str],
    ) -> Rival {
        let enter = self.run(path, args, directory);
        // What the shell carries afterwards.
        let script = "eval \"$(\"$@\")\" && exec env -0";
        let mut shell = self.run("/bin/bash".into(), &["-c", script, "bash"], directory);
        shell.args.push(enter.path.clone().into());
        shell.args.extend(enter.args.iter().cloned());
        let env = variables(&self.succeed(shell));
        let known = OsString::from("APP_NAME");
        assert!(env.contains_key(&known), "{name} did not enter {directory}");
        let unchanged = Program { env, ..enter.clone() };
        Rival { name, enter, unchanged }
    }

    fn run(&self, path: PathBuf, args: &[&'static str], directory: &str) -> Program {
        Program { path, ..self.goenv(args, directory) }
    }

    /// How many paths are watched in a directory that was entered.
    pub fn watched(&self, directory: &'static str) -> usize {
        let said = self.succeed(self.goenv(&["status", "--json"], directory));
        let status: serde_json::Value = serde_json::from_slice(&said).unwrap();
        status["watches"].as_array().unwrap().len()
    }

    /// A program that prints the microseconds of one unchanged prompt in a shell, the hook's alone.
    pub fn guard(&self, shell: &'static str, directory: &str) -> Option<Program> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/guard.");
        let args = match shell {
            "bash" => vec!["--norc".into(), format!("{script}bash").into()],
            "zsh" => vec!["-f".into(), format!("{script}zsh").into()],
            // Only there does the hook act.
            _ => vec!["--no-config".into(), "-i".into(), format!("{script}fish").into()],
        };
        let mut program = Program { path: find(shell)?, args, ..self.goenv(&[], "none") };
        program.args.extend([self.path("goenv").into(), self.at(directory).into()]);
        // fish asks for its terminal's name.
        program.env.insert("TERM".into(), "dumb".into());
        Some(program)
    }
}

/// One of the programs that are compared.
pub struct Rival {
    pub name: &'static str,
    /// What its hook runs where a directory was entered.
    pub enter: Program,
    /// What its hook runs at the next prompt; goenv's hook runs nothing there.
    pub unchanged: Program,
}

/// Returns the variables that `env -0` printed.
fn variables(output: &[u8]) -> Environment {
    let of = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let entries = output.split(|byte| *byte == 0).filter_map(|entry| {
        let equals = entry.iter().position(|byte| *byte == b'=')?;
        Some((of(&entry[..equals]), of(&entry[equals + 1..])))
    });
    entries.collect()
}

/// Returns the policy as mise has it.
fn mise_policy() -> String {
    let assignment = |line: &str| {
        let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
        let value = value.trim_matches('"').replace("$APP_NAME", "ledger");
        Some(format!("{name} = \"{value}\"\n"))
    };
    let assignments: String = POLICY.lines().filter_map(assignment).collect();
    format!("[env]\nAPP_HOME = \"{{{{env.HOME}}}}/ledger\"\n{assignments}_.path = [\"bin\"]\n")
}

/// Writes a program as a package manager does, in one go: how a file came to be decides in which pieces the kernel
/// maps it, and a linker writes it in another way than it is installed.
fn install(built: &Path, place: &Path) {
    fs::write(place, fs::read(built).unwrap()).unwrap();
    fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The root of a real Go SDK, for a seal over a whole tree.
fn sdk() -> PathBuf {
    let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
    let sdks = std::env::var_os("GOENV_TEST_SDKS").map(PathBuf::from);
    let root = sdks.unwrap_or_else(|| home.join(".cache/goenv-test-sdks")).join("go1.26.6/go");
    assert!(
        root.join("bin/go").is_file(),
        "there is no Go SDK in {}: run tests/run",
        root.display()
    );
    root
}

/// The public key blob of a made-up signer.
fn signer_blob(index: u32) -> Vec<u8> {
    let mut key = [0_u8; 32];
    key[..4].copy_from_slice(&index.to_le_bytes());
    key[31] = 0x55;
    [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &key].concat()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|bin| bin.join(program)).find(|path| path.is_file())
}
