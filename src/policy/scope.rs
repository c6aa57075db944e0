//! The variables of a policy while it is evaluated, exported or not, as bash keeps them.
//!
//! In: the environment as it is outside, and what the policy sets. Out: the environment as it is to be inside. A
//! variable that was inherited stays exported whatever sets it; one can be marked for export before it has a
//! value. Names that are no identifiers pass through untouched.

use std::collections::{BTreeMap, BTreeSet};

use super::limits;
use crate::env::{Bytes, Env};

/// Whether an assignment exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exporting {
    /// It does.
    Yes,
    /// It leaves the variable as it was.
    AsBefore,
}

/// The variables.
#[derive(Debug)]
pub(super) struct Scope {
    /// Those that a child process sees.
    exported: Env,
    /// Those that it does not.
    local: BTreeMap<Bytes, Bytes>,
    /// Names without a value that are exported once they have one.
    marked: BTreeSet<Bytes>,
    touched: BTreeSet<Bytes>,
}

impl Scope {
    pub(super) fn new(outside: &Env) -> Self {
        let (local, marked, touched) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { exported: outside.clone(), local, marked, touched }
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.exported.get(name).or_else(|| self.local.get(name).map(Vec::as_slice))
    }

    /// Returns the value of `name` as a child process would see it.
    pub(super) fn exported(&self, name: &[u8]) -> Option<&[u8]> {
        self.exported.get(name)
    }

    /// Sets a variable, or says which limit is in the way.
    pub(super) fn set(
        &mut self,
        name: &[u8],
        value: Bytes,
        exporting: Exporting,
    ) -> Result<(), String> {
        // The string that a process is given is NAME=value and a NUL.
        let size = name.len() + value.len() + 2;
        if size > limits::VALUE {
            let (shown, found) = (String::from_utf8_lossy(name), value.len());
            let most = limits::VALUE;
            return Err(format!(
                "the value of {shown} has {found} bytes, more than {most} with its name"
            ));
        }
        self.touch(name)?;
        let is_exported = self.exported.get(name).is_some() || self.marked.remove(name);
        if is_exported || exporting == Exporting::Yes {
            self.local.remove(name);
            self.exported.set(name, value);
        } else {
            self.local.insert(name.to_vec(), value);
        }
        Ok(())
    }

    /// Marks a variable for export.
    pub(super) fn export(&mut self, name: &[u8]) -> Result<(), String> {
        self.touch(name)?;
        match self.local.remove(name) {
            Some(value) => self.exported.set(name, value),
            None if self.exported.get(name).is_none() => drop(self.marked.insert(name.to_vec())),
            None => {}
        }
        Ok(())
    }

    pub(super) fn unset(&mut self, name: &[u8]) -> Result<(), String> {
        self.touch(name)?;
        self.exported.unset(name);
        self.local.remove(name);
        self.marked.remove(name);
        Ok(())
    }

    fn touch(&mut self, name: &[u8]) -> Result<(), String> {
        if !self.touched.contains(name) {
            if self.touched.len() >= limits::VARIABLES {
                return Err(format!("the policy sets more than {} variables", limits::VARIABLES));
            }
            self.touched.insert(name.to_vec());
        }
        Ok(())
    }

    /// Returns the exported variables that have a value.
    pub(super) fn environment(&self) -> Env {
        self.exported.clone()
    }
}
