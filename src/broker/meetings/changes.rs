//! What people may do in a meeting. A change is decided first, then stored by the caller, then applied; until then
//! nobody else may change the same meeting.

use crate::base::limits::Limits;
use crate::base::time::Now;
use crate::broker::home::faults;
use crate::broker::meetings::table::{Meetings, MeetingsPart};
use crate::broker::order::Order;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::meeting::{
    ID_BYTES_MAX, MEETING_NAMESPACE, Meeting, MeetingDraft, MeetingPage, MessagePlace, SealedMessage,
    channel_of, is_id,
};
use crate::model::publication::Body;
use crate::model::session::{Scopes, Session, folded};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes of a time.
const TIME_BYTES_MAX: usize = 64;

/// Bytes of a member: what a mail address can have (RFC 5321 section 4.5.3.1).
const MEMBER_BYTES_MAX: usize = 254;

/// Bytes of what a message's readers need besides their keys.
const SALT_BYTES_MAX: usize = 1_024;

/// A change that was decided and is to be stored, then applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeetingChange {
    /// Who changes it.
    pub by: Arc<str>,
    /// The record before, where there was one.
    pub was: Option<Arc<Meeting>>,
    /// What becomes of it.
    pub kind: MeetingChangeKind,
}

impl MeetingChange {
    /// The channel of the meeting.
    pub fn channel(&self) -> ChannelName {
        match &self.kind {
            MeetingChangeKind::Put { meeting, .. } | MeetingChangeKind::Cleared { meeting } => {
                channel_of(&meeting.id)
            }
            MeetingChangeKind::Deleted { channel } => channel.clone(),
        }
    }
}

/// What becomes of a meeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MeetingChangeKind {
    /// It is this from now on, with these messages added.
    Put {
        /// The record.
        meeting: Arc<Meeting>,
        /// The messages with their places.
        messages: Vec<PlacedMessage>,
    },
    /// Its messages are no more.
    Cleared {
        /// The record.
        meeting: Arc<Meeting>,
    },
    /// It is no more.
    Deleted {
        /// Its channel.
        channel: ChannelName,
    },
}

/// A message and its place among those of its meeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedMessage {
    /// Rises from message to message.
    pub place: u64,
    /// Whether there was none of its id.
    pub is_new: bool,
    /// The message.
    pub message: SealedMessage,
}

/// Whether a channel is one of a meeting.
pub fn is_meeting(channel: &ChannelName) -> bool {
    channel.namespace() == MEETING_NAMESPACE
}

impl Meetings {
    /// A meeting, for somebody who may know of it.
    ///
    /// # Errors
    /// There is none, or this is nobody's business but its members'.
    pub fn known_to(&self, session: &Session, channel: &ChannelName) -> Result<&Arc<Meeting>, Fault> {
        let meeting = self.get(channel);
        let meeting = meeting.ok_or_else(|| Fault::new(FaultCode::NotFound, "there is no such meeting"))?;
        if !meeting.admits(&session.user) {
            return Err(faults::not_yours("only the members of a meeting and its creator may know of it"));
        }
        Ok(meeting)
    }

    /// Whether a draft can be put there by this session, as things are.
    ///
    /// # Errors
    /// Whatever keeps it from that.
    pub fn check(&self, session: &Session, channel: &ChannelName, draft: &MeetingDraft) -> Result<(), Fault> {
        check_draft(&self.limits.get(), channel, draft)?;
        match self.known_to(session, channel) {
            Err(fault) if fault.code == FaultCode::NotFound && draft.creates => {
                let lacks = self.lacks_one(&session.user, !session.scopes.contains(Scopes::ADMIN));
                let (full, share) = ("no place for another meeting", "you made as many meetings as you may");
                faults::unless(lacks, full, share, "meetings_max")
            }
            found => found.map(drop),
        }
    }

    /// Whether there is room in memory for what becomes of a meeting, and on the disk for its messages.
    fn has_room(&self, session: &Session, was: Option<&Meeting>, is: &Meeting) -> Result<(), Fault> {
        let (lacks, limit) = self.lacks(was, is, !session.scopes.contains(Scopes::ADMIN));
        let share = "what the maker of this meeting has in meetings is as much as it may be";
        faults::unless(lacks, "no room for what this adds to meetings", share, limit)
    }

    /// Decides a put; [`Meetings::apply`] or [`Meetings::give_up`] follows. `places` are those of the messages of the draft that are there already, in its order.
    ///
    /// # Errors
    /// As [`Meetings::check`]: things may have changed since.
    pub fn decide_put(
        &mut self,
        now: Now,
        session: &Session,
        channel: &ChannelName,
        draft: MeetingDraft,
        places: &[Option<MessagePlace>],
    ) -> Result<MeetingChange, Fault> {
        self.check(session, channel, &draft)?;
        let was = self.get(channel).cloned();
        let mut meeting = was.as_deref().cloned().unwrap_or_else(|| Meeting {
            id: channel.suffix().into(),
            creator: session.user.as_ref().into(),
            members: Vec::new(),
            started: "".into(),
            ended: "".into(),
            created_ms: now.unix_ms,
            messages: 0,
            bytes: 0,
            first_place: 1,
            next_place: 1,
        });
        meeting.started = draft.started.unwrap_or(meeting.started);
        meeting.ended = draft.ended.unwrap_or(meeting.ended);
        meeting.members = draft.members.unwrap_or(meeting.members);
        // What was deleted is found until it is swept away, also that of an earlier meeting of the same name.
        let (is_new, first_place) = (was.is_none(), meeting.first_place);
        let places = places.iter().map(|place| place.filter(|known| !is_new && known.place >= first_place));
        let places = places.chain(std::iter::repeat(None));
        let messages = draft.messages.into_iter().zip(places).map(|(message, known)| {
            let place = known.map_or(meeting.next_place, |known| known.place);
            if known.is_none() {
                meeting.next_place += 1;
                meeting.messages += 1;
            }
            let message =
                SealedMessage { from: session.user.as_ref().into(), sent_ms: now.unix_ms, ..message };
            let before = known.map_or(0, |known| known.bytes);
            meeting.bytes = (meeting.bytes + message.bytes()).saturating_sub(before);
            PlacedMessage { place, is_new: known.is_none(), message }
        });
        let messages = messages.collect();
        self.has_room(session, was.as_deref(), &meeting)?;
        self.charge(channel, was.as_deref(), &meeting);
        let kind = MeetingChangeKind::Put { meeting: Arc::new(meeting), messages };
        Ok(MeetingChange { by: session.user.clone(), was, kind })
    }

    /// Decides that the messages of a meeting go.
    ///
    /// # Errors
    /// As [`Meetings::known_to`].
    pub fn decide_clear(&self, session: &Session, channel: &ChannelName) -> Result<MeetingChange, Fault> {
        let was = self.known_to(session, channel)?;
        let meeting =
            Arc::new(Meeting { messages: 0, bytes: 0, first_place: was.next_place, ..Meeting::clone(was) });
        let kind = MeetingChangeKind::Cleared { meeting };
        Ok(MeetingChange { by: session.user.clone(), was: Some(was.clone()), kind })
    }

    /// Decides that a meeting goes.
    ///
    /// # Errors
    /// As [`Meetings::known_to`].
    pub fn decide_delete(&self, session: &Session, channel: &ChannelName) -> Result<MeetingChange, Fault> {
        let was = self.known_to(session, channel)?;
        let kind = MeetingChangeKind::Deleted { channel: channel.clone() };
        Ok(MeetingChange { by: session.user.clone(), was: Some(was.clone()), kind })
    }

    /// This core's part of a list of somebody's meetings.
    pub fn list_of(&self, session: &Session, page: MeetingPage) -> MeetingsPart {
        self.list(&folded(&session.user), page, |channel| session.is_for(channel.as_str()))
    }

    /// Does a change that is stored, and tells those who hear the meeting's channel.
    pub fn apply(&mut self, order: &mut Order, now: Now, change: MeetingChange) {
        self.give_up(&change);
        let MeetingChange { by, was, kind } = change;
        match kind {
            MeetingChangeKind::Deleted { channel } => {
                self.remove(&channel);
                end(order, &channel);
            }
            MeetingChangeKind::Cleared { meeting } => {
                let channel = channel_of(&meeting.id);
                self.put(meeting);
                order.announce(now, &channel, &by, Body::MeetingCleared);
            }
            MeetingChangeKind::Put { meeting, messages } => {
                let channel = channel_of(&meeting.id);
                let sent_away = was.as_ref().is_some_and(|was| somebody_left(was, &meeting));
                if sent_away {
                    // Whoever is no member any more must not hear what comes; the others come back.
                    end(order, &channel);
                }
                for placed in messages {
                    let SealedMessage { id, salt, data, .. } = placed.message;
                    let (id, salt, data, replaces) = (id.into(), salt.into(), data.into(), !placed.is_new);
                    let body = Body::MeetingMessage { id, salt, data, replaces };
                    order.announce(now, &channel, &by, body);
                }
                let goes_on = was.is_none_or(|was| was.ended.is_empty());
                if goes_on && !meeting.ended.is_empty() {
                    let ended = meeting.ended.as_ref().into();
                    order.announce(now, &channel, &by, Body::MeetingEnded { ended });
                }
                self.put(meeting);
            }
        }
    }

    /// A change that was decided could not be stored.
    pub fn give_up(&mut self, change: &MeetingChange) {
        self.settle(&change.channel());
    }

    /// Whether a session may hear a channel, as far as meetings are concerned.
    pub(in crate::broker) fn may_hear(&self, session: &Session, channel: &ChannelName) -> Result<(), Fault> {
        if is_meeting(channel) { self.known_to(session, channel).map(drop) } else { Ok(()) }
    }
}

fn check_draft(limits: &Limits, channel: &ChannelName, draft: &MeetingDraft) -> Result<(), Fault> {
    check_id("id", channel.suffix())?;
    for (name, time) in [("started", &draft.started), ("ended", &draft.ended)] {
        if time.as_ref().is_some_and(|time| time.len() > TIME_BYTES_MAX) {
            return Err(faults::invalid(name, format!("a time has at most {TIME_BYTES_MAX} bytes")));
        }
    }
    let members_max = limits.lists.meeting_members_max as usize;
    if draft.members.as_ref().is_some_and(|members| members.len() > members_max) {
        return Err(faults::invalid("members", format!("a meeting has at most {members_max} members")));
    }
    let longest = draft.members.iter().flatten().map(|member| member.len()).max();
    if longest.is_some_and(|bytes| bytes > MEMBER_BYTES_MAX) {
        return Err(faults::invalid("members", format!("a member has at most {MEMBER_BYTES_MAX} bytes")));
    }
    let messages_max = limits.meeting_messages_per_request_max as usize;
    // As those who send them call them.
    let list = if draft.creates { "messages" } else { "data" };
    if draft.messages.len() > messages_max {
        let sentence =
            format!("one request adds at most {messages_max} messages; send the rest in further ones");
        return Err(faults::invalid(list, sentence));
    }
    let data_max = limits.meeting_message_bytes_max as usize;
    for message in &draft.messages {
        check_id(list, &message.id)?;
        if message.salt.len() > SALT_BYTES_MAX {
            return Err(faults::invalid(
                "salt",
                format!("a message's salt has at most {SALT_BYTES_MAX} bytes"),
            ));
        }
        if message.data.len() > data_max {
            return Err(faults::invalid("data", format!("a message's data has at most {data_max} bytes")));
        }
    }
    Ok(())
}

fn end(order: &mut Order, channel: &ChannelName) {
    if let Some(id) = order.channels.find(channel) {
        order.end_channel(id, &faults::channel_deleted());
    }
}

/// Whether somebody who might know of a meeting may not any more.
fn somebody_left(was: &Meeting, is: &Meeting) -> bool {
    if was.members == is.members {
        return false;
    }
    let people: BTreeSet<_> = is.people().collect();
    was.people().any(|person| !people.contains(&person))
}

fn check_id(name: &'static str, id: &str) -> Result<(), Fault> {
    if !is_id(id) {
        let sentence = format!("an id has 1 to {ID_BYTES_MAX} bytes and no control characters");
        return Err(faults::invalid(name, sentence));
    }
    Ok(())
}
