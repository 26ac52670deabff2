//! Under which rules channels are: definitions and their changes, and who may do what.

pub(super) mod access;
pub mod catalog;
pub(super) mod changes;
pub mod definitions;
pub mod entry;
pub(super) mod sets;

pub use changes::Settled;
