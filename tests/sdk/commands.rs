//! The commands, with a whole real release from a mirror.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::common::pty::{Pty, Shell};
use crate::common::{GOENV, Sandbox};
use crate::real::{NEW, OLD, sdk, succeed};

/// Returns a directory that holds the real release as a mirror does, made once for all tests.
fn mirror() -> &'static Path {
    static MIRROR: OnceLock<PathBuf> = OnceLock::new();
    MIRROR.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mirror-{NEW}"));
        let archive = directory.join(format!("go{NEW}.linux-amd64.tar.gz"));
        if !archive.exists() {
            fs::create_dir_all(&directory).unwrap();
            // Under another name first, as another run may look for it.
            let made = directory.join(format!("made-{}", std::process::id()));
            let tar = format!(
                "tar -C '{}' -c go | gzip -1 > '{}'",
                sdk(NEW).parent().unwrap().display(),
                made.display()
            );
            succeed(Command::new("sh").args(["-c", &tar]));
            let digest = succeed(Command::new("sha256sum").arg(&made));
            fs::write(directory.join(format!("go{NEW}.linux-amd64.tar.gz.sha256")), &digest[..64])
                .unwrap();
            fs::rename(&made, &archive).unwrap();
        }
        directory
    })
}

/// Returns the digest of the archive that the mirror has.
fn digest() -> String {
    fs::read_to_string(mirror().join(format!("go{NEW}.linux-amd64.tar.gz.sha256"))).unwrap()
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let config = format!("[sdk]\nmirrors = [\"file://{}\"]\n", mirror().display());
    sandbox.file("home/.config/goenv/config.toml", config);
    sandbox
}

fn store(sandbox: &Sandbox) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(sandbox.home().join(".local/share/goenv/sdks"))
        .map(|entries| {
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        })
        .unwrap_or_default();
    names.retain(|name: &String| !matches!(name.as_str(), ".lock" | ".download"));
    names.sort();
    names
}

const WHOLE: [&str; 3] =
    ["go1.26.6.linux-amd64", "go1.26.6.linux-amd64.json", "go1.26.6.linux-amd64.seal"];

#[test]
fn a_release_is_installed_used_verified_and_removed() {
    let sandbox = sandbox();
    let home = sandbox.home();
    // On a terminal there is a bar with size, speed and time left.
    let mut bash = Pty::start(Shell::Bash, &sandbox);
    let seen = bash.run("goenv sdk install 1.26.6");
    for step in ["fetch  go1.26.6 [=", "unpack go1.26.6 [=", "seal   go1.26.6"] {
        let drawn = seen.rsplit("\u{1b}[2K").find(|drawn| drawn.contains(step));
        let drawn = drawn.unwrap_or_else(|| panic!("{step} in {seen:?}")).trim();
        println!("{drawn}");
        assert!(
            step.starts_with("seal")
                || (drawn.contains(" MiB/") && drawn.contains("/s, ") && drawn.ends_with("s left")),
            "{drawn}"
        );
    }
    assert_eq!(store(&sandbox), WHOLE);

    let again = sandbox.goenv(&home, &["install", "1.26.6"]);
    again.failure(0, "goenv: go1.26.6 is here already, unaltered: $SANDBOX/home/.local/share/goenv/sdks/go1.26.6.linux-amd64\n");
    let list = sandbox.goenv(&home, &["versions"]);
    assert_eq!(
        list.success().stdout(),
        "  go1.26.6  sealed    store  ~/.local/share/goenv/sdks/go1.26.6.linux-amd64\n"
    );

    // Everything that people do with Go works from the read-only store, and leaves it as it was.
    let project = sandbox.project("p", format!("use go 1.26.6 linux/amd64=sha256:{}\n", digest()));
    sandbox.file("home/p/go.mod", "module m\n\ngo 1.26\n");
    sandbox.file(
        "home/p/m.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"it runs\") }\n",
    );
    sandbox.file(
        "home/p/m_test.go",
        "package main\n\nimport \"testing\"\n\nfunc TestMain1(t *testing.T) { main() }\n",
    );
    for (command, expected) in [
        (vec!["go", "version"], "go version go1.26.6 linux/amd64\n"),
        (vec!["go", "build", "-o", "m", "."], ""),
        (vec!["./m"], "it runs\n"),
        (vec!["go", "vet", "./..."], ""),
        (vec!["go", "test", "-cover", "./..."], "ok  \tm\t"),
        (vec!["go", "tool", "pprof", "-h"], ""),
        (
            vec!["go", "env", "GOROOT"],
            "$SANDBOX/home/.local/share/goenv/sdks/go1.26.6.linux-amd64\n",
        ),
        (vec!["gofmt", "-l", "."], ""),
    ] {
        let mut arguments = vec!["exec", "."];
        arguments.extend(&command);
        let done = sandbox.goenv(&project, &arguments);
        if command[1..] != ["tool", "pprof", "-h"] {
            done.success();
        }
        assert!(
            done.stdout().starts_with(expected),
            "{command:?}: {}{}",
            done.stdout(),
            done.stderr()
        );
    }
    let verified = sandbox.goenv(&home, &["sdk", "verify"]);
    let h1 = verified.success().stdout();
    assert!(h1.starts_with("go1.26.6 is unaltered: 11532 files, 215 MB, h1:"), "{h1}");
    let which = sandbox.goenv(&project, &["which", "gofmt"]);
    assert_eq!(
        which.success().stdout(),
        "$SANDBOX/home/.local/share/goenv/sdks/go1.26.6.linux-amd64/bin/gofmt\n"
    );
    let status = sandbox.goenv(&project, &["status", "--json"]).success().stdout();
    assert!(status.contains(r#""state": "sealed""#), "{status}");

    // A file that the prompt does not look at: once verify saw the change, everybody knows of it.
    let source =
        sandbox.home().join(".local/share/goenv/sdks/go1.26.6.linux-amd64/src/fmt/print.go");
    let was = fs::read(&source).unwrap();
    succeed(Command::new("chmod").arg("u+w").arg(&source));
    fs::write(&source, [was.as_slice(), b"// more\n"].concat()).unwrap();
    assert_eq!(sandbox.goenv(&home, &["sdk", "verify"]).code(), 4);
    let refused = sandbox.goenv(&project, &["exec", ".", "go", "version"]);
    assert!(
        refused.stderr().contains("was altered: the content of src/fmt/print.go changed"),
        "{}",
        refused.stderr()
    );
    let list = sandbox.goenv(&home, &["sdk", "list", "--json"]).success().stdout();
    assert!(!list.contains(r#""sealed""#), "{list}");
    fs::write(&source, was).unwrap();
    succeed(Command::new("chmod").arg("u-w").arg(&source));
    sandbox.goenv(&home, &["sdk", "verify"]).success();

    // An altered one is refused where its hash is pinned, and named by verify.
    let print = sandbox.home().join(".local/share/goenv/sdks/go1.26.6.linux-amd64/bin/gofmt");
    let mode = |mode| succeed(Command::new("chmod").arg(mode).arg(print.parent().unwrap()));
    mode("u+w");
    fs::remove_file(&print).unwrap();
    mode("u-w");
    let refused = sandbox.goenv(&project, &["exec", ".", "go", "version"]);
    assert_ne!(refused.code(), 0);
    assert!(
        refused.stderr().contains("was altered: bin/gofmt was removed"),
        "{}",
        refused.stderr()
    );
    // A language version is verified as the release that it means here, and removes nothing.
    let line = sandbox.goenv(&home, &["sdk", "verify", "1.26"]);
    assert_eq!((line.code(), line.stdout().contains("\n  bin/gofmt was removed\n")), (4, true));
    sandbox
        .goenv(&home, &["sdk", "remove", "1.26"])
        .failure(2, "goenv: 1.26 names a language, not a release; run: goenv sdk remove 1.26.6\n");
    let verify = sandbox.goenv(&home, &["sdk", "verify", "1.26.6"]);
    assert_eq!(verify.code(), 4);
    assert!(verify.stdout().contains("\n  bin/gofmt was removed\n"), "{}", verify.stdout());
    let _ =
        verify.failure(4, "goenv: to have it as it was released, run: goenv sdk install 1.26.6\n");
    sandbox.goenv(&home, &["sdk", "install", "1.26.6"]).success();
    sandbox.goenv(&home, &["sdk", "verify", "1.26.6"]).success();

    // Who did what is in the log.
    let log = sandbox.goenv(&home, &["audit", "log"]).success().stdout();
    assert!(log.contains("sdk.change") && log.contains("sdk.altered"), "{log}");

    sandbox.goenv(&home, &["uninstall", "1.26.6"]).failure(0, "goenv: removed go1.26.6\n");
    assert_eq!(store(&sandbox), Vec::<String>::new());
}

#[test]
fn killed_at_any_moment_nothing_half_is_left() {
    let sandbox = sandbox();
    let install = || {
        Command::new(GOENV)
            .args(["sdk", "install", NEW])
            .env_clear()
            .envs(&sandbox.env)
            .current_dir(sandbox.home())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut cut = 0;
    for pause in [20, 60, 150, 300, 500, 700, 900, 1200] {
        let mut child = install();
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        cut += usize::from(!ended.success());
        // What can be found is whole: either none, or one that verifies.
        let found = sandbox.goenv(&sandbox.home(), &["sdk", "list"]).success().stdout();
        let tree = sandbox.home().join(".local/share/goenv/sdks/go1.26.6.linux-amd64");
        assert_eq!(tree.exists(), !found.is_empty(), "{found}");
        if tree.exists() {
            assert!(fs::read_dir(tree.join("bin")).unwrap().count() == 2);
            assert!(tree.join("src/unsafe/unsafe.go").exists());
        }
    }
    assert!(cut > 3, "killed only {cut} times before it was done");
    println!("killed {cut} times");

    // Two at once: one installs, the other waits and finds it done.
    let _ = sandbox.goenv(&sandbox.home(), &["sdk", "remove", NEW]);
    let both = [install(), install()];
    let mut said: Vec<_> = both
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            // Whoever comes second says that it waits, if the first has begun.
            let waits =
                "goenv: another goenv is changing the SDKs; this one waits until it is done\n";
            String::from_utf8(output.stderr).unwrap().replace(waits, "")
        })
        .collect();
    said.sort();
    assert!(said[0].starts_with("goenv: go1.26.6 is here already, unaltered: "), "{said:?}");
    assert!(said[1].starts_with("goenv: installed go1.26.6 at "), "{said:?}");
    assert_eq!(store(&sandbox), WHOLE);
    let downloads = sandbox.home().join(".local/share/goenv/sdks/.download");
    assert_eq!(fs::read_dir(downloads).unwrap().count(), 0);
}

#[test]
fn pins_are_written_and_held() {
    let sandbox = sandbox();
    let home = sandbox.home();
    let project = sandbox.dir("home/p");
    sandbox.dir("home/sdk");
    std::os::unix::fs::symlink(sdk(OLD), home.join(format!("sdk/go{OLD}"))).unwrap();
    let root = sdk(OLD).canonicalize().unwrap();
    let root = root.display();

    // Merely found: usable without a pin, and not with one.
    let h1 = format!("h1:{}=", "A".repeat(43));
    let pinned = sandbox.project("q", format!("use go {OLD} linux/amd64={h1}\n"));
    let refused = |expected: &str| {
        let done = sandbox.goenv(&pinned, &["exec", ".", "go", "version"]);
        assert!(done.stderr().contains(expected), "{}", done.stderr());
        assert_ne!(done.code(), 0);
    };
    refused(&format!("go{OLD} at {root} is not sealed, and its hash is pinned"));
    refused(&format!("goenv sdk add {root}"));
    sandbox
        .goenv(&project, &["sdk", "verify"])
        .failure(0, &format!("goenv: no SDK is sealed; seal one with: goenv sdk add {root}\n"));
    let done = sandbox.goenv(&project, &["sdk", "verify", OLD]);
    done.failure(
        1,
        &format!("goenv: go{OLD} at {root} is not sealed; seal it with: goenv sdk add {root}\n"),
    );

    // Its hash is not known yet. A mirror that somebody configured may list the release; this one does not, and where
    // nobody configured any, nobody is asked.
    let seal = format!("seal it, which needs no network: goenv sdk add {root}");
    let listed = format!("no hash of go{OLD} for linux/amd64: file://{}", mirror().display());
    let done = sandbox.goenv(&project, &["pin", OLD]);
    done.failure(1, &format!("goenv: {listed} lists none; {seal}\n"));
    let config = fs::read(home.join(".config/goenv/config.toml")).unwrap();
    sandbox.file("home/.config/goenv/config.toml", "");
    let done = sandbox.goenv(&project, &["pin", OLD]);
    let unknown = format!("go{OLD} at {root} is not sealed, so its hash is not known");
    done.failure(1, &format!("goenv: {unknown}; {seal}\n"));
    assert!(!project.join(".envrc").exists());
    sandbox.file("home/.config/goenv/config.toml", config);
    // Where it is not here, installing it from the same mirror could not work either.
    sandbox.goenv(&project, &["pin", "1.25.99"]).failure(
        1,
        &format!(
            "goenv: no hash of go1.25.99 for linux/amd64: file://{} lists none; download its archive elsewhere, then run: goenv sdk add go1.25.99.linux-amd64.tar.gz\n",
            mirror().display()
        ),
    );
    // A language version is not pinned: its newest release that is here is proposed.
    for (line, release) in [("1.24", OLD), ("1.27", "1.27.0")] {
        sandbox.goenv(&project, &["pin", line]).failure(
            2,
            &format!("goenv: {line} names a language, not a release; pin a release: goenv pin {release}\n"),
        );
    }

    // Adopted where it lies: the tree's hash is known, and the pin is another's.
    let added = sandbox.goenv(&project, &["sdk", "add", &root.to_string()]).stderr();
    assert!(
        added.starts_with(&format!("goenv: adopted go{OLD} at {root}\ngoenv:   tree    h1:")),
        "{added}"
    );
    let tree = added.split_ascii_whitespace().last().unwrap().to_owned();
    refused(&format!("go{OLD} at {root} is {tree}, and {h1} is pinned"));

    // pin writes the line, here into a new policy, which wants approval.
    let said = sandbox.goenv(&project, &["pin", OLD]);
    said.failure(0, &format!("goenv: ~/p/.envrc: use go {OLD}, pinned for linux/amd64\ngoenv: it is new, so it wants approval: goenv allow\n"));
    assert_eq!(
        fs::read_to_string(project.join(".envrc")).unwrap(),
        format!("use go {OLD} linux/amd64={tree}\n")
    );
    sandbox.goenv(&project, &["allow"]).success();
    // The same again changes nothing, so what was approved still is.
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let before = inode(&project.join(".envrc"));
    sandbox.goenv(&project, &["pin", OLD]).failure(
        0,
        &format!("goenv: ~/p/.envrc: use go {OLD}, pinned for linux/amd64; nothing changed\n"),
    );
    assert_eq!(inode(&project.join(".envrc")), before);
    let version = sandbox.goenv(&project, &["exec", ".", "go", "version"]);
    assert_eq!(version.success().stdout(), format!("go version go{OLD} linux/amd64\n"));

    // From the mirror's list, without installing; other platforms that the line names are kept up.
    let said = sandbox.goenv(&project, &["pin", NEW]);
    said.success();
    let line = format!("use go {NEW} linux/amd64=sha256:{}\n", digest());
    assert_eq!(fs::read_to_string(project.join(".envrc")).unwrap(), line);
    let said = sandbox.goenv(&project, &["local", NEW, "--platform", "darwin/arm64"]);
    said.failure(
        1,
        &format!(
            "goenv: no hash of go{NEW} for darwin/arm64: file://{} lists none\n",
            mirror().display()
        ),
    );
    assert_eq!(fs::read_to_string(project.join(".envrc")).unwrap(), line);

    // A platform without a pin, with the line to add.
    let other = sandbox.project("r", format!("use go {OLD} darwin/arm64={h1}\n"));
    let done = sandbox.goenv(&other, &["exec", ".", "go", "version"]);
    assert!(
        done.stderr()
            .contains(&format!("go{OLD} is pinned for darwin/arm64 and not for linux/amd64")),
        "{}",
        done.stderr()
    );
    assert!(
        done.stderr().contains(&format!("use go {OLD} darwin/arm64={h1} linux/amd64={tree}")),
        "{}",
        done.stderr()
    );

    // Forgotten, it stays where it is.
    sandbox
        .goenv(&project, &["sdk", "remove", OLD])
        .failure(0, &format!("goenv: forgot go{OLD}, which stays at {root}\n"));
    sandbox
        .goenv(&project, &["sdk", "remove", OLD])
        .failure(1, &format!("goenv: go{OLD} at {root} is not goenv's to remove\n"));
    sandbox
        .goenv(&project, &["sdk", "remove", "1.99.0"])
        .failure(1, &format!("goenv: go1.99.0 is not installed (here: {OLD})\n"));
    sandbox.goenv(&project, &["sdk", "install", "../../evil"]).failure(
        2,
        "goenv: `../../evil` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1\n",
    );
}

/// However the policy spells the version, and whatever else keeps it from being evaluated: its pin is not left aside.
#[test]
fn what_a_policy_pins_is_what_is_installed() {
    let pin = format!("linux/amd64=sha256:{}", "0".repeat(64));
    let mismatch = format!(
        "goenv: file://{}/go{NEW}.linux-amd64.tar.gz is sha256:{}, expected sha256:{} (as pinned); nothing was kept\n",
        mirror().display(),
        digest(),
        "0".repeat(64)
    );
    for policy in [
        format!("use go {NEW} {pin}\n"),
        format!("use go go{NEW} {pin}\n"),
        format!("use go {pin}\n"),
        format!("dotenv missing.env\nuse go {NEW} {pin}\n"),
        format!("eval true\nuse go go{NEW} {pin}\n"),
    ] {
        let sandbox = sandbox();
        let project = sandbox.dir("home/p");
        sandbox.file("home/p/.envrc", &policy);
        sandbox.file("home/p/go.mod", format!("module m\n\ngo {NEW}\n"));
        for arguments in [&["sdk", "install"][..], &["sdk", "install", NEW]] {
            sandbox.goenv(&project, arguments).failure(4, &mismatch);
        }
        assert_eq!(store(&sandbox), [""; 0], "{policy}");
    }
}

#[test]
fn the_version_files_of_a_directory_choose_the_sdk() {
    let sandbox = Sandbox::with_sdks(&[OLD, NEW]);
    let run = |name: &str| {
        let project = sandbox.project(name, "use go\n");
        let done = sandbox.goenv(&project, &["exec", ".", "go", "version"]);
        format!("{}{}", done.stdout(), done.stderr())
    };
    let new = "go version go1.26.6 linux/amd64\n";
    let old = "go version go1.24.11 linux/amd64\n";
    for (name, files, expected) in [
        ("a", vec![("go.mod", "module m\ngo 1.24\ntoolchain go1.26.6\n")], new),
        ("b", vec![("go.mod", "module m\ngo 1.24.11\n")], old),
        ("c", vec![("go.mod", "module m\ngo 1.24\n"), (".go-version", "1.26.6\n")], new),
        ("d", vec![(".tool-versions", "golang 1.24.11\n")], old),
        ("e", vec![("go.mod", "module m\ngo 1.24\n")], old),
    ] {
        for (file, text) in files {
            sandbox.file(format!("home/{name}/{file}"), text);
        }
        assert_eq!(run(name), expected, "{name}");
    }
    sandbox.file("home/x/go.mod", "module m\n\ngo 1.26.6\n");
    sandbox.file("home/x/.go-version", "1.24.11\n");
    let conflict = run("x");
    assert!(
        conflict.contains("/x/.go-version:1 asks for 1.24.11, and ")
            && conflict.contains("/x/go.mod:3 requires go >= 1.26.6"),
        "{conflict}"
    );
    sandbox.file("home/y/.go-version", "latest\n");
    let bad = run("y");
    assert!(bad.contains("/y/.go-version:1:1: `latest` is not a Go version"), "{bad}");
}

#[test]
fn what_cannot_be_written_is_said_in_one_line_and_leaves_nothing() {
    let mut sandbox = sandbox();
    // A disk that is full, as far as a process can tell: no file may grow beyond 10 MB.
    let full = "ulimit -f 10000; trap '' XFSZ; exec goenv sdk install 1.26.6";
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", full]);
    let part = format!("$SANDBOX/home/.local/share/goenv/sdks/.download/{}.part", digest());
    done.failure(1, &format!("goenv: cannot write {part}: file too large\n"));
    assert_eq!(store(&sandbox), Vec::<String>::new());
    let downloads = sandbox.home().join(".local/share/goenv/sdks/.download");
    assert_eq!(fs::read_dir(downloads).unwrap().count(), 0);

    // A mirror that is not there.
    sandbox.file("home/.config/goenv/config.toml", "[sdk]\nmirrors = [\"file:///nowhere\"]\n");
    sandbox.goenv(&sandbox.home(), &["install", "1.26.6"]).failure(
        1,
        "goenv: cannot reach /nowhere: it is no directory; download its archive elsewhere, then run: goenv sdk add \
         go1.26.6.linux-amd64.tar.gz\n",
    );
    // Nothing says which version.
    sandbox.goenv(&sandbox.home(), &["install"]).failure(
        2,
        "goenv: nothing here asks for a version of Go; name one: goenv sdk install 1.26.6\n",
    );
    // A place that cannot be written.
    sandbox.file("data/goenv", "a file");
    sandbox.set("XDG_DATA_HOME", sandbox.path("data"));
    sandbox
        .goenv(&sandbox.home(), &["install", "1.26.6"])
        .failure(1, "goenv: cannot create $SANDBOX/data/goenv/sdks: not a directory\n");
}

#[test]
fn what_cannot_be_taken_in_is_named() {
    let sandbox = Sandbox::new();
    let p = sandbox.dir("home/p");
    sandbox.file("home/p/go.tar.gz", "<html>no such page</html>");
    for (what, said) in [
        ("none", "none does not exist"),
        (".", " is no Go SDK: it has no file VERSION"),
        ("go.tar.gz", "go.tar.gz: the archive is damaged: invalid gzip header"),
    ] {
        let directory = if what == "." { "" } else { "/" };
        let text = format!("goenv: $SANDBOX/home/p{directory}{said}\n");
        let _ = sandbox.goenv(&p, &["sdk", "add", what]).failure(1, &text);
    }
    // Nobody writes into it.
    nix::unistd::mkfifo(&p.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let fifo = "goenv: cannot read $SANDBOX/home/p/fifo: it is not a regular file\n";
    let _ = sandbox.goenv(&p, &["sdk", "add", "fifo"]).failure(1, fifo);
    // One that could not run here.
    tree(&sandbox, "home/p/go", NEW);
    sandbox.dir("home/p/go/pkg/tool/linux_arm64");
    let other = "goenv: $SANDBOX/home/p/go is no Go SDK that can be adopted: it is for linux/arm64, and this is linux/amd64\n";
    let _ = sandbox.goenv(&p, &["sdk", "add", "go"]).failure(1, other);
    // One whose compiler others can write; the cure works when pasted.
    let compile = sandbox.file("home/p/go/pkg/tool/linux_amd64/compile", "");
    fs::set_permissions(compile, std::os::unix::fs::PermissionsExt::from_mode(0o757)).unwrap();
    let open = "goenv: $SANDBOX/home/p/go is no Go SDK that can be adopted: \
        $SANDBOX/home/p/go/pkg/tool/linux_amd64/compile can be written by others (mode 0757); \
        run: chmod -R go-w $SANDBOX/home/p/go\n";
    let _ = sandbox.goenv(&p, &["sdk", "add", "go"]).failure(1, open);
    succeed(Command::new("chmod").args(["-R", "go-w", "go"]).current_dir(&p));
    sandbox.goenv(&p, &["sdk", "add", "go"]).success();
}

/// Makes what can be sealed, of some version, and returns its root.
fn tree(sandbox: &Sandbox, root: &str, version: &str) -> PathBuf {
    sandbox.dir(format!("{root}/pkg/tool"));
    sandbox.dir(format!("{root}/src"));
    let go = sandbox.file(format!("{root}/bin/go"), "#!/bin/sh\n");
    fs::set_permissions(go, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.file(format!("{root}/VERSION"), format!("go{version}\n"));
    sandbox.path(root)
}

#[test]
fn an_sdk_that_was_upgraded_in_place_is_the_version_that_it_holds() {
    let mut sandbox = Sandbox::new();
    let home = sandbox.home();
    let listed = |sandbox: &Sandbox| {
        let json = sandbox.goenv(&home, &["sdk", "list", "--json"]).success().stdout();
        let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
        let of = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| {
            let current = if row["current"] == true { "*" } else { "" };
            let (version, state) = (of(row, "version"), of(row, "state"));
            format!("{current}{version} {state} {} {}", of(row, "source"), of(row, "root"))
        })
        .collect::<Vec<_>>()
    };
    // One lies where nobody looks, one in a place that names a release by its line.
    let (elsewhere, brewed) = ("opt/go", "home/.goenv/versions/1.26");
    for root in [elsewhere, brewed] {
        let path = tree(&sandbox, root, "1.26.5");
        sandbox.set("GOROOT", &path);
        let path = path.to_str().unwrap();
        sandbox.goenv(&home, &["sdk", "add", path]).success();
        let shown = path.replace(&*sandbox.path("").to_string_lossy(), "$SANDBOX/");
        assert_eq!(listed(&sandbox), [format!("*1.26.5 sealed adopted {shown}")]);

        tree(&sandbox, root, "1.26.6");
        let missing = format!("1.26.5 missing adopted {shown}");
        let unsealed = format!("*1.26.6 unsealed go-nv {shown}");
        let expected = if root == brewed { vec![missing, unsealed] } else { vec![missing] };
        assert_eq!(listed(&sandbox), expected);
        let done = sandbox.goenv(&home, &["sdk", "verify"]);
        done.failure(
            4,
            &format!("goenv: it holds go1.26.6 now; to seal that, run: goenv sdk add {shown}\n"),
        );
        let said = sandbox.goenv(&home, &["sdk", "add", path]).success().stderr();
        assert_eq!(
            said.lines().next().unwrap(),
            format!("goenv: adopted go1.26.6 at {shown}, where go1.26.5 was")
        );
        assert_eq!(store(&sandbox), ["go1.26.6.linux-amd64.json", "go1.26.6.linux-amd64.seal"]);
        assert_eq!(listed(&sandbox), [format!("*1.26.6 sealed adopted {shown}")]);
        sandbox.goenv(&home, &["sdk", "verify"]).success();
        sandbox.goenv(&home, &["sdk", "remove", "1.26.6"]).success();
        fs::remove_dir_all(path).unwrap();
    }
}

/// A home with a small release of 1.26.6 that was adopted, and a mirror without a list that has it too.
fn adopted() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let archive = crate::small::archive(NEW);
    let name = format!("go{NEW}.linux-amd64.tar.gz");
    let digest = goenv::hex::hex(&goenv::hex::sha256(&archive));
    sandbox.file(format!("mirror/{name}"), &archive);
    sandbox.file(format!("mirror/{name}.sha256"), digest);
    let mirror = sandbox.path("mirror");
    let config = format!("[sdk]\nmirrors = [\"file://{}\"]\n", mirror.display());
    sandbox.file("home/.config/goenv/config.toml", config);
    let root = tree(&sandbox, &format!("home/sdk/go{NEW}"), NEW);
    sandbox.goenv(&sandbox.home(), &["sdk", "add", root.to_str().unwrap()]).success();
    (sandbox, format!("$SANDBOX/home/sdk/go{NEW}"))
}

#[test]
fn an_adopted_sdk_is_here_already_unless_it_was_altered() {
    let (sandbox, root) = adopted();
    let home = sandbox.home();
    let here = format!("goenv: go{NEW} is here already, adopted from {root}\n");
    let _ = sandbox.goenv(&home, &["sdk", "install", NEW]).failure(0, &here);
    sandbox.file(format!("home/sdk/go{NEW}/bin/go"), "#!/bin/sh\necho altered\n");
    let altered = format!(
        "goenv: go{NEW} is adopted from {root}, and was altered there; run: goenv sdk verify {NEW}\n"
    );
    let _ = sandbox.goenv(&home, &["sdk", "install", NEW]).failure(4, &altered);
    // The way out never leaves it in use without its seal, and works when pasted.
    let mend = format!("mv {root} {root}.altered && goenv sdk install {NEW}");
    let verify = sandbox.goenv(&home, &["sdk", "verify"]);
    let _ = verify.failure(4, &format!("goenv: to have it as it was released, run: {mend}\n"));
    let mend = mend.replace("$SANDBOX", sandbox.path("").to_str().unwrap().trim_end_matches('/'));
    sandbox.run(&home, "sh", &["-c", &mend]).success();
    let stored = format!("~/.local/share/goenv/sdks/go{NEW}.linux-amd64");
    let list = sandbox.goenv(&home, &["versions"]);
    assert_eq!(list.success().stdout(), format!("  go{NEW}  sealed    store  {stored}\n"));
}

#[test]
fn who_waits_for_another_that_changes_the_sdks_says_so() {
    let (sandbox, root) = adopted();
    let held = format!(
        "flock ~/.local/share/goenv/sdks/.lock sleep 1 & sleep 0.3; exec '{GOENV}' sdk remove {NEW}"
    );
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", &held]);
    let waits = "goenv: another goenv is changing the SDKs; this one waits until it is done";
    let _ = done.failure(0, &format!("{waits}\ngoenv: forgot go{NEW}, which stays at {root}\n"));
    // What verify finds is kept, whoever is at work meanwhile.
    let (sandbox, _) = adopted();
    sandbox.file(format!("home/sdk/go{NEW}/src/x.go"), "package x\n");
    let held = format!(
        "flock ~/.local/share/goenv/sdks/.lock sleep 1 & sleep 0.3; exec '{GOENV}' sdk verify"
    );
    assert_eq!(sandbox.run(&sandbox.home(), "bash", &["-c", &held]).code(), 4);
    let record = format!("home/.local/share/goenv/sdks/go{NEW}.linux-amd64.json");
    let record = fs::read_to_string(sandbox.path(record)).unwrap();
    assert!(record.contains(r#""stamps":[]"#), "{record}");
}

#[test]
fn an_altered_sdk_that_nothing_pins_is_used_and_said_to_be_altered() {
    let (sandbox, root) = adopted();
    let project = sandbox.project("p", format!("use go {NEW}\n"));
    let run = || sandbox.goenv(&project, &["exec", ".", "go", "version"]);
    assert_eq!(run().success().stderr(), "");
    sandbox.file(format!("home/sdk/go{NEW}/bin/go"), "#!/bin/sh\necho altered\n");
    let said = format!(
        "goenv: go{NEW} at {root} was altered: the content of bin/go changed; see: goenv sdk verify {NEW}\n"
    );
    let done = run();
    assert_eq!((done.success().stdout(), done.stderr()), ("altered\n".into(), said.clone()));
    let prompt = sandbox.goenv(&project, &["export", "bash"]);
    assert!(prompt.success().stderr().starts_with(&said), "{}", prompt.stderr());
}

#[test]
fn an_adopted_sdk_that_is_not_as_pinned_keeps_its_seal_until_one_is_here_that_is() {
    let (sandbox, root) = adopted();
    let sealed = |of: &str| sandbox.goenv(&sandbox.home(), &["versions"]).stdout().contains(of);
    let wrong = format!("use go {NEW} linux/amd64=sha256:{}\n", "0".repeat(64));
    let p = sandbox.project("p", wrong);
    let done = sandbox.goenv(&p, &["exec", ".", "true"]).stderr();
    assert!(
        done.contains(&format!("go{NEW} at {root} was adopted, so its archive is not known")),
        "{done}"
    );
    assert!(done.ends_with(&format!("\nhint: goenv sdk install {NEW}\n")), "{done}");
    assert_eq!(sandbox.goenv(&p, &["sdk", "install", NEW]).code(), 4);
    assert!(sealed("sealed    adopted"));
    let digest =
        fs::read_to_string(sandbox.path(format!("mirror/go{NEW}.linux-amd64.tar.gz.sha256")))
            .unwrap();
    let p = sandbox.project("p", format!("use go {NEW} linux/amd64=sha256:{digest}\n"));
    sandbox.goenv(&p, &["sdk", "install", NEW]).success();
    assert!(sealed("sealed    store"));
    sandbox.goenv(&p, &["exec", ".", "true"]).success();
}

#[test]
fn an_adopted_sdk_that_is_gone_is_missing_and_not_altered() {
    let (sandbox, root) = adopted();
    let home = sandbox.home();
    fs::remove_dir_all(home.join(format!("sdk/go{NEW}"))).unwrap();
    let verify = sandbox.goenv(&home, &["sdk", "verify"]);
    assert_eq!(verify.stdout(), format!("go{NEW} is missing: nothing is at {root}\n"));
    let again = format!(
        "goenv: to have it again, run: goenv sdk install {NEW}; to forget it: goenv sdk remove {NEW}\n"
    );
    let _ = verify.failure(1, &again);
    let forgot = format!("goenv: forgot go{NEW}\n");
    let _ = sandbox.goenv(&home, &["sdk", "remove", NEW]).failure(0, &forgot);
    sandbox.goenv(&home, &["sdk", "install", NEW]).success();
}

#[test]
fn an_adopted_place_that_holds_another_release_keeps_nobody_from_installing() {
    let (sandbox, _) = adopted();
    tree(&sandbox, &format!("home/sdk/go{NEW}"), "1.26.7");
    sandbox.goenv(&sandbox.home(), &["sdk", "install", NEW]).success();
    assert_eq!(store(&sandbox), WHOLE);
}

#[test]
fn where_the_home_is_a_link_an_sdk_of_the_store_is_listed_once() {
    let (mut sandbox, _) = adopted();
    sandbox.goenv(&sandbox.home(), &["sdk", "remove", NEW]).success();
    fs::remove_dir_all(sandbox.home().join("sdk")).unwrap();
    std::os::unix::fs::symlink("home", sandbox.path("link")).unwrap();
    sandbox.set("HOME", sandbox.path("link"));
    let home = sandbox.home();
    sandbox.goenv(&home, &["sdk", "install", NEW]).success();
    let row = format!("go{NEW}  sealed    store  ~/.local/share/goenv/sdks/go{NEW}.linux-amd64\n");
    let list = |sandbox: &Sandbox| sandbox.goenv(&home, &["sdk", "list"]).success().stdout();
    assert_eq!(list(&sandbox), format!("  {row}"));
    let root = sandbox.path("link").join(format!(".local/share/goenv/sdks/go{NEW}.linux-amd64"));
    sandbox.set("GOROOT", root);
    assert_eq!(list(&sandbox), format!("* {row}"));
}

#[test]
fn what_is_to_be_installed_has_to_be_clear() {
    let (sandbox, _) = adopted();
    let home = sandbox.home();
    let mirror = "file://$SANDBOX/mirror";
    let whole = format!(
        "goenv: {mirror} has no list of releases (index.json), so a whole version has to be named, as 1.26.1\n"
    );
    let _ = sandbox.goenv(&home, &["sdk", "install", "1.26"]).failure(1, &whole);
    // A mistake in a version file is no file that asks for nothing.
    sandbox.file("home/y/.go-version", "latest\n");
    let bad = "goenv: $SANDBOX/home/y/.go-version:1:1: `latest` is not a Go version: \
               expected one like 1.26.6, 1.26 or 1.26rc1\n";
    let _ = sandbox.goenv(&home.join("y"), &["sdk", "install"]).failure(1, bad);
}

#[test]
fn a_policy_that_pin_creates_was_never_approved() {
    let (sandbox, _) = adopted();
    let p = sandbox.dir("home/p");
    let pin = || sandbox.goenv(&p, &["pin", NEW]);
    let said = |why: &str| {
        format!(
            "goenv: ~/p/.envrc: use go {NEW}, pinned for linux/amd64\ngoenv: {why}: goenv allow\n"
        )
    };
    let _ = pin().failure(0, &said("it is new, so it wants approval"));
    sandbox.file("home/p/.envrc", format!("use go {OLD}\n"));
    let _ = pin().failure(0, &said("it changed, so it wants approval again"));
    sandbox.file("home/p/.envrc", "");
    let _ = pin().failure(0, &said("it changed, so it wants approval again"));
}

#[test]
fn a_damaged_record_hides_no_other_and_can_be_removed() {
    let (sandbox, root) = adopted();
    let home = sandbox.home();
    let record =
        sandbox.file("home/.local/share/goenv/sdks/go1.26.0.linux-amd64.json", "{\"root\": 1}");
    let why = "goenv: go1.26.0: its record is damaged: ";
    let cure = "; remove it, and install or add it again: goenv sdk remove 1.26.0\n";
    let done = sandbox.goenv(&home, &["sdk", "verify"]);
    assert_eq!(done.code(), 1);
    let (said, verified) = (done.stderr(), done.stdout());
    assert!(said.starts_with(why) && said.ends_with(cure), "{said}");
    assert!(verified.starts_with(&format!("go{NEW} is unaltered: ")), "{verified}");
    let done = sandbox.goenv(&home, &["sdk", "verify", "1.26.0"]);
    assert_eq!((done.code(), done.stdout(), done.stderr()), (1, String::new(), said));
    // An altered one is the worse of the two.
    sandbox.file(format!("home/sdk/go{NEW}/bin/go"), "#!/bin/sh\necho altered\n");
    assert_eq!(sandbox.goenv(&home, &["sdk", "verify"]).code(), 4, "{root}");
    let remove = || sandbox.goenv(&home, &["sdk", "remove", "1.26.0"]);
    let _ = remove().failure(0, "goenv: forgot go1.26.0\n");
    assert!(!record.exists());
    assert_eq!(remove().code(), 1);
}

#[test]
fn what_cannot_be_read_was_not_verified() {
    let mut sandbox = Sandbox::new();
    let root = tree(&sandbox, "home/sdk/go1.99.1", "1.99.1");
    let deep = (0..12).fold(root.join("src"), |path, level| path.join(level.to_string()));
    sandbox.file(deep.join("a.go"), "package a\n");
    sandbox.goenv(&sandbox.home(), &["sdk", "add", root.to_str().unwrap()]).success();
    // A tree is deeper than few open files: it is read all the same, and nobody is told to replace it.
    let script = format!("ulimit -n 7 && exec {} sdk verify", env!("CARGO_BIN_EXE_goenv"));
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
    assert_eq!((done.code(), done.stderr()), (0, String::new()), "{}", done.stdout());
    // A store that cannot be listed is none in which nothing is sealed.
    sandbox.file("data/goenv/sdks", "a file");
    sandbox.set("XDG_DATA_HOME", sandbox.path("data"));
    sandbox
        .goenv(&sandbox.home(), &["sdk", "verify"])
        .failure(1, "goenv: $SANDBOX/data/goenv/sdks: not a directory\n");
}

#[cfg(target_os = "linux")]
#[test]
fn where_there_can_be_no_more_threads_one_does_all_the_work() {
    let sandbox = Sandbox::new();
    // As a user: root has no such limit.
    let script = format!(
        "set -e\nexport HOME=/home/2001\n\
         for patch in $(seq 80); do\n\
           at=$HOME/sdk/go1.99.$patch\n\
           mkdir -p $at/bin $at/src $at/pkg/tool && echo go1.99.$patch > $at/VERSION\n\
           echo > $at/bin/go && chmod +x $at/bin/go\n\
         done\n\
         chown -R 2001 $HOME && cp {} /home/goenv\n\
         as() {{ setpriv --reuid 2001 --regid 2001 --clear-groups \"$@\"; }}\n\
         alone() {{ as bash -c 'ulimit -u 1 && exec \"$@\"' bash \"$@\"; }}\n\
         as /home/goenv sdk add $HOME/sdk/go1.99.7\n\
         as /home/goenv sdk list > /home/many\n\
         alone /home/goenv sdk list | cmp - /home/many\n\
         wc -l < /home/many\n\
         alone /home/goenv sdk verify | cut -d: -f1",
        env!("CARGO_BIN_EXE_goenv")
    );
    let done = sandbox.run_as_root(&sandbox.path(""), &script);
    assert_eq!(done.stdout(), "80\ngo1.99.7 is unaltered\n", "{}", done.stderr());
    assert_eq!(done.code(), 0);
}
