//! What waits of one channel.

use crate::model::publication::PublicationBytes;
use std::collections::BTreeMap;

/// Publications that wait, in the order in which they leave.
pub(super) struct Paced {
    /// When they may leave, monotonic microseconds.
    pub due_us: u64,
    held: BTreeMap<u64, (Option<Box<str>>, PublicationBytes)>,
    /// The number in `held` of what has a key.
    by_key: BTreeMap<Box<str>, u64>,
    next: u64,
    bytes: usize,
}

impl Paced {
    /// Nothing waits; what comes may leave then.
    pub fn until(due_us: u64) -> Self {
        Self { due_us, held: BTreeMap::new(), by_key: BTreeMap::new(), next: 0, bytes: 0 }
    }

    /// Keeps a publication, as the last to leave. Says whether an older one of the same key gave way to it.
    pub fn hold(&mut self, key: Option<&str>, publication: PublicationBytes) -> bool {
        let key: Option<Box<str>> = key.map(Into::into);
        let number = self.next;
        self.next += 1;
        let older = key.clone().and_then(|key| self.by_key.insert(key, number));
        let gone = older.and_then(|older| self.held.remove(&older));
        self.bytes += taken(key.as_deref(), &publication);
        self.bytes -= gone.as_ref().map_or(0, |(key, gone)| taken(key.as_deref(), gone));
        self.held.insert(number, (key, publication));
        gone.is_some()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub fn count(&self) -> usize {
        self.held.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of it, oldest first.
    pub fn into_held(self) -> Vec<PublicationBytes> {
        self.held.into_values().map(|(_, publication)| publication).collect()
    }
}

fn taken(key: Option<&str>, publication: &PublicationBytes) -> usize {
    publication.len() + 2 * key.map_or(0, str::len)
}
