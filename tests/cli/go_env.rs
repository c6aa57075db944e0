//! `$(go env NAME)`: what is answered without running Go is what the real Go answers in the same place.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use goenv::env::Env;
use goenv::env::state::Stamp;
use goenv::files::Text;
use goenv::load::{Loader, Purpose};
use goenv::world::World;

use crate::common::{Sandbox, sdk};

/// Every name that `go env` of either release prints, and some more.
const NAMES: &[&str] = &[
    "AR",
    "CC",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_ENABLED",
    "CGO_FFLAGS",
    "CGO_LDFLAGS",
    "CXX",
    "FC",
    "GCCGO",
    "GO111MODULE",
    "GO386",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOAUTH",
    "GOBIN",
    "GOCACHE",
    "GOCACHEPROG",
    "GODEBUG",
    "GOENV",
    "GOEXE",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOFLAGS",
    "GOGCCFLAGS",
    "GOHOSTARCH",
    "GOHOSTOS",
    "GOINSECURE",
    "GOMIPS",
    "GOMIPS64",
    "GOMOD",
    "GOMODCACHE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOOS",
    "GOPATH",
    "GOPPC64",
    "GOPRIVATE",
    "GOPROXY",
    "GORISCV64",
    "GOROOT",
    "GOSUMDB",
    "GOTELEMETRY",
    "GOTELEMETRYDIR",
    "GOTMPDIR",
    "GOTOOLCHAIN",
    "GOTOOLDIR",
    "GOVCS",
    "GOVERSION",
    "GOWASM",
    "GOWORK",
    "PKG_CONFIG",
    "NO_SUCH_NAME",
];

/// Names that are answered wherever there is a `use go` and a home.
const ALWAYS: &[&str] = &[
    "GOARCH",
    "GOBIN",
    "GOCACHE",
    "GOENV",
    "GOEXE",
    "GOFLAGS",
    "GOHOSTARCH",
    "GOHOSTOS",
    "GOINSECURE",
    "GOMODCACHE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOOS",
    "GOPATH",
    "GOPRIVATE",
    "GOPROXY",
    "GOROOT",
    "GOSUMDB",
    "GOTOOLCHAIN",
    "GOTOOLDIR",
    "GOVERSION",
];

/// A policy's own lines, and the user's go/env file.
const PLACES: &[(&str, Option<&str>)] = &[
    ("", None),
    ("", Some("")),
    (
        "",
        Some(
            "# said\n\nGOPRIVATE=git.example.com\nGOBIN=/user/bin\nGOBIN=/later/bin\nGOFLAGS=-mod=mod -trimpath\n\
             GOPROXY=https://proxy.example.com\nGOSUMDB=off\nGOPATH=/user/go:/second\nGOAMD64=v3\nCGO_ENABLED=0\n\
             CC=clang -m64\nGOTOOLCHAIN=auto\nGOCACHE=/user/cache\nGOARCH=arm64\nGOOS=windows\nGOAUTH=off\n",
        ),
    ),
    // Odd lines: another tool's, blanks, quotes, empty values, a carriage return, no line end.
    (
        "",
        Some(
            "export GOBIN=/exported\n  GOFLAGS=-v  \nGOPRIVATE =spaced\nGONOSUMDB='quoted'\nGOINSECURE=\nGOPROXY=\n\
             goprivate=lower\n=nothing\nGOPATH\nGOSUMDB=sum.example.com\r\n#GOBIN=/comment\nGOVCS=*:git=no\nGOMODCACHE=/m",
        ),
    ),
    (
        "export GOFLAGS=-mod=mod GOARCH=arm64 GOOS=windows GOPATH=/a:/b GOPRIVATE=x.example GONOPROXY=y.example",
        None,
    ),
    ("export GOENV=off GOBIN=/bin2", Some("GOFLAGS=-mod=mod\nGOPRIVATE=a.example\n")),
    ("export GOENV=\"$PWD/own.env\"", Some("GOFLAGS=-mod=mod\n")),
    // Empty is unset to Go.
    ("export GOPROXY= GOSUMDB= GOPATH= GOFLAGS= GOARCH= GOENV= GOCACHE=", Some("GOFLAGS=-v\n")),
    ("export GOPATH=\"$GOROOT\" GOCACHE=/c GOMODCACHE=/m GOTMPDIR=/tmp", None),
    ("export HOME=\"${GOROOT%/*}\"", None),
    ("export XDG_CONFIG_HOME=/xdg/config XDG_CACHE_HOME=/xdg/cache", None),
    ("export XDG_CONFIG_HOME=relative XDG_CACHE_HOME=relative", None),
    ("target linux/arm GOARM=6 cgo=0", None),
    ("target linux/arm64 GOARM64=v8.2", None),
    ("target js/wasm GOWASM=satconv", None),
    ("target linux/386 GO386=softfloat CC='gcc -m32' CGO_CFLAGS='-O1 -g'", None),
    ("target linux/mips GOMIPS=softfloat", None),
    ("target linux/ppc64le GOPPC64=power9", None),
    ("target linux/riscv64 GORISCV64=rva22u64", None),
    (
        "export CGO_ENABLED=1 CC=gcc CXX=g++ FC=f77 AR=ar PKG_CONFIG=pc GCCGO=gg CGO_LDFLAGS='-L/x  -ly'",
        None,
    ),
    (
        "export GO111MODULE=on GODEBUG=http2client=0 GOEXPERIMENT=arenas GOFIPS140=off GOAUTH='netrc; off'",
        None,
    ),
    ("export CGO_ENABLED=maybe", None),
    ("export GOPATH=relative", None),
    ("export GOPATH=/a:relative:~/b", None),
    ("export GOPATH=~/x:", None),
    ("export GOCACHE=relative GOMODCACHE=relative", None),
    ("export GOCACHE=off GOENV=relative", None),
    ("export GOOS=plan10 GOARCH=x87", None),
    ("export GOAMD64=v9 GOARM=x GOFLAGS=odd GOPROXY='a b' GODEBUG=x", None),
    ("export GOFIPS140=latest", None),
    (
        "export GOTELEMETRYDIR=/x GOTOOLDIR=/x GOHOSTOS=plan9 GOHOSTARCH=x GOEXE=.x GOVERSION=go9 GOMOD=/x",
        None,
    ),
    (
        "export GOTMPDIR=relative GOBIN=relative GOPRIVATE=' a , b ' GOFLAGS='-ldflags=-s   -v'",
        None,
    ),
    ("export GOARM64=v8.0,lse GOAMD64=v2 GOARM=5 GOMIPS64=softfloat", None),
];

/// The environment as the sandbox has it.
fn env_of(sandbox: &Sandbox) -> Env {
    let pairs = sandbox.env.iter();
    pairs.map(|(n, v)| (n.as_encoded_bytes().to_vec(), v.as_encoded_bytes().to_vec())).collect()
}

/// Evaluates a policy as `allow` does; the environment inside, or what is said against it.
fn inside(sandbox: &Sandbox, directory: &Path, policy: &str) -> Result<Env, String> {
    let env = env_of(sandbox);
    let world = World::with(env.clone(), Some(directory.to_path_buf()));
    let (path, bytes) = (directory.join(".envrc"), policy.as_bytes().to_vec());
    let text = Text { path, bytes, stamp: Stamp::RACY };
    let preview = Loader::new(&world, &env, Purpose::Look)
        .preview(&text)
        .map_err(|error| error.to_string())?;
    preview.result.map(|wanted| wanted.env).map_err(|error| error.to_string())
}

/// Asks the real Go for every name, in this environment and nothing else; without those that it cannot answer.
fn go_env(root: &Path, directory: &Path, env: &Env) -> BTreeMap<&'static str, String> {
    use std::os::unix::ffi::OsStrExt as _;
    let os = |bytes: &[u8]| std::ffi::OsStr::from_bytes(bytes).to_owned();
    let ask = |names: &[&'static str]| {
        let output = Command::new(root.join("bin/go"))
            .arg("env")
            .args(names)
            .current_dir(directory)
            .env_clear()
            .envs(env.iter().map(|(name, value)| (os(name), os(value))))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        (output.status.success() && lines.len() == names.len()).then_some(lines)
    };
    match ask(NAMES) {
        Some(lines) => NAMES.iter().copied().zip(lines).collect(),
        // What is costly to know fails all of them.
        None => NAMES.iter().filter_map(|name| Some((*name, ask(&[name])?.remove(0)))).collect(),
    }
}

#[test]
fn every_answer_is_that_of_go_1_24() {
    compare("1.24.11");
}

#[test]
fn every_answer_is_that_of_go_1_26() {
    compare("1.26.6");
}

fn compare(version: &str) {
    let mut wrong = Vec::new();
    let mut answered = 0;
    for (policy, user_file) in PLACES {
        let sandbox = Sandbox::with_sdks(&[version]);
        let directory = sandbox.dir("home/p");
        sandbox.file("home/p/own.env", "GOFLAGS=-x\nGOBIN=/own\n");
        if let Some(text) = user_file {
            sandbox.file("home/.config/go/env", text);
        }
        let policy = format!("use go {version}\n{policy}\n");
        let place = format!("go{version} {policy:?} with {user_file:?}");
        let env = inside(&sandbox, &directory, &policy).unwrap();
        let real = go_env(&sdk(version), &directory, &env);
        for name in NAMES {
            let asking = format!("{policy}export GOT=\"$(go env {name})\"\n");
            match inside(&sandbox, &directory, &asking) {
                Ok(env) => {
                    answered += 1;
                    let got = String::from_utf8_lossy(env.get("GOT").unwrap()).into_owned();
                    if Some(&got) != real.get(name) {
                        let real = real.get(name);
                        wrong.push(format!("{place}: {name}: {got:?}, Go says {real:?}"));
                    }
                }
                Err(error) => {
                    let known = error.contains("only Go itself knows")
                        || (error.contains("fails here") && !real.contains_key(name))
                        || (error.contains("it is not absolute") && policy.contains("GOENV=rel"));
                    assert!(known, "{place}: {error}");
                    let plain =
                        !["XDG", "HOME", "=rel", ":rel"].iter().any(|odd| policy.contains(odd));
                    if plain && ALWAYS.contains(name) {
                        wrong.push(format!("{place}: {name} is refused"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {answered}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(answered > 600, "{answered} answers");
}
