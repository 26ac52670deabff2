//! Changes of one thing that are done one after the other, in the order in which they came.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::channel::ChannelName;
use std::collections::VecDeque;

/// Things that are being changed, by their channel, each with the changes that wait for it.
pub(in crate::shard) struct InTurn<T> {
    changing: KeyedMap<ChannelName, VecDeque<T>>,
    /// Changes that wait, of all things.
    waiting: usize,
    waiting_max: usize,
}

/// What became of a change that came.
pub(super) enum Came<T> {
    /// Nobody changes the thing: the caller takes the change with [`InTurn::next`] and begins it.
    First,
    /// It waits.
    Waits,
    /// Too many wait: it is given back.
    Refused(T),
}

impl<T> InTurn<T> {
    /// Nothing is being changed. At most `waiting_max` changes wait.
    pub fn new(hasher: KeyedState, waiting_max: usize) -> Self {
        Self { changing: KeyedMap::with_hasher(hasher), waiting: 0, waiting_max }
    }

    /// Takes a change in.
    pub(super) fn come(&mut self, channel: &ChannelName, change: T) -> Came<T> {
        match self.changing.get_mut(channel) {
            Some(_) if self.waiting >= self.waiting_max => Came::Refused(change),
            Some(queue) => {
                queue.push_back(change);
                self.waiting += 1;
                Came::Waits
            }
            None => {
                self.changing.insert(channel.clone(), VecDeque::from([change]));
                self.waiting += 1;
                Came::First
            }
        }
    }

    /// The next change of a thing; without one, nobody changes it any more.
    pub(super) fn next(&mut self, channel: &ChannelName) -> Option<T> {
        let next = self.changing.get_mut(channel).and_then(VecDeque::pop_front);
        match next {
            Some(_) => self.waiting -= 1,
            None => {
                self.changing.remove(channel);
            }
        }
        next
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        let waiting: usize = self.changing.values().map(VecDeque::len).sum();
        assert_eq!(waiting, self.waiting, "changes that wait add up");
    }
}
