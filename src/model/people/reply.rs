//! What people are answered.

use super::UserId;
use super::call::{CallView, Participant};
use super::chat::ChatMessage;
use super::circle::Circle;
use super::device::Device;
use super::event::Event;
use super::file::{FileAnswer, Link};
use super::huddle::HuddleView;
use super::ice::IceServers;
use super::recording::Recording;
use super::shown::Shown;
use super::status::{Person, Status};
use crate::model::group::Group;
use std::sync::Arc;

/// The answer to one [`super::command::PeopleCommand`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeopleReply {
    /// To `Join`; who is there follows, in the circles that show it.
    Joined {
        /// Which circle.
        circle: Circle,
        /// What it is.
        what: Joined,
        /// Who is there, sorted by user; `None` in circles that do not show it.
        cards: Option<Shown>,
        /// What rings at the door; filled in by the socket's core.
        rings: Vec<Arc<Event>>,
    },
    /// To `Leave`.
    Left {
        /// Which circle.
        circle: Circle,
        /// What the socket called its stay, if it was there; filled in by its core.
        stay: Option<Option<Box<str>>>,
    },
    /// To what has no more to say than that it is done.
    Done,
    /// To what nobody answers.
    Silence,
    /// To `ChatAct::Send`.
    Message(Arc<ChatMessage>),
    /// To `StartCall`, `CallAct::Answer`.
    Call {
        /// The call.
        call: CallView,
        /// What its people's programs reach each other by.
        ice: IceServers,
        /// Whether it was answered, not begun.
        answered: bool,
    },
    /// To `CallAct::Participants`.
    Participants(Vec<Participant>),
    /// To `CallAct::Invite`.
    Invited {
        /// The call.
        call: Arc<str>,
        /// Who is rung.
        user: UserId,
    },
    /// To `IceServers`, `TurnCredentials`, `CallAct::IceServers`.
    Ice(IceServers),
    /// To `CreateHuddle`, `HuddleAct::Get`, `HuddleAct::Join`.
    Huddle {
        /// The huddle.
        huddle: HuddleView,
        /// Whether it was made by this request.
        created: bool,
    },
    /// To `HuddleAct::Invite`.
    HuddleInvited(Vec<UserId>),
    /// To `Person`.
    Person(Person),
    /// To `Statuses`.
    Statuses {
        /// Each as it was named.
        people: Vec<(UserId, Status)>,
        /// How the answer is wanted.
        wanted: Wanted,
    },
    /// To `Online`.
    Online {
        /// Some of them, sorted.
        people: Vec<(UserId, Status)>,
        /// How many there are.
        total: u64,
    },
    /// To `ConversationAct::Typing`.
    Typing(Vec<UserId>),
    /// To `ConversationAct::Get`.
    Group(Arc<Group>),
    /// To `DeviceAct::Register`.
    Device(Arc<Device>),
    /// To `DeviceAct::List`, in the order of their registration.
    Devices(Vec<Arc<Device>>),
    /// To `CallAct::Recording`: the one that runs.
    Recorded(Option<Arc<Recording>>),
    /// To `CallAct::StartRecording`: the one that runs.
    RecordingStarted(Arc<Recording>),
    /// To `CallAct::StopRecording`: the one that is over.
    RecordingStopped(Arc<Recording>),
    /// To `RecordingAct::Get`.
    Recording(Arc<Recording>),
    /// To `Link`: where, if there is anything to fetch.
    Link(Option<Link>),
    /// To `Fetch`: the file, read while it is sent.
    File(FileAnswer),
    /// To `Recordings`.
    Recordings(Vec<Arc<Recording>>),
}

/// What a socket has come to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Joined {
    /// Who comes and goes.
    Lobby {
        /// Who came.
        user: UserId,
    },
    /// A conversation.
    Conversation(Arc<str>),
    /// The calls that a person is told of.
    Calls(IceServers),
    /// A call.
    Call(CallView, IceServers),
    /// The huddles that a person is told of: those it is in, made, or is invited to.
    Huddles(Vec<HuddleView>),
    /// A huddle.
    Huddle(HuddleView, IceServers),
    /// Who is there.
    Presence,
}

/// How an answer about people is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// About one, by itself.
    One,
    /// As a list.
    List,
}
