//! `follow` in the user's config: no policy, and yet the right one of the real SDKs by `cd`.

use std::fs;

use crate::common::pty::{Pty, Shell};
use crate::common::{Sandbox, settle};

#[test]
fn a_version_file_switches_go_and_leaving_undoes_it() {
    for shell in Shell::GUARDED {
        let sandbox = Sandbox::with_sdks(&["1.24.11", "1.26.6"]);
        sandbox.file(
            "home/.config/goenv/config.toml",
            "follow = [\"go.work\", \"go.mod\", \".go-version\", \".tool-versions\"]\n",
        );
        sandbox.file("home/mod/go.mod", "module m\n\ngo 1.24.11\n");
        sandbox.dir("home/mod/below");
        sandbox.file("home/version/.go-version", "1.26.6\n");
        sandbox.dir("home/empty");
        let mut pty = Pty::start(shell, &sandbox);
        let _ = pty.run(&shell.hook(&sandbox));
        let path = pty.get("PATH");

        let shown = pty.run("cd ~/mod/below");
        assert!(shown.contains("~/mod/go.mod: go1.24.11 +GOROOT"), "{shell:?}: {shown}");
        assert!(pty.run("go version").contains("go version go1.24.11 "), "{shell:?}");
        assert_eq!(pty.get("GOTOOLCHAIN").as_deref(), Some("local"));
        let followed = sandbox.home().join("mod/go.mod");
        assert_eq!(pty.get("GOENV_POLICY").as_deref(), followed.to_str());

        // From one file to another.
        let _ = pty.run("cd ~/version");
        assert!(pty.run("go version").contains("go version go1.26.6 "), "{shell:?}");

        // Leaving leaves nothing.
        let shown = pty.run("cd ~/empty");
        assert!(shown.contains("left ~/version/.go-version"), "{shell:?}: {shown}");
        assert_eq!(pty.get("GOROOT"), None, "{shell:?}");
        assert_eq!(pty.get("PATH"), path, "{shell:?}");

        // An edit, a nearer file, a policy above and its end are each seen at the next prompt.
        let _ = pty.run("cd ~/mod/below");
        settle();
        let _ = pty.run("true");
        fs::write(&followed, "module m\n\ngo 1.26.6\n").unwrap();
        let _ = pty.run("true");
        assert!(pty.run("go version").contains("go1.26.6 "), "{shell:?}: an edit");
        settle();
        let _ = pty.run("true");
        sandbox.file("home/mod/below/.tool-versions", "golang 1.24.11\n");
        let _ = pty.run("true");
        assert!(pty.run("go version").contains("go1.24.11 "), "{shell:?}: a nearer file");
        settle();
        let _ = pty.run("true");
        sandbox.project("", "export A=1\n");
        let _ = pty.run("true");
        assert_eq!(pty.get("A").as_deref(), Some("1"), "{shell:?}: a policy far above");
        assert_eq!(pty.get("GOROOT"), None, "{shell:?}");
        settle();
        let _ = pty.run("true");
        fs::remove_file(sandbox.home().join(".envrc")).unwrap();
        let _ = pty.run("true");
        assert_eq!(pty.get("A"), None, "{shell:?}");
        assert!(pty.run("go version").contains("go1.24.11 "), "{shell:?}: followed again");

        // No longer followed.
        settle();
        let _ = pty.run("true");
        fs::write(sandbox.home().join(".config/goenv/config.toml"), "follow = []\n").unwrap();
        let _ = pty.run("true");
        assert_eq!(pty.get("GOROOT"), None, "{shell:?}: the config");
    }
}

#[test]
fn a_config_and_a_file_that_appear_are_seen_without_a_change_of_directory() {
    for shell in Shell::GUARDED {
        let sandbox = Sandbox::with_sdks(&["1.26.6"]);
        sandbox.dir("home/p");
        let mut pty = Pty::start(shell, &sandbox);
        let _ = pty.run(&shell.hook(&sandbox));
        let _ = pty.run("cd ~/p");
        settle();
        let _ = pty.run("true");
        sandbox.file("home/.config/goenv/config.toml", "follow = [\"go.mod\"]\n");
        let _ = pty.run("true");
        settle();
        let _ = pty.run("true");
        assert_eq!(pty.get("GOROOT"), None, "{shell:?}");
        sandbox.file("home/go.mod", "module m\n\ngo 1.26.6\n");
        let _ = pty.run("true");
        let root = crate::common::sdk("1.26.6");
        assert_eq!(pty.get("GOROOT").as_deref(), root.to_str(), "{shell:?}");
    }
}
