//! `goenv version [AT_LEAST]`: prints the version, or says by its exit code whether it is recent enough.

use crate::error::{Error, Exit};
use crate::ui::{Ui, safe};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Prints the version; with `at_least`, prints nothing and compares.
///
/// # Errors
/// If `at_least` is not three numbers, or this version is older.
pub fn run(at_least: Option<&str>, ui: &Ui) -> Result<Exit, Error> {
    let Some(at_least) = at_least else {
        ui.data(format!("{VERSION}\n").as_bytes())?;
        return Ok(Exit::Done);
    };
    let refused = |message: String, exit| Error::Refused { message, hint: None, exit };
    let wanted = numbers(at_least).ok_or_else(|| {
        let shown = safe(at_least.as_bytes());
        refused(format!("`{shown}` is not a version like {VERSION}"), Exit::Usage)
    })?;
    if numbers(VERSION) >= Some(wanted) {
        Ok(Exit::Done)
    } else {
        Err(refused(format!("this is goenv {VERSION}, older than {at_least}"), Exit::Failed))
    }
}

/// Returns the three numbers of a version; those that are left out are 0.
pub(super) fn numbers(text: &str) -> Option<[u64; 3]> {
    let mut numbers = [0; 3];
    let mut parts = text.split('.');
    for number in &mut numbers {
        let Some(part) = parts.next() else { break };
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}
