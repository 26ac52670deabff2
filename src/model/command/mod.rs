//! What a client asks for. One request is one [`Command`]; a surface decodes it, its [`Route`] says who may and
//! where it is answered, `shard` takes it there, `broker` does it.
//!
//! Commands are kept by noun, a file for each. Adding one asks for its row in `route.rs` and for its place where the
//! noun is served; without either nothing compiles.

mod admin;
mod channel;
mod connection;
mod definition;
mod group;
mod login;
mod meeting;
mod message;
mod node;
mod page;
mod profile;
mod relay;
mod room;
mod route;
mod web_push;

pub use admin::AdminCommand;
pub use channel::{Attachments, ChannelCommand};
pub use connection::ConnectionCommand;
pub use definition::DefinitionCommand;
pub use group::GroupCommand;
pub use login::LoginCommand;
pub use meeting::MeetingCommand;
pub use message::MessageCommand;
pub use node::NodeCommand;
pub use page::Page;
pub use profile::ProfileCommand;
pub use relay::RelayCommand;
pub use room::RoomCommand;
pub use route::{Place, Route, StoredEffect};
pub use web_push::{PushDraft, WebPushCommand};

use super::channel::ChannelName;
use super::people::command::PeopleCommand;
use super::settings::SettingsCommand;
use crate::base::secret::Secret;

/// A request, with everything decided by the wire already checked by its surface.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// About the connection itself; its own core answers.
    Connection(ConnectionCommand),
    /// In or out; the connection's own core answers, with the help of the outside.
    Login(LoginCommand),
    /// About something that one core has; that core answers.
    Core(CoreCommand),
    /// About the node as a whole; all cores answer together.
    Node(NodeCommand),
    /// Several of the third kind, each answered by its own core; answered when all are, one by one.
    Many(Vec<CoreCommand>),
    /// What people ask for; see [`super::people::command`].
    People(Box<PeopleCommand>),
    /// What is done only if these credentials hold too, and are the connection's own user's.
    Proven {
        /// A token, not yet verified.
        token: Secret,
        /// What is asked for.
        command: Box<Command>,
    },
}

/// A request that one core answers: the home of its channel, or a core that keeps something for all.
#[derive(Clone, PartialEq, Debug)]
pub enum CoreCommand {
    /// About a channel.
    Channel(ChannelCommand),
    /// About a chat message in a channel's history.
    Message(MessageCommand),
    /// About what a user says of itself.
    Profile(ProfileCommand),
    /// About the room record of a channel.
    Room(RoomCommand),
    /// About the group of a channel.
    Group(GroupCommand),
    /// About a meeting.
    Meeting(MeetingCommand),
    /// About a group of connections, or something said past any channel.
    Relay(RelayCommand),
    /// About a channel definition of a realm.
    Definition(DefinitionCommand),
    /// About messages to browsers.
    WebPush(WebPushCommand),
    /// What an operator asks of a channel.
    Admin(AdminCommand),
    /// What an operator asks of the node's settings.
    Settings(SettingsCommand),
    /// Copy all that is stored to a file of the node's choice, while everything goes on.
    Backup,
}

impl Command {
    /// The channel that it subscribes to, if it does that.
    pub fn subscribes(&self) -> Option<&ChannelName> {
        match self {
            Self::Core(command) => command.subscribes(),
            Self::Proven { command, .. } => command.subscribes(),
            _ => None,
        }
    }
}

impl CoreCommand {
    /// Whether the connection is somewhere else when it is answered, so that what it asks next must wait for that.
    pub fn moves(&self) -> bool {
        matches!(self, Self::Relay(RelayCommand::Join { .. }))
    }

    /// The channel that it subscribes to, if it does that.
    pub fn subscribes(&self) -> Option<&ChannelName> {
        match self {
            Self::Channel(ChannelCommand::Subscribe { channel, .. }) => Some(channel),
            _ => None,
        }
    }
}

/// A noun's commands are commands.
macro_rules! commands {
    ($($noun:ident($commands:ident)),* ; $($core_noun:ident($core_commands:ident)),*) => {
        $(impl From<$commands> for Command {
            fn from(command: $commands) -> Self {
                Self::$noun(command)
            }
        })*
        $(impl From<$core_commands> for CoreCommand {
            fn from(command: $core_commands) -> Self {
                Self::$core_noun(command)
            }
        }
        impl From<$core_commands> for Command {
            fn from(command: $core_commands) -> Self {
                Self::Core(CoreCommand::$core_noun(command))
            }
        })*
    };
}

commands!(
    Connection(ConnectionCommand), Login(LoginCommand), Core(CoreCommand), Node(NodeCommand);
    Channel(ChannelCommand), Message(MessageCommand), Profile(ProfileCommand), Room(RoomCommand),
    Group(GroupCommand), Meeting(MeetingCommand), Definition(DefinitionCommand), Relay(RelayCommand),
    WebPush(WebPushCommand), Admin(AdminCommand), Settings(SettingsCommand)
);
