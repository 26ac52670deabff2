//! Records of meetings, by channel and by person. Their messages are not kept here: only how many there are.

use crate::base::few::Few;
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::Lacks;
use crate::base::limits::InForce;
use crate::broker::accounts::Accounts;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::meeting::{Meeting, MeetingPage, channel_of};
use crate::model::reply::{MeetingReply, Reply};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Meetings on one page, whatever was asked for.
const PAGE_MEETINGS_MAX: u32 = 1_000;

/// Bytes of memory that a meeting takes, besides its members and ...
const HELD_BYTES: usize = 512;

/// ... that a member takes, besides its address.
const MEMBER_BYTES: usize = 80;

/// Bytes that a record takes in an answer, besides its members.
const RECORD_BYTES: usize = 256;

/// How far into a list of meetings a page may reach. Every core contributes as many, so the depth decides what the
/// deepest page costs.
const PAGED_MEETINGS_MAX: usize = 10_000;

/// The meetings of a core.
pub struct Meetings {
    by_channel: KeyedMap<ChannelName, Arc<Meeting>>,
    /// Meetings of a person, newest first, by the hash of its folded id.
    by_person: KeyedMap<u64, Few<(Reverse<u64>, ChannelName)>>,
    hasher: KeyedState,
    /// Who made them, with the bytes of memory that they take.
    held: Accounts,
    /// The same with the bytes of their messages on the disk.
    stored: Accounts,
    pub(super) limits: InForce,
}

/// One core's part of a list of meetings: what of it can be on the page asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MeetingsPart {
    /// The newest meetings, by creation time and id.
    pub items: Vec<Arc<Meeting>>,
    /// All meetings of the person on this core.
    pub total: u64,
}

impl Meetings {
    /// An empty table.
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self {
            by_channel: KeyedMap::with_hasher(hasher),
            by_person: KeyedMap::with_hasher(hasher),
            hasher,
            held: Accounts::new(hasher),
            stored: Accounts::new(hasher),
            limits,
        }
    }

    /// The record of a meeting.
    pub fn get(&self, channel: &ChannelName) -> Option<&Arc<Meeting>> {
        self.by_channel.get(channel)
    }

    /// What somebody lacks for another one, beside those that are on their way to the disk.
    pub(super) fn lacks_one(&self, creator: &str, bounded: bool) -> Option<Lacks> {
        self.held.lacks_one(creator, self.limits.get().meetings_max, bounded)
    }

    /// What the maker of a meeting lacks for what becomes of it, and the setting that says so. Only what grows needs room.
    pub(super) fn lacks(
        &self,
        was: Option<&Meeting>,
        is: &Meeting,
        bounded: bool,
    ) -> (Option<Lacks>, &'static str) {
        let limits = self.limits.get();
        let lists = &limits.lists;
        let [held, stored] = added(was, is);
        let lacks = self.held.lacks(&is.creator, held, lists.meeting_bytes_max, bounded);
        if lacks.is_some() {
            return (lacks, "meeting_bytes_max");
        }
        let bytes_max = lists.meeting_messages_bytes_max;
        (self.stored.lacks(&is.creator, stored, bytes_max, bounded), "meeting_messages_bytes_max")
    }

    /// What becomes of a meeting is on its way to the disk: what it adds is taken from here on.
    pub(super) fn charge(&mut self, channel: &ChannelName, was: Option<&Meeting>, is: &Meeting) {
        let [held, stored] = added(was, is);
        self.held.charge(channel, &is.creator, was.is_none(), held);
        self.stored.charge(channel, &is.creator, was.is_none(), stored);
    }

    /// It is stored, or will not be.
    pub(super) fn settle(&mut self, channel: &ChannelName) {
        self.held.settle(channel);
        self.stored.settle(channel);
    }

    /// Puts a record in the place of the channel's older one, if there is one.
    pub fn put(&mut self, meeting: Arc<Meeting>) {
        let channel = channel_of(&meeting.id);
        self.remove(&channel);
        for person in meeting.people() {
            let meetings = self.by_person.entry(self.hasher.hash_bytes(person.as_bytes())).or_default();
            meetings.insert((Reverse(meeting.created_ms), channel.clone()));
        }
        self.held.put(&channel, &meeting.creator, held_bytes(&meeting));
        self.stored.put(&channel, &meeting.creator, stored_bytes(&meeting));
        self.by_channel.insert(channel, meeting);
    }

    /// Forgets a meeting.
    pub fn remove(&mut self, channel: &ChannelName) {
        let Some(meeting) = self.by_channel.remove(channel) else { return };
        self.held.remove(channel, &meeting.creator, held_bytes(&meeting));
        self.stored.remove(channel, &meeting.creator, stored_bytes(&meeting));
        for person in meeting.people() {
            let person = self.hasher.hash_bytes(person.as_bytes());
            let Some(meetings) = self.by_person.get_mut(&person) else { continue };
            meetings.remove(&(Reverse(meeting.created_ms), channel.clone()));
            if meetings.is_empty() {
                self.by_person.remove(&person);
            }
        }
    }

    /// This core's part of a list: at most as many as there are up to the end of the page. `told` says which channels may
    /// be told of. Another person may have the same hash, so [`merge_meetings`] asks of each whether it is the person's.
    pub fn list(&self, person: &str, page: MeetingPage, told: impl Fn(&ChannelName) -> bool) -> MeetingsPart {
        let Some(meetings) = self.by_person.get(&self.hasher.hash_bytes(person.as_bytes())) else {
            return MeetingsPart::default();
        };
        let end = end(page);
        let take = if end > PAGED_MEETINGS_MAX { 0 } else { end };
        let meetings = || meetings.iter().filter(|(_, channel)| told(channel));
        let items = meetings().take(take).filter_map(|(_, channel)| self.by_channel.get(channel).cloned());
        MeetingsPart { items: items.collect(), total: meetings().count() as u64 }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let bytes =
            |of: fn(&Meeting) -> usize| self.by_channel.values().map(|meeting| of(meeting)).sum::<usize>();
        self.held.invariants(self.by_channel.len(), bytes(held_bytes));
        self.stored.invariants(self.by_channel.len(), bytes(stored_bytes));
        for (person, meetings) in &self.by_person {
            assert!(!meetings.is_empty(), "nobody is kept for nothing");
            for (_, channel) in meetings.iter() {
                let meeting = self.by_channel.get(channel);
                let is_person = |other: Cow<'_, str>| self.hasher.hash_bytes(other.as_bytes()) == *person;
                let knows = meeting.is_some_and(|meeting| meeting.people().any(is_person));
                assert!(knows, "a person's meetings know the person");
            }
        }
        let people = |meeting: &Arc<Meeting>| meeting.people().collect::<BTreeSet<_>>().len();
        assert_eq!(
            self.by_channel.values().map(people).sum::<usize>(),
            self.by_person.values().map(Few::len).sum::<usize>(),
            "every meeting is found by all its people"
        );
    }
}

/// A part of all cores' meetings from their parts, which were made for the same page. `admits` says whether a meeting is for whoever
/// asks; it looks at all members, so it is asked of what fits in the answer alone. What reaches past the first 10,000 meetings is
/// answered with a fault.
pub fn merge_meetings(
    parts: Vec<MeetingsPart>,
    page: MeetingPage,
    bytes_max: usize,
    mut admits: impl FnMut(&Meeting) -> bool,
) -> Reply {
    if end(page) > PAGED_MEETINGS_MAX {
        let message = format!("meetings can be listed up to the first {PAGED_MEETINGS_MAX}");
        return Reply::Fault(
            Fault::new(FaultCode::InvalidRequest, message).at(FaultPlace::Parameter("after")),
        );
    }
    let total: u64 = parts.iter().map(|part| part.total).sum();
    let mut meetings: Vec<Arc<Meeting>> = parts.into_iter().flat_map(|part| part.items).collect();
    // Stable sorting finds the sorted runs and merges them.
    meetings.sort_by(|a, b| (Reverse(a.created_ms), &a.id).cmp(&(Reverse(b.created_ms), &b.id)));
    let mut bytes = 0;
    // One comes however large it is, so that whoever pages gets on.
    let fits = |meeting: &Arc<Meeting>| {
        let first = bytes == 0;
        bytes += RECORD_BYTES + meeting.members.iter().map(|member| member.len()).sum::<usize>();
        first || bytes <= bytes_max
    };
    let slice = meetings.into_iter().skip(page.after as usize).take(bounded(page) as usize);
    let mut items: Vec<_> = slice.take_while(fits).collect();
    let reached = u64::from(page.after) + items.len() as u64;
    let next = (!items.is_empty() && reached < total).then_some(reached);
    items.retain(|meeting| admits(meeting));
    Reply::Meeting(MeetingReply::Page { items, next })
}

/// Bytes of memory that a meeting takes, about: its record, and that each of its people finds it.
fn held_bytes(meeting: &Meeting) -> usize {
    let people = meeting.members.iter().map(|member| MEMBER_BYTES + member.len());
    HELD_BYTES + MEMBER_BYTES + people.sum::<usize>()
}

/// Bytes of the disk that its messages take.
fn stored_bytes(meeting: &Meeting) -> usize {
    usize::try_from(meeting.bytes).unwrap_or(usize::MAX)
}

/// The bytes that a meeting takes more than before: of memory, and of the disk.
fn added(was: Option<&Meeting>, is: &Meeting) -> [usize; 2] {
    [held_bytes, stored_bytes].map(|bytes| bytes(is).saturating_sub(was.map_or(0, bytes)))
}

fn bounded(page: MeetingPage) -> u32 {
    page.count_max.min(PAGE_MEETINGS_MAX)
}

/// How far into the list a page reaches.
fn end(page: MeetingPage) -> usize {
    (page.after as usize).saturating_add(bounded(page) as usize)
}
