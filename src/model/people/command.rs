//! What people ask for, by REST or on a socket.

use super::call::{CallAct, CallKind};
use super::chat::ChatAct;
use super::circle::Circle;
use super::conversation::{Concern, ConversationAct};
use super::device::DeviceAct;
use super::file::Fetch;
use super::huddle::HuddleAct;
use super::recording::RecordingAct;
use super::status::{Custom, Status};
use super::{UserId, reply::Wanted};
use crate::model::access::Use;
use crate::model::fault::Fault;
use std::sync::Arc;

/// A request of a person, or of a back end on people's behalf.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeopleCommand {
    /// Something that is said on a socket, in a circle. The shard looks whether the socket is in it before anything else.
    Spoken {
        /// Where.
        circle: Option<Circle>,
        /// The socket's own name for its stay in the circle, if it says it.
        label: Option<Box<str>>,
        /// Whether it asks to come there.
        joins: bool,
        /// What it asks for, or what is wrong with it.
        act: Result<Box<PeopleCommand>, Fault>,
    },
    /// Come to a circle.
    Join {
        /// Which.
        circle: Circle,
        /// Whether one sends pictures there from the start.
        video: bool,
        /// The socket's device, and the second since 1970 at which it was opened; filled in by its core.
        device: Option<(Arc<str>, u64)>,
    },
    /// Leave a circle.
    Leave {
        /// Which.
        circle: Circle,
    },
    /// Ask something of a conversation.
    Conversation {
        /// Its id.
        id: Arc<str>,
        /// What.
        act: ConversationAct,
    },
    /// Talk in a conversation.
    Chat {
        /// Its id.
        conversation: Arc<str>,
        /// What.
        act: ChatAct,
    },
    /// Ring others.
    StartCall {
        /// The conversation that the call belongs to.
        conversation: Option<Arc<str>>,
        /// Who is rung.
        users: Vec<UserId>,
        /// With what.
        kind: CallKind,
    },
    /// Do something in a call.
    Call {
        /// Its id.
        call: Arc<str>,
        /// What.
        act: CallAct,
    },
    /// Make a huddle, or get the one that its conversation has.
    CreateHuddle {
        /// The conversation that it belongs to.
        conversation: Option<Arc<str>>,
        /// What it is called.
        name: Option<Box<str>>,
    },
    /// Do something in a huddle.
    Huddle {
        /// Its id.
        huddle: Arc<str>,
        /// What.
        act: HuddleAct,
    },
    /// What is known of a person.
    Person {
        /// Who.
        user: UserId,
    },
    /// In which state some people are.
    Statuses {
        /// Who.
        users: Vec<UserId>,
        /// How the answer is wanted.
        wanted: Wanted,
    },
    /// Who is there.
    Online {
        /// In whose presence circle; everywhere if none is named.
        within: Option<Arc<str>>,
        /// How many are named at most, or what is wrong with it, to be told to whoever may ask.
        count_max: Result<u32, Fault>,
    },
    /// Say in which state one is.
    SetStatus {
        /// The state.
        status: Status,
    },
    /// Say what one does, or no longer.
    SetCustom {
        /// The words.
        custom: Option<Custom>,
    },
    /// Say what one is looking at; nobody is told.
    Activity,
    /// Do something to one's devices.
    Device(DeviceAct),
    /// What one's programs reach others by.
    IceServers,
    /// A proof for the TURN servers.
    TurnCredentials,
    /// Do something to a recording, or ask something of it.
    Recording {
        /// Its id.
        id: Arc<str>,
        /// What.
        act: RecordingAct,
    },
    /// Get a link to a recording.
    Link {
        /// The recording.
        id: Arc<str>,
        /// The address of the node as clients see it.
        base: Box<str>,
    },
    /// Fetch a recording by a link.
    Fetch(Fetch),
    /// What was recorded of a conversation, newest first.
    Recordings {
        /// Its id.
        conversation: Arc<str>,
        /// How many are left out before the first, and how many are listed at most; or what is wrong with it, to be told
        /// to whoever may ask.
        page: Result<(u32, u32), Fault>,
    },
}

impl PeopleCommand {
    /// The conversation whose members alone may ask for this, if it is one. Who asks for the members themselves is judged
    /// where these are.
    pub fn concern(&self) -> Option<Concern<'_>> {
        let (id, wanted, talks) = match self {
            Self::Join { circle: Circle::Conversation(id), .. } => (id, Use::Subscribe, true),
            Self::Chat { conversation: id, .. } => (id, Use::Publish, true),
            Self::Join { circle: Circle::Presence(id), .. }
            | Self::Online { within: Some(id), .. }
            | Self::Conversation { id, act: ConversationAct::Typing }
            | Self::Recordings { conversation: id, .. } => (id, Use::Subscribe, false),
            Self::StartCall { conversation: Some(id), .. }
            | Self::CreateHuddle { conversation: Some(id), .. } => (id, Use::Publish, false),
            _ => return None,
        };
        Some(Concern { id, wanted, talks })
    }

    /// Whether it asks to leave a circle.
    pub fn leaves(&self) -> bool {
        matches!(self, Self::Leave { .. })
    }

    /// Notes of which device it is to come to a circle, and since when that is there; whether it asks for that.
    pub fn come_as(&mut self, own: &Arc<str>, opened_s: u64) -> bool {
        let Self::Join { device, .. } = self else { return false };
        *device = Some((own.clone(), opened_s));
        true
    }

    /// Whether a recorder has a part in it.
    pub fn is_for_recorder(&self) -> bool {
        let Self::Call { act, .. } = self else { return false };
        matches!(act, CallAct::StartRecording | CallAct::StopRecording)
    }
}
