//! The places and environments that are measured: a home with policies in it, entered, unchanged and left.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

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

pub struct Scene {
    root: tempfile::TempDir,
    env: Environment,
}

impl Scene {
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("goenv-bench-").tempdir().unwrap();
        let home = root.path().join("home");
        for directory in ["home/none/below", "home/p/bin", "home/d", "home/sdk/go1.26.6/bin"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let sdk = home.join("sdk/go1.26.6");
        // Nothing of the SDK is run: VERSION and a program are all that the prompt looks at.
        fs::write(sdk.join("VERSION"), "go1.26.6\n").unwrap();
        fs::copy(GOENV, sdk.join("bin/go")).unwrap();
        fs::write(home.join("p/.envrc"), POLICY).unwrap();
        fs::write(
            home.join("d/.envrc"),
            POLICY.replace("use go 1.26.6", "export GOROOT=~/sdk/go1.26.6"),
        )
        .unwrap();
        let mut env = Environment::new();
        for (name, value) in
            [("HOME", home.clone()), ("PATH", "/usr/local/bin:/usr/bin:/bin".into())]
        {
            env.insert(name.into(), value.into());
        }
        for index in 0..25 {
            env.insert(
                format!("USUAL_VARIABLE_{index}").into(),
                "some value of a usual length".into(),
            );
        }
        let scene = Self { root, env };
        for directory in ["home/p", "home/d"] {
            scene.succeed(scene.goenv(&["allow"], directory));
        }
        std::thread::sleep(Duration::from_millis(50));
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(path)
    }

    fn goenv(&self, args: &[&'static str], directory: &str) -> Program {
        Program {
            path: GOENV.into(),
            args: args.to_vec(),
            directory: self.path(directory),
            env: self.env.clone(),
        }
    }

    fn succeed(&self, program: Program) -> Vec<u8> {
        let output = Command::new(&program.path)
            .args(&program.args)
            .current_dir(&program.directory)
            .env_clear()
            .envs(&program.env)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// An empty program, built with the flags that goenv is built with.
    pub fn floor(&self) -> Program {
        let path = self.path("floor");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/floor.rs");
        let status = Command::new("rustc")
            .args(["--edition=2024", "-O", "-Cpanic=abort", "-Clto=fat", "-Ccodegen-units=1"])
            .args(["-Ctarget-feature=+crt-static", "-o"])
            .args([path.as_os_str(), source.as_ref()])
            .status()
            .unwrap();
        assert!(status.success());
        Program { path, ..self.goenv(&[], "home/none/below") }
    }

    /// The environment of a shell that entered a directory.
    fn inside(&self, directory: &str) -> Environment {
        let print = self.goenv(&["exec", ".", "/usr/bin/env", "-0"], directory);
        let output = self.succeed(print);
        output
            .split(|byte| *byte == 0)
            .filter_map(|entry| {
                let equals = entry.iter().position(|byte| *byte == b'=')?;
                let of = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
                Some((of(&entry[..equals]), of(&entry[equals + 1..])))
            })
            .collect()
    }

    /// What a prompt may find.
    pub fn exports(&self) -> Vec<(&'static str, Program)> {
        let export = |directory: &str, env: Environment| Program {
            env,
            ..self.goenv(&["export", "bash"], directory)
        };
        let inside = self.inside("home/p");
        vec![
            ("no policy anywhere", export("home/none/below", self.env.clone())),
            ("unchanged, a policy is loaded", export("home/p", inside.clone())),
            ("enter: ten lines, allowed, SDK found", export("home/p", self.env.clone())),
            ("leave", export("home/none", inside)),
        ]
    }

    /// Entering the same directory by goenv and by direnv.
    pub fn against_direnv(&self) -> Vec<(&'static str, Program, Program)> {
        let Some(direnv) = find("direnv") else {
            println!("direnv is not here, so goenv is not compared with it");
            return Vec::new();
        };
        let program =
            |args: &[&'static str]| Program { path: direnv.clone(), ..self.goenv(args, "home/d") };
        self.succeed(program(&["allow"]));
        vec![(
            "direnv, entering",
            self.goenv(&["export", "bash"], "home/d"),
            program(&["export", "bash"]),
        )]
    }
}

fn find(program: &str) -> Option<PathBuf> {
    ["/usr/local/bin", "/usr/bin"]
        .iter()
        .map(|bin| Path::new(bin).join(program))
        .find(|path| path.is_file())
}
