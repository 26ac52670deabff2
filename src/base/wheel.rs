//! A hashed timing wheel: what is due when, whatever it is.
//!
//! Entries are never cancelled: one that fires for nothing is ignored by its owner. An entry beyond the
//! wheel's horizon stays in its slot for another round.

/// Microseconds of one tick, as a shift: 2^16 us, about 66 ms. Coarse on purpose: thousands of deadlines
/// then share few wake-ups.
const TICK_SHIFT: u32 = 16;

/// Slots of the wheel: about 67 s, beyond the usual ping interval.
const SLOTS: u64 = 1024;

#[derive(Clone, Copy)]
struct Entry<K> {
    key: K,
    tick: u64,
}

/// Deadlines, a tick apart. `K` names what is due.
pub struct Wheel<K> {
    slots: Vec<Vec<Entry<K>>>,
    /// A bit for each slot that holds entries, so that the next one is found without walking them.
    occupied: [u64; (SLOTS / 64) as usize],
    /// The next tick to look at.
    tick: u64,
    entries: usize,
}

impl<K: Copy> Wheel<K> {
    /// A wheel that starts at this moment of the monotonic clock, in microseconds.
    pub fn new(now_us: u64) -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Vec::new()).collect(),
            occupied: [0; (SLOTS / 64) as usize],
            tick: now_us >> TICK_SHIFT,
            entries: 0,
        }
    }

    /// Fires `key` at the first tick that is not before `deadline_us`.
    pub fn schedule(&mut self, key: K, deadline_us: u64) {
        let tick = (deadline_us.div_ceil(1 << TICK_SHIFT)).max(self.tick);
        let slot = (tick % SLOTS) as usize;
        self.slots[slot].push(Entry { key, tick });
        self.occupied[slot / 64] |= 1 << (slot % 64);
        self.entries += 1;
    }

    /// The moment of the next slot that holds something, in microseconds. Never later than the earliest deadline's tick.
    pub fn next_us(&self) -> Option<u64> {
        if self.entries == 0 {
            return None;
        }
        let start = (self.tick % SLOTS) as usize;
        let words = self.occupied.len();
        // The first word is seen twice: from the present slot on, and at the end of the round before it.
        let distance = (0..=words).find_map(|step| {
            let index = (start / 64 + step) % words;
            let word = self.occupied[index];
            let word = if step == 0 { word & (u64::MAX << (start % 64)) } else { word };
            let slot = index * 64 + word.trailing_zeros() as usize;
            (word != 0).then(|| (slot + SLOTS as usize - start) as u64 % SLOTS)
        })?;
        Some((self.tick + distance) << TICK_SHIFT)
    }

    /// Moves every key that is due into `fired`.
    pub fn advance(&mut self, now_us: u64, fired: &mut Vec<K>) {
        let now_tick = now_us >> TICK_SHIFT;
        if now_tick < self.tick {
            return;
        }
        // After a pause longer than a round, one round sees every slot.
        let last = now_tick.min(self.tick + SLOTS - 1);
        for tick in self.tick..=last {
            let slot = (tick % SLOTS) as usize;
            if self.occupied[slot / 64] >> (slot % 64) & 1 == 0 {
                continue;
            }
            let entries = &mut self.slots[slot];
            let before = entries.len();
            entries.retain(|entry| {
                let due = entry.tick <= now_tick;
                if due {
                    fired.push(entry.key);
                }
                !due
            });
            self.entries -= before - entries.len();
            if entries.is_empty() {
                self.occupied[slot / 64] &= !(1 << (slot % 64));
                // A storm of connections in one tick must not hold its memory for ever.
                *entries = Vec::new();
            }
        }
        self.tick = now_tick + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fires_each_once_and_never_early(
            deadlines in proptest::collection::vec(0u64..300_000_000, 1..60),
            steps in proptest::collection::vec(1u64..40_000_000, 1..60),
        ) {
            let mut wheel = Wheel::new(5_000_000);
            for (index, deadline) in deadlines.iter().enumerate() {
                wheel.schedule(index, *deadline);
            }
            let mut now = 5_000_000;
            let mut seen = vec![false; deadlines.len()];
            for step in steps.into_iter().chain([400_000_000]) {
                now += step;
                if let Some(next) = wheel.next_us() {
                    let earliest = deadlines.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|(d, _)| *d).min();
                    prop_assert!(next <= earliest.unwrap().max(now - step) + (1 << TICK_SHIFT));
                }
                let mut fired = Vec::new();
                wheel.advance(now, &mut fired);
                for index in fired {
                    prop_assert!(deadlines[index] <= now, "early");
                    prop_assert!(!std::mem::replace(&mut seen[index], true), "twice");
                }
                for (deadline, seen) in deadlines.iter().zip(&seen) {
                    prop_assert!(*seen || deadline + (1 << TICK_SHIFT) > now, "late");
                }
            }
            prop_assert!(seen.iter().all(|seen| *seen));
            prop_assert_eq!(wheel.next_us(), None);
        }
    }
}
