//! What history tells: to those who come back, to lists, to the log.

use super::rewriting::{retold, retold_deletion};
use super::{Entry, History, Kind};
use crate::model::publication::{ArchivedBody, PublicationBytes};
use crate::model::reply::Recovery;
use rkyv::util::AlignedVec;
use std::collections::VecDeque;

/// Bytes of edits put together for one answer. An edit is kept without its text, so many edits of a long message would else be told
/// with more than a history may have.
const RETOLD_BYTES_MAX: usize = 1 << 20;

/// Puts together what is told in one answer.
struct Teller<'a> {
    history: &'a History,
    bytes_left: usize,
    scratch: AlignedVec,
}

impl Teller<'_> {
    /// What an entry is told as: an edit with the text that its message has now, or as the deletion of it. `None` if that
    /// cannot be said any more.
    fn tell(&mut self, entry: &Entry) -> Option<PublicationBytes> {
        if entry.kind != Kind::Touched {
            return Some(entry.bytes.clone());
        }
        let edit = entry.bytes.view();
        let ArchivedBody::MessageTouched { of } = &edit.body else { return None };
        let of = of.to_native();
        let told = match self.history.message(of) {
            Some(message) => retold(edit, &message.bytes, &mut self.scratch)?,
            None => {
                let place = self.history.events.binary_search_by_key(&of, |entry| entry.offset).ok()?;
                retold_deletion(edit, &self.history.events[place].bytes, &mut self.scratch)?
            }
        };
        self.bytes_left = self.bytes_left.checked_sub(told.len())?;
        Some(told)
    }
}

impl History {
    /// What came after `offset`, oldest first: complete, or with a gap if some of it is gone, if there is more
    /// than `count_max`, or if the offset is yet to come.
    pub fn since(&self, offset: u64, count_max: usize) -> Recovery {
        let Some(missing) = self.head.checked_sub(offset) else {
            return Recovery::Gap(Vec::new());
        };
        if offset < self.gone || missing > count_max as u64 {
            return Recovery::Gap(self.newest(count_max));
        }
        match self.told_since(offset, missing as usize) {
            Some(missed) => Recovery::Complete(missed),
            None => Recovery::Gap(self.newest(count_max)),
        }
    }

    /// The `count` publications after an offset as they are told, oldest first; `None` if one of them cannot be said any
    /// more. Only what tells of other things is put together: what was said in between is told as it is kept.
    fn told_since(&self, offset: u64, count: usize) -> Option<Vec<PublicationBytes>> {
        let after =
            |entries: &VecDeque<Entry>, offset| entries.partition_point(|entry| entry.offset <= offset);
        let kept = |entry: &Entry| entry.bytes.clone();
        let (mut teller, mut told) = (self.teller(), Vec::with_capacity(count));
        let mut next = after(&self.content, offset);
        for event in self.events.range(after(&self.events, offset)..) {
            let end = after(&self.content, event.offset);
            told.extend(self.content.range(next..end).map(kept));
            told.push(teller.tell(event)?);
            next = end;
        }
        told.extend(self.content.range(next..).map(kept));
        Some(told)
    }

    /// The newest `count` publications, at most all, oldest first.
    pub fn newest(&self, count: usize) -> Vec<PublicationBytes> {
        let mut teller = self.teller();
        self.all().skip(self.len().saturating_sub(count)).filter_map(|entry| teller.tell(entry)).collect()
    }

    /// The newest `count` of what was said, at most all, oldest first.
    pub fn newest_content(&self, count: usize) -> Vec<PublicationBytes> {
        let start = self.content.len().saturating_sub(count);
        self.content.range(start..).map(|entry| entry.bytes.clone()).collect()
    }

    /// All that is kept, as it is kept, oldest first.
    pub fn kept(&self) -> impl Iterator<Item = &PublicationBytes> {
        self.all().map(|entry| &entry.bytes)
    }

    fn teller(&self) -> Teller<'_> {
        Teller { history: self, bytes_left: RETOLD_BYTES_MAX, scratch: AlignedVec::new() }
    }

    /// All entries, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        let (mut said, mut told) = (self.content.iter().peekable(), self.events.iter().peekable());
        let place = |entry: Option<&&Entry>| entry.map_or(u64::MAX, |entry| entry.offset);
        std::iter::from_fn(
            move || {
                if place(told.peek()) < place(said.peek()) { told.next() } else { said.next() }
            },
        )
    }
}
