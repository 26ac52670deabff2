//! Where users have logged in, over restarts, so that others' guesses cannot keep a user out there. It is the same on every
//! core; one of them has it stored.

use crate::auth::Place;
use crate::base::time::Now;
use crate::model::session::folded;
use crate::store::Write;
use crate::store::known_addresses::{self, KnownAddress};
use std::collections::{BTreeMap, VecDeque};

/// Addresses remembered of one user; one more pushes out the one that was used the longest ago. Users are made by the operator
/// alone, so all of them together have a bound.
const ADDRESSES_MAX: usize = 16;

/// Addresses by folded user, the last used first.
#[derive(Default)]
pub(in crate::shard) struct KnownAddresses(BTreeMap<Box<str>, VecDeque<Place>>);

impl KnownAddresses {
    /// What was stored, in whatever order.
    pub fn new(stored: &[KnownAddress]) -> Self {
        let mut stored: Vec<_> = stored.iter().collect();
        stored.sort_by_key(|known| known.at_unix_s);
        let mut all = Self::default();
        for known in stored {
            all.insert(&known.user, known.place);
        }
        all
    }

    /// Whether a user has logged in there.
    pub fn has(&self, user: &str, place: Place) -> bool {
        self.0.get(&*folded(user)).is_some_and(|places| places.contains(&place))
    }

    /// A user has logged in there; says what is to be stored of it: something where it is new.
    pub fn add(&mut self, now: Now, user: &str, place: Place) -> Vec<Write> {
        let user = folded(user);
        let is_new = !self.has(&user, place);
        let gone = self.insert(&user, place);
        let added = is_new.then(|| known_addresses::added(&user, place, now.unix_s()));
        added.into_iter().chain(gone.map(|gone| known_addresses::forgotten(&user, gone))).collect()
    }

    /// Puts a place first; says which is forgotten for it.
    fn insert(&mut self, user: &str, place: Place) -> Option<Place> {
        let places = self.0.entry(user.into()).or_default();
        places.retain(|other| *other != place);
        places.push_front(place);
        if places.len() > ADDRESSES_MAX { places.pop_back() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{StoreRecord, Stored};

    fn at(second: u64) -> Now {
        Now { monotonic_us: 0, unix_ms: second * 1_000 }
    }

    #[test]
    fn the_last_of_a_user_are_known_and_stored() {
        let mut known = KnownAddresses::default();
        let mut disk = BTreeMap::new();
        for place in (0..ADDRESSES_MAX as u64).chain([0, 100]) {
            for Write { table, key, value } in known.add(at(1_000 + place), "Ada@example.com", place) {
                match value {
                    Some(value) => disk.insert(key.clone(), StoreRecord { table, key, value }),
                    None => disk.remove(&key),
                };
            }
            assert_eq!(known.add(at(9_000), "ada@example.com", place), [], "it is known");
        }
        let stored = Stored::read(disk.into_values()).expect("records");
        assert_eq!(stored.known_addresses.len(), ADDRESSES_MAX);
        let again = KnownAddresses::new(&stored.known_addresses);
        for known in [known, again] {
            assert!([0, 100, 2].iter().all(|place| known.has("ADA@example.com", *place)));
            assert!(!known.has("ada@example.com", 1), "it gave way");
            assert!(!known.has("bob@example.com", 100));
        }
    }
}
