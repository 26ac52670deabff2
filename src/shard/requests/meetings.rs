//! Meetings homed on this core: their messages are on the disk, so whatever is asked of them goes there. Changes of one
//! meeting are done one after the other, in the order in which they came.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ids::CoreId;
use crate::broker::meetings::{MeetingChange, MeetingChangeKind};
use crate::model::channel::ChannelName;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::meeting::{Meeting, MeetingDraft, MessagePage};
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::shard::effects::{Asker, Then, not_stored};
use crate::shard::mesh::message::Ticket;
use crate::shard::{Effect, Resolution, Shard};
use crate::store::{Table, meetings as stored};
use std::collections::VecDeque;
use std::sync::Arc;

/// Meetings that are being changed, each with the changes that wait for it.
pub(in crate::shard) struct Meetings {
    changing: KeyedMap<ChannelName, VecDeque<(Asker, Command)>>,
    /// Changes that wait, of all meetings.
    waiting: usize,
}

impl Meetings {
    pub fn new(seed: u64) -> Self {
        Self { changing: KeyedMap::with_hasher(KeyedState::new(seed, 0x3ee7)), waiting: 0 }
    }
}

/// A put whose messages are looked up.
pub(in crate::shard) struct Put {
    channel: ChannelName,
    session: Arc<Session>,
    draft: MeetingDraft,
}

/// The channel of the meeting that a command changes.
pub(in crate::shard) fn changed_meeting(command: &Command) -> Option<&ChannelName> {
    match command {
        Command::PutMeeting { channel, .. }
        | Command::DeleteMeeting { channel }
        | Command::ClearMeeting { channel } => Some(channel),
        _ => None,
    }
}

impl Shard {
    /// Does a request that is about a meeting.
    pub(in crate::shard) fn serve_meeting(&mut self, from: CoreId, ticket: Ticket, command: Command) {
        let asker = Asker { from, ticket };
        if let Command::GetMeeting { channel, page, record } = command {
            return self.read_meeting(asker, &channel, page, record);
        }
        let Some(channel) = changed_meeting(&command).cloned() else { return };
        let waiting_max = self.setup.limits.meeting_changes_waiting_max as usize;
        match self.meetings.changing.get_mut(&channel) {
            Some(_) if self.meetings.waiting >= waiting_max => {
                let sentence = "Too many changes of meetings wait for earlier ones. Try again shortly.";
                self.answer_asker(Some(asker), Reply::Fault(Fault::new(FaultCode::Overloaded, sentence)));
            }
            Some(queue) => {
                queue.push_back((asker, command));
                self.meetings.waiting += 1;
            }
            None => {
                self.meetings.changing.insert(channel.clone(), VecDeque::from([(asker, command)]));
                self.meetings.waiting += 1;
                self.change_next(&channel);
            }
        }
    }

    /// Begins the next change of a meeting that can be begun; without one, nobody changes it any more.
    fn change_next(&mut self, channel: &ChannelName) {
        while let Some((asker, command)) =
            self.meetings.changing.get_mut(channel).and_then(VecDeque::pop_front)
        {
            self.meetings.waiting -= 1;
            let session = asker.ticket.session.clone();
            let begun = match self.effects_full() {
                Some(fault) => Err(fault),
                None => self.begin_change(&session, command),
            };
            match begun {
                Ok((effect, then)) => return self.start_effect(effect, Some(asker), then),
                Err(fault) => self.answer_asker(Some(asker), Reply::Fault(fault)),
            }
        }
        self.meetings.changing.remove(channel);
    }

    fn begin_change(&mut self, session: &Arc<Session>, command: Command) -> Result<(Effect, Then), Fault> {
        match command {
            Command::ClearMeeting { channel } => self.home.decide_clear(session, &channel).map(written),
            Command::DeleteMeeting { channel } => self.home.decide_delete(session, &channel).map(written),
            Command::PutMeeting { channel, draft } if draft.messages.is_empty() => {
                self.home.decide_put(self.now, session, &channel, *draft, &[]).map(written)
            }
            Command::PutMeeting { channel, draft } => {
                self.home.check_meeting(session, &channel, &draft)?;
                let key = |message: &crate::model::meeting::SealedMessage| {
                    stored::id_key(channel.suffix(), &message.id)
                };
                let keys = draft.messages.iter().map(key).collect();
                let put = Put { session: session.clone(), draft: *draft, channel };
                Ok((Effect::Find(Table::MeetingMessageIds, keys), Then::PlaceMessages(Box::new(put))))
            }
            _ => Err(Fault::new(FaultCode::UnknownType, "this changes no meeting")),
        }
    }

    /// It is known which messages of a put are there already.
    pub(in crate::shard) fn messages_placed(
        &mut self,
        asker: Option<Asker>,
        put: Put,
        resolution: Resolution,
    ) {
        let Put { channel, session, draft } = put;
        let decided = match resolution {
            Resolution::Values(values) => places(channel.suffix(), &draft, &values)
                .and_then(|places| self.home.decide_put(self.now, &session, &channel, draft, &places)),
            resolution => Err(not_read(&resolution)),
        };
        match decided {
            Ok(change) => {
                let (effect, then) = written(change);
                self.start_effect(effect, asker, then);
            }
            Err(fault) => {
                self.answer_asker(asker, Reply::Fault(fault));
                self.change_next(&channel);
            }
        }
    }

    /// The disk has a change of a meeting, or has it not.
    pub(in crate::shard) fn meeting_changed(
        &mut self,
        asker: Option<Asker>,
        change: MeetingChange,
        resolution: &Resolution,
    ) {
        let channel = change.channel();
        let mut sweeps = !matches!(change.kind, MeetingChangeKind::Put { .. });
        let reply = match resolution {
            Resolution::Failed(failure) => {
                sweeps = false;
                Reply::Fault(not_stored(*failure))
            }
            _ => {
                self.home.apply_meeting(self.now, change);
                Reply::Done
            }
        };
        self.answer_asker(asker, reply);
        self.pump_home();
        if sweeps && self.effects_full().is_none() {
            // Nothing is added meanwhile: further changes wait.
            let spans = stored::messages(channel.suffix());
            return self.start_effect(Effect::Replace(spans, Vec::new()), None, Then::SweepMeeting(channel));
        }
        self.change_next(&channel);
    }

    /// Messages that were deleted are off the disk, or will be when others are.
    pub(in crate::shard) fn meeting_swept(&mut self, channel: &ChannelName) {
        self.change_next(channel);
    }

    fn read_meeting(&mut self, asker: Asker, channel: &ChannelName, page: MessagePage, record: bool) {
        let found = match self.effects_full() {
            Some(fault) => Err(fault),
            None => self.home.meeting(&asker.ticket.session, channel).cloned(),
        };
        match found {
            Err(fault) => self.answer_asker(Some(asker), Reply::Fault(fault)),
            Ok(meeting) => {
                let bytes_max = self.setup.limits.meeting_page_bytes_max;
                let range = stored::page(&meeting, page.after, page.count_max, bytes_max);
                self.start_effect(Effect::Read(range), Some(asker), Then::ReadMeeting { meeting, record });
            }
        }
    }

    /// A part of the messages of a meeting was read.
    pub(in crate::shard) fn meeting_read(
        &mut self,
        asker: Option<Asker>,
        meeting: Arc<Meeting>,
        record: bool,
        resolution: &Resolution,
    ) {
        let reply = match resolution {
            Resolution::Found(found) => {
                let read: Result<Vec<_>, _> = found.records.iter().map(stored::read_message).collect();
                match read {
                    Ok(read) => {
                        let next = read.last().filter(|_| found.more).map(|(place, _)| *place);
                        let messages = read.into_iter().map(|(_, message)| message).collect();
                        Reply::Meeting { meeting, record, messages, next }
                    }
                    Err(_) => Reply::Fault(damaged()),
                }
            }
            resolution => Reply::Fault(not_read(resolution)),
        };
        self.answer_asker(asker, reply);
    }

    /// Asserts what must hold between calls.
    pub(in crate::shard) fn meetings_invariants(&self) {
        let queues = self.meetings.changing.values();
        assert_eq!(
            queues.map(VecDeque::len).sum::<usize>(),
            self.meetings.waiting,
            "changes that wait add up"
        );
    }
}

/// What a decided change puts on the disk. Messages that are deleted go afterwards: nobody reads them any more, and if
/// the process ends before, the next meeting of the same name begins with that.
fn written(change: MeetingChange) -> (Effect, Then) {
    let effect = match &change.kind {
        MeetingChangeKind::Put { meeting, messages } => {
            let put = |placed: &crate::broker::meetings::PlacedMessage| {
                stored::put_message(&meeting.id, placed.place, placed.is_new, &placed.message)
            };
            let writes = messages.iter().flat_map(put).chain([stored::put(meeting)]).collect();
            let spans = if change.was.is_none() { stored::messages(&meeting.id) } else { Vec::new() };
            Effect::Replace(spans, writes)
        }
        MeetingChangeKind::Cleared { meeting } => Effect::Write(vec![stored::put(meeting)]),
        MeetingChangeKind::Deleted { channel } => Effect::Write(vec![stored::deleted(channel.suffix())]),
    };
    (effect, Then::ChangeMeeting(Box::new(change)))
}

fn places(
    meeting: &str,
    draft: &MeetingDraft,
    values: &[Option<Vec<u8>>],
) -> Result<Vec<Option<u64>>, Fault> {
    let found = draft.messages.iter().zip(values).map(|(message, value)| {
        let key = || stored::id_key(meeting, &message.id);
        value.as_ref().map(|value| stored::read_place(&key(), value)).transpose()
    });
    found.collect::<Result<_, _>>().map_err(|_| damaged())
}

fn not_read(resolution: &Resolution) -> Fault {
    let reason = match resolution {
        Resolution::Failed(failure) => failure.reason(),
        _ => "the disk gave another answer",
    };
    Fault::new(FaultCode::Unavailable, format!("The messages could not be read: {reason}."))
}

fn damaged() -> Fault {
    Fault::new(
        FaultCode::Unavailable,
        "The messages could not be read: what the disk has of them is damaged.",
    )
}
