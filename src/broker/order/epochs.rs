//! Epochs: the numbers of the lives of channels. No channel of this core has one twice, and none that an earlier
//! process gave out, even if the wall clock was set back in between.

use crate::base::hash::KeyedState;
use crate::base::time::Now;

/// Bits below the seconds of the wall clock. They hold a secret of the process, so that two processes that begin in the
/// same second differ; above them there is room for the seconds until 2106.
const SALT_BITS: u32 = 20;

/// Seconds past which epochs only count up, so that they stay below 2^53 whatever the clock says.
const SECONDS_MAX: u64 = 1 << 32;

/// The source of epochs on one core.
pub struct Epochs {
    salt: u64,
    last: u64,
    /// The greatest that an earlier process is known to have given out.
    found: u64,
}

impl Epochs {
    /// Epochs of a process whose hashes are keyed so.
    pub fn new(hasher: KeyedState) -> Self {
        Self { salt: hasher.hash_bytes(b"epochs") >> (u64::BITS - SALT_BITS), last: 0, found: 0 }
    }

    /// An epoch greater than all before it.
    pub fn next(&mut self, now: Now) -> u64 {
        let clock = (now.unix_ms / 1_000).min(SECONDS_MAX) << SALT_BITS | self.salt;
        // Right after the greatest one there may be others that were given out and not found.
        let past_found =
            if self.found == 0 { 0 } else { ((self.found >> SALT_BITS) + 1) << SALT_BITS | self.salt };
        self.last = clock.max(past_found).max(self.last + 1);
        self.last
    }

    /// Takes note of an epoch that an earlier process gave out: all from here on are greater.
    pub fn note(&mut self, epoch: u64) {
        self.found = self.found.max(epoch);
    }

    /// The newest epoch, 0 before the first.
    pub fn last(&self) -> u64 {
        self.last.max(self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix_ms: u64) -> Now {
        Now { monotonic_us: 0, unix_ms }
    }

    #[test]
    fn epochs_rise_whatever_the_clock_does_and_fit_into_a_json_number() {
        let mut epochs = Epochs::new(KeyedState::new(1, 2));
        let mut last = 0;
        for unix_ms in [0, 5_000, 5_001, 4_000, u64::MAX, 7_000] {
            let epoch = epochs.next(at(unix_ms));
            assert!(epoch > last && epoch < 1 << 53, "{epoch} after {last}");
            last = epoch;
        }
    }

    #[test]
    fn epochs_are_greater_than_those_that_were_found() {
        let mut epochs = Epochs::new(KeyedState::new(1, 2));
        epochs.note(1 << 51);
        epochs.note(5);
        let next = epochs.next(at(1_000_000));
        assert!(next > (1 << 51) && next < 1 << 53);
        let other = |seed| {
            let mut epochs = Epochs::new(KeyedState::new(seed, 2));
            epochs.note(1 << 51);
            epochs.next(at(1_000_000))
        };
        assert_ne!(other(1), other(2), "what was given out and not found is not given out again");
    }

    #[test]
    fn two_processes_of_one_second_differ() {
        let first = |seed| Epochs::new(KeyedState::new(seed, 2)).next(at(1_000_000));
        let all: std::collections::BTreeSet<u64> = (0..100).map(first).collect();
        assert_eq!(all.len(), 100);
    }
}
