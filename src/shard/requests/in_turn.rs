//! Changes of one thing that are done one after the other, in the order in which they came.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::channel::ChannelName;
use crate::shard::places::Places;
use std::collections::VecDeque;
use std::sync::Arc;

/// Things that are being changed, by their channel, each with the changes that wait for it.
pub(in crate::shard) struct InTurn<T> {
    changing: KeyedMap<ChannelName, VecDeque<(Arc<str>, T)>>,
    /// Users whose changes wait.
    places: Places,
    /// Changes that wait, of all things.
    waiting: usize,
}

/// What became of a change that came.
pub(super) enum Came<T> {
    /// Nobody changes the thing: the caller takes the change with [`InTurn::next`] and begins it.
    First,
    /// It waits.
    Waits,
    /// Too many wait, or too many of the same user: it is given back.
    Refused(T),
}

impl<T> InTurn<T> {
    /// Nothing is being changed.
    pub fn new(hasher: KeyedState) -> Self {
        Self { changing: KeyedMap::with_hasher(hasher), places: Places::default(), waiting: 0 }
    }

    /// Takes a change of a user in. At most `waiting_max` changes wait.
    pub(super) fn come(
        &mut self,
        channel: &ChannelName,
        user: &Arc<str>,
        change: T,
        waiting_max: u32,
    ) -> Came<T> {
        let free = (waiting_max as usize).saturating_sub(self.waiting);
        match self.changing.get_mut(channel) {
            Some(_) if !self.places.may_take(user, free) => Came::Refused(change),
            Some(queue) => {
                queue.push_back((user.clone(), change));
                self.places.take(user);
                self.waiting += 1;
                Came::Waits
            }
            None => {
                self.changing.insert(channel.clone(), VecDeque::from([(user.clone(), change)]));
                self.places.take(user);
                self.waiting += 1;
                Came::First
            }
        }
    }

    /// The next change of a thing; without one, nobody changes it any more.
    pub(super) fn next(&mut self, channel: &ChannelName) -> Option<T> {
        let next = self.changing.get_mut(channel).and_then(VecDeque::pop_front);
        let Some((user, change)) = next else {
            self.changing.remove(channel);
            return None;
        };
        self.places.give_back(&user);
        self.waiting -= 1;
        Some(change)
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        let waiting: usize = self.changing.values().map(VecDeque::len).sum();
        assert_eq!((waiting, self.places.taken()), (self.waiting, self.waiting), "changes that wait add up");
    }
}
