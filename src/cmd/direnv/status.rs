//! `direnv status [--json]`: what is loaded and what is found, in the lines and the object that plugins read.
//!
//! The lines are direnv 2.37's but for those about its bash and its whitelist. The rendering is pure; the decision is
//! the prompt's, looked at without a change.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::variables::{Seen, look};
use crate::env::state::Outcome;
use crate::error::{Error, Exit};
use crate::load::{Loaded, Loader, Purpose};
use crate::locate::{Kind, Located, POLICY_NAME};
use crate::trust::State as Verdict;
use crate::trust::date::rfc3339;
use crate::ui::{Ui, safe, safe_path};
use crate::world::World;
use crate::{follow, inherit};

/// What direnv tells of this place.
struct Status<'a> {
    program: &'a Path,
    config: &'a Path,
    loaded: Option<Rc>,
    found: Option<Rc>,
}

/// A file that decides.
struct Rc {
    path: String,
    allowed: Allowed,
    watches: Vec<Seen>,
}

/// direnv's three states, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    Yes = 0,
    No = 1,
    Denied = 2,
}

/// Prints the status of the current directory.
///
/// # Errors
/// If stdout cannot be written.
pub(super) fn run(json: bool, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let carrying = inherit::carried(world);
    let outside = inherit::outside(world.env(), &carrying);
    let loader = Loader::new(world, &outside, Purpose::Look);
    let found = world.cwd.as_deref().and_then(|cwd| follow::nearest(cwd, world));
    // What is in force here; what was refused is not.
    let loaded = carrying.state().filter(|state| state.outcome == Outcome::Applied).map(|state| {
        let here = found.as_ref().filter(|found| found.path == state.policy);
        Rc::of(&here.cloned().unwrap_or_else(|| located(&state.policy)), &loader)
    });
    let status = Status {
        program: &world.program(),
        config: world.dirs.config.as_deref().unwrap_or(Path::new("")),
        loaded,
        found: found.map(|located| Rc::of(&located, &loader)),
    };
    if json {
        ui.data(&crate::ui::json(&object(&status)))?;
    } else {
        ui.data(lines(&status).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// Returns what decides elsewhere, by its path: a policy, or a version file that stands in for one.
fn located(path: &Path) -> Located {
    let kind = match path.file_name().is_some_and(|name| name == POLICY_NAME) {
        true => Kind::Policy,
        false => Kind::Followed { directory: path.parent().unwrap_or(path).to_path_buf() },
    };
    Located { path: path.to_path_buf(), kind }
}

impl Rc {
    fn of(located: &Located, loader: &Loader<'_>) -> Self {
        let loaded = loader.load(located);
        let path = located.path.to_string_lossy().into_owned();
        Self {
            path,
            allowed: Allowed::of(&loaded),
            watches: loaded.watches.iter().map(look).collect(),
        }
    }
}

impl Allowed {
    /// Returns whether the file may apply; a version file that the user's config follows needs nobody's approval.
    fn of(loaded: &Loaded) -> Self {
        match loaded.trust.as_ref().map(|trust| trust.state) {
            Some(Verdict::Allowed | Verdict::Signed | Verdict::None) => Self::Yes,
            Some(Verdict::Denied) => Self::Denied,
            Some(Verdict::Blocked | Verdict::Invalid) | None => Self::No,
        }
    }
}

fn object(status: &Status<'_>) -> Value {
    let rc = |rc: &Option<Rc>| {
        rc.as_ref().map(|rc| json!({ "allowed": rc.allowed as u8, "path": rc.path }))
    };
    json!({
        "config": {
            "ConfigDir": status.config.to_string_lossy(),
            "SelfPath": status.program.to_string_lossy(),
        },
        "state": { "foundRC": rc(&status.found), "loadedRC": rc(&status.loaded) },
    })
}

fn lines(status: &Status<'_>) -> String {
    let mut text = format!(
        "direnv exec path {}\nDIRENV_CONFIG {}\n",
        safe_path(status.program),
        safe_path(status.config)
    );
    for (rc, label, none) in
        [(&status.loaded, "Loaded", "loaded"), (&status.found, "Found", "found")]
    {
        match rc {
            Some(rc) => push(&mut text, rc, label),
            None => text.push_str(&format!("No .envrc or .env {none}\n")),
        }
    }
    text
}

fn push(text: &mut String, rc: &Rc, label: &str) {
    // Into memory: it cannot fail.
    let _ = writeln!(text, "{label} RC path {}", safe(rc.path.as_bytes()));
    for Seen { path, modtime, .. } in &rc.watches {
        let path = safe(path.as_bytes());
        let _ = writeln!(text, "{label} watch: \"{path}\" - {}", rfc3339(*modtime));
    }
    let _ = writeln!(text, "{label} RC allowed {}", rc.allowed as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rc(allowed: Allowed) -> Rc {
        let seen = Seen { path: "/p/.envrc".to_owned(), modtime: 1_795_668_547, exists: true };
        Rc { path: "/p/.envrc".to_owned(), allowed, watches: vec![seen] }
    }

    #[test]
    fn plugins_find_their_lines_and_fields() {
        let program = Path::new("/bin/direnv");
        let config = Path::new("/c");
        let mut status = Status { program, config, loaded: None, found: Some(rc(Allowed::Denied)) };
        let text = "direnv exec path /bin/direnv\nDIRENV_CONFIG /c\nNo .envrc or .env loaded\n\
            Found RC path /p/.envrc\nFound watch: \"/p/.envrc\" - 2026-11-26T04:49:07Z\n\
            Found RC allowed 2\n";
        assert_eq!(lines(&status), text);
        let config = json!({ "ConfigDir": "/c", "SelfPath": "/bin/direnv" });
        let state = json!({ "foundRC": { "allowed": 2, "path": "/p/.envrc" }, "loadedRC": null });
        assert_eq!(object(&status), json!({ "config": config, "state": state }));
        (status.loaded, status.found) = (Some(rc(Allowed::Yes)), None);
        let state = json!({ "foundRC": null, "loadedRC": { "allowed": 0, "path": "/p/.envrc" } });
        assert_eq!(object(&status)["state"], state);
        assert!(lines(&status).ends_with("Loaded RC allowed 0\nNo .envrc or .env found\n"));
    }
}
