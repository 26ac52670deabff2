//! Lists threaded through the records of a pool. Adding at the end and removing anywhere take the same few steps
//! however long a list is, and need no memory beside the record's.

use super::pool::Pool;

/// No record.
const NONE: u32 = u32::MAX;

/// Instead of the record before: the record is in no list.
const UNLINKED: u32 = u32::MAX - 1;

/// A record's place in one list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    before: u32,
    after: u32,
}

impl Default for Link {
    fn default() -> Self {
        Self { before: UNLINKED, after: NONE }
    }
}

impl Link {
    /// Whether the record is in the list.
    pub fn is_linked(self) -> bool {
        self.before != UNLINKED
    }
}

/// A record with a place in the list number `WHICH` of those that it can be in.
pub trait Linked<const WHICH: usize> {
    /// The place.
    fn link(&mut self) -> &mut Link;
    /// The place, to be looked at only.
    fn linked(&self) -> Link;
}

/// The ends of a list. Every call is given the pool that the list is threaded through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct List<const WHICH: usize> {
    first: u32,
    last: u32,
}

impl<const WHICH: usize> Default for List<WHICH> {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl<const WHICH: usize> List<WHICH> {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Whether one record is in it and no other.
    pub fn is_one(&self) -> bool {
        self.first == self.last && self.first != NONE
    }

    /// The record at the front.
    pub fn first(&self) -> Option<u32> {
        some(self.first)
    }

    /// The record at the end.
    pub fn last(&self) -> Option<u32> {
        some(self.last)
    }

    /// The records in order.
    pub fn iter<'a, T: Linked<WHICH>>(
        &self,
        pool: &'a Pool<T>,
    ) -> impl Iterator<Item = u32> + use<'a, WHICH, T> {
        std::iter::successors(self.first(), |index| some(pool[*index as usize].linked().after))
    }

    /// Adds a record that is in no list of this number; false if it is in one.
    pub fn push_back<T: Linked<WHICH>>(&mut self, pool: &mut Pool<T>, index: u32) -> bool {
        let link = pool[index as usize].link();
        if link.is_linked() {
            return false;
        }
        *link = Link { before: self.last, after: NONE };
        match some(self.last) {
            Some(last) => pool[last as usize].link().after = index,
            None => self.first = index,
        }
        self.last = index;
        true
    }

    /// Takes a record out of this list; false if it is in none.
    pub fn remove<T: Linked<WHICH>>(&mut self, pool: &mut Pool<T>, index: u32) -> bool {
        let link = std::mem::take(pool[index as usize].link());
        if !link.is_linked() {
            return false;
        }
        match some(link.before) {
            Some(before) => pool[before as usize].link().after = link.after,
            None => self.first = link.after,
        }
        match some(link.after) {
            Some(after) => pool[after as usize].link().before = link.before,
            None => self.last = link.before,
        }
        true
    }

    /// Moves a record of this list to its end.
    pub fn move_back<T: Linked<WHICH>>(&mut self, pool: &mut Pool<T>, index: u32) {
        if self.remove(pool, index) {
            self.push_back(pool, index);
        }
    }
}

fn some(index: u32) -> Option<u32> {
    (index != NONE).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[derive(Default)]
    struct Record([Link; 2]);

    impl<const WHICH: usize> Linked<WHICH> for Record {
        fn link(&mut self) -> &mut Link {
            &mut self.0[WHICH]
        }
        fn linked(&self) -> Link {
            self.0[WHICH]
        }
    }

    fn step<const WHICH: usize>(
        list: &mut List<WHICH>,
        model: &mut VecDeque<u32>,
        pool: &mut Pool<Record>,
        (index, action): (u32, u8),
    ) {
        let known = model.iter().position(|other| *other == index);
        match action {
            0 => {
                assert_eq!(list.push_back(pool, index), known.is_none());
                if known.is_none() {
                    model.push_back(index);
                }
            }
            1 => assert_eq!(list.remove(pool, index), known.and_then(|at| model.remove(at)).is_some()),
            _ => {
                list.move_back(pool, index);
                if let Some(at) = known {
                    model.remove(at);
                    model.push_back(index);
                }
            }
        }
        assert!(list.iter(pool).eq(model.iter().copied()));
        assert_eq!((list.first(), list.last()), (model.front().copied(), model.back().copied()));
        assert_eq!((list.is_empty(), list.is_one()), (model.is_empty(), model.len() == 1));
    }

    proptest! {
        #[test]
        fn two_lists_through_one_pool_are_two_queues(steps in proptest::collection::vec((any::<bool>(), (0u32..8, 0u8..3)), 0..200)) {
            let mut pool = Pool::default();
            for _ in 0..8 {
                pool.insert(Record::default());
            }
            let (mut one, mut other) = (List::<0>::default(), List::<1>::default());
            let (mut one_model, mut other_model) = (VecDeque::new(), VecDeque::new());
            for (which, what) in steps {
                if which {
                    step(&mut one, &mut one_model, &mut pool, what);
                } else {
                    step(&mut other, &mut other_model, &mut pool, what);
                }
            }
        }
    }
}
