//! How often a login is tried that fails: from one address, and for one user. Further tries wait, each longer than the one before.
//!
//! Where a user has logged in before, its tries are counted by themselves: guesses from elsewhere, and guesses for others
//! from the same address, take nothing away from them.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::host::host;
use crate::base::time::Now;
use crate::model::session::folded;
use std::net::IpAddr;

/// Addresses and users counted at once. When there are more, the half that was tried the longest ago is forgotten.
const COUNTED_MAX: usize = 100_000;

/// Seconds for which nobody waits longer between two tries.
const WAIT_S_MAX: u64 = 60;

/// Microseconds after which a try less counts.
const FORGIVEN_US: u64 = 60_000_000;

/// Whose tries are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) enum Counted {
    /// Those of an address, and those for a user.
    Apart([u64; 2]),
    /// Those for a user at an address where it has logged in before, or where nobody says which address it is.
    Together(u64),
}

impl Counted {
    fn keys(&self) -> &[u64] {
        match self {
            Self::Apart(keys) => keys,
            Self::Together(key) => std::slice::from_ref(key),
        }
    }
}

/// The tries on this core that failed, or whose passwords are being checked.
pub(in crate::shard) struct Attempts {
    newer: KeyedMap<u64, Tries>,
    older: KeyedMap<u64, Tries>,
    hash: KeyedState,
}

#[derive(Clone, Copy, Default)]
struct Tries {
    count: u32,
    /// When the count went down last, monotonic microseconds.
    forgiven_us: u64,
    /// When the next one may be.
    again_us: u64,
}

impl Tries {
    /// One less counts for each minute.
    fn forgive(&mut self, now: Now) {
        let times = now.monotonic_us.saturating_sub(self.forgiven_us) / FORGIVEN_US;
        self.count = self.count.saturating_sub(u32::try_from(times).unwrap_or(u32::MAX));
        self.forgiven_us += times * FORGIVEN_US;
    }

    fn take(&mut self, now: Now, free_max: u32) {
        if self.count == 0 {
            self.forgiven_us = now.monotonic_us;
        }
        let doublings = WAIT_S_MAX.ilog2() + 1;
        self.count = (self.count + 1).min(free_max.saturating_add(doublings));
        if let Some(over) = self.count.checked_sub(free_max) {
            let wait_s = (1 << over).min(WAIT_S_MAX);
            self.again_us = now.monotonic_us + wait_s * 1_000_000;
        }
    }
}

impl Attempts {
    pub fn new(seed: u64) -> Self {
        let map = || KeyedMap::with_hasher(KeyedState::new(seed, 0xa77e));
        Self { newer: map(), older: map(), hash: KeyedState::new(seed, 0x10c1) }
    }

    /// How tries for a user from an address are counted; those from nobody knows where for the user alone.
    pub fn counted(&self, address: Option<IpAddr>, user: &str, is_known: bool) -> Counted {
        let user = folded(user);
        let key =
            |kind: u8, text: &[&[u8]]| self.hash.hash_bytes(&[&[kind], text.concat().as_slice()].concat());
        let Some(address) = address.map(|address| host(address).to_string()) else {
            return Counted::Together(key(1, &[user.as_bytes()]));
        };
        if is_known {
            // No address has a space.
            return Counted::Together(key(2, &[address.as_bytes(), b" ", user.as_bytes()]));
        }
        Counted::Apart([key(0, &[address.as_bytes()]), key(1, &[user.as_bytes()])])
    }

    /// Counts a try, of which `free_max` may follow each other without waiting.
    ///
    /// # Errors
    /// It is too early for it, and how many seconds are left. It is not counted then, so nobody waits longer for having asked.
    pub fn take(&mut self, now: Now, counted: Counted, free_max: u32) -> Result<(), u32> {
        let again_us =
            counted.keys().iter().filter_map(|key| self.known(*key)).map(|tries| tries.again_us).max();
        if let Some(again_us) = again_us.filter(|again_us| *again_us > now.monotonic_us) {
            return Err(now.seconds_to(again_us));
        }
        for key in counted.keys() {
            self.counted_anew(now, *key).take(now, free_max);
        }
        Ok(())
    }

    /// A try was no guess, so it does not count.
    pub fn give_back(&mut self, now: Now, counted: Counted, free_max: u32) {
        for key in counted.keys() {
            let Some(tries) = self.newer.get_mut(key).or_else(|| self.older.get_mut(key)) else { continue };
            tries.forgive(now);
            tries.count = tries.count.saturating_sub(1);
            if tries.count < free_max {
                tries.again_us = 0;
            }
        }
    }

    fn known(&self, key: u64) -> Option<&Tries> {
        self.newer.get(&key).or_else(|| self.older.get(&key))
    }

    /// What is counted under a key, among what was tried last. Only a try that counts comes here: one that is refused pushes
    /// nobody out.
    fn counted_anew(&mut self, now: Now, key: u64) -> &mut Tries {
        if self.newer.len() >= COUNTED_MAX / 2 && !self.newer.contains_key(&key) {
            std::mem::swap(&mut self.newer, &mut self.older);
            self.newer.clear();
        }
        let older = &mut self.older;
        let tries = self.newer.entry(key).or_insert_with(|| older.remove(&key).unwrap_or_default());
        tries.forgive(now);
        tries
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

    fn take(attempts: &mut Attempts, second: u64, from: u32, user: &str) -> Result<(), u32> {
        let counted = attempts.counted(Some(address(from)), user, false);
        attempts.take(at(second), counted, 3)
    }

    #[test]
    fn an_address_and_a_user_have_so_many_before_they_wait() {
        let mut attempts = Attempts::new(1);
        for user in ["a", "b", "c"] {
            assert_eq!(take(&mut attempts, 61, 7, user), Ok(()));
        }
        assert_eq!(take(&mut attempts, 61, 7, "another"), Err(1), "the address");
        assert_eq!(take(&mut attempts, 61, 8, "another"), Ok(()), "of which nothing counted for the user");
        for from in [9, 10, 11] {
            assert_eq!(take(&mut attempts, 61, from, if from == 9 { " ADA" } else { "ada " }), Ok(()));
        }
        assert_eq!(take(&mut attempts, 61, 12, "ada"), Err(1), "the user");
        assert_eq!(take(&mut attempts, 62, 12, "ada"), Ok(()), "a second later");
    }

    #[test]
    fn each_wait_is_longer_until_a_minute() {
        let mut attempts = Attempts::new(1);
        let mut second = 1_000;
        let mut waits = Vec::new();
        for from in 0..14 {
            if let Err(wait_s) = take(&mut attempts, second, from, "ada") {
                waits.push(wait_s);
                second += u64::from(wait_s);
                assert_eq!(take(&mut attempts, second, from, "ada"), Ok(()));
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 32, 60, 60, 60, 60], "one is forgiven after a minute");
        second += 600;
        assert!((0..3).all(|from| take(&mut attempts, second, from, "ada").is_ok()), "it is forgiven");
    }

    #[test]
    fn what_was_no_guess_does_not_count() {
        let mut attempts = Attempts::new(1);
        let counted = attempts.counted(Some(address(1)), "ada", false);
        for _ in 0..100 {
            assert_eq!(attempts.take(at(61), counted, 3), Ok(()));
            attempts.give_back(at(61), counted, 3);
        }
        assert!((0..3).all(|_| attempts.take(at(61), counted, 3).is_ok()));
        assert_eq!(attempts.take(at(61), counted, 3), Err(1));
    }

    #[test]
    fn nobody_else_refuses_a_user_where_it_has_logged_in_before() {
        let mut attempts = Attempts::new(1);
        for from in 1..200 {
            let _ = take(&mut attempts, 61, from, "ada");
            let _ = take(&mut attempts, 61, 1, &format!("user {from}"));
        }
        assert!(take(&mut attempts, 61, 1, "bob").is_err(), "another user");
        let counted = attempts.counted(Some(address(1)), "ADA", true);
        assert!((0..3).all(|_| attempts.take(at(61), counted, 3).is_ok()));
        assert_eq!(attempts.take(at(61), counted, 3), Err(1), "its own count");
    }

    #[test]
    fn whoever_comes_from_nobody_knows_where_counts_for_its_user_alone() {
        let mut attempts = Attempts::new(1);
        let mut take = |user: &str| {
            let counted = attempts.counted(None, user, false);
            attempts.take(at(61), counted, 3)
        };
        assert_eq!(["a", "b", "c", "d", "e", "ada", "ada", "ada"].map(&mut take), [Ok(()); 8]);
        assert_eq!(take("ada"), Err(1), "three were for her");
    }

    #[test]
    fn what_was_tried_long_ago_is_forgotten_first() {
        let mut attempts = Attempts::new(1);
        for _ in 0..3 {
            let _ = take(&mut attempts, 1, 0, "ada");
        }
        for from in 1..COUNTED_MAX as u32 / 2 {
            assert_eq!(take(&mut attempts, 1, from, &from.to_string()), Ok(()));
            assert!(attempts.newer.len() + attempts.older.len() <= COUNTED_MAX);
            // Whoever goes on is counted anew, and stays.
            if from % 10_000 == 0 {
                assert_eq!(take(&mut attempts, 1 + u64::from(from), 0, "eve"), Ok(()));
            }
        }
        assert_eq!(take(&mut attempts, 1, 100, "ada"), Ok(()), "ada is forgotten");
        let eve = attempts.counted(Some(address(0)), "eve", false).keys()[1];
        assert!(attempts.known(eve).is_some(), "eve is not");
    }

    #[test]
    fn tries_that_are_refused_push_nobody_out() {
        let mut attempts = Attempts::new(1);
        for from in [1, 1, 1, 2, 3, 4] {
            assert_eq!(take(&mut attempts, 61, from, if from == 1 { "eve" } else { "ada" }), Ok(()));
        }
        for other in 0..2 * COUNTED_MAX {
            assert!(take(&mut attempts, 61, 1, &other.to_string()).is_err(), "the address waits");
        }
        assert_eq!(take(&mut attempts, 61, 5, "ada"), Err(1), "the victim's count stands");
        assert_eq!(attempts.newer.len() + attempts.older.len(), 6, "four addresses, two users");
    }
}
