//! Keyed hashing. Names come from outside, so every map over them is keyed with a secret seed; the seed is
//! an argument, so the same seed gives the same run.

#![allow(clippy::disallowed_types, reason = "the keyed maps are made of them")]

use siphasher::sip::SipHasher13;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

/// Builds the keyed hasher of one map or of the homing of channels.
#[derive(Clone, Copy, Debug)]
pub struct KeyedState {
    key: (u64, u64),
}

impl KeyedState {
    /// A hasher keyed by `seed` and by what it is for, so that two tables of one seed do not collide alike.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self { key: (seed, purpose) }
    }

    /// The hash of some bytes, for what is not a map: the home core of a channel.
    pub fn hash_bytes(&self, bytes: &[u8]) -> u64 {
        self.build_hasher().hash(bytes)
    }
}

impl BuildHasher for KeyedState {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.key.0, self.key.1)
    }
}

/// A hash map keyed by a seed. Its iteration order depends on the seed and the insertions only.
pub type KeyedMap<K, V> = HashMap<K, V, KeyedState>;

/// A hash set keyed by a seed.
pub type KeyedSet<K> = HashSet<K, KeyedState>;
