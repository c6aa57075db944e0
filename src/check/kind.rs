//! Which files the gate reads, by their names alone.

use std::path::Path;

/// What a file is to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `.envrc`
    Policy,
    /// `.envrc.sig`
    Signature,
    /// `.env` and the like.
    Dotenv,
    /// `go.mod`
    Mod,
    /// `go.work`
    Work,
    /// `.go-version`
    GoVersion,
    /// `.tool-versions`
    ToolVersions,
    /// A Dockerfile.
    Docker,
    /// A workflow or an action of GitHub.
    GitHub,
    /// GitLab's, CircleCI's or docker compose's file.
    Pipeline,
    /// golangci-lint's configuration.
    Linter,
}

/// Returns what the file at `path`, relative to the repository, is to the gate; `None` if nothing.
pub fn of(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    Some(match name {
        ".envrc" => Kind::Policy,
        ".envrc.sig" => Kind::Signature,
        "go.mod" => Kind::Mod,
        "go.work" => Kind::Work,
        ".go-version" => Kind::GoVersion,
        ".tool-versions" => Kind::ToolVersions,
        ".gitlab-ci.yml" | ".gitlab-ci.yaml" => Kind::Pipeline,
        ".golangci.yml" | ".golangci.yaml" => Kind::Linter,
        "action.yml" | "action.yaml" => Kind::GitHub,
        _ if is_dockerfile(name) => Kind::Docker,
        _ if name == ".env" || name.starts_with(".env.") => return dotenv(name),
        _ if name.ends_with(".yml") || name.ends_with(".yaml") => return yaml(path, name),
        _ => return None,
    })
}

fn is_dockerfile(name: &str) -> bool {
    ["Dockerfile", "Containerfile"].iter().any(|base| {
        name == *base || name.strip_prefix(base).is_some_and(|rest| rest.starts_with('.'))
    }) || name.ends_with(".dockerfile")
        || name.ends_with(".Dockerfile")
}

/// Examples hold placeholders, and are read by nobody.
fn dotenv(name: &str) -> Option<Kind> {
    let example = ["example", "sample", "template", "dist"];
    (!example.iter().any(|word| name.ends_with(word))).then_some(Kind::Dotenv)
}

fn yaml(path: &Path, name: &str) -> Option<Kind> {
    let within = |directory: &str| path.starts_with(directory);
    let compose = ["compose.", "docker-compose."].iter().any(|base| name.starts_with(base));
    match () {
        () if within(".github/workflows") => Some(Kind::GitHub),
        () if within(".gitlab") || within(".circleci") || compose => Some(Kind::Pipeline),
        () => None,
    }
}

/// Returns whether the walk goes into a directory of this name: what cmd/go leaves out of `./...` and other
/// people's code are left out, except where CI keeps its files.
pub fn is_walked(name: &str) -> bool {
    match name {
        "vendor" | "node_modules" | "testdata" => false,
        ".github" | ".gitlab" | ".circleci" | ".devcontainer" => true,
        _ => !name.starts_with(['.', '_']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        for (path, kind) in [
            (".envrc", Some(Kind::Policy)),
            ("a/b/.envrc.sig", Some(Kind::Signature)),
            ("a/go.mod", Some(Kind::Mod)),
            ("a/go.mod.orig", None),
            ("Dockerfile", Some(Kind::Docker)),
            ("build/Dockerfile.prod", Some(Kind::Docker)),
            ("build/prod.Dockerfile", Some(Kind::Docker)),
            ("Dockerfiles", None),
            (".github/workflows/ci.yml", Some(Kind::GitHub)),
            (".github/dependabot.yml", None),
            (".github/actions/go/action.yaml", Some(Kind::GitHub)),
            ("x/.github/workflows/ci.yml", None),
            (".gitlab-ci.yml", Some(Kind::Pipeline)),
            (".gitlab/ci/go.yml", Some(Kind::Pipeline)),
            (".circleci/config.yml", Some(Kind::Pipeline)),
            ("deploy/docker-compose.dev.yaml", Some(Kind::Pipeline)),
            (".golangci.yml", Some(Kind::Linter)),
            (".env", Some(Kind::Dotenv)),
            (".env.local", Some(Kind::Dotenv)),
            (".env.example", None),
            (".environment", None),
            ("main.go", None),
        ] {
            assert_eq!(of(Path::new(path)), kind, "{path}");
        }
    }

    #[test]
    fn the_walk_leaves_out_what_go_leaves_out() {
        for name in ["vendor", "node_modules", "testdata", ".git", ".direnv", "_old"] {
            assert!(!is_walked(name), "{name}");
        }
        for name in [".github", "services", "cmd"] {
            assert!(is_walked(name), "{name}");
        }
    }
}
