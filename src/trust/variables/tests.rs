use super::super::rules::{Rules, Source};
use super::*;

fn rules(tier: &str) -> TierRules {
    let text = format!("tier = \"dev\"\n[tiers.dev]\n{tier}");
    let source = Source { path: "/c", text: text.as_bytes() };
    Rules::read(Some(source), None).unwrap().of(None).clone()
}

fn judged(
    name: &str,
    value: Option<&str>,
    approval: Approval,
    rules: &TierRules,
) -> Option<String> {
    let change = Change { name: name.as_bytes(), before: None, after: value.map(str::as_bytes) };
    let context = Context { approval, rules, sdk_root: None };
    judge(&[change], context).pop().map(|objection| objection.why)
}

fn classes(name: &str) -> Class {
    class(name.as_bytes()).0
}

#[test]
fn names_have_their_classes() {
    for name in [
        "BASH_ENV",
        "ENV",
        "SHELLOPTS",
        "BASHOPTS",
        "BASH_FUNC_x",
        "PROMPT_COMMAND",
        "PS0",
        "PS1",
        "PS2",
        "PS3",
        "PS4",
        "PROMPT",
        "RPROMPT",
        "SPROMPT",
        "PROMPT_EOL_MARK",
        "prompt",
        "MODULE_PATH",
        "module_path",
        "IFS",
        "CDPATH",
        "GLOBIGNORE",
        "ZDOTDIR",
        "FPATH",
        "fpath",
        "path",
        "fish_greeting",
        "UID",
        "EUID",
        "GID",
        "EGID",
        "PPID",
        "SHLVL",
        "PWD",
        "OLDPWD",
        "LD_PRELOAD",
        "LD_AUDIT",
        "DYLD_INSERT_LIBRARIES",
        "GOTOOLDIR",
        "GOENV_STATE",
        "GOENV_TIER",
        "DIRENV_DIFF",
    ] {
        assert_eq!(classes(name), Class::Never, "{name}");
    }
    for name in [
        "LD_LIBRARY_PATH",
        "GIT_DIR",
        "GIT_SSH_COMMAND",
        "KUBECONFIG",
        "PYTHONPATH",
        "EDITOR",
        "HOME",
        "XDG_CONFIG_HOME",
        "GOPROXY",
        "GOSUMDB",
        "GOFLAGS",
        "CC",
        "GOCACHEPROG",
        "GOENV",
        "GOROOT",
        "GOTOOLCHAIN",
        "CGO_CFLAGS",
        "CGO_LDFLAGS_ALLOW",
        "COMPILER_PATH",
        "GCC_EXEC_PREFIX",
        "CPATH",
        "FZF_CTRL_T_COMMAND",
        "TAR_OPTIONS",
        "RIPGREP_CONFIG_PATH",
        "GNUMAKEFLAGS",
        "LESSKEYIN",
        "KUBE_EDITOR",
        "GH_PAGER",
        "SSH_AUTH_SOCK",
        "SSH_ASKPASS",
        "https_proxy",
        "NODE_OPTIONS",
        "NU_LIB_DIRS",
    ] {
        assert_eq!(classes(name), Class::Sensitive, "{name}");
    }
    for name in [
        "APP_MODE",
        "DATABASE_URL",
        "GOOS",
        "GOARCH",
        "CGO_ENABLED",
        "GOAMD64",
        "GOMAXPROCS",
        "GO111MODULE",
        "LANG",
        "TZ",
        "PATH",
        "GIT_AUTHOR_NAME",
        "AWS_PROFILE",
        "VAULT_ADDR",
        "NODE_ENV",
        "PS5",
        "Path",
        "EDITORS",
    ] {
        assert_eq!(classes(name), Class::Plain, "{name}");
    }
}

#[test]
fn every_listed_name_has_a_reason_and_stands_in_one_list() {
    for (name, why) in names::NEVER.iter().chain(names::SENSITIVE) {
        assert!(
            !why.is_empty()
                && !why.ends_with('.')
                && why.starts_with(|c: char| c.is_lowercase() || c == 'O'),
            "{name}: {why}"
        );
    }
    let mut all: Vec<&str> =
        names::NEVER.iter().chain(names::SENSITIVE).map(|(name, _)| *name).collect();
    all.sort_unstable();
    let before = all.len();
    all.dedup();
    assert_eq!(all.len(), before);
}

#[test]
fn never_names_are_refused_however_they_are_approved() {
    let granted = rules("grant = [\"*\"]");
    let expected = Some("no policy may set it: it loads code into every program".to_owned());
    for approval in [Approval::Allowed, Approval::Signed, Approval::Dotenv] {
        assert_eq!(judged("LD_PRELOAD", Some("x"), approval, &granted), expected);
        assert_eq!(judged("LD_PRELOAD", None, approval, &granted), expected);
        let name = Some("a name is letters, digits and underscores".to_owned());
        for odd in ["", "1A", "A-B", "A B", "A=B", "É"] {
            assert_eq!(judged(odd, Some("x"), approval, &granted), name);
        }
    }
}

#[test]
fn sensitive_names_need_a_person_or_a_grant() {
    let none = TierRules::default();
    let granted = rules("grant = [\"GOPROXY\"]");
    let proxy = |approval, rules| judged("GOPROXY", Some("https://p.example"), approval, rules);
    assert_eq!(proxy(Approval::Allowed, &none), None);
    assert_eq!(
        proxy(Approval::Signed, &none).unwrap(),
        "a signed policy needs a grant for it: it decides where Go modules come from and whether they are checked"
    );
    assert_eq!(proxy(Approval::Signed, &granted), None);
    assert_eq!(
        judged("GOSUMDB", Some("x"), Approval::Signed, &granted).unwrap(),
        "a signed policy needs a grant for it (/c:3): it decides where Go modules come from and whether they are checked"
    );
    assert_eq!(
        proxy(Approval::Dotenv, &granted).unwrap(),
        "a .env file may not set it: it decides where Go modules come from and whether they are checked"
    );
    assert_eq!(
        judged("EDITOR", None, Approval::Signed, &none).unwrap(),
        "a signed policy needs a grant for it: it names a program that others run"
    );
}

#[test]
fn plain_names_are_free_unless_the_rules_list_what_is_not() {
    let none = TierRules::default();
    let listed = rules("env = \"listed\"\ngrant = [\"APP_*\"]");
    for approval in [Approval::Allowed, Approval::Signed, Approval::Dotenv] {
        assert_eq!(judged("DATABASE_URL", Some("x"), approval, &none), None);
        assert_eq!(judged("APP_MODE", Some("x"), approval, &listed), None);
        assert_eq!(
            judged("DATABASE_URL", Some("x"), approval, &listed).unwrap(),
            "only granted names may be set (/c:3)"
        );
    }
    assert_eq!(
        judged("EDITOR", Some("x"), Approval::Allowed, &listed).unwrap(),
        "only granted names may be set (/c:3)"
    );
    assert_eq!(judged("PATH", Some("/x"), Approval::Signed, &listed), None);
}

#[test]
fn path_gains_absolute_entries_alone() {
    let judged = |before: Option<&str>, after: Option<&str>| {
        let change = Change {
            name: b"PATH",
            before: before.map(str::as_bytes),
            after: after.map(str::as_bytes),
        };
        let rules = TierRules::default();
        let context = Context { approval: Approval::Allowed, rules: &rules, sdk_root: None };
        judge(&[change], context).pop().map(|objection| objection.why)
    };
    assert_eq!(judged(Some("/usr/bin:.::rel"), Some("/home/a/bin:/usr/bin:.::rel")), None);
    assert_eq!(
        judged(Some("/usr/bin"), Some("bin:/usr/bin")).unwrap(),
        "the entry \"bin\" is not absolute, as PATH_add makes it"
    );
    assert_eq!(
        judged(Some("/usr/bin"), Some("/usr/bin:")).unwrap(),
        "an empty entry stands for the current directory"
    );
    assert_eq!(
        judged(Some("/usr/bin"), Some("~/bin:/usr/bin")).unwrap(),
        "the entry \"~/bin\" is not absolute, as PATH_add makes it"
    );
    assert_eq!(judged(None, Some("/a/../b")), None);
    for (approval, tier) in [(Approval::Signed, ""), (Approval::Allowed, "strict = true\n")] {
        assert_eq!(
            super::tests::judged("PATH", Some("/a/../b"), approval, &rules(tier)).unwrap(),
            "the entry \"/a/../b\" has a .. component"
        );
    }
    assert_eq!(
        judged(None, Some("/a\nb")).unwrap(),
        "the entry \"/a\\nb\" has a control character"
    );
    assert_eq!(judged(Some("/usr/bin"), None).unwrap(), "without PATH no program is found");
    let signed =
        |entry| super::tests::judged("PATH", Some(entry), Approval::Signed, &TierRules::default());
    assert_eq!(
        signed("/a\u{202e}b").unwrap(),
        "in the entry \"/a\\xe2\\x80\\xaeb\": the value has the invisible character U+202E"
    );
    assert_eq!(signed("/opt/grün"), None);
    assert_eq!(judged(None, Some("/a\u{202e}b")), None);
    let change = Change { name: b"PATH", before: Some(b"/a:/b"), after: Some(b"/c:/a:/d") };
    assert_eq!(added_entries(&change), [&b"/c"[..], b"/d"]);
    let none = TierRules::default();
    assert_eq!(
        super::tests::judged("PATH", Some("/x"), Approval::Dotenv, &none).unwrap(),
        "a .env file may not set it: it chooses which programs run"
    );
}

#[test]
fn the_sdk_decides_goroot_and_gotoolchain() {
    let rules = rules("env = \"listed\"");
    let judged = |name: &str, value: Option<&str>| {
        let change =
            Change { name: name.as_bytes(), before: None, after: value.map(str::as_bytes) };
        let context =
            Context { approval: Approval::Signed, rules: &rules, sdk_root: Some(b"/sdk/go1.26.6") };
        judge(&[change], context).pop().map(|objection| objection.why)
    };
    assert_eq!(judged("GOROOT", Some("/sdk/go1.26.6")), None);
    assert_eq!(judged("GOTOOLCHAIN", Some("local")), None);
    let another = "`use go` sets it: another root would run another Go";
    assert_eq!(judged("GOROOT", Some("/evil")).unwrap(), another);
    assert_eq!(judged("GOROOT", None).unwrap(), another);
    assert_eq!(
        judged("GOTOOLCHAIN", Some("auto")).unwrap(),
        "`use go` sets it to local: anything else lets go run another Go"
    );
}

#[test]
fn values_of_signed_policies_hide_nothing() {
    let none = TierRules::default();
    let signed = |value: &[u8], approval| {
        let change = Change { name: b"APP", before: None, after: Some(value) };
        let context = Context { approval, rules: &none, sdk_root: None };
        judge(&[change], context).pop().map(|objection| objection.why)
    };
    for (value, expected) in [
        (&b"a\x1b[31m"[..], "the value has the invisible character U+001B"),
        ("a\u{202e}b".as_bytes(), "the value has the invisible character U+202E"),
        ("a\u{200b}b".as_bytes(), "the value has the invisible character U+200B"),
        ("a\u{85}b".as_bytes(), "the value has the invisible character U+0085"),
        ("a\u{ad}b".as_bytes(), "the value has the invisible character U+00AD"),
        ("a\u{e0041}b".as_bytes(), "the value has the invisible character U+E0041"),
        (b"\xff", "the value is not UTF-8"),
        (&[b'x'; 32_769], "the value has 32769 bytes, a signed policy may set 32768"),
    ] {
        assert_eq!(signed(value, Approval::Signed).unwrap(), expected);
        assert_eq!(signed(value, Approval::Allowed), None);
    }
    let most = [b'x'; 32_768];
    for value in ["zwei\n\tZeilen, grün".as_bytes(), b"()", b"a{b}", &most] {
        assert_eq!(signed(value, Approval::Signed), None);
    }
    for approval in [Approval::Signed, Approval::Allowed, Approval::Dotenv] {
        assert_eq!(signed(b"a\0b", approval).unwrap(), "the value has a NUL byte");
        assert!(signed(b"() { :; }; run", approval).unwrap().contains("begins as a function"));
    }
}

#[test]
fn granted_values_are_checked_by_name() {
    let all = rules("grant = [\"*\"]");
    let check = |name: &str, value: &str| judged(name, Some(value), Approval::Signed, &all);
    for (name, good) in [
        ("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false -p=4 -tags=a,b_c --mod=vendor"),
        ("GOFLAGS", "-ldflags=-s"),
        ("GOFLAGS", "-buildvcs=auto -buildmode=c-archive -timeout=1.5h -covermode=atomic"),
        ("GOFLAGS", ""),
        ("GOPROXY", "https://proxy.bank.example/go,direct"),
        ("GOPROXY", "off"),
        ("GOPROXY", "https://a.example|https://b.example:8443"),
        ("GOSUMDB", "sum.golang.org"),
        ("GOSUMDB", "sum.bank.example+1a2b+AAAA https://sum.bank.example"),
        ("GOPRIVATE", "*.bank.example,git.bank.example/pay"),
        ("GOVCS", "*:git,evil.example:off,public:git|hg"),
        ("GOAUTH", "netrc"),
        ("GOENV", "off"),
        ("GOTOOLCHAIN", "local"),
        ("GODEBUG", "gctrace=1,madvdontneed=1"),
        ("CC", "/usr/bin/gcc"),
        ("GOCACHE", "/home/ann/.cache/go-build"),
        ("GOWORK", "off"),
        ("CGO_CFLAGS", "-O2 -g -I/opt/include"),
        ("CGO_LDFLAGS", "-L/opt/lib -lx -Wl,-O1,--as-needed,-rpath,/opt/lib -pthread"),
        ("CGO_CFLAGS_DISALLOW", "-g"),
        ("PKG_CONFIG_PATH", "/opt/lib/pkgconfig:/usr/lib/pkgconfig"),
        ("EDITOR", "vim -B"),
    ] {
        assert_eq!(check(name, good), None, "{name}={good}");
    }
    let proxies = "expected https:// hosts, direct or off";
    let path = "expected one absolute path, without options";
    for (name, bad, expected) in [
        ("GOFLAGS", "-toolexec=/tmp/x", "the flag \"-toolexec=/tmp/x\" is not among those that are safe".to_owned()),
        ("GOFLAGS", "-trimpath -exec=x", "the flag \"-exec=x\" is not among those that are safe".into()),
        ("GOFLAGS", "--toolexec=x", "the flag \"--toolexec=x\" is not among those that are safe".into()),
        ("GOFLAGS", "-overlay=x.json", "the flag \"-overlay=x.json\" is not among those that are safe".into()),
        ("GOFLAGS", "-mod=mod", "the flag \"-mod=mod\" is not among those that are safe".into()),
        ("GOFLAGS", "-insecure", "the flag \"-insecure\" is not among those that are safe".into()),
        ("GOFLAGS", "-C=/x", "the flag \"-C=/x\" is not among those that are safe".into()),
        ("GOFLAGS", "-ldflags=-extld=x", "the flag \"-ldflags=-extld=x\" is not among those that are safe".into()),
        ("GOFLAGS", "'-ldflags=-s -extld=x'", "quoted flags are not checked: write flags without spaces in them".into()),
        ("GOFLAGS", "-buildvcs=always", "the flag \"-buildvcs=always\" is not among those that are safe".into()),
        ("GOFLAGS", "-buildmode=../x", "the flag \"-buildmode=../x\" is not among those that are safe".into()),
        ("GOFLAGS", "-timeout=1/x", "the flag \"-timeout=1/x\" is not among those that are safe".into()),
        ("GOFLAGS", "-covermode=x", "the flag \"-covermode=x\" is not among those that are safe".into()),
        ("GOFLAGS", "-v @file", "found \"@file\", expected flags".into()),
        ("GOPROXY", "file:///srv", format!("found \"file:///srv\", {proxies}")),
        ("GOPROXY", "https://a,http://b", format!("found \"http://b\", {proxies}")),
        ("GOPROXY", "https://", format!("found \"https://\", {proxies}")),
        ("GOPROXY", "https://u:p@h", "a proxy's password belongs into netrc, not into a signed file".into()),
        ("GOPROXY", "http://u:p@h/x", "a proxy's password belongs into netrc, not into a signed file".into()),
        ("GOSUMDB", "sum.golang.org http://u:p@h", "a password belongs into netrc, not into a signed file".into()),
        ("GOSUMDB", "off", "found \"off\", expected a database's name with its key, as sum.golang.org".into()),
        ("GOSUMDB", "sum.golang.org http://x", "found \"sum.golang.org http://x\", expected a database's name with its key, as sum.golang.org".into()),
        ("GOSUMDB", "sum", "found \"sum\", expected a database's name with its key, as sum.golang.org".into()),
        ("GOSUMDB", "sum.golang.org https://a https://b", "found \"sum.golang.org https://a https://b\", expected a database's name with its key, as sum.golang.org".into()),
        ("GOINSECURE", "x", "it switches off checks, whatever its value".into()),
        ("GOPRIVATE", "*", "found \"*\", expected module paths that begin with a domain, as *.bank.example".into()),
        ("GONOSUMDB", "a.example,*.com*", "found \"*.com*\", expected module paths that begin with a domain, as *.bank.example".into()),
        ("GOPRIVATE", "com/x", "found \"com/x\", expected module paths that begin with a domain, as *.bank.example".into()),
        ("GOVCS", "*:all", "found \"*:all\", expected PATTERN:git, PATTERN:off and the like".into()),
        ("GOAUTH", "/bin/x", "found \"/bin/x\", expected off or netrc".into()),
        ("GOENV", "/tmp/env", "found \"/tmp/env\", expected off".into()),
        ("GOTOOLCHAIN", "auto", "found \"auto\", expected local".into()),
        ("GODEBUG", "gctrace=1,execerrdot=0", "execerrdot switches off a check".into()),
        ("GODEBUG", "x509sha1=1", "x509sha1 switches off a check".into()),
        ("GODEBUG", "gctrace", "found \"gctrace\", expected KEY=VALUE".into()),
        ("GODEBUG", "=1", "found \"=1\", expected KEY=VALUE".into()),
        ("GODEBUG", "gctrace=$(id)", "found \"gctrace=$(id)\", expected KEY=VALUE".into()),
        ("GOWORK", "../go.work", format!("found \"../go.work\", {path}")),
        ("PKG_CONFIG_PATH", "/opt:lib", format!("found \"lib\", {path}")),
        ("CC", "gcc", format!("found \"gcc\", {path}")),
        ("CC", "/usr/bin/gcc -fplugin=x", format!("found \"/usr/bin/gcc -fplugin=x\", {path}")),
        ("KUBECONFIG", "/a:/b", format!("found \"/a:/b\", {path}")),
        ("GOMODCACHE", "/a/../b", format!("found \"/a/../b\", {path}")),
        ("CGO_CFLAGS", "-O2 -fplugin=/tmp/x.so", "the flag \"-fplugin=/tmp/x.so\" loads code".into()),
        ("CGO_LDFLAGS", "'-Wl,-plugin,x'", "the flag \"'-Wl,-plugin,x'\" loads code".into()),
        ("CGO_LDFLAGS", "-Wl,-O1,--plugin=/x", "the flag \"-Wl,-O1,--plugin=/x\" loads code".into()),
        ("CGO_LDFLAGS", "-Wl,-O1,-I/x", "the flag \"-Wl,-O1,-I/x\" loads code".into()),
        ("CGO_CFLAGS", "-Wp,-v,-fplugin=/x", "the flag \"-Wp,-v,-fplugin=/x\" loads code".into()),
        ("CGO_CFLAGS", "-O2 --prefix=/x/", "the flag \"--prefix=/x/\" loads code".into()),
        ("CGO_CFLAGS", "--plugin=/x", "the flag \"--plugin=/x\" loads code".into()),
        ("CGO_CFLAGS", "-fpass-plugin=/x", "the flag \"-fpass-plugin=/x\" loads code".into()),
        ("CGO_LDFLAGS", "--for-linker=--plugin=/x", "the flag \"--for-linker=--plugin=/x\" loads code".into()),
        ("CGO_LDFLAGS", "--ld-path=/x", "the flag \"--ld-path=/x\" loads code".into()),
        ("CGO_CFLAGS_ALLOW", "-g", "its value cannot be checked".into()),
        ("GOCACHEPROG", "x", "its value cannot be checked".into()),
    ] {
        assert_eq!(check(name, bad), Some(expected), "{name}={bad}");
    }
}

#[test]
fn allow_points_at_the_sensitive_names() {
    let change =
        |name: &'static str| Change { name: name.as_bytes(), before: None, after: Some(b"x") };
    assert_eq!(
        sensitive(&[change("APP"), change("EDITOR"), change("PATH")]),
        [("EDITOR".to_owned(), "it names a program that others run")]
    );
}

#[test]
fn what_a_shell_computes_is_a_number() {
    let document = include_str!("../../../docs/security.md");
    for name in names::NUMBERS {
        for approval in [Approval::Allowed, Approval::Signed, Approval::Dotenv] {
            let bad = judged(name, Some("a[$(id)]"), approval, &rules("grant = [\"HIST*\"]"));
            let why = "expected a number: shells compute its value, and run commands in it";
            assert_eq!(bad.as_deref(), Some(why), "{name}");
        }
        for good in [None, Some("120")] {
            assert_eq!(judged(name, good, Approval::Allowed, &rules("")), None, "{name}");
        }
        assert!(document.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_document_lists_every_name_with_its_reason() {
    let document = include_str!("../../../docs/security.md");
    for (name, why) in names::NEVER.iter().chain(names::SENSITIVE) {
        let row =
            document.lines().find(|line| line.contains(&format!("`{name}`")) && line.contains(why));
        assert!(row.is_some(), "{name}: {why}");
    }
}

/// Looking a name up skips to its first letter.
#[test]
fn the_names_are_in_the_order_of_their_first_letters() {
    for list in [names::NEVER, names::SENSITIVE] {
        assert!(list.is_sorted_by_key(|(pattern, _)| pattern.as_bytes().first()));
    }
}
