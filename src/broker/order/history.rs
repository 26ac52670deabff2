//! The history ring of one channel: the newest publications, contiguous up to the channel's head.

use crate::model::definition::HistoryBounds;
use crate::model::publication::{ArchivedBody, Body, PublicationBytes};
use crate::model::reply::Recovery;
use std::collections::VecDeque;
use std::sync::Arc;

/// The newest publications of a channel, bounded by count, bytes and age.
///
/// The last entry is always the channel's head, and offsets have no holes: an entry's offset follows from its
/// place. Entries go oldest first, so a message goes before any of its revisions.
#[derive(Debug)]
pub struct History {
    entries: VecDeque<Entry>,
    /// Offset of the newest publication, kept or not.
    head: u64,
    /// Archived bytes of all entries.
    bytes: usize,
    /// Entries that are messages and not deleted.
    messages: usize,
}

/// One publication in history.
#[derive(Debug)]
pub struct Entry {
    /// The archived publication.
    pub bytes: PublicationBytes,
    /// Monotonic milliseconds when it was published; wraps below 0 for what an earlier process published.
    pub at_ms: u64,
    /// What became of it, if it is a message.
    pub standing: Standing,
}

/// What an entry is to lists of messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Not the writing of a message.
    Other,
    /// A message as it was written.
    Message,
    /// A message whose present text is in the `MessageUpdated` of this offset, which is in history too.
    Revised(u64),
    /// A message that was deleted.
    Deleted,
}

/// What a publication does to the history it is appended to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing more.
    None,
    /// It is a message.
    Message,
    /// It changes the message of this offset.
    Revise(u64),
    /// It deletes the message of this offset.
    Delete(u64),
    /// What came before it goes.
    Clear,
}

impl Effect {
    /// What a publication with this body does.
    pub fn of(body: &Body) -> Self {
        match body {
            Body::MessageCreated { .. } => Self::Message,
            Body::MessageUpdated { of, .. } => Self::Revise(*of),
            Body::MessageDeleted { of, .. } => Self::Delete(*of),
            Body::RoomDeleted { .. } => Self::Clear,
            _ => Self::None,
        }
    }

    /// What an archived publication with this body does.
    pub fn of_archived(body: &ArchivedBody) -> Self {
        match body {
            ArchivedBody::MessageCreated { .. } => Self::Message,
            ArchivedBody::MessageUpdated { of, .. } => Self::Revise(of.to_native()),
            ArchivedBody::MessageDeleted { of, .. } => Self::Delete(of.to_native()),
            ArchivedBody::RoomDeleted { .. } => Self::Clear,
            _ => Self::None,
        }
    }
}

impl Standing {
    /// Whether lists show it.
    pub fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::Revised(_))
    }
}

impl History {
    /// An empty history of a channel whose newest publication has this offset.
    pub fn new(head: u64) -> Self {
        Self { entries: VecDeque::new(), head, bytes: 0, messages: 0 }
    }

    /// Takes the next publication in, with what it does, and lets go of what is past the bounds. `at_ms` is not after
    /// `now_ms`, and wraps below 0.
    pub fn append(
        &mut self,
        bounds: &HistoryBounds,
        now_ms: u64,
        at_ms: u64,
        bytes: PublicationBytes,
        effect: Effect,
    ) {
        if effect == Effect::Clear {
            self.clear();
        }
        self.push(at_ms, bytes, effect == Effect::Message);
        match effect {
            Effect::Revise(of) => self.revise(of, self.head),
            Effect::Delete(of) => self.delete(of),
            Effect::None | Effect::Message | Effect::Clear => {}
        }
        self.fit(bounds, now_ms);
    }

    fn push(&mut self, at_ms: u64, bytes: PublicationBytes, message: bool) {
        let standing = if message { Standing::Message } else { Standing::Other };
        self.head += 1;
        self.bytes += bytes.len();
        self.messages += usize::from(message);
        self.entries.push_back(Entry { bytes, at_ms, standing });
    }

    /// Lets go of what is past the bounds.
    pub fn fit(&mut self, bounds: &HistoryBounds, now_ms: u64) {
        while self.entries.len() > bounds.count_max as usize || self.bytes > bounds.bytes_max as usize {
            self.drop_oldest();
        }
        if bounds.age_ms_max == 0 {
            return;
        }
        while self.entries.front().is_some_and(|e| now_ms.wrapping_sub(e.at_ms) > bounds.age_ms_max) {
            self.drop_oldest();
        }
    }

    /// Lets go of the oldest entries, half of them rounded up.
    pub fn halve(&mut self) {
        for _ in 0..self.entries.len().div_ceil(2) {
            self.drop_oldest();
        }
    }

    /// Lets go of everything; offsets go on.
    pub fn clear(&mut self) {
        *self = Self::new(self.head);
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.bytes.len();
            self.messages -= usize::from(entry.standing.is_message());
        }
    }

    /// What came after `offset`, oldest first: complete, or with a gap if some of it is gone, if there is more
    /// than `count_max`, or if the offset is yet to come.
    pub fn since(&self, offset: u64, count_max: usize) -> Recovery {
        let Some(missing) = self.head.checked_sub(offset) else {
            return Recovery::Gap(Vec::new());
        };
        let kept = self.entries.len().min(count_max);
        match usize::try_from(missing) {
            Ok(missing) if missing <= kept => Recovery::Complete(self.newest(missing)),
            _ => Recovery::Gap(self.newest(kept)),
        }
    }

    /// Changes the bytes of every entry, not their number.
    pub fn rewrite(&mut self, change: impl Fn(&mut [u8])) {
        self.entries.iter_mut().for_each(|entry| change(Arc::make_mut(&mut entry.bytes)));
    }

    /// The newest `count` publications, at most all, oldest first.
    pub fn newest(&self, count: usize) -> Vec<PublicationBytes> {
        let start = self.entries.len().saturating_sub(count);
        self.entries.range(start..).map(|entry| entry.bytes.clone()).collect()
    }

    /// The entry of an offset, if it is still here.
    pub fn get(&self, offset: u64) -> Option<&Entry> {
        self.entries.get(self.place(offset)?)
    }

    /// Notes that the message of an offset was changed by the publication of another offset. Nothing happens
    /// if it is not a message any more.
    pub fn revise(&mut self, offset: u64, revision: u64) {
        self.set_standing(offset, Standing::Revised(revision));
    }

    /// Notes that the message of an offset was deleted. Nothing happens if it is not a message any more.
    pub fn delete(&mut self, offset: u64) {
        self.set_standing(offset, Standing::Deleted);
    }

    fn set_standing(&mut self, offset: u64, standing: Standing) {
        let Some(entry) = self.place(offset).and_then(|place| self.entries.get_mut(place)) else { return };
        if entry.standing.is_message() {
            entry.standing = standing;
            self.messages -= usize::from(!standing.is_message());
        }
    }

    /// Place in the ring of an offset that is not past the head and not before the ring.
    fn place(&self, offset: u64) -> Option<usize> {
        let behind = usize::try_from(self.head.checked_sub(offset)?).ok()?;
        self.entries.len().checked_sub(1)?.checked_sub(behind)
    }

    /// The messages that are not deleted, newest first.
    pub fn messages(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev().filter(|entry| entry.standing.is_message())
    }

    /// How many [`History::messages`] there are.
    pub fn message_count(&self) -> usize {
        self.messages
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Archived bytes of all entries.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Asserts what must always hold, for a channel with this head.
    pub fn invariants(&self, head: u64, bounds: &HistoryBounds) {
        assert_eq!(self.head, head, "history ends at the head");
        assert!(self.entries.len() as u64 <= head, "no more entries than publications");
        assert!(self.entries.len() <= bounds.count_max as usize, "count bound");
        assert!(self.bytes <= bounds.bytes_max as usize, "byte bound");
        assert_eq!(self.bytes, self.entries.iter().map(|e| e.bytes.len()).sum::<usize>(), "bytes add up");
        assert_eq!(self.messages, self.messages().count(), "messages add up");
        for entry in &self.entries {
            if let Standing::Revised(revision) = entry.standing {
                assert!(self.get(revision).is_some(), "a revision outlives its message");
            }
        }
    }
}

#[cfg(test)]
mod tests;
