//! What `goenv inspect` reads, against `go version -m` of the SDKs that built the binaries and of a newer one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding};
use goenv::binary::{self, Binary, Image, NotRead};
use serde_json::Value;

use crate::common::elf::{self, Elf, GOOD, lines};
use crate::common::{GOENV, Sandbox};
use crate::real::{Home, NEW, OLD, sdk, succeed};

/// A build, and what it must look like.
struct Build {
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    flags: &'static [&'static str],
    format: &'static str,
    pie: bool,
    is_static: bool,
}

const fn build(
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    flags: &'static [&'static str],
) -> Build {
    Build { name, env, flags, format: "elf", pie: false, is_static: true }
}

const PURE: &[(&str, &str)] = &[("CGO_ENABLED", "0")];
const CGO: &[(&str, &str)] = &[("CGO_ENABLED", "1")];

const BUILDS: &[Build] = &[
    build("plain", PURE, &[]),
    build("stripped", PURE, &["-trimpath", "-ldflags=-s -w -X 'main.version=a \"b\"'"]),
    build("bare", PURE, &["-trimpath", "-buildvcs=false", "-tags=a,b"]),
    Build { pie: true, is_static: false, ..build("pie", PURE, &["-buildmode=pie"]) },
    Build { is_static: false, ..build("cgo", CGO, &[]) },
    build("cgo-static", CGO, &["-ldflags=-linkmode external -extldflags -static"]),
    Build { is_static: false, ..build("library.so", CGO, &["-buildmode=c-shared"]) },
    build("s390x", &[("CGO_ENABLED", "0"), ("GOARCH", "s390x")], &[]),
    build("mips", &[("CGO_ENABLED", "0"), ("GOARCH", "mips")], &[]),
    build("386", &[("CGO_ENABLED", "0"), ("GOARCH", "386")], &[]),
    Build {
        is_static: false,
        ..build("openbsd", &[("CGO_ENABLED", "0"), ("GOOS", "openbsd")], &[])
    },
    Build {
        format: "macho",
        pie: true,
        is_static: false,
        ..build("arm64", &[("CGO_ENABLED", "0"), ("GOOS", "darwin"), ("GOARCH", "arm64")], &[])
    },
    Build {
        format: "pe",
        pie: true,
        is_static: false,
        ..build("amd64.exe", &[("CGO_ENABLED", "0"), ("GOOS", "windows"), ("GOARCH", "amd64")], &[])
    },
    Build {
        format: "pe",
        pie: true,
        is_static: false,
        ..build("386.exe", &[("CGO_ENABLED", "0"), ("GOOS", "windows"), ("GOARCH", "386")], &[])
    },
];

/// Returns the go command with a cache that later runs find warm.
fn go(home: &Home, version: &str) -> Command {
    let mut command = home.go(&sdk(version));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-build");
    command.env("GOCACHE", cache).env("GOTOOLCHAIN", "local");
    command
}

/// A module in a repository of its own: a main package with a C file, and a dependency that is replaced.
fn module(home: &Home) -> PathBuf {
    let root = home.path().join("m");
    for (path, text) in [
        (
            "go.mod",
            "module bank.example/m\n\ngo 1.22\n\nrequire bank.example/dep v1.2.3\n\nreplace bank.example/dep => ./dep\n",
        ),
        ("dep/go.mod", "module bank.example/dep\n\ngo 1.22\n"),
        ("dep/dep.go", "package dep\n\nconst Word = \"x\"\n"),
        (
            "cmd/x/main.go",
            "package main\n\nimport \"bank.example/dep\"\n\nvar version string\n\nfunc main() { println(dep.Word, version) }\n",
        ),
        (
            "cmd/x/c.go",
            "//go:build cgo\n\npackage main\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc init() { println(C.one()) }\n",
        ),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let commit = "git init -q . && git add -A && git -c user.name=ann -c user.email=a@bank.example commit -qm x";
    let mut command = Command::new("sh");
    command.args(["-c", commit]).current_dir(&root).env("HOME", home.path());
    succeed(&mut command);
    root
}

/// Builds everything with an SDK, and returns the files in the order of the table.
fn build_all(home: &Home, root: &Path, version: &str) -> Vec<PathBuf> {
    let built = |build: &Build| {
        let file = home.path().join(format!("{version}-{}", build.name));
        let mut command = go(home, version);
        command.current_dir(root).envs(build.env.iter().copied()).arg("build").args(build.flags);
        succeed(command.arg("-o").arg(&file).arg("./cmd/x"));
        file
    };
    BUILDS.iter().map(built).collect()
}

/// Returns what goenv says of files.
fn inspect(files: &[PathBuf]) -> Vec<Value> {
    let mut command = Command::new(GOENV);
    command.args(["inspect", "--json"]).args(files).env_clear().current_dir("/");
    serde_json::from_str(&succeed(&mut command)).unwrap()
}

/// Returns the fields that are Go's.
fn gos(value: &Value) -> Value {
    let fields = value.as_object().unwrap().iter();
    fields
        .filter(|(name, _)| name.starts_with(char::is_uppercase))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// Returns the lines of `go version -m`, as Go prints build info.
fn as_text(file: &Path, value: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let module = |kind: &str, module: &Value| {
        let columns = format!("\t{kind}\t{}\t{}", text(&module["Path"]), text(&module["Version"]));
        match module.get("Replace") {
            None => format!("{columns}\t{}\n", text(&module["Sum"])),
            Some(by) => format!(
                "{columns}\n\t=>\t{}\t{}\t{}\n\t\n",
                text(&by["Path"]),
                text(&by["Version"]),
                text(&by["Sum"])
            ),
        }
    };
    let mut lines = format!("{}: {}\n", file.display(), text(&value["GoVersion"]));
    lines += &format!("\tpath\t{}\n", text(&value["Path"]));
    lines += &module("mod", &value["Main"]);
    for dependency in value["Deps"].as_array().unwrap() {
        lines += &module("dep", dependency);
    }
    for setting in value["Settings"].as_array().unwrap() {
        let mut value = text(&setting["Value"]);
        if value.contains([' ', '"']) {
            value = format!("{value:?}");
        }
        lines += &format!("\tbuild\t{}={value}\n", text(&setting["Key"]));
    }
    lines
}

#[test]
fn every_field_is_what_go_says_of_real_binaries() {
    let home = Home::new();
    let root = module(&home);
    let mut compared = 0;
    for version in [OLD, NEW] {
        let files = build_all(&home, &root, version);
        let found = inspect(&files);
        assert_eq!(found.len(), files.len());
        for ((build, file), found) in BUILDS.iter().zip(&files).zip(&found) {
            let newer = succeed(go(&home, NEW).args(["version", "-m", "-json"]).arg(file));
            let newer: Value = serde_json::from_str(&newer).unwrap();
            assert_eq!(gos(found), newer, "{}", file.display());
            let own = succeed(go(&home, version).args(["version", "-m"]).arg(file));
            assert_eq!(as_text(file, found), own);
            assert_eq!(found["Deps"][0]["Replace"]["Path"], "./dep");
            assert_eq!(found["file"], file.display().to_string());
            let digest = succeed(Command::new("sha256sum").arg(file));
            assert_eq!(found["sha256"], digest.split(' ').next().unwrap());
            let seen = (&found["format"], &found["pie"], &found["static"]);
            let expected = (build.format, build.pie, build.is_static);
            assert_eq!(
                seen,
                (&expected.0.into(), &expected.1.into(), &expected.2.into()),
                "{}",
                file.display()
            );
            compared += 1;
        }
        linkage(&home, &files, &found);
    }
    println!("{compared} binaries compared with go version -m of {OLD} and {NEW}");
}

/// What Go's own readers of the three formats say of loaders and libraries.
const LINKAGE: &str = r#"package main

import ("bytes"; "debug/elf"; "debug/macho"; "debug/pe"; "encoding/json"; "io"; "os"; "strings")

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, name := range os.Args[1:] {
		needed, loader := []string{}, any(nil)
		if f, err := elf.Open(name); err == nil {
			libraries, _ := f.ImportedLibraries()
			needed = append(needed, libraries...)
			for _, p := range f.Progs {
				if p.Type == elf.PT_INTERP {
					text, _ := io.ReadAll(p.Open())
					loader = string(bytes.TrimRight(text, "\x00"))
				}
			}
		} else if f, err := macho.Open(name); err == nil {
			libraries, _ := f.ImportedLibraries()
			needed = append(needed, libraries...)
			for _, l := range f.Loads {
				if raw := l.Raw(); f.ByteOrder.Uint32(raw) == 0xe {
					loader = string(bytes.TrimRight(raw[f.ByteOrder.Uint32(raw[8:]):], "\x00"))
				}
			}
		} else if f, err := pe.Open(name); err == nil {
			symbols, _ := f.ImportedSymbols()
			seen := map[string]bool{}
			for _, symbol := range symbols {
				if dll := symbol[strings.IndexByte(symbol, ':')+1:]; !seen[dll] {
					seen[dll] = true
					needed = append(needed, dll)
				}
			}
		}
		out.Encode([]any{loader, needed})
	}
}
"#;

fn linkage(home: &Home, files: &[PathBuf], found: &[Value]) {
    let source = home.path().join("linkage.go");
    fs::write(&source, LINKAGE).unwrap();
    let said = succeed(go(home, NEW).arg("run").arg(&source).args(files));
    let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.len(), files.len());
    for ((file, found), said) in files.iter().zip(found).zip(said) {
        let found = serde_json::json!([found["interpreter"], found["needed"]]);
        assert_eq!(found, said, "{}", file.display());
    }
}

fn of_bytes(bytes: &[u8]) -> Result<Binary, NotRead> {
    let read_at = |offset: u64, buffer: &mut [u8]| Ok(elf::read_at(bytes, offset, buffer));
    binary::read(&Image::new(bytes.len() as u64, &read_at))
}

/// Returns the JSON of `go version -m`, `None` where it refuses the file.
fn by_go(home: &Home, bytes: &[u8]) -> Option<Value> {
    let file = home.path().join("file.exe");
    fs::write(&file, bytes).unwrap();
    let output = go(home, NEW).args(["version", "-m", "-json"]).arg(&file).output().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// Compares the verdicts on a file; goenv may read what go refuses and refuse what go reads, each for a reason.
fn compare(home: &Home, name: &str, bytes: &[u8]) -> &'static str {
    match (by_go(home, bytes), of_bytes(bytes)) {
        (None, Err(_)) => "refused",
        (Some(go), Ok(binary)) => {
            assert_eq!(serde_json::to_value(&binary.info).unwrap(), go, "{name}");
            "read"
        }
        // A header that build info does not need may be damaged for all that goenv cares.
        (None, Ok(_)) => "goenv",
        (Some(go), Err(error)) => {
            let reason = error.to_string();
            // An address that leads nowhere is no info at all to go, and damage to goenv.
            let is_stricter = ["a string is not in the file", "a text of "]
                .iter()
                .any(|what| reason.starts_with(&format!("has build info that is damaged: {what}")));
            assert!(is_stricter, "{name}: go reads it, goenv says it {reason}\n{go}");
            "go"
        }
    }
}

/// Go's own test files: a real binary of Go 1.17, with addresses instead of texts, and many that are not Go's.
fn examples() -> Vec<(String, Vec<u8>)> {
    let mut examples = Vec::new();
    for package in [
        "buildinfo/testdata/go117",
        "buildinfo/testdata/notgo",
        "elf/testdata",
        "macho/testdata",
        "pe/testdata",
        "plan9obj/testdata",
    ] {
        for entry in fs::read_dir(sdk(NEW).join("src/debug").join(package)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&path).unwrap();
            let encoded: Vec<u8> =
                bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let bytes = match name.ends_with(".base64") {
                true => Base64::decode_vec(std::str::from_utf8(&encoded).unwrap()).unwrap(),
                false => bytes,
            };
            examples.push((name, bytes));
        }
    }
    assert!(examples.len() > 40, "{}", examples.len());
    examples
}

#[test]
fn gos_own_test_files_get_gos_verdicts() {
    let home = Home::new();
    let mut read = Vec::new();
    for (name, bytes) in examples() {
        match compare(&home, &name, &bytes) {
            "read" => read.push(name),
            "refused" => {}
            one => panic!("only {one} reads {name}"),
        }
    }
    assert_eq!(read, ["go117.base64"]);
}

/// Build info that no build here has: replaced modules with hashes, quotes, a development tree, bytes that are no text.
fn synthetic() -> Vec<(String, Elf)> {
    let mut files = Vec::new();
    for form in 0..16 {
        let bit = |number: u32| form >> number & 1 == 1;
        for (name, version, further) in [
            ("good", "go1.26.6", GOOD),
            (
                "deps",
                "go1.16.3",
                "dep\ta\tv1.0.0\th1:a=\ndep\tb\tv1.0.0\n=>\tc\tv1.1.0\th1:c=\ndep\td\tv2.0.0\n",
            ),
            (
                "quotes",
                "devel go1.28-abc X:jsonv2",
                "build\t\"a b\"=\"c\\td\\x41\\u00e9\"\nbuild\te=`f\"g`\n",
            ),
            ("odd", "go1.26.6", "build\te=\n\nunknown\nbuild\tdouble=1\nbuild\tdouble=2\n"),
            ("wrong", "go1.26.6", "mod\tx\n"),
            ("none", "go1.26.6", ""),
        ] {
            let info = if name == "none" { String::new() } else { lines(further) };
            let elf = Elf {
                wide: bit(0),
                big: bit(1),
                pointers: bit(2),
                sections: bit(3),
                version: version.to_owned(),
                info,
                ..Elf::default()
            };
            files.push((format!("{name} {form}"), elf));
        }
    }
    files
}

#[test]
fn build_info_that_is_made_by_hand_is_read_as_go_reads_it() {
    let home = Home::new();
    for (name, elf) in synthetic() {
        let expected = if name.starts_with("wrong") { "refused" } else { "read" };
        assert_eq!(compare(&home, &name, &elf.build()), expected, "{name}");
    }
}

/// The numbers of a linear congruential generator: the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn damaged_files_are_read_as_go_reads_them_or_refused() {
    let home = Home::new();
    let mut numbers = Numbers(1);
    let mut counts = std::collections::BTreeMap::new();
    let real = examples().into_iter().find(|(name, _)| name == "go117.base64").unwrap();
    let mut files: Vec<(String, Vec<u8>)> =
        synthetic().into_iter().map(|(name, elf)| (name, elf.build())).collect();
    files.push(real);
    for round in 0..600 {
        let (name, bytes) = &files[numbers.below(files.len())];
        let mut bytes = bytes.clone();
        for _ in 0..=numbers.below(3) {
            let place = numbers.below(bytes.len().min(4096));
            bytes[place] = [0, 1, 0x7f, 0xff, bytes[place] ^ 1][numbers.below(5)];
        }
        if round % 5 == 0 {
            bytes.truncate(numbers.below(bytes.len()));
        }
        *counts.entry(compare(&home, &format!("{name}, round {round}"), &bytes)).or_insert(0) += 1;
    }
    println!("{counts:?}");
    assert!(counts["read"] > 50 && counts["refused"] > 50, "{counts:?}");
}

/// Returns the bytes of a small binary for a system and architecture.
fn small(home: &Home, os: &str, arch: &str) -> Vec<u8> {
    let (source, file) = (home.path().join("small.go"), home.path().join("small"));
    fs::write(&source, "package main\n\nfunc main() {}\n").unwrap();
    let mut command = go(home, NEW);
    command.envs([("CGO_ENABLED", "0"), ("GOOS", os), ("GOARCH", arch)]);
    command.args(["build", "-ldflags=-s -w", "-o"]).arg(&file).arg(&source);
    succeed(&mut command);
    fs::read(&file).unwrap()
}

/// A Mach-O file for two architectures: a header, then each of the files.
fn fat(parts: [&[u8]; 2]) -> Vec<u8> {
    let mut file = [0xcafe_babe_u32, 2].map(u32::to_be_bytes).concat();
    let mut offset = 0x4000;
    for (part, kind) in parts.iter().zip([0x0100_000c_u32, 0x0100_0007]) {
        let numbers = [kind, 0, offset, u32::try_from(part.len()).unwrap(), 14];
        file.extend(numbers.map(u32::to_be_bytes).concat());
        offset += u32::try_from(part.len().next_multiple_of(0x4000)).unwrap();
    }
    for part in parts {
        file.resize(file.len().next_multiple_of(0x4000), 0);
        file.extend_from_slice(part);
    }
    file
}

#[test]
fn damaged_binaries_of_every_system_are_read_as_go_reads_them_or_refused() {
    let home = Home::new();
    let [arm, intel] = ["arm64", "amd64"].map(|arch| small(&home, "darwin", arch));
    let files = [
        ("Mach-O", small(&home, "darwin", "arm64")),
        ("fat", fat([&arm, &intel])),
        ("PE", small(&home, "windows", "amd64")),
        ("PE, 32 bits", small(&home, "windows", "386")),
        ("s390x", small(&home, "linux", "s390x")),
    ];
    let mut numbers = Numbers(2);
    let mut counts = std::collections::BTreeMap::new();
    for (name, whole) in &files {
        assert_eq!(compare(&home, name, whole), "read", "{name}");
        for end in 0..4096 {
            assert!(of_bytes(&whole[..end]).is_err(), "{name} cut at {end}");
        }
        for round in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..=numbers.below(3) {
                let place = numbers.below(if *name == "fat" { 0x4800 } else { 0x800 });
                bytes[place] = [0, 1, 0x7f, 0xff, bytes[place] ^ 1][numbers.below(5)];
            }
            let verdict = compare(&home, &format!("{name}, round {round}"), &bytes);
            *counts.entry(verdict).or_insert(0) += 1;
        }
    }
    println!("{counts:?}");
    assert!(counts["read"] > 50, "{counts:?}");
}

#[test]
fn the_go_that_built_a_binary_is_the_policys() {
    let sandbox = Sandbox::with_sdks(&[OLD, NEW]);
    let project = sandbox.project("p", format!("use go {NEW}\ntarget linux/s390x\n"));
    sandbox.file("home/p/go.mod", "module m\n\ngo 1.26\n");
    sandbox.file("home/p/main.go", "package main\n\nfunc main() {}\n");
    let cache = format!("GOCACHE={}/go-build", env!("CARGO_TARGET_TMPDIR"));
    sandbox.goenv(&project, &["exec", ".", "env", &cache, "go", "build", "-o", "new"]).success();
    let done = sandbox.goenv(&project, &["inspect", "new"]);
    assert!(done.success().stdout().contains("  platform  ELF linux/s390x\n"), "{}", done.stdout());
    let old = sdk(OLD).join("bin/go").display().to_string();
    let done = sandbox.goenv(&project, &["inspect", &old]);
    let message = format!("  error[GOENV501]: go{OLD} is not the pinned go{NEW}\n");
    assert!(done.stdout().contains(&message), "{}", done.stdout());
    assert_eq!(done.code(), 1);
}
