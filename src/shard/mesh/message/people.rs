//! What cores say to each other of people.

use super::Ticket;
use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::told::Told;
use crate::model::channel::ChannelName;
use crate::model::fault::Fault;
use crate::model::people::UserId;
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::command::PeopleCommand;
use crate::model::people::event::Event;
use crate::model::people::huddle::HuddleView;
use crate::model::people::recording::Recording;
use crate::model::people::status::Status;
use crate::model::session::Session;
use std::sync::Arc;

/// One message between two cores about people.
pub(in crate::shard) enum PeopleMessage {
    /// Edge to home: do this and answer.
    Request { ticket: Ticket, command: PeopleCommand },
    /// Edge to a person's home: it says this of its state; every core answers to this number once it knows.
    Status { user: UserId, status: Status, fan_in: u64 },
    /// A person's home to every core: answer this core that what was told before is known. Never left out.
    Known { fan_in: u64, asker: CoreId },
    /// Edge to a person's home: it opened a socket. Never left out.
    Opened { user: UserId, connection: ConnectionId, device: Arc<str> },
    /// Edge to a person's home: a socket is gone. Never left out.
    Closed { user: UserId, connection: ConnectionId },
    /// Edge to a circle's home: a socket has left it, or died. Never left out.
    Left { circle: Circle, user: UserId, connection: ConnectionId, died: bool },
    /// Home to the edges of a circle: its sockets are told this. Left out where the queue is full; then `Missed` follows.
    Circle { channel: ChannelName, event: Arc<Event>, except: Option<SocketId> },
    /// Home to edge: something of a circle was left out. Never left out.
    Missed { circle: Circle },
    /// Home to edge: these sockets are told this, in a circle or at its door.
    Sockets { connections: Vec<ConnectionId>, circle: Circle, door: Circle, event: Arc<Event> },
    /// Home to edge: these sockets are in a circle no longer. Never left out.
    Out { connections: Vec<ConnectionId>, circle: Circle },
    /// Home to every core: what people are told, or how a person is. Never left out.
    All(Told),
}

/// What all cores are asked about people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::shard) enum PeopleQuestion {
    /// The huddles that a user made, is in or is invited to.
    Huddles(UserId),
    /// The statuses of those of these users that are at home there, as the other user may see them.
    Statuses(Vec<UserId>, UserId),
    /// Some of those that others see.
    Online(usize),
    /// What was recorded of a conversation.
    Recordings(RecordingsQuestion),
}

/// One core's answer.
pub(in crate::shard) enum PeoplePart {
    Huddles(Vec<HuddleView>),
    Statuses(Vec<(UserId, Status)>),
    Online(Vec<(UserId, Status)>, u64),
    Recordings(RecordingsPart),
}

/// What all cores are asked of what was recorded of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::shard) struct RecordingsQuestion {
    pub conversation: Arc<str>,
    /// How many of the newest may be needed.
    pub count_max: usize,
    pub asker: Arc<Session>,
}

/// One core's answer to that.
pub(in crate::shard) struct RecordingsPart {
    /// From the home of the conversation: whether the asker belongs to it. An id that is no conversation's is a label,
    /// under which one is shown nothing but recordings of one's own calls.
    pub may: Option<Result<bool, Fault>>,
    /// Its newest of the conversation, and its newest that are the asker's too.
    pub all: Vec<Arc<Recording>>,
    pub own: Vec<Arc<Recording>>,
}

impl RecordingsQuestion {
    /// What cores are asked for a page.
    pub fn new(conversation: &Arc<str>, page: &Result<(u32, u32), Fault>, asker: &Arc<Session>) -> Self {
        let count_max = page.as_ref().map_or(0, |(skipped, limit)| *skipped as usize + *limit as usize);
        Self { conversation: conversation.clone(), count_max, asker: asker.clone() }
    }
}
