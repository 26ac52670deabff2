//! Meetings homed on this core: their messages are on the disk, so whatever is asked of them goes there. Changes of one
//! meeting are done one after the other, in the order in which they came.

use super::in_turn::Came;
use super::{Asker, Begun, InTurn, Then};
use crate::base::limits::Limits;
use crate::base::time::Now;
use crate::broker::home::Home;
use crate::broker::meetings::{MeetingChange, MeetingChangeKind, PlacedMessage};
use crate::model::channel::ChannelName;
use crate::model::command::MeetingCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::meeting::{Meeting, MeetingDraft, MessagePage, MessagePlace, SealedMessage};
use crate::model::reply::{MeetingReply, Reply};
use crate::model::session::Session;
use crate::shard::effects::{Class, Effects, not_stored};
use crate::shard::home::HomeSide;
use crate::shard::{Effect, Resolution};
use crate::store::{Table, meetings as stored};
use std::sync::Arc;

/// Changes of meetings.
pub(in crate::shard) type MeetingChanges = InTurn<(Asker, MeetingCommand)>;

/// How a request about a meeting goes on.
pub(in crate::shard) enum MeetingThen {
    /// It is known which messages of a put are there already.
    Place(Box<Put>),
    /// A change is stored.
    Change(Box<MeetingChange>),
    /// Messages that were deleted are off the disk.
    Sweep(ChannelName),
    /// Messages are read, and shown.
    Show {
        /// The record.
        meeting: Arc<Meeting>,
        /// Whether it is shown.
        record: bool,
    },
}

/// A put whose messages are looked up.
pub(in crate::shard) struct Put {
    channel: ChannelName,
    session: Arc<Session>,
    draft: MeetingDraft,
}

impl HomeSide {
    /// Takes a change of a meeting in; it is begun when those before it are done.
    pub(super) fn change_meeting_in_turn(&mut self, asker: Asker, command: MeetingCommand) {
        let channel = command.channel().clone();
        let user = asker.ticket.session.user.clone();
        match self.meeting_changes.come(
            &channel,
            &user,
            (asker, command),
            self.setup.limits.meeting_changes_waiting_max,
        ) {
            Came::First => self.change_next_meeting(&channel),
            Came::Waits => {}
            Came::Refused((asker, _)) => {
                let sentence = "Too many changes of meetings wait for earlier ones. Try again shortly.";
                self.answer_asker(Some(asker), Fault::new(FaultCode::Overloaded, sentence));
            }
        }
    }

    /// Begins the next change of a meeting that can be begun.
    fn change_next_meeting(&mut self, channel: &ChannelName) {
        while let Some((asker, command)) = self.meeting_changes.next(channel) {
            let session = asker.ticket.session.clone();
            match begin((&mut self.home, &mut self.effects), &self.setup.limits, self.now, &session, command)
            {
                Ok(Begun::Outside(outside)) => {
                    let (effect, then) = *outside;
                    return self.start_effect(effect, Some(asker), Some(then));
                }
                Ok(Begun::Answered(outcome)) => self.give(asker, outcome),
                Err(fault) => self.answer_asker(Some(asker), fault),
            }
        }
    }

    /// The disk has done its part.
    pub(super) fn continue_meeting(
        &mut self,
        asker: Option<Asker>,
        then: MeetingThen,
        resolution: &Resolution,
    ) {
        match then {
            MeetingThen::Place(put) => self.messages_placed(asker, *put, resolution),
            MeetingThen::Change(change) => self.meeting_changed(asker, *change, resolution),
            // They are, or will be when others are: nobody reads them any more.
            MeetingThen::Sweep(channel) => self.change_next_meeting(&channel),
            MeetingThen::Show { meeting, record } => {
                self.answer_asker(asker, shown(meeting, record, resolution));
            }
        }
    }

    /// It is known which messages of a put are there already.
    fn messages_placed(&mut self, asker: Option<Asker>, put: Put, resolution: &Resolution) {
        let Put { channel, session, draft } = put;
        let decided = match resolution {
            Resolution::Values(values) => places(channel.suffix(), &draft, values).and_then(|places| {
                self.home.meetings.decide_put(self.now, &session, &channel, draft, &places)
            }),
            resolution => Err(not_read(resolution)),
        };
        match decided {
            Ok(change) => {
                let (effect, then) = written(change);
                self.start_effect(effect, asker, Some(then));
            }
            Err(fault) => {
                self.answer_asker(asker, fault);
                self.change_next_meeting(&channel);
            }
        }
    }

    /// The disk has a change of a meeting, or has it not.
    fn meeting_changed(&mut self, asker: Option<Asker>, change: MeetingChange, resolution: &Resolution) {
        let channel = change.channel();
        let mut sweeps = !matches!(change.kind, MeetingChangeKind::Put { .. });
        let reply = match resolution.stored() {
            Err(failure) => {
                sweeps = false;
                self.home.meetings.give_up(&change);
                Reply::Fault(not_stored(failure))
            }
            Ok(()) => {
                self.home.apply_meeting(self.now, change);
                Reply::Done
            }
        };
        self.answer_asker(asker, reply);
        self.pass_on_all();
        if sweeps && self.effects.admit(Class::Store).is_ok() {
            // Nothing is added meanwhile: further changes wait.
            let spans = stored::messages(channel.suffix());
            let then = Then::Meeting(MeetingThen::Sweep(channel));
            return self.start_effect(Effect::Replace(spans, Vec::new()), None, Some(then));
        }
        self.change_next_meeting(&channel);
    }
}

/// A part of the messages of a meeting, as it was read.
fn shown(meeting: Arc<Meeting>, record: bool, resolution: &Resolution) -> Reply {
    let Resolution::Found(found) = resolution else { return Reply::Fault(not_read(resolution)) };
    let read: Result<Vec<_>, _> = found.records.iter().map(stored::read_message).collect();
    let Ok(read) = read else { return Reply::Fault(damaged()) };
    let next = read.last().filter(|_| found.more).map(|(place, _)| *place);
    let messages = read.into_iter().map(|(_, message)| message).collect();
    Reply::Meeting(MeetingReply::One { meeting, record, messages, next })
}

/// What a decided change puts on the disk. Messages that are deleted go afterwards: nobody reads them any more, and if
/// the process ends before, the next meeting of the same name begins with that.
fn written(change: MeetingChange) -> (Effect, Then) {
    let effect = match &change.kind {
        MeetingChangeKind::Put { meeting, messages } => {
            let put =
                |placed: &PlacedMessage| stored::put_message(&meeting.id, placed.place, &placed.message);
            let writes = messages.iter().flat_map(put).chain([stored::put(meeting)]).collect();
            let spans = if change.was.is_none() { stored::messages(&meeting.id) } else { Vec::new() };
            Effect::Replace(spans, writes)
        }
        MeetingChangeKind::Cleared { meeting } => Effect::Write(vec![stored::put(meeting)]),
        MeetingChangeKind::Deleted { channel } => Effect::Write(vec![stored::deleted(channel.suffix())]),
    };
    (effect, Then::Meeting(MeetingThen::Change(Box::new(change))))
}

fn places(
    meeting: &str,
    draft: &MeetingDraft,
    values: &[Option<Vec<u8>>],
) -> Result<Vec<Option<MessagePlace>>, Fault> {
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
    .retry_after(None)
}

/// Begins a request about a meeting: its messages are on the disk.
pub(super) fn begin(
    (home, effects): (&mut Home, &mut Effects<Asker, Then>),
    limits: &Limits,
    now: Now,
    session: &Arc<Session>,
    command: MeetingCommand,
) -> Result<Begun, Fault> {
    effects.admit(Class::Store)?;
    let change = match command {
        MeetingCommand::Get { channel, page, record } => {
            return read(home, limits, session, &channel, page, record);
        }
        MeetingCommand::Clear { channel } => home.meetings.decide_clear(session, &channel)?,
        MeetingCommand::Delete { channel } => home.meetings.decide_delete(session, &channel)?,
        MeetingCommand::Put { channel, draft } if draft.messages.is_empty() => {
            home.meetings.decide_put(now, session, &channel, *draft, &[])?
        }
        MeetingCommand::Put { channel, draft } => {
            home.meetings.check(session, &channel, &draft)?;
            let key = |message: &SealedMessage| stored::id_key(channel.suffix(), &message.id);
            let keys = draft.messages.iter().map(key).collect();
            let put = Put { session: session.clone(), draft: *draft, channel };
            let then = Then::Meeting(MeetingThen::Place(Box::new(put)));
            return Ok(Begun::outside(Effect::Find(Table::MeetingMessageIds, keys), then));
        }
    };
    let (effect, then) = written(change);
    Ok(Begun::outside(effect, then))
}

/// Has a part of the messages of a meeting read.
fn read(
    home: &Home,
    limits: &Limits,
    session: &Session,
    channel: &ChannelName,
    page: MessagePage,
    record: bool,
) -> Result<Begun, Fault> {
    let meeting = home.meetings.known_to(session, channel)?.clone();
    let bytes_max = limits.meeting_page_bytes_max;
    let range = stored::page(&meeting, page.after, page.count_max, bytes_max);
    Ok(Begun::outside(Effect::Read(range), Then::Meeting(MeetingThen::Show { meeting, record })))
}
