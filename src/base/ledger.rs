//! Who has what of something that all share: so many things each, with so many bytes. A step costs the same however many
//! have something, and nothing is kept of whoever has nothing. A note can be kept of each.

use super::hash::KeyedState;
use super::index::NameIndex;
use super::list::{Link, Linked, List};
use super::pool::Pool;
use std::sync::Arc;

/// Ranks of whoever has bytes: one for each place of the highest bit of their number.
const RANKS: usize = u64::BITS as usize;

/// Who has how much of something that all share.
pub struct Ledger<T> {
    holders: Pool<Holder<T>>,
    by_name: NameIndex,
    /// Whoever has bytes, by rank: nobody of a rank has twice as many as another one of it.
    ranks: [List<0>; RANKS],
    /// The ranks that somebody has, a bit for each.
    ranked: u64,
    things: u32,
    bytes: usize,
}

struct Holder<T> {
    name: Arc<str>,
    note: T,
    things: u32,
    bytes: usize,
    link: Link,
}

impl<T> Linked<0> for Holder<T> {
    fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    fn linked(&self) -> Link {
        self.link
    }
}

/// What somebody lacks who wants more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lacks {
    /// There is no room for it in all.
    Room,
    /// It has its share, and the rest is for others.
    Share,
}

/// Whether one more of something may be taken by who has `own` of it, where `taken` of `max` are taken in all: nobody
/// takes more than is left, so whoever comes finds as much as anybody before left to the others.
pub fn leaves_a_share(own: u32, taken: u32, max: u32) -> bool {
    own < max.saturating_sub(taken)
}

impl<T: Default> Ledger<T> {
    /// Nobody has anything. The names are keyed against collisions by intent.
    pub fn new(hasher: KeyedState) -> Self {
        Self {
            holders: Pool::default(),
            by_name: NameIndex::new(hasher),
            ranks: [List::default(); RANKS],
            ranked: 0,
            things: 0,
            bytes: 0,
        }
    }

    /// Things that a name has.
    pub fn things_of(&self, name: &str) -> u32 {
        self.find(name).map_or(0, |holder| self.holders[holder as usize].things)
    }

    /// Whether a name may have one thing more, where there may be `max` in all.
    pub fn leaves_a_share(&self, name: &str, max: u32) -> bool {
        leaves_a_share(self.things_of(name), self.things, max)
    }

    /// What a name lacks for one thing more, where there may be `max` in all. Whoever is not `bounded` may have all that is left.
    pub fn lacks_one(&self, name: &str, max: u32, bounded: bool) -> Option<Lacks> {
        if self.things >= max {
            return Some(Lacks::Room);
        }
        (bounded && !self.leaves_a_share(name, max)).then_some(Lacks::Share)
    }

    /// What a name lacks for so many bytes more, where there may be `bytes_max` in all; nothing for none. Whoever is not `bounded`
    /// may have all that is left.
    pub fn lacks_bytes(&self, name: &str, bytes: usize, bytes_max: usize, bounded: bool) -> Option<Lacks> {
        if bytes == 0 {
            return None;
        }
        if self.bytes.saturating_add(bytes) > bytes_max {
            return Some(Lacks::Room);
        }
        (bounded && !self.leaves_a_share_of_bytes(name, bytes, bytes_max)).then_some(Lacks::Share)
    }

    /// A name has one thing more; says its number, which is its while it has anything.
    pub fn take(&mut self, name: &str) -> u32 {
        let holder = self.find(name).unwrap_or_else(|| {
            let holder = Holder {
                name: Arc::from(name),
                note: T::default(),
                things: 0,
                bytes: 0,
                link: Link::default(),
            };
            let number = self.holders.insert(holder) as u32;
            let holders = &self.holders;
            self.by_name.set(name, number, |number| &holders[number as usize].name);
            number
        });
        self.holders[holder as usize].things += 1;
        self.things += 1;
        holder
    }

    /// A holder has one thing less. The bytes of its last one must be given back before.
    pub fn give_back(&mut self, holder: u32) {
        self.things -= 1;
        let found = &mut self.holders[holder as usize];
        found.things -= 1;
        if found.things == 0 {
            assert_eq!(found.bytes, 0, "whoever has nothing has no bytes");
            let Holder { name, .. } = self.holders.remove(holder as usize);
            self.by_name.remove(&name, holder);
        }
    }

    /// A name has one thing less.
    pub fn give_back_of(&mut self, name: &str) {
        if let Some(holder) = self.find(name) {
            self.give_back(holder);
        }
    }

    /// A name has one thing less, which had so many bytes.
    pub fn give_back_with(&mut self, name: &str, bytes: usize) {
        if let Some(holder) = self.find(name) {
            self.weigh(holder, bytes, 0);
            self.give_back(holder);
        }
    }

    /// What a holder has takes so many bytes, after it took so many.
    pub fn weigh(&mut self, holder: u32, before: usize, after: usize) {
        self.bytes = self.bytes + after - before;
        let found = &mut self.holders[holder as usize];
        let had = found.bytes;
        found.bytes = had + after - before;
        let has = found.bytes;
        if had.checked_ilog2() == has.checked_ilog2() {
            return;
        }
        if let Some(rank) = had.checked_ilog2() {
            let list = &mut self.ranks[rank as usize];
            list.remove(&mut self.holders, holder);
            if list.is_empty() {
                self.ranked &= !(1 << rank);
            }
        }
        if let Some(rank) = has.checked_ilog2() {
            self.ranks[rank as usize].push_back(&mut self.holders, holder);
            self.ranked |= 1 << rank;
        }
    }

    /// Who has the most bytes, nearly: nobody has twice as many.
    pub fn most(&self) -> Option<u32> {
        let rank = self.ranked.checked_ilog2()?;
        self.ranks[rank as usize].first()
    }

    /// What is noted of a holder.
    pub fn note(&self, holder: u32) -> &T {
        &self.holders[holder as usize].note
    }

    /// What is noted of a holder, to be changed.
    pub fn note_mut(&mut self, holder: u32) -> &mut T {
        &mut self.holders[holder as usize].note
    }

    /// Whether a name may have so many bytes more, where there may be `bytes_max` in all: nobody gets more than is left for
    /// others then.
    fn leaves_a_share_of_bytes(&self, name: &str, bytes: usize, bytes_max: usize) -> bool {
        let own = self.find(name).map_or(0, |holder| self.holders[holder as usize].bytes);
        own.saturating_add(bytes) <= bytes_max.saturating_sub(self.bytes.saturating_add(bytes))
    }

    /// Things that all have.
    pub fn things(&self) -> u32 {
        self.things
    }

    /// Bytes that all have.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that a holder has.
    pub fn bytes_of(&self, holder: u32) -> usize {
        self.holders[holder as usize].bytes
    }

    fn find(&self, name: &str) -> Option<u32> {
        self.by_name.find(name, |number| &self.holders[number as usize].name)
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let all = || self.holders.iter().map(|(_, holder)| holder);
        assert_eq!(self.by_name.count(), self.holders.len(), "whoever has something has a name");
        assert_eq!(self.things, all().map(|holder| holder.things).sum::<u32>(), "things add up");
        assert_eq!(self.bytes, all().map(|holder| holder.bytes).sum::<usize>(), "bytes add up");
        assert!(all().all(|holder| holder.things > 0), "nobody is kept for nothing");
        let ranked = |rank: usize| self.ranks[rank].iter(&self.holders);
        for rank in 0..RANKS {
            assert_eq!(self.ranked >> rank & 1 == 1, !self.ranks[rank].is_empty(), "ranks are noted");
            let fits = |holder: u32| self.holders[holder as usize].bytes.checked_ilog2() == Some(rank as u32);
            assert!(ranked(rank).all(fits), "each is in its rank");
        }
        let weighed = all().filter(|holder| holder.bytes > 0).count();
        assert_eq!((0..RANKS).map(|rank| ranked(rank).count()).sum::<usize>(), weighed, "all are ranked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const NAMES: [&str; 4] = ["ann", "bob", "", "eve"];

    proptest! {
        #[test]
        fn what_each_has_adds_up(steps in prop::collection::vec((0_usize..4, 0_u8..3, 0_usize..5_000), 0..200)) {
            let mut ledger = Ledger::<()>::new(KeyedState::new(1, 2));
            let mut model = BTreeMap::<usize, (u32, u32, usize)>::new();
            for (who, step, bytes) in steps {
                let known = model.get(&who).copied();
                match (step, known) {
                    (0, _) => {
                        let number = ledger.take(NAMES[who]);
                        let (_, things, bytes) = known.unwrap_or((number, 0, 0));
                        model.insert(who, (number, things + 1, bytes));
                    }
                    (1, Some((number, things, before))) => {
                        ledger.weigh(number, before, bytes);
                        model.insert(who, (number, things, bytes));
                    }
                    (2, Some((number, 1, before))) => {
                        ledger.weigh(number, before, 0);
                        ledger.give_back(number);
                        model.remove(&who);
                    }
                    (2, Some((number, things, before))) => {
                        ledger.give_back_of(NAMES[who]);
                        model.insert(who, (number, things - 1, before));
                    }
                    _ => {}
                }
                ledger.invariants();
                prop_assert_eq!(ledger.things(), model.values().map(|(_, things, _)| things).sum::<u32>());
                let most = model.values().map(|(_, _, bytes)| *bytes).max().unwrap_or(0);
                let found = ledger.most().map_or(0, |holder| ledger.bytes_of(holder));
                prop_assert!(found <= most && (most == 0 || most < 2 * found), "{} of {}", found, most);
                for (who, name) in NAMES.iter().enumerate() {
                    prop_assert_eq!(ledger.things_of(name), model.get(&who).map_or(0, |(_, things, _)| *things));
                }
            }
        }
    }

    #[test]
    fn one_takes_half_and_the_next_finds_something() {
        let mut ledger = Ledger::<()>::new(KeyedState::new(1, 2));
        let mut fill = |name: &str| {
            let mut taken = 0;
            while ledger.leaves_a_share(name, 100) {
                ledger.take(name);
                taken += 1;
            }
            taken
        };
        assert_eq!([fill("ann"), fill("bob"), fill("eve")], [50, 25, 13]);
        assert!(leaves_a_share(0, 99, 100) && !leaves_a_share(0, 100, 100));
    }

    #[test]
    fn whoever_lacks_something_learns_whether_it_is_room_or_its_share() {
        let mut ledger = Ledger::<()>::new(KeyedState::new(1, 2));
        let holder = ledger.take("ann");
        ledger.weigh(holder, 0, 60);
        let one = |ledger: &Ledger<()>, name: &str, bounded: bool| ledger.lacks_one(name, 2, bounded);
        let bytes =
            |ledger: &Ledger<()>, name: &str, bounded: bool| ledger.lacks_bytes(name, 30, 100, bounded);
        for lacks in [&one as &dyn Fn(&Ledger<()>, &str, bool) -> Option<Lacks>, &bytes] {
            assert_eq!(
                [lacks(&ledger, "ann", true), lacks(&ledger, "ann", false)],
                [Some(Lacks::Share), None]
            );
        }
        assert_eq!((one(&ledger, "bob", true), bytes(&ledger, "bob", true)), (None, Some(Lacks::Share)));
        let full = ledger.take("bob");
        ledger.weigh(full, 0, 20);
        for (name, bounded) in [("ann", true), ("ann", false), ("eve", true)] {
            assert_eq!(
                (one(&ledger, name, bounded), bytes(&ledger, name, bounded)),
                (Some(Lacks::Room), Some(Lacks::Room))
            );
        }
        assert_eq!(ledger.lacks_bytes("ann", 0, 10, true), None, "nothing is always to be had");
    }
}
