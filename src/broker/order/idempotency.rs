//! Idempotency keys and the first answers they were given.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::Ledger;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::order::history::Touched;
use crate::model::channel::{ChannelName, Position};
use crate::model::publication::PublicationBytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of one key.
pub const KEY_BYTES_MAX: usize = 256;

/// Bytes of all keys and of the messages kept to answer them again, per core.
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
    /// What the log says of a key: one of a message without a message is of one that was deleted.
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
    users: Ledger<BTreeSet<u64>>,
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
            let oldest = self.users.note(user).first().and_then(|place| self.order.get(place)).cloned();
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

fn size(key: &str, answer: &FirstAnswer) -> usize {
    key.len() + answer.answered.message().map_or(0, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::model::publication::{Body, Publication};

    fn at(ms: u64) -> Now {
        Now { monotonic_us: ms * 1000, unix_ms: 0 }
    }

    fn answer(offset: u64) -> FirstAnswer {
        FirstAnswer {
            position: Position { epoch: 1, offset },
            answered: Answered::Data,
            logged: offset.is_multiple_of(2),
        }
    }

    fn said(text: &str) -> PublicationBytes {
        let body = Body::MessageCreated { content: text.into(), kind: "text".into() };
        let publication =
            Publication { epoch: 1, born: 1, offset: 1, time_ms: 1, publisher: "ada".into(), body };
        publication.archive(&mut Default::default())
    }

    fn channel() -> ChannelName {
        ChannelName::new("c")
    }

    /// A message's key, as clients' keys come here.
    fn key(n: u64) -> Arc<str> {
        scoped("a", &channel(), true, &format!("{n}"))
    }

    fn table(keys_max: u32, age_ms_max: u32) -> Idempotency {
        let limits =
            Limits { idempotency_keys_max: keys_max, idempotency_ms_max: age_ms_max, ..Limits::default() };
        Idempotency::new(KeyedState::new(1, 2), limits.into())
    }

    #[test]
    fn scopes_never_meet() {
        let channel = ChannelName::new;
        assert_ne!(scoped("a", &channel("bc"), true, "d"), scoped("ab", &channel("c"), true, "d"));
        assert_ne!(scoped("a", &channel("b"), true, "cd"), scoped("a", &channel("bc"), true, "d"));
        assert_ne!(scoped("a", &channel("b"), true, "c"), scoped("a", &channel("b"), false, "c"));
        assert_eq!(channel_of(&scoped("a:1", &channel("b:2"), true, "c:3")), Some("b:2"));
        assert_eq!(channel_of("m9:9:short"), None);
        assert_eq!(scoped("a", &channel("b"), true, "c"), scoped("a", &channel("b"), true, "c"));
    }

    #[test]
    fn a_key_is_forgotten_when_old_or_crowded_out() {
        let mut keys = table(2, 100);
        keys.remember(at(0), &channel(), "a".into(), answer(1));
        assert_eq!(keys.get(at(99), "a"), Some(&answer(1)));
        assert_eq!(keys.get(at(100), "a"), None);
        keys.remember(at(50), &channel(), "b".into(), answer(2));
        keys.remember(at(60), &channel(), "c".into(), answer(3));
        assert_eq!(keys.get(at(60), "a"), None, "crowded out");
        assert_eq!(keys.get(at(60), "b"), Some(&answer(2)));
        keys.expire(at(155), 10);
        assert_eq!(keys.len(), 1);
        keys.invariants();
    }

    #[test]
    fn a_key_remembered_anew_lives_its_whole_time() {
        let mut keys = table(100, 100);
        for n in 0..40 {
            keys.remember(at(0), &channel(), format!("{n}").into(), answer(n));
        }
        keys.remember(at(100), &channel(), "39".into(), answer(77));
        keys.expire(at(150), 100);
        keys.invariants();
        assert_eq!(keys.get(at(150), "39"), Some(&answer(77)));
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn keys_of_the_log_are_walked_in_steps_while_others_go() {
        let mut keys = table(1000, 100);
        for n in 0..10 {
            keys.remember(at(n), &channel(), format!("{n}").into(), answer(n));
        }
        let offsets = |keys: &Idempotency, place| {
            let (some, next) = keys.logged_from(place, 4);
            (some.map(|(at_ms, _, answer)| (at_ms, answer.position.offset)).collect::<Vec<_>>(), next)
        };
        assert_eq!(offsets(&keys, 0), (vec![(0, 0), (2, 2)], Some(4)));
        keys.expire(at(105), 100);
        assert_eq!(offsets(&keys, 4), (vec![(6, 6), (8, 8)], None), "those before 6 are too old");
    }

    #[test]
    fn nobody_loses_keys_by_what_others_say() {
        let mut keys = table(100, 1_000);
        let key = |user: &str, number: u64| scoped(user, &channel(), false, &format!("{number:03}"));
        (0..20).for_each(|number| keys.remember(at(0), &channel(), key("modest", number), answer(number)));
        for number in 0..500 {
            keys.remember(at(1), &channel(), key("greedy", number), answer(number));
            keys.invariants();
        }
        assert!((0..20).all(|number| keys.get(at(2), &key("modest", number)).is_some()));
        assert_eq!(keys.get(at(2), &key("greedy", 419)), None, "its own oldest went");
        assert!(keys.get(at(2), &key("greedy", 420)).is_some());
    }

    #[test]
    fn a_key_of_an_earlier_process_lives_what_is_left_of_its_time() {
        let mut keys = table(1000, 100);
        let before = 0u64.wrapping_sub(60);
        keys.restore(at(10), before, &channel(), "a".into(), answer(1));
        keys.restore(at(10), before, &channel(), "a".into(), answer(2));
        keys.restore(at(10), 0u64.wrapping_sub(95), &channel(), "old".into(), answer(3));
        assert_eq!(keys.len(), 1);
        assert_eq!(keys.get(at(39), "a"), Some(&answer(1)), "the first answer stays");
        assert_eq!(keys.get(at(40), "a"), None);
    }

    #[test]
    fn kept_messages_are_bounded_by_bytes() {
        let mut keys = table(1000, 100);
        let big = said(&"0".repeat(1 << 20));
        for n in 0..100 {
            let answer = FirstAnswer { answered: Answered::Message(big.clone()), ..answer(n) };
            keys.remember(at(0), &channel(), key(n), answer);
        }
        keys.invariants();
        assert_eq!(keys.len(), 63);
    }

    #[test]
    fn keys_are_bounded_by_bytes() {
        let mut keys = table(1000, 100);
        for n in 0..100 {
            let key = format!("{n}{}", "k".repeat(1 << 20));
            keys.remember(at(0), &channel(), key.into(), answer(n));
        }
        keys.invariants();
        assert_eq!(keys.len(), 63);
    }

    #[test]
    fn texts_that_grow_are_bounded_by_bytes() {
        let mut keys = table(1000, 100);
        for n in 0..40 {
            let answer = FirstAnswer { answered: Answered::Message(said("0")), ..answer(n) };
            keys.remember(at(0), &channel(), key(n), answer);
        }
        let big = said(&"0".repeat(2 << 20));
        for offset in 0..40 {
            keys.rewrite(&channel(), Position { epoch: 1, offset }, big.clone());
        }
        keys.invariants();
        assert_eq!(keys.len(), 31);
    }

    #[test]
    fn what_is_said_of_a_message_follows_it() {
        let mut keys = table(1000, 100);
        let message = |text: u8| Answered::Message(said(&text.to_string()));
        let answered = |keys: &Idempotency, n| keys.get(at(0), &key(n)).map(|answer| answer.answered.clone());
        for n in 1..=3 {
            keys.remember(at(0), &channel(), key(n), FirstAnswer { answered: message(1), ..answer(n) });
        }
        let of = |offset| Position { epoch: 1, offset };
        keys.rewrite(&channel(), of(1), said("2"));
        keys.take_back(&channel(), of(2));
        assert_eq!([answered(&keys, 1), answered(&keys, 2)], [Some(message(2)), Some(Answered::Deleted)]);
        keys.invariants();
        let known = FirstAnswer { answered: Answered::of_key(&key(1), None), ..answer(1) };
        keys.restore(at(0), 0, &channel(), key(1), known);
        assert_eq!(answered(&keys, 1), Some(Answered::Deleted), "the log says later that it was deleted");
        keys.rewrite(&ChannelName::new("d"), of(3), said("9"));
        assert_eq!(answered(&keys, 3), Some(message(1)), "of another channel");
        keys.take_back_all(&ChannelName::new("b"));
        assert_eq!(answered(&keys, 3), Some(message(1)));
        keys.take_back_all(&channel());
        assert_eq!(answered(&keys, 3), Some(Answered::Deleted));
        keys.invariants();
    }
}
