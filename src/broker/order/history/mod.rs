//! What is kept of one channel: what was said, and beside it what tells of that.
//!
//! What was said (messages, data, events of the server side) is what lists show; only the like of it pushes it out. What
//! tells of it (edits, deletions, what became of rooms and users) is kept for those who come back, as many again at most,
//! and gives way first where bytes are short. So nothing that is told of a message takes the message's place.
//!
//! The text of a message stands in one place, its own: an edit puts its text there and is kept without it, and a deletion
//! leaves of the message and its edits that they were there. What history tells is put together when it is asked for
//! (`telling`), so nobody is told a text that is gone.

mod rewriting;
mod telling;

use crate::base::heap::{allocated, shared};
use crate::base::list::Link;
use crate::broker::order::effect::HistoryEffect;
use crate::model::channel::Position;
use crate::model::definition::HistoryBounds;
use crate::model::publication::{ArchivedPublication, PublicationBytes};
use rewriting::{deleted, rewritten, touched};
use std::collections::VecDeque;

/// Places for entries that are kept however few there are.
const PLACES_KEPT: usize = 8;

/// The newest publications of a channel, bounded by count, bytes and age.
///
/// Everything after [`History::gone`] is here. Of what is before it, only what was said may be.
#[derive(Debug)]
pub struct History {
    /// What was said, oldest first.
    content: VecDeque<Entry>,
    /// What tells of it, oldest first.
    events: VecDeque<Entry>,
    /// Offset of the newest publication, kept or not.
    head: u64,
    /// Offset of the newest publication that is not kept; 0 if all are.
    gone: u64,
    weight: Weight,
    /// Bytes of memory that its channel was last counted with by who pays for it.
    pub counted_bytes: usize,
    /// Where it is among the histories of who pays for it.
    pub link: Link,
    /// Messages among what was said.
    messages: usize,
}

/// What all entries weigh.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Weight {
    /// Their archived bytes.
    bytes: usize,
    /// What those take of the heap.
    heap_bytes: usize,
}

impl Weight {
    fn add(&mut self, bytes: &PublicationBytes) {
        self.bytes += bytes.len();
        self.heap_bytes += shared(bytes.len());
    }

    fn take(&mut self, bytes: &PublicationBytes) {
        self.bytes -= bytes.len();
        self.heap_bytes -= shared(bytes.len());
    }
}

/// One publication in history.
#[derive(Debug)]
pub struct Entry {
    /// Its offset.
    pub offset: u64,
    /// Monotonic milliseconds when it was published; wraps below 0 for what an earlier process published.
    pub at_ms: u64,
    /// The archived publication, as it is kept.
    pub bytes: PublicationBytes,
    /// What it is.
    pub kind: Kind,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A chat message.
    Message,
    /// An edit, without its text.
    Touched,
    /// Anything else.
    Other,
}

/// What a publication did to a message that may be remembered elsewhere, too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Touched {
    /// Nothing.
    Nothing,
    /// The message of this identity has another text: it is kept so.
    Rewritten(Position, PublicationBytes),
    /// The message of this identity is no more.
    Deleted(Position),
    /// All that was said before is no more.
    All,
}

impl History {
    /// An empty history of a channel whose newest publication has this offset.
    pub fn new(head: u64) -> Self {
        Self {
            content: VecDeque::new(),
            events: VecDeque::new(),
            head,
            gone: head,
            weight: Weight::default(),
            counted_bytes: 0,
            link: Link::default(),
            messages: 0,
        }
    }

    /// Takes a publication in, with what it does, and lets go of what is past the bounds. Where its offset does not follow
    /// the newest one, what is between them is gone. `at_ms` is not after `now_ms`, and wraps below 0.
    pub fn append(
        &mut self,
        bounds: &HistoryBounds,
        now_ms: u64,
        entry: (u64, u64, PublicationBytes),
        effect: HistoryEffect,
    ) -> Touched {
        let (offset, at_ms, bytes) = entry;
        if offset != self.head + 1 {
            self.lose(offset.saturating_sub(1));
        }
        self.head = offset;
        let entry = Entry { offset, at_ms, bytes, kind: Kind::Other };
        let mut did = Touched::Nothing;
        match effect {
            HistoryEffect::Append => self.push(entry),
            HistoryEffect::Message => self.push(Entry { kind: Kind::Message, ..entry }),
            HistoryEffect::Told => self.tell(entry),
            HistoryEffect::Touch => self.tell(Entry { kind: Kind::Touched, ..entry }),
            HistoryEffect::Revise(of) => did = self.revise_by(of, entry),
            HistoryEffect::Delete(of) => {
                did = self.delete(of, entry.bytes.view());
                self.tell(entry);
            }
            HistoryEffect::Replace => {
                self.withdraw(&entry.bytes);
                self.push(entry);
            }
            HistoryEffect::Unsay => {
                (0..self.content.len()).for_each(|_| self.drop_content());
                did = Touched::All;
                self.tell(entry);
            }
            HistoryEffect::Clear => {
                self.clear();
                self.gone = offset - 1;
                did = Touched::All;
                self.tell(entry);
            }
        }
        self.fit(bounds, now_ms);
        did
    }

    /// An edit gives its text to its message, and is kept without it. Where the message is not here any more, nobody who comes
    /// back can be told of the edit.
    fn revise_by(&mut self, of: u64, entry: Entry) -> Touched {
        let revision = entry.bytes.view();
        let did = self.revise(of, revision);
        match touched(revision, of).filter(|_| did != Touched::Nothing) {
            Some(bytes) => self.tell(Entry { bytes, kind: Kind::Touched, ..entry }),
            None => self.lose(entry.offset),
        }
        did
    }

    fn push(&mut self, entry: Entry) {
        self.weight.add(&entry.bytes);
        self.messages += usize::from(entry.kind == Kind::Message);
        self.content.push_back(entry);
    }

    fn tell(&mut self, entry: Entry) {
        self.weight.add(&entry.bytes);
        let place = self.events.partition_point(|other| other.offset < entry.offset);
        self.events.insert(place, entry);
    }

    /// Gives a message another text.
    fn revise(&mut self, of: u64, revision: &ArchivedPublication) -> Touched {
        let Some(place) = self.place(of) else { return Touched::Nothing };
        let entry = &mut self.content[place];
        let Some((identity, bytes)) = rewritten(&entry.bytes, revision) else { return Touched::Nothing };
        self.weight.take(&entry.bytes);
        self.weight.add(&bytes);
        entry.bytes = bytes.clone();
        Touched::Rewritten(identity, bytes)
    }

    /// Takes a message's text away: what is left says that it was deleted.
    fn delete(&mut self, of: u64, deletion: &ArchivedPublication) -> Touched {
        let Some(place) = self.place(of) else { return rewriting::deletion_of(deletion) };
        let Some(entry) = self.content.remove(place) else { return Touched::Nothing };
        self.weight.take(&entry.bytes);
        self.messages -= 1;
        let Some((identity, bytes)) = deleted(&entry.bytes, deletion) else { return Touched::Nothing };
        if of > self.gone {
            self.tell(Entry { bytes, kind: Kind::Other, ..entry });
        }
        Touched::Deleted(identity)
    }

    /// Lets go of an earlier message of a meeting, in whose place another one comes.
    fn withdraw(&mut self, replacing: &PublicationBytes) {
        let same = |entry: &Entry| rewriting::is_same_in_meeting(&entry.bytes, replacing);
        while let Some(place) = self.content.iter().position(same) {
            let Some(entry) = self.content.remove(place) else { return };
            self.weight.take(&entry.bytes);
            self.lose(entry.offset);
        }
    }

    /// Lets go of what is past the bounds.
    pub fn fit(&mut self, bounds: &HistoryBounds, now_ms: u64) {
        let (count_max, bytes_max) = (bounds.count_max as usize, bounds.bytes_max as usize);
        while self.weight.bytes > bytes_max {
            self.drop_oldest();
        }
        while self.content.len() > count_max {
            self.drop_content();
        }
        while self.events.len() > count_max {
            self.drop_event();
        }
        if bounds.age_ms_max == 0 {
            return;
        }
        while is_old(self.content.front(), bounds, now_ms) {
            self.drop_content();
        }
        while is_old(self.events.front(), bounds, now_ms) {
            self.drop_event();
        }
    }

    /// Whether something is past the bounds.
    pub fn exceeds(&self, bounds: &HistoryBounds, now_ms: u64) -> bool {
        let (count_max, bytes_max) = (bounds.count_max as usize, bounds.bytes_max as usize);
        let is_past = |entries: &VecDeque<Entry>| {
            entries.len() > count_max || (bounds.age_ms_max > 0 && is_old(entries.front(), bounds, now_ms))
        };
        self.weight.bytes > bytes_max || is_past(&self.content) || is_past(&self.events)
    }

    /// Lets go of the oldest entry, of events first.
    pub fn drop_oldest(&mut self) {
        if self.events.is_empty() { self.drop_content() } else { self.drop_event() }
    }

    /// The channel is farther on, past publications that are not kept.
    pub fn skip_to(&mut self, head: u64) {
        self.head = head;
        self.lose(head);
    }

    /// Lets go of everything; offsets go on.
    pub fn clear(&mut self) {
        *self = Self { link: self.link, counted_bytes: self.counted_bytes, ..Self::new(self.head) };
    }

    fn drop_content(&mut self) {
        if let Some(entry) = self.content.pop_front() {
            self.weight.take(&entry.bytes);
            self.messages -= usize::from(entry.kind == Kind::Message);
            self.lose(entry.offset);
        }
    }

    fn drop_event(&mut self) {
        if let Some(entry) = self.events.front() {
            self.lose(entry.offset);
        }
    }

    /// A publication is not here: nobody who was told less can be told all, so what tells of older things serves nobody.
    fn lose(&mut self, offset: u64) {
        self.gone = self.gone.max(offset);
        while let Some(entry) = self.events.front().filter(|entry| entry.offset <= self.gone) {
            self.weight.take(&entry.bytes);
            self.events.pop_front();
        }
    }

    /// Changes every entry, not how many bytes it has.
    pub fn rewrite(&mut self, change: impl Fn(&mut PublicationBytes)) {
        self.content.iter_mut().chain(&mut self.events).for_each(|entry| change(&mut entry.bytes));
    }

    /// The message of an offset as it is kept, if it is here.
    pub fn message(&self, offset: u64) -> Option<&Entry> {
        self.place(offset).map(|place| &self.content[place])
    }

    /// Place of the message of an offset among what was said.
    fn place(&self, offset: u64) -> Option<usize> {
        let place = self.content.binary_search_by_key(&offset, |entry| entry.offset).ok()?;
        (self.content[place].kind == Kind::Message).then_some(place)
    }

    /// Whether the message of an offset would still be here with a text of `bytes`: the oldest go first, and it may be the
    /// oldest.
    pub fn has_room_for(&self, offset: u64, bytes: usize, bounds: &HistoryBounds) -> bool {
        let Some(place) = self.place(offset) else { return false };
        let newer: usize = self.content.range(place + 1..).map(|entry| entry.bytes.len()).sum();
        newer.saturating_add(bytes) <= bounds.bytes_max as usize
    }

    /// The messages, newest first.
    pub fn messages(&self) -> impl Iterator<Item = &Entry> {
        self.content.iter().rev().filter(|entry| entry.kind == Kind::Message)
    }

    /// How many [`History::messages`] there are.
    pub fn message_count(&self) -> usize {
        self.messages
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.content.len() + self.events.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty() && self.events.is_empty()
    }

    /// Archived bytes of all entries.
    pub fn bytes(&self) -> usize {
        self.weight.bytes
    }

    /// Bytes of memory that it takes; none without entries, for then it goes.
    pub fn held_bytes(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let places = |entries: &VecDeque<Entry>| allocated(entries.capacity() * size_of::<Entry>());
        allocated(size_of::<Self>()) + places(&self.content) + places(&self.events) + self.weight.heap_bytes
    }

    /// Gives back places of entries that went, once there are many.
    pub fn shrink(&mut self) {
        for entries in [&mut self.content, &mut self.events] {
            if entries.capacity() > PLACES_KEPT && entries.len() < entries.capacity() / 4 {
                entries.shrink_to(entries.len() * 2);
            }
        }
    }

    /// Asserts what must always hold, for a channel with this head.
    pub fn invariants(&self, head: u64, bounds: &HistoryBounds) {
        assert_eq!(self.head, head, "history ends at the head");
        assert!(self.content.len() <= bounds.count_max as usize, "count bound");
        assert!(self.events.len() <= bounds.count_max as usize, "count bound of what tells");
        assert!(self.weight.bytes <= bounds.bytes_max as usize, "byte bound");
        let entries = || self.content.iter().chain(&self.events);
        let mut weight = Weight::default();
        entries().for_each(|entry| weight.add(&entry.bytes));
        assert_eq!(self.weight, weight, "bytes add up");
        assert_eq!(self.messages, self.messages().count(), "messages add up");
        let rises = |entries: &VecDeque<Entry>| {
            entries.iter().zip(entries.iter().skip(1)).all(|(one, next)| one.offset < next.offset)
        };
        assert!(rises(&self.content) && rises(&self.events), "offsets rise");
        assert!(self.events.iter().all(|entry| entry.offset > self.gone), "what tells serves somebody");
        let after = entries().filter(|entry| entry.offset > self.gone).count() as u64;
        assert_eq!(after, head - self.gone, "all after what is gone is here");
    }
}

/// Whether an entry is older than entries may become, where there is such a bound.
fn is_old(entry: Option<&Entry>, bounds: &HistoryBounds, now_ms: u64) -> bool {
    entry.is_some_and(|entry| now_ms.wrapping_sub(entry.at_ms) > bounds.age_ms_max)
}

#[cfg(test)]
mod tests;
