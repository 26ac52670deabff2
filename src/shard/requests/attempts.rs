//! How often a login is tried: from one address, and for one user. Counted by the minute, so that whoever is refused
//! because of others waits for a minute at most.
//!
//! Where a user has logged in before, its attempts are counted by themselves: guesses from elsewhere, and guesses for
//! others from the same address, take nothing away from them.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::host::host;
use crate::base::time::Now;
use crate::model::session::folded;
use std::net::IpAddr;

/// Addresses and users counted at once; beyond, nobody new may try before the minute is over.
const COUNTED_MAX: usize = 100_000;

/// Users with an address from which they have logged in. When there are more, the older half is forgotten.
const KNOWN_MAX: usize = 100_000;

/// Who tries to log in, as far as that is known before the password is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) enum Attempt {
    /// Somebody, who has tried too often or because of whom others have.
    Refused,
    /// Somebody.
    Stranger,
    /// Somebody at an address from which the user has logged in before.
    Known,
}

/// The attempts of this minute on this core, and who has logged in from where.
pub(in crate::shard) struct Attempts {
    counts: KeyedMap<u64, u32>,
    /// Attempts, in this minute, of who is known, in two generations: the newer one has who logged in last.
    newer: KeyedMap<u64, u32>,
    older: KeyedMap<u64, u32>,
    hash: KeyedState,
    minute: u64,
}

impl Attempts {
    pub fn new(seed: u64) -> Self {
        let map = || KeyedMap::with_hasher(KeyedState::new(seed, 0xa77e));
        let hash = KeyedState::new(seed, 0x10c1);
        Self { counts: map(), newer: map(), older: map(), hash, minute: 0 }
    }

    /// Counts an attempt of an address for a user.
    pub fn take(&mut self, now: Now, address: IpAddr, user: &str, per_minute_max: u32) -> Attempt {
        let minute = now.monotonic_us / 60_000_000;
        if minute != self.minute {
            self.minute = minute;
            self.counts.clear();
            self.newer.values_mut().chain(self.older.values_mut()).for_each(|count| *count = 0);
        }
        let [address, user, both] = self.keys(address, user);
        let known = match self.newer.get_mut(&both) {
            Some(count) => Some(count),
            None => self.older.get_mut(&both),
        };
        if let Some(count) = known {
            *count = count.saturating_add(1);
            return if *count <= per_minute_max { Attempt::Known } else { Attempt::Refused };
        }
        // An address that may not try counts nothing for the user, whom it could lock out.
        if self.count(address, per_minute_max) && self.count(user, per_minute_max) {
            Attempt::Stranger
        } else {
            Attempt::Refused
        }
    }

    /// A user has logged in from an address, on this core or another one.
    pub fn know(&mut self, address: IpAddr, user: &str) {
        let [.., both] = self.keys(address, user);
        let count = self.older.remove(&both).unwrap_or_default();
        self.newer.entry(both).or_insert(count);
        if self.newer.len() >= KNOWN_MAX / 2 {
            std::mem::swap(&mut self.newer, &mut self.older);
            self.newer.clear();
        }
    }

    /// What an address, a user, and both together are counted by.
    fn keys(&self, address: IpAddr, user: &str) -> [u64; 3] {
        let address = host(address).to_string();
        let user = folded(user);
        let key =
            |kind: u8, text: &[&[u8]]| self.hash.hash_bytes(&[&[kind], text.concat().as_slice()].concat());
        // No address has a space.
        let both: [&[u8]; 3] = [address.as_bytes(), b" ", user.as_bytes()];
        [key(0, &[address.as_bytes()]), key(1, &[user.as_bytes()]), key(2, &both)]
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

    fn address(last: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + last).into())
    }

    #[test]
    fn an_address_and_a_user_have_so_many_a_minute() {
        let mut attempts = Attempts::new(1);
        let mut take =
            |second, from, user: &str| attempts.take(at(second), address(from), user, 3) != Attempt::Refused;
        assert!((0..3).all(|index| take(61, 7, &format!("user {index}"))));
        assert!(!take(119, 7, "another"), "the address");
        assert!((0..2).all(|_| take(119, 8, " ADA")));
        assert!(take(119, 9, "ada "));
        assert!(!take(119, 10, "ada"), "the user");
        assert!(take(120, 7, "ada"), "the next minute");
    }

    #[test]
    fn nobody_else_refuses_a_user_where_it_has_logged_in_before() {
        let mut attempts = Attempts::new(1);
        attempts.know(address(1), "Ada");
        for from in 1..200 {
            attempts.take(at(61), address(from), "ada", 3);
            attempts.take(at(61), address(1), &format!("user {from}"), 3);
        }
        assert_eq!(attempts.take(at(61), address(1), "ADA", 3), Attempt::Known);
        assert_eq!(attempts.take(at(61), address(2), "ada", 3), Attempt::Refused, "from elsewhere");
        assert_eq!(attempts.take(at(61), address(1), "bob", 3), Attempt::Refused, "another user");
        assert_eq!(attempts.take(at(61), address(1), "ada", 3), Attempt::Known, "the third");
        assert_eq!(attempts.take(at(61), address(1), "ada", 3), Attempt::Refused, "its own count");
        assert_eq!(attempts.take(at(120), address(1), "ada", 3), Attempt::Known, "the next minute");
    }

    #[test]
    fn who_logged_in_long_ago_is_forgotten_first() {
        let mut attempts = Attempts::new(1);
        let known = |attempts: &mut Attempts, from| {
            attempts.take(at(1), address(from), "ada", u32::MAX) == Attempt::Known
        };
        for from in 0..KNOWN_MAX as u32 {
            attempts.know(address(from), "ada");
            attempts.know(address(0), "ada");
        }
        assert!(attempts.newer.len() + attempts.older.len() <= KNOWN_MAX);
        assert!(known(&mut attempts, 0) && known(&mut attempts, KNOWN_MAX as u32 - 1));
        assert!(!known(&mut attempts, 1));
    }
}
