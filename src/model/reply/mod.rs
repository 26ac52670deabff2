//! What the broker answers, and what it tells unasked. A surface spells both in its own JSON. What a noun's answers
//! consist of stands in the noun's file.

mod message;
mod push;
mod recovery;

pub use message::Message;
pub use push::{Notice, Push};
pub use recovery::Recovery;

use super::admin::AdminReply;
use super::channel::{ChannelName, Position};
use super::command::Page;
use super::definition::DefinitionRecord;
use super::fault::Fault;
use super::group::Group;
use super::meeting::{Meeting, SealedMessage};
use super::node::NodeState;
use super::people::reply::PeopleReply;
use super::publication::{Profile, PublicationBytes, Room};
use super::relay::{GroupList, MemberList, Relayed};
use super::session::Session;
use crate::base::secret::Secret;
use std::sync::Arc;

/// The answer to one [`super::command::Command`].
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// To `Ping`.
    Pong,
    /// To `Show`.
    Shown {
        /// What is shown.
        document: Box<str>,
    },
    /// To `ListSubscriptions`, in the order of subscribing.
    Subscriptions(Vec<ChannelName>),
    /// To `Unsubscribe`.
    Unsubscribed {
        /// Which.
        channel: ChannelName,
    },
    /// To `Join`.
    GroupJoined {
        /// Which.
        group: ChannelName,
    },
    /// To `LeaveGroup`.
    GroupLeft,
    /// To `Broadcast`, `Tell`, `Signal`; what its sender is told as well, if it is.
    Relayed(Option<Arc<Relayed>>),
    /// To `ListConnectionGroups`.
    ConnectionGroups(Box<GroupList>),
    /// To `ListMembers` of a group of connections.
    GroupMembers(Box<MemberList>),
    /// To `Renew`.
    Renewed {
        /// Seconds since 1970 at which the credentials end; `None` is never.
        expires_unix_s: Option<u64>,
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
        /// Of which channel.
        channel: ChannelName,
        /// The slice, newest first, each as history keeps it.
        items: Vec<PublicationBytes>,
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
    Members {
        /// The slice.
        items: Vec<Arc<Session>>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Members in the whole list.
        total: u64,
    },
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
    /// To `ChangeGroup`, `GetGroup`.
    Group(Arc<Group>),
    /// To `ChangeGroup`, when the group of this channel is deleted.
    GroupDeleted(ChannelName),
    /// To `ListGroups`.
    Groups {
        /// The slice, oldest first.
        items: Vec<Arc<Group>>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Groups in the whole list.
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
    /// To `GiveVoucher`.
    Voucher {
        /// Whoever has it opens a socket as the session's user, once.
        voucher: Secret,
        /// When it ends, milliseconds since 1970.
        expires_ms: u64,
    },
    /// To `RedeemVoucher`.
    Redeemed(Arc<Session>),
    /// To what has no more to say than that it is done.
    Done,
    /// To `WebPushCommand::GetKey`: the base64url of the public key by which push services know this node.
    WebPushKey(Arc<str>),
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
    /// To `Many`: each answer with the channel it is of, in the order of the commands.
    Many(Vec<(ChannelName, Reply)>),
    /// To what an operator asks for.
    Admin(Box<AdminReply>),
    /// To what people ask for.
    People(Box<PeopleReply>),
    /// To any command that did not succeed.
    Fault(Fault),
}

impl Reply {
    /// Whether whoever sees it has somebody's credentials.
    pub fn has_credentials(&self) -> bool {
        match self {
            Self::LoggedIn { .. } | Self::Voucher { .. } => true,
            Self::People(reply) => matches!(&**reply, PeopleReply::Ice(ice) if ice.credentials.is_some()),
            _ => false,
        }
    }

    /// Whether a person's socket comes to a circle by it or leaves one, which its core adds to.
    pub fn moves_a_person(&self) -> bool {
        let Self::People(reply) = self else { return false };
        matches!(**reply, PeopleReply::Joined { .. } | PeopleReply::Left { .. })
    }
}
