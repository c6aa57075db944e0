//! Whether the policy that was found may apply, and who approved it.
pub mod date;
pub mod flaw;
pub mod header;
pub mod remote;
pub mod scope;
pub mod signers;
pub mod sshsig;
#[cfg(test)]
pub(crate) mod testing;
