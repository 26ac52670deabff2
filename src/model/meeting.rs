//! Meetings: rooms of people who are named one by one, with messages that only they can read.

use super::channel::ChannelName;
use super::session::folded;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The namespace of meetings' channels: a meeting is published on `meeting:{id}`.
pub const MEETING_NAMESPACE: &str = "meeting";

/// Bytes of the id of a meeting or of a message in it.
pub const ID_BYTES_MAX: usize = 118;

/// Bytes that a message takes beside its texts.
const MESSAGE_BYTES: usize = 64;

/// Whether a meeting or a message in one can have this id. Ids stand in keys of the store, where a control character
/// sets them apart.
pub fn is_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len()) && !id.chars().any(char::is_control)
}

/// The channel of a meeting.
pub fn channel_of(id: &str) -> ChannelName {
    ChannelName::new(&format!("{MEETING_NAMESPACE}:{id}"))
}

/// The record of a meeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meeting {
    /// Its id: the suffix of its channel's name, without control characters.
    pub id: Box<str>,
    /// User id of who made it.
    pub creator: Box<str>,
    /// The members, as they were written.
    pub members: Vec<Box<str>>,
    /// When it began, as it was written.
    pub started: Box<str>,
    /// When it was over, as it was written; empty while it goes on.
    pub ended: Box<str>,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Messages in it.
    pub messages: u64,
    /// Bytes of them; what an older program stored counts for nothing.
    pub bytes: u64,
    /// Place of the oldest message there can be: what has an earlier one was deleted.
    pub first_place: u64,
    /// Place of the next new message; places are never given twice.
    pub next_place: u64,
}

impl Meeting {
    /// Whether a user may know of it.
    pub fn admits(&self, user: &str) -> bool {
        let user = folded(user);
        !user.is_empty() && self.people().any(|person| person == user)
    }

    /// Everybody who may know of it, folded; the creator may come twice.
    pub fn people(&self) -> impl Iterator<Item = Cow<'_, str>> + '_ {
        std::iter::once(&self.creator).chain(&self.members).map(|person| folded(person))
    }
}

/// Of these addresses, as they are written, those that come for the first time: people are told apart whatever the case.
pub fn each_once(people: impl IntoIterator<Item = Box<str>>) -> Vec<Box<str>> {
    let mut known = BTreeSet::<Box<str>>::new();
    people.into_iter().filter(|person| known.insert(folded(person).into())).collect()
}

/// A message whose content only its readers can read. Never looked into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedMessage {
    /// Its id among the messages of the meeting, given by who wrote it.
    pub id: Box<str>,
    /// What its readers need besides their keys.
    pub salt: Box<str>,
    /// The content, kept to the byte.
    pub data: Box<str>,
    /// User id of who sent it last.
    pub from: Box<str>,
    /// When it was sent last, milliseconds since 1970.
    pub sent_ms: u64,
}

impl SealedMessage {
    /// Bytes that it takes, about.
    pub fn bytes(&self) -> u64 {
        (MESSAGE_BYTES + self.id.len() + self.salt.len() + self.data.len() + self.from.len()) as u64
    }
}

/// Where a message of a meeting is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessagePlace {
    /// Its place among those of its meeting.
    pub place: u64,
    /// Bytes that it takes; 0 where an older program stored it.
    pub bytes: u64,
}

/// What a request wants a meeting to be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MeetingDraft {
    /// Whether the meeting is made where there is none.
    pub creates: bool,
    /// When it began, if that changes.
    pub started: Option<Box<str>>,
    /// When it was over, if that changes.
    pub ended: Option<Box<str>>,
    /// The members, if they change.
    pub members: Option<Vec<Box<str>>>,
    /// Messages that are added, or replaced where their id is there; each id once.
    pub messages: Vec<SealedMessage>,
}

/// A part of the list of a user's meetings, newest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MeetingPage {
    /// Those after so many.
    pub after: u32,
    /// At most so many; their bytes have a bound too.
    pub count_max: u32,
}

/// A part of the messages of a meeting, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessagePage {
    /// Those after this place; 0 is from the first on.
    pub after: u64,
    /// At most so many; their bytes have a bound too.
    pub count_max: u32,
}
