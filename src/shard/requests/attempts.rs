//! How often a login is tried: from one address, and for one user. Counted by the minute, so that whoever is refused
//! because of others waits for a minute at most.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::time::Now;
use crate::model::session::folded;

/// Addresses and users counted at once; beyond, nobody new may try before the minute is over.
const COUNTED_MAX: usize = 100_000;

/// The attempts of this minute on this core.
pub(in crate::shard) struct Attempts {
    counts: KeyedMap<u64, u32>,
    users: KeyedState,
    minute: u64,
}

impl Attempts {
    pub fn new(seed: u64) -> Self {
        let counts = KeyedMap::with_hasher(KeyedState::new(seed, 0xa77e));
        Self { counts, users: KeyedState::new(seed, 0x10c1), minute: 0 }
    }

    /// Counts an attempt of an address for a user. False if either has used up its minute.
    pub fn take(&mut self, now: Now, address: u64, user: &str, per_minute_max: u32) -> bool {
        let minute = now.monotonic_us / 60_000_000;
        if minute != self.minute {
            self.minute = minute;
            self.counts.clear();
        }
        // An address that may not try counts nothing for the user, whom it could lock out.
        self.count(address, per_minute_max)
            && self.count(self.users.hash_bytes(folded(user).as_bytes()), per_minute_max)
    }

    fn count(&mut self, key: u64, per_minute_max: u32) -> bool {
        if self.counts.len() >= COUNTED_MAX && !self.counts.contains_key(&key) {
            return false;
        }
        let count = self.counts.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        *count <= per_minute_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Now {
        Now { monotonic_us: second * 1_000_000, unix_ms: 0 }
    }

    #[test]
    fn an_address_and_a_user_have_so_many_a_minute() {
        let mut attempts = Attempts::new(1);
        assert!((0..3).all(|index| attempts.take(at(61), 7, &format!("user {index}"), 3)));
        assert!(!attempts.take(at(119), 7, "another", 3), "the address");
        assert!((0..2).all(|_| attempts.take(at(119), 8, " ADA", 3)));
        assert!(attempts.take(at(119), 9, "ada ", 3));
        assert!(!attempts.take(at(119), 10, "ada", 3), "the user");
        assert!(attempts.take(at(120), 7, "ada", 3), "the next minute");
    }
}
