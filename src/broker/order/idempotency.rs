//! Idempotency keys and the first answers they were given.

use crate::base::few::Few;
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::heap::{allocated, shared};
use crate::base::ledger::Ledger;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::order::history::Touched;
use crate::model::channel::{ChannelName, Position};
use crate::model::publication::PublicationBytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of one key.
pub const KEY_BYTES_MAX: usize = 256;

/// Bytes of memory of all keys and of the messages kept to answer them again, per core.
pub const BYTES_MAX: usize = 64 << 20;

/// Expired keys forgotten at one call: more than one, so that the table shrinks faster than it grows.
const EXPIRED_PER_CALL_MAX: usize = 16;

/// What a successful publish answered.
#[derive(Clone, PartialEq, Debug)]
pub struct FirstAnswer {
    /// Where it went.
    pub position: Position,
    /// What was said, as far as the answer repeats it.
    pub answered: Answered,
    /// Whether the history log has it.
    pub logged: bool,
}

/// What an answer repeats of what was said.
#[derive(Clone, PartialEq, Debug)]
pub enum Answered {
    /// Data: its place alone.
    Data,
    /// A message, as it stands: its text.
    Message(PublicationBytes),
    /// A message that was deleted since: nothing.
    Deleted,
}

impl Answered {
    /// What the log says of a key. If the key is of a message and the log has none for it, the message was deleted.
    pub fn of_key(key: &str, message: Option<PublicationBytes>) -> Self {
        match message {
            Some(bytes) => Self::Message(bytes),
            None if key.starts_with(MESSAGE) => Self::Deleted,
            None => Self::Data,
        }
    }

    /// The message, if there is one.
    pub fn message(&self) -> Option<&PublicationBytes> {
        match self {
            Self::Message(bytes) => Some(bytes),
            Self::Data | Self::Deleted => None,
        }
    }
}

/// Begins the keys of messages.
const MESSAGE: char = 'm';

/// Keys of the last while, bounded by number, bytes and age. Where there are too many, whoever has the most loses its oldest, nobody
/// else any.
pub struct Idempotency {
    answers: KeyedMap<Arc<str>, Remembered>,
    /// Keys by their places: in the order of being remembered.
    order: BTreeMap<u64, Arc<str>>,
    /// How many each user has, with their places.
    users: Ledger<Few<u64>>,
    /// The key of each message that an answer repeats.
    of_message: BTreeMap<(ChannelName, Position), Arc<str>>,
    /// The place of the next one.
    next: u64,
    limits: InForce,
}

struct Remembered {
    at_ms: u64,
    place: u64,
    /// Whose it is.
    user: u32,
    answer: FirstAnswer,
}

/// A key as the table knows it: no two of (user, channel, whether a message, key) give the same. A message and
/// data have keys of their own, for the answer to one is no answer to the other.
pub fn scoped(user: &str, channel: &ChannelName, message: bool, key: &str) -> Arc<str> {
    // Lengths in front, because ids may hold any separator.
    let (kind, name) = (if message { MESSAGE } else { 'd' }, channel.as_str());
    Arc::from(format!("{kind}{}:{}:{user}{name}{key}", user.len(), name.len()))
}

/// The name of the channel in a key of [`scoped`].
pub fn channel_of(key: &str) -> Option<&str> {
    parts_of(key).map(|(_, channel)| channel)
}

/// The user and the name of the channel in a key of [`scoped`].
fn parts_of(key: &str) -> Option<(&str, &str)> {
    let (user_bytes, rest) = key.get(1..)?.split_once(':')?;
    let (name_bytes, rest) = rest.split_once(':')?;
    let (user_bytes, name_bytes): (usize, usize) = (user_bytes.parse().ok()?, name_bytes.parse().ok()?);
    Some((rest.get(..user_bytes)?, rest.get(user_bytes..user_bytes.checked_add(name_bytes)?)?))
}

impl Idempotency {
    /// An empty table.
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self {
            answers: KeyedMap::with_hasher(hasher),
            order: BTreeMap::new(),
            users: Ledger::new(hasher),
            of_message: BTreeMap::new(),
            next: 0,
            limits,
        }
    }

    /// The first answer to a key, if it is remembered.
    pub fn get(&self, now: Now, key: &str) -> Option<&FirstAnswer> {
        let remembered = self.answers.get(key)?;
        self.fresh(now, remembered.at_ms).then_some(&remembered.answer)
    }

    /// Remembers the first answer to a key that [`Idempotency::get`] does not know.
    pub fn remember(&mut self, now: Now, channel: &ChannelName, key: Arc<str>, answer: FirstAnswer) {
        self.expire(now, EXPIRED_PER_CALL_MAX);
        self.insert(now.monotonic_ms(), channel, key, answer);
    }

    /// Remembers what an earlier process did. `at_ms` is so many milliseconds before now, wrapping below 0. Of a key that is known
    /// the first place stays, and what is said of that place last.
    pub fn restore(
        &mut self,
        now: Now,
        at_ms: u64,
        channel: &ChannelName,
        key: Arc<str>,
        answer: FirstAnswer,
    ) {
        match self.get(now, &key) {
            Some(known) if known.position == answer.position => self.change(&key, answer.answered),
            Some(_) => {}
            None if self.fresh(now, at_ms) => self.insert(at_ms, channel, key, answer),
            None => {}
        }
    }

    fn insert(&mut self, at_ms: u64, channel: &ChannelName, key: Arc<str>, answer: FirstAnswer) {
        self.forget(&key);
        let name = parts_of(&key).map_or("", |(user, _)| user);
        let user = self.users.take(name);
        self.users.weigh(user, 0, size(&key, &answer));
        self.users.note_mut(user).insert(self.next);
        let message = answer.answered.message().is_some().then_some((channel.clone(), answer.position));
        self.answers.insert(key.clone(), Remembered { at_ms, place: self.next, user, answer });
        self.order.insert(self.next, key.clone());
        self.next += 1;
        if let Some(message) = message {
            self.index(message, key);
        }
        self.bound();
    }

    /// Where there are too many keys, or bytes of them, whoever has the most bytes loses its oldest.
    fn bound(&mut self) {
        while (self.order.len() > self.limits.get().idempotency_keys_max as usize
            || self.users.bytes() > BYTES_MAX)
            && let Some(user) = self.users.most()
        {
            let oldest = self.users.note(user).iter().next().and_then(|place| self.order.get(place)).cloned();
            oldest.iter().for_each(|key| self.forget(key));
        }
    }

    /// What was done to messages of a channel is done to what is remembered of them.
    pub fn touch(&mut self, channel: &ChannelName, touched: Touched) {
        match touched {
            Touched::Nothing => {}
            Touched::Rewritten(message, bytes) => self.rewrite(channel, message, bytes),
            Touched::Deleted(message) => self.take_back(channel, message),
            Touched::All => self.take_back_all(channel),
        }
    }

    /// A message has another text: its first answer repeats that.
    pub fn rewrite(&mut self, channel: &ChannelName, message: Position, bytes: PublicationBytes) {
        if let Some(key) = self.key_of(channel, message) {
            self.change(&key, Answered::Message(bytes));
        }
    }

    /// A message was deleted: its text is repeated to nobody.
    pub fn take_back(&mut self, channel: &ChannelName, message: Position) {
        if let Some(key) = self.key_of(channel, message) {
            self.change(&key, Answered::Deleted);
        }
    }

    /// All messages of a channel were deleted.
    pub fn take_back_all(&mut self, channel: &ChannelName) {
        let from = (channel.clone(), Position::default());
        let messages = self.of_message.range(from..).map(|(message, _)| message);
        let messages = messages.take_while(|(of, _)| of == channel).map(|(_, message)| *message);
        for message in messages.collect::<Vec<_>>() {
            self.take_back(channel, message);
        }
    }

    fn key_of(&self, channel: &ChannelName, message: Position) -> Option<Arc<str>> {
        self.of_message.get(&(channel.clone(), message)).cloned()
    }

    /// Notes the key of a message. Another key with the same place is of one that never was: its place went to this one.
    fn index(&mut self, message: (ChannelName, Position), key: Arc<str>) {
        if let Some(other) = self.of_message.insert(message, key.clone())
            && other != key
        {
            self.forget(&other);
        }
    }

    /// Forgets that a key is the one of a message, if it is.
    fn unindex(&mut self, message: &(ChannelName, Position), key: &str) {
        if self.of_message.get(message).is_some_and(|of| **of == *key) {
            self.of_message.remove(message);
        }
    }

    fn change(&mut self, key: &Arc<str>, answered: Answered) {
        let Some(remembered) = self.answers.get_mut(key) else { return };
        let is_message = answered.message().is_some();
        let before = size(key, &remembered.answer);
        remembered.answer.answered = answered;
        self.users.weigh(remembered.user, before, size(key, &remembered.answer));
        let position = remembered.answer.position;
        if let Some(channel) = channel_of(key) {
            let message = (ChannelName::new(channel), position);
            if is_message {
                self.index(message, key.clone());
            } else {
                self.unindex(&message, key);
            }
        }
        self.bound();
    }

    /// Forgets a key, as if nothing had been said under it.
    pub fn forget(&mut self, key: &str) {
        let Some(old) = self.answers.remove(key) else { return };
        self.order.remove(&old.place);
        self.users.weigh(old.user, size(key, &old.answer), 0);
        self.users.note_mut(old.user).remove(&old.place);
        self.users.give_back(old.user);
        if let (Answered::Message(_), Some(channel)) = (&old.answer.answered, channel_of(key)) {
            self.unindex(&(ChannelName::new(channel), old.answer.position), key);
        }
    }

    /// Forgets at most `count` keys that are too old.
    pub fn expire(&mut self, now: Now, count: usize) {
        for _ in 0..count {
            let oldest = self.order.first_key_value().and_then(|(_, key)| self.answers.get(key));
            match oldest {
                Some(oldest) if !self.fresh(now, oldest.at_ms) => self.forget_oldest(),
                _ => return,
            }
        }
    }

    /// Keys of the log that are remembered, with when and what, from a place on; and the place after `count` more.
    /// Places are counted from the first key there ever was, and none is after the last.
    pub fn logged_from(
        &self,
        place: u64,
        count: usize,
    ) -> (impl Iterator<Item = (u64, &Arc<str>, &FirstAnswer)>, Option<u64>) {
        let some = || self.order.range(place..).take(count);
        let keys = some().filter_map(|(_, key)| {
            let remembered = self.answers.get(key)?;
            remembered.answer.logged.then_some((remembered.at_ms, key, &remembered.answer))
        });
        let next = some().last().map(|(last, _)| last + 1);
        (keys, next.filter(|next| self.order.range(next..).next().is_some()))
    }

    /// Keys remembered.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert!(self.order.len() <= self.limits.get().idempotency_keys_max as usize, "key bound");
        assert_eq!(self.answers.len(), self.order.len(), "every key has a place");
        assert!(self.users.bytes() <= BYTES_MAX, "byte bound");
        self.users.invariants();
        let bytes = self.answers.iter().map(|(key, remembered)| size(key, &remembered.answer));
        assert_eq!(self.users.bytes(), bytes.sum::<usize>(), "bytes add up");
        let places = |key| self.answers.get(key).map(|remembered: &Remembered| remembered.place);
        assert!(self.order.iter().all(|(place, key)| places(key) == Some(*place)), "places are right");
        assert_eq!(self.users.things() as usize, self.order.len(), "every key is somebody's");
        let repeated =
            self.answers.values().filter(|remembered| remembered.answer.answered.message().is_some());
        assert_eq!(
            self.of_message.len(),
            repeated.count(),
            "every text that is repeated is found by its message"
        );
    }

    fn fresh(&self, now: Now, at_ms: u64) -> bool {
        now.monotonic_ms().wrapping_sub(at_ms) < u64::from(self.limits.get().idempotency_ms_max)
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.first_key_value() {
            self.forget(&key.clone());
        }
    }
}

/// Bytes of memory that a key takes in the tables, besides its text: a hash table and trees are two thirds full.
const ENTRY_BYTES: usize =
    (size_of::<(Arc<str>, Remembered)>() + size_of::<(u64, Arc<str>)>() + size_of::<u64>()) * 3 / 2;

/// Bytes of memory that a message takes there, besides itself.
const MESSAGE_ENTRY_BYTES: usize = size_of::<((ChannelName, Position), Arc<str>)>() * 3 / 2;

/// Bytes of memory that a key and what it is answered with take.
fn size(key: &str, answer: &FirstAnswer) -> usize {
    let message = answer.answered.message().map_or(0, |bytes| MESSAGE_ENTRY_BYTES + allocated(bytes.len()));
    ENTRY_BYTES + shared(key.len()) + message
}

#[cfg(test)]
mod tests;
