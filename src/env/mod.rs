//! An environment: names and values as bytes, in order.
//!
//! What comes in and goes out: pairs of bytes. Values are whatever the shell had, UTF-8 or not; unset and empty
//! are different things. Ordered, so that the same input prints the same bytes. Never reads the process's own
//! environment: `world.rs` does, once.

pub mod diff;
pub mod list;
pub mod state;
pub mod undo;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use diff::Diff;
pub use state::State;

/// Bytes that came from or go to an environment, a shell or a file.
pub type Bytes = Vec<u8>;

/// An environment, ordered by name.
///
/// Names and values are shared between copies: on its way from outside to inside an environment is copied a few
/// times, and most of it never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<Arc<[u8]>, Arc<[u8]>>);

impl Env {
    /// Returns an environment without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value of `name`, or `None` where it is unset.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.0.get(name.as_ref()).map(AsRef::as_ref)
    }

    /// Sets `name` to `value`.
    pub fn set(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.0.insert(name.into().into(), value.into().into());
    }

    /// Unsets `name`; nothing happens where it was not set.
    pub fn unset(&mut self, name: impl AsRef<[u8]>) {
        self.0.remove(name.as_ref());
    }

    /// Returns the pairs in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Returns the number of variables.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no variable at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<Bytes>, V: Into<Bytes>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let shared = |(name, value): (N, V)| (name.into().into(), value.into().into());
        Self(pairs.into_iter().map(shared).collect())
    }
}

/// Returns whether `name` is an identifier, which is what every shell can hold: `[A-Za-z_][A-Za-z0-9_]*`.
pub fn is_identifier(name: &[u8]) -> bool {
    let Some((first, rest)) = name.split_first() else { return false };
    (first.is_ascii_alphabetic() || *first == b'_')
        && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}
