//! Realms: sets of channels that exist only where somebody defined them.

use std::sync::Arc;

/// One realm. The same on every core, for the life of the process.
#[derive(PartialEq, Eq, Debug)]
pub struct Realm {
    /// Its number, from 1.
    pub id: u64,
    /// The namespace of its channels: the part of their names before the `:`.
    pub namespace: Arc<str>,
    /// What a client names it by when it opens a socket; hard to guess where it was generated.
    pub key: Box<str>,
}
