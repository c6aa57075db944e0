//! The variables of a policy while it is evaluated, exported or not, as bash keeps them.
//!
//! In: the environment as it is outside, and what the policy sets. Out: the environment as it is to be inside. A
//! variable that was inherited stays exported whatever sets it; one can be marked for export before it has a
//! value. Names that are no identifiers pass through untouched.

use std::collections::{BTreeMap, BTreeSet};

use super::limits;
use crate::env::{Bytes, Env};

/// A variable.
#[derive(Clone, Debug, Default)]
struct Variable {
    value: Option<Bytes>,
    exported: bool,
}

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
    variables: BTreeMap<Bytes, Variable>,
    touched: BTreeSet<Bytes>,
}

impl Scope {
    pub(super) fn new(outside: &Env) -> Self {
        let inherit = |value: &[u8]| Variable { value: Some(value.to_vec()), exported: true };
        let variables = outside.iter().map(|(name, value)| (name.to_vec(), inherit(value)));
        Self { variables: variables.collect(), touched: BTreeSet::new() }
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables.get(name)?.value.as_deref()
    }

    /// Returns the value of `name` as a child process would see it.
    pub(super) fn exported(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables.get(name).filter(|variable| variable.exported)?.value.as_deref()
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
        let variable = self.variables.entry(name.to_vec()).or_default();
        variable.value = Some(value);
        variable.exported |= exporting == Exporting::Yes;
        Ok(())
    }

    /// Marks a variable for export.
    pub(super) fn export(&mut self, name: &[u8]) -> Result<(), String> {
        self.touch(name)?;
        self.variables.entry(name.to_vec()).or_default().exported = true;
        Ok(())
    }

    pub(super) fn unset(&mut self, name: &[u8]) -> Result<(), String> {
        self.touch(name)?;
        self.variables.remove(name);
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
        let exported = self.variables.iter().filter(|(_, variable)| variable.exported);
        exported.filter_map(|(name, v)| Some((name.clone(), v.value.clone()?))).collect()
    }
}
