//! What the broker answers, and what it tells unasked. A surface spells both in its own JSON.
//!
//! Answers are kept by noun, a file for each, as [commands](super::command) are.

mod channel;
mod connection;
mod definition;
mod group;
mod login;
mod meeting;
mod message;
mod node;
mod push;
mod recovery;
mod relay;
mod room;

pub use channel::ChannelReply;
pub use connection::ConnectionReply;
pub use definition::DefinitionReply;
pub use group::GroupReply;
pub use login::LoginReply;
pub use meeting::MeetingReply;
pub use message::{Message, MessageReply};
pub use node::NodeReply;
pub use push::{Notice, Push};
pub use recovery::Recovery;
pub use relay::RelayReply;
pub use room::RoomReply;

use super::admin::AdminReply;
use super::channel::ChannelName;
use super::fault::Fault;
use super::people::reply::PeopleReply;
use super::publication::Profile;
use std::sync::Arc;

/// The answer to one [`super::command::Command`].
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// About the connection itself.
    Connection(ConnectionReply),
    /// On the way in.
    Login(LoginReply),
    /// About a channel.
    Channel(ChannelReply),
    /// About chat messages.
    Message(MessageReply),
    /// About what a user says of itself.
    Profile(Profile),
    /// About the room record of a channel.
    Room(RoomReply),
    /// About the group of a channel.
    Group(GroupReply),
    /// About a meeting.
    Meeting(MeetingReply),
    /// About groups of connections, or something said past any channel.
    Relay(RelayReply),
    /// About channel definitions.
    Definition(DefinitionReply),
    /// To `WebPushCommand::GetKey`: the base64url of the public key by which push services know this node.
    WebPushKey(Arc<str>),
    /// About the node as a whole.
    Node(NodeReply),
    /// To what an operator asks for.
    Admin(Box<AdminReply>),
    /// To what people ask for.
    People(Box<PeopleReply>),
    /// To `Many`: each answer with the channel it is of, in the order of the commands.
    Many(Vec<(ChannelName, Reply)>),
    /// To what has no more to say than that it is done.
    Done,
    /// To any command that did not succeed.
    Fault(Fault),
}

impl Reply {
    /// Whether whoever sees it has somebody's credentials.
    pub fn has_credentials(&self) -> bool {
        match self {
            Self::Login(LoginReply::LoggedIn { .. } | LoginReply::Voucher { .. }) => true,
            Self::People(reply) => match &**reply {
                PeopleReply::Ice(ice) => ice.credentials.is_some(),
                PeopleReply::Link(link) => link.is_some(),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether it has its turn among the answers of its connection, and does not leave at once.
    pub fn takes_turns(&self) -> bool {
        matches!(self, Self::People(reply) if matches!(**reply, PeopleReply::File(_)))
            || self.moves_a_person()
    }

    /// Whether a person's socket comes to a circle by it or leaves one, which its core adds to.
    pub fn moves_a_person(&self) -> bool {
        let Self::People(reply) = self else { return false };
        matches!(**reply, PeopleReply::Joined { .. } | PeopleReply::Left { .. })
    }
}

/// A noun's answers are answers.
macro_rules! replies {
    ($($noun:ident($replies:ident)),*) => {
        $(impl From<$replies> for Reply {
            fn from(reply: $replies) -> Self {
                Self::$noun(reply)
            }
        })*
    };
}

replies!(
    Connection(ConnectionReply),
    Login(LoginReply),
    Channel(ChannelReply),
    Message(MessageReply),
    Room(RoomReply),
    Group(GroupReply),
    Meeting(MeetingReply),
    Relay(RelayReply),
    Definition(DefinitionReply),
    Node(NodeReply)
);
