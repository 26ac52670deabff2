//! What the broker answers, and what it tells unasked. A surface spells both in its own JSON.

use super::channel::{ChannelName, Position};
use super::command::Page;
use super::definition::DefinitionRecord;
use super::fault::Fault;
use super::meeting::{Meeting, SealedMessage};
use super::node::NodeState;
use super::publication::{Client, Profile, PublicationBytes, Room};
use super::session::Session;
use crate::base::secret::Secret;
use std::sync::Arc;

/// The answer to one [`super::command::Command`].
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// To `Ping`.
    Pong,
    /// To `ListSubscriptions`, in the order of subscribing.
    Subscriptions(Vec<ChannelName>),
    /// To `Unsubscribe`.
    Unsubscribed {
        /// Which.
        channel: ChannelName,
    },
    /// To `Subscribe`; the recovered publications follow it as pushes.
    Subscribed {
        /// Which.
        channel: ChannelName,
        /// Where the channel is: the next publication has the offset after it.
        position: Position,
        /// What became of the wish to recover.
        recovery: Recovery,
        /// What history had, oldest first, if it was asked for.
        history: Option<Vec<PublicationBytes>>,
        /// Who is present, if it was asked for and may be told.
        members: Option<Vec<Arc<Session>>>,
    },
    /// To `Publish` of data.
    Published {
        /// Where.
        channel: ChannelName,
        /// The publication's place.
        position: Position,
    },
    /// To `Publish` of a message, `UpdateMessage`, `DeleteMessage`, `GetMessage`.
    Message(Message),
    /// To `ListMessages`.
    Messages {
        /// The slice, newest first.
        items: Vec<Message>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Messages in the whole list.
        total: u64,
    },
    /// To `Whisper`.
    Whispered,
    /// To `ListHistory`, oldest first.
    History {
        /// Which channel.
        channel: ChannelName,
        /// What history has.
        publications: Vec<PublicationBytes>,
    },
    /// To `ListMembers`: each member once, sorted by its id. Where users are kept, one session of each.
    Members(Vec<Arc<Session>>),
    /// To `CreateDefinition`, `UpdateDefinition`, `GetDefinition`.
    Definition(Arc<DefinitionRecord>),
    /// To `DeleteDefinition`.
    DefinitionDeleted,
    /// To `ListDefinitions`.
    Definitions {
        /// The slice.
        items: Vec<Arc<DefinitionRecord>>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Definitions in the whole list.
        total: u64,
        /// Whether the authors' texts are shown.
        with_source: bool,
    },
    /// To `CreateRoom`, `UpdateRoom`, `GetRoom`.
    Room(Room),
    /// To `DeleteRoom`.
    RoomDeleted(Room),
    /// To `ListRooms`.
    Rooms {
        /// The slice, oldest first.
        items: Vec<Room>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Rooms in the whole list.
        total: u64,
    },
    /// To `GetProfile`, `UpdateProfile`.
    Profile(Profile),
    /// To `GetMeeting`.
    Meeting {
        /// The record.
        meeting: Arc<Meeting>,
        /// Whether it is shown.
        record: bool,
        /// Messages, oldest first.
        messages: Vec<SealedMessage>,
        /// After which of its messages the rest is asked for, if there is more.
        next: Option<u64>,
    },
    /// To `ListMeetings`.
    Meetings {
        /// Some of them, newest first.
        items: Vec<Arc<Meeting>>,
        /// After how many the rest is asked for, if there is more.
        next: Option<u64>,
    },
    /// To `LogIn`.
    LoggedIn {
        /// The session: whoever has it is the user.
        session: Secret,
        /// A word that belongs to the session and does not tell it.
        companion: String,
        /// The user, as it is configured.
        user: Arc<str>,
    },
    /// To `LogOut`, `PutMeeting`, `DeleteMeeting`, `ClearMeeting`.
    Done,
    /// To `NodeState`.
    NodeState(NodeState),
    /// To `Metrics`: Prometheus text.
    Metrics(String),
    /// To `Backup`.
    BackedUp {
        /// Name of the file in the node's data directory.
        file: String,
        /// Its length.
        bytes: u64,
    },
    /// To any command that did not succeed.
    Fault(Fault),
}

/// What became of a wish to recover.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// None was asked for.
    NotAsked,
    /// What came after the given position, oldest first; nothing is missing.
    Complete(Vec<PublicationBytes>),
    /// The position cannot be continued: publications are missing. What history has follows, oldest first.
    Gap(Vec<PublicationBytes>),
}

/// A chat message as it stands now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its channel.
    pub channel: ChannelName,
    /// Its place; with the channel, its identity.
    pub position: Position,
    /// User id of who wrote it.
    pub author: String,
    /// The text.
    pub content: String,
    /// The kind of content.
    pub kind: String,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970, if it was changed.
    pub updated_ms: Option<u64>,
}

/// What subscribers of a channel are told unasked. Encoded once per dialect and core.
#[derive(Clone, Copy)]
pub enum Push<'a> {
    /// Something was published.
    Publication(&'a super::publication::ArchivedPublication),
    /// What history had when the subscriber came, or asked: oldest first.
    History(&'a [PublicationBytes]),
    /// Who was present when the subscriber came.
    Members(&'a [Arc<Session>]),
    /// A member joined (presence).
    Joined(&'a Session),
    /// A member left (presence).
    Left(&'a Session),
    /// Somebody said something to this subscriber alone.
    Whisper {
        /// Who.
        sender: &'a Client,
        /// This subscriber's socket.
        to: &'a str,
        /// One valid JSON value.
        json: &'a str,
    },
    /// The channel is over for this subscriber, whose connection closes after this.
    Ended(&'a Fault),
    /// Publications were lost for this subscriber; the next one comes after this position.
    Gap(Position),
}
