//! What is remembered until a time that the wall clock says.
//!
//! A wall clock that is set ahead and back again must not make anything forgotten too early. So each thing is remembered by the
//! clock that only rises too.

use crate::base::time::Now;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

/// Things looked at for one that may be forgotten, so that a wall clock set far back makes no long turn.
const LOOKED_AT_MAX: usize = 256;

/// Seconds until one is looked at again whose time has not come by the wall clock.
const AGAIN_S: u64 = 60;

/// Things by their keys, each until its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Remembered<K, V> {
    things: BTreeMap<K, Thing<V>>,
    /// When each is looked at, in seconds of the clock that only rises.
    by_time: BTreeSet<(u64, K)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Thing<V> {
    value: V,
    until_unix_s: u64,
    look_at_s: u64,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { things: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Ord + Clone, V> Remembered<K, V> {
    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.things.len()
    }

    /// Remembers a thing until so many seconds after 1970, and at least for `least_s` seconds.
    pub(super) fn add(&mut self, now: Now, key: K, value: V, until_unix_s: u64, least_s: u32) {
        let look_at_s = now.monotonic_s() + u64::from(least_s);
        self.insert(key, Thing { value, until_unix_s, look_at_s });
    }

    fn insert(&mut self, key: K, thing: Thing<V>) {
        let look_at_s = thing.look_at_s;
        if let Some(before) = self.things.insert(key.clone(), thing) {
            self.by_time.remove(&(before.look_at_s, key.clone()));
        }
        self.by_time.insert((look_at_s, key));
    }

    /// What is remembered of a key.
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.things.get(key).map(|thing| &thing.value)
    }

    /// Forgets one whose time has come by now; says which, until there is none.
    pub(super) fn expire(&mut self, now: Now) -> Option<K> {
        for _ in 0..LOOKED_AT_MAX {
            let (look_at_s, key) = self.by_time.first()?.clone();
            if look_at_s > now.monotonic_s() {
                return None;
            }
            let thing = self.things.remove(&key)?;
            self.by_time.pop_first();
            if thing.until_unix_s <= now.unix_s() {
                return Some(key);
            }
            self.insert(key, Thing { look_at_s: now.monotonic_s() + AGAIN_S, ..thing });
        }
        None
    }
}
