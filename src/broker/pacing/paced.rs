//! What waits of one channel.

use crate::model::publication::PublicationBytes;
use std::collections::BTreeMap;

/// Publications that wait, in the order in which they leave.
pub(super) struct Paced {
    /// When they may leave, monotonic microseconds.
    pub due_us: u64,
    held: BTreeMap<u64, PublicationBytes>,
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
        let number = self.next;
        self.next += 1;
        self.bytes += publication.len();
        self.held.insert(number, publication);
        let Some(key) = key else { return false };
        let Some(place) = self.by_key.get_mut(key) else {
            self.bytes += key.len();
            self.by_key.insert(key.into(), number);
            return false;
        };
        let gone = self.held.remove(&std::mem::replace(place, number));
        self.bytes -= gone.as_ref().map_or(0, |gone| gone.len());
        gone.is_some()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub fn count(&self) -> usize {
        self.held.len()
    }

    /// Of publications and keys.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of it, oldest first.
    pub fn into_held(self) -> Vec<PublicationBytes> {
        self.held.into_values().collect()
    }
}
