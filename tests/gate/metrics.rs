//! `goenv metrics`, against the real promtool.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{Sandbox, tool};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/metrics");

/// Returns the samples, without what is said of each metric.
fn samples(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn each_directory_is_told_as_it_stands() {
    let sandbox = Sandbox::with_sdks(&["1.26.6"]);
    let settle = sandbox.project("settle", "use go 1.26.6\n");
    sandbox.file(settle.join("go.mod"), "module settle\n\ngo 1.27\n");
    sandbox.file(settle.join(".go-version"), "1.26.6\n");
    let stranger = sandbox.dir("home/stranger");
    sandbox.file(stranger.join(".envrc"), "use go 1.26.6\n");
    let old = sandbox.project("old", "use go 1.26.6\n");
    sandbox.file(old.join(".envrc"), "use go 1.25.3\n");
    sandbox.dir("home/none");
    let done = sandbox.goenv(
        &sandbox.home(),
        &["metrics", "settle", "stranger", "old", "none", "gone", "settle"],
    );
    assert_eq!(
        (done.code(), done.stderr()),
        (0, "goenv: $SANDBOX/home/gone is not a directory\n".into())
    );
    let root = crate::common::sdk("1.26.6");
    let text = done.stdout().replace(&*root.canonicalize().unwrap().to_string_lossy(), "$SDK");
    let home = "$SANDBOX/home";
    assert_eq!(
        samples(&text),
        [
            concat!("goenv_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            &format!("goenv_policy_applies{{dir=\"{home}/gone\"}} 0"),
            &format!("goenv_policy_applies{{dir=\"{home}/none\"}} 0"),
            &format!("goenv_policy_applies{{dir=\"{home}/old\"}} 0"),
            &format!("goenv_policy_applies{{dir=\"{home}/settle\"}} 1"),
            &format!("goenv_policy_applies{{dir=\"{home}/stranger\"}} 0"),
            &format!(
                "goenv_policy_info{{dir=\"{home}/gone\",policy=\"\",tier=\"\",trust=\"none\"}} 1"
            ),
            &format!(
                "goenv_policy_info{{dir=\"{home}/none\",policy=\"\",tier=\"\",trust=\"none\"}} 1"
            ),
            &format!(
                "goenv_policy_info{{dir=\"{home}/old\",policy=\"{home}/old/.envrc\",tier=\"\",trust=\"blocked\"}} 1"
            ),
            &format!(
                "goenv_policy_info{{dir=\"{home}/settle\",policy=\"{home}/settle/.envrc\",tier=\"\",trust=\"allowed\"}} 1"
            ),
            &format!(
                "goenv_policy_info{{dir=\"{home}/stranger\",policy=\"{home}/stranger/.envrc\",tier=\"\",trust=\"blocked\"}} 1"
            ),
            &format!(
                "goenv_toolchain_info{{dir=\"{home}/settle\",tier=\"\",version=\"1.26.6\",goroot=\"$SDK\",state=\"unsealed\"}} 1"
            ),
            &format!("goenv_drift{{dir=\"{home}/settle\",kind=\".go-version\"}} 0"),
            &format!("goenv_drift{{dir=\"{home}/settle\",kind=\"go.mod go\"}} 1"),
        ]
    );
}

#[test]
fn without_names_it_is_the_allowed_policies_that_are_still_there() {
    let sandbox = Sandbox::new();
    sandbox.project("a", "export A=1\n");
    sandbox.project("b", "export B=1\n");
    let gone = sandbox.project("gone", "export C=1\n");
    fs::remove_dir_all(gone).unwrap();
    let text = sandbox.goenv(&sandbox.home(), &["metrics"]).success().stdout();
    let applies: Vec<_> = samples(&text)
        .into_iter()
        .filter(|line| line.starts_with("goenv_policy_applies"))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        applies,
        [
            "goenv_policy_applies{dir=\"$SANDBOX/home/a\"} 1",
            "goenv_policy_applies{dir=\"$SANDBOX/home/b\"} 1",
        ]
    );
}

#[test]
fn a_file_is_written_whole_and_promtool_reads_it() {
    let sandbox = Sandbox::new();
    sandbox.project("odd \"name\" \\ é", "export A=1\n");
    let (home, file) = (sandbox.home(), sandbox.path("home/goenv.prom"));
    fs::write(&file, "half of a line").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let done = sandbox.goenv(&home, &["metrics", "--textfile", "goenv.prom"]);
    assert_eq!((done.success().stdout(), done.stderr()), (String::new(), String::new()));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("} 1\n") || text.ends_with("gauge\n"), "{text}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    let promtool = tool("promtool");
    let script = format!("{} check metrics < goenv.prom", promtool.display());
    let checked = sandbox.run(&home, "sh", &["-c", &script]);
    assert_eq!(
        (checked.code(), checked.stdout(), checked.stderr()),
        (0, String::new(), String::new())
    );

    sandbox.goenv(&home, &["metrics", "--textfile", "goenv.txt"]).failure(
        2,
        "goenv: $SANDBOX/home/goenv.txt is not collected: its name does not end in .prom\n",
    );
    let missing = sandbox.goenv(&home, &["metrics", "--textfile", "nowhere/goenv.prom"]);
    assert_eq!(missing.code(), 1);
    assert!(missing.stderr().contains("$SANDBOX/home/nowhere/goenv.prom"), "{}", missing.stderr());
}

#[test]
fn the_alerts_fire_when_they_should_and_not_otherwise() {
    let sandbox = Sandbox::new();
    let promtool = tool("promtool");
    let promtool = promtool.to_str().unwrap();
    let examples = Path::new(EXAMPLES);
    sandbox.run(examples, promtool, &["check", "rules", "goenv.rules.yml"]).success();
    sandbox.run(examples, promtool, &["test", "rules", "goenv.rules.test.yml"]).success();
}

#[test]
fn the_alerts_ask_for_metrics_that_there_are() {
    let sandbox = Sandbox::new();
    let text = sandbox.goenv(&sandbox.home(), &["metrics"]).success().stdout();
    let rules = fs::read_to_string(format!("{EXAMPLES}/goenv.rules.yml")).unwrap();
    let asked: Vec<&str> = rules
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("goenv_"))
        .collect();
    assert!(asked.len() >= 5, "{asked:?}");
    for name in asked {
        assert!(text.contains(&format!("# TYPE {name} gauge\n")), "there is no {name}");
    }
}
