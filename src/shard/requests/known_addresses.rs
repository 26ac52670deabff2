//! Where users have logged in, over restarts, so that others' guesses cannot keep a user out there. It is the same on every
//! core; one of them has it stored.

use crate::auth::Place;
use crate::model::session::folded;
use crate::store::Write;
use crate::store::known_addresses as stored;
use std::collections::{BTreeMap, VecDeque};

/// Addresses remembered of one user; one more pushes out the one that was used the longest ago. Users are made by the operator
/// alone, so all of them together have a bound.
const ADDRESSES_MAX: usize = 16;

/// Addresses by folded user, the last used first.
#[derive(Default)]
pub(in crate::shard) struct KnownAddresses(BTreeMap<Box<str>, VecDeque<Place>>);

impl KnownAddresses {
    /// What was stored.
    pub fn new(stored: &[stored::KnownAddresses]) -> Self {
        let mut all = Self::default();
        for known in stored {
            // The last used is put in last.
            known.places.iter().rev().for_each(|place| all.insert(&known.user, *place));
        }
        all
    }

    /// Whether a user has logged in there.
    pub fn has(&self, user: &str, place: Place) -> bool {
        self.0.get(&*folded(user)).is_some_and(|places| places.contains(&place))
    }

    /// A user has logged in there; says what is to be stored of it: all that is known of the user, where that is something new.
    pub fn add(&mut self, user: &str, place: Place) -> Option<Write> {
        let user = folded(user);
        let is_new = !self.has(&user, place);
        self.insert(&user, place);
        let places = self.0.get(&*user).filter(|_| is_new)?;
        Some(stored::put(&user, places.iter().copied()))
    }

    /// Puts a place first; one too many is forgotten for it.
    fn insert(&mut self, user: &str, place: Place) {
        let places = self.0.entry(user.into()).or_default();
        places.retain(|other| *other != place);
        places.push_front(place);
        places.truncate(ADDRESSES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{StoreRecord, Stored};

    #[test]
    fn the_last_of_a_user_are_known_and_stored() {
        let mut known = KnownAddresses::default();
        let mut disk = BTreeMap::new();
        for place in (0..ADDRESSES_MAX as u64).chain([0, 100]) {
            // What could not be stored in between is stored with the next.
            let write = known.add("Ada@example.com", place).filter(|_| place != 7);
            if let Some(Write { table, key, value }) = write {
                let value = value.expect("what is known");
                disk.insert(key.clone(), StoreRecord { table, key, value });
            }
            assert_eq!(known.add("ada@example.com", place), None, "it is known");
        }
        let stored = Stored::read(disk.into_values()).expect("records");
        assert_eq!(stored.known_addresses.len(), 1, "one record of a user");
        assert_eq!(stored.known_addresses[0].places.len(), ADDRESSES_MAX);
        let again = KnownAddresses::new(&stored.known_addresses);
        for known in [known, again] {
            assert!([0, 100, 7, 2].iter().all(|place| known.has("ADA@example.com", *place)));
            assert!(!known.has("ada@example.com", 1), "it gave way");
            assert!(!known.has("bob@example.com", 100));
        }
    }
}
