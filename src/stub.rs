//! The `go` and `gofmt` that stand in where a policy must not be ignored: they say why, and exit 126.
//!
//! Where the rules say `on_failure = "block"` and the policy does not apply, these come first on PATH, so that no
//! other Go runs in its place. Leaving the directory takes them off again, as it undoes everything. They lie in the
//! state directory and not in the runtime directory, which may be mounted so that nothing there can be run: a shell
//! would then go on to the next `go`. None is ever removed: nothing tells which shells still have it on their PATH, and in
//! those another Go would run.

use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::env::undo::Fingerprint;
use crate::error::{Error, Exit};
use crate::files;
use crate::ui::safe_path;
use crate::world::World;

/// The programs that are stood in for.
const PROGRAMS: [&str; 2] = ["go", "gofmt"];

/// Returns `outside` with the stand-ins first on PATH.
///
/// # Errors
/// If there is no place for them, or they cannot be written there.
pub fn block(outside: &Env, reason: &str, world: &World) -> Result<Env, Error> {
    let directory = directory(reason, world)?;
    for program in PROGRAMS {
        let path = directory.join(program);
        let script = script(program, reason);
        // An earlier goenv may have written another one. A full disk may have left it empty, and a shell that runs an
        // empty file takes that for success.
        if !is_there(&path, script.as_bytes(), world) {
            files::write_program(&path, script.as_bytes())?;
        }
    }
    let mut path = directory.into_os_string().into_encoded_bytes();
    if let Some(outside) = outside.get("PATH").filter(|path| !path.is_empty()) {
        path.push(b':');
        path.extend_from_slice(outside);
    }
    let mut blocked = outside.clone();
    blocked.set("PATH", path);
    Ok(blocked)
}

/// Returns whether this very script is there and can be run.
fn is_there(path: &Path, script: &[u8], world: &World) -> bool {
    let read = || files::read_guarded(path, script.len() as u64, world.uid, world.now());
    files::is_program(path) && matches!(read(), Ok(Some(text)) if text.bytes == script)
}

/// Returns the directory for one reason, so that shells in other directories keep theirs.
fn directory(reason: &str, world: &World) -> Result<PathBuf, Error> {
    let name = format!("{:016x}", Fingerprint::of(reason.as_bytes()).0);
    let place = world.dirs.state.as_ref().ok_or(Error::NoHome)?.join("blocked");
    if place.as_os_str().as_encoded_bytes().contains(&b':') {
        let message = format!("{} has a colon, which PATH takes for an end", safe_path(&place));
        return Err(Error::Refused { message, hint: None, exit: Exit::Failed });
    }
    Ok(place.join(name))
}

fn script(program: &str, reason: &str) -> String {
    // Within single quotes nothing is special to sh but the quote itself.
    let said = format!("goenv: {program} does not run here: {reason}").replace('\'', "'\\''");
    format!("#!/bin/sh\nprintf '%s\\n' '{said}' >&2\nexit 126\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_gets_out_of_its_quotes() {
        let script = script("go", "it's $(bad)\n`x`");
        let expected = "#!/bin/sh\nprintf '%s\\n' 'goenv: go does not run here: it'\\''s $(bad)\n`x`' >&2\nexit 126\n";
        assert_eq!(script, expected);
    }
}
