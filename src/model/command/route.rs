//! The one table of routes: who may ask for what, where it is answered, and what that does to what is stored.
//! Whoever needs to know reads it here; it has a row for every command.

mod people;

use super::{
    AdminCommand, Attachments, ChannelCommand, Command, ConnectionCommand, CoreCommand, DefinitionCommand,
    GroupCommand, LoginCommand, MeetingCommand, MessageCommand, NodeCommand, ProfileCommand, RelayCommand,
    RoomCommand, WebPushCommand,
};
use crate::base::ids::CoreId;
use crate::model::access::Use;
use crate::model::channel::ChannelName;
use crate::model::people::circle::Key;
use crate::model::session::Scopes;

/// What the kind of a command alone decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route<'a> {
    /// What the session must be allowed. Ownership of a single thing is judged where the thing is.
    pub scope: Scopes,
    /// Where it is answered.
    pub place: Place<'a>,
    /// What it does to what is stored.
    pub stored: StoredEffect,
    /// Whether its answer may be long: a list, a history. Few of them are awaited by one connection at a time.
    pub long: bool,
}

impl Route<'_> {
    fn long(self) -> Self {
        Self { long: true, ..self }
    }
}

impl<'a> Route<'a> {
    /// The channel that is used, and how. `None` where it is about none, or about whatever the session may know of;
    /// an operator asks of channels without using them.
    pub fn uses(&self) -> Option<(&'a ChannelName, Use)> {
        let Place::Home(channel) = self.place else { return None };
        if self.scope == Scopes::ADMIN {
            return None;
        }
        Some((channel, if self.scope == Scopes::READ { Use::Subscribe } else { Use::Publish }))
    }
}

/// Where a command is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'a> {
    /// On the connection's own core.
    Connection,
    /// By the home core of this channel.
    Home(&'a ChannelName),
    /// By this core, if there is one of its number.
    Core(CoreId),
    /// By the core that keeps the catalog, which asks for backups and reloads too.
    Catalog,
    /// By the core that keeps push subscriptions and sends messages to them.
    WebPush,
    /// By all cores together.
    EveryCore,
    /// By the home core of what has this key.
    Key(Key<'a>),
    /// By the home core of whoever asks.
    Own,
}

/// What a command does to what is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoredEffect {
    /// Nothing: what its answer needs is in memory.
    Nothing,
    /// It reads it: the answer comes when that is done.
    Read,
    /// It changes it: the answer comes when that is on the disk. Whoever asked is not read meanwhile, so whatever it
    /// asks next finds the change done.
    Changed,
}

impl Command {
    /// What the command's kind decides.
    pub fn route(&self) -> Route<'_> {
        match self {
            Self::Connection(command) => connection(command),
            Self::Login(command) => login(command),
            Self::Node(command) => node(command),
            Self::Core(command) => command.route(),
            // Each part has its own route.
            Self::Many(_) => row(Scopes::WRITE, Place::Connection, StoredEffect::Nothing),
            Self::People(command) => command.route(),
            Self::Proven { command, .. } => command.route(),
        }
    }
}

impl CoreCommand {
    /// What the command's kind decides.
    pub fn route(&self) -> Route<'_> {
        match self {
            Self::Channel(command) => channel(command),
            Self::Message(command) => message(command),
            Self::Profile(command) => profile(command),
            Self::Room(command) => room(command),
            Self::Group(command) => group(command),
            Self::Meeting(command) => meeting(command),
            Self::Relay(command) => relay(command),
            Self::Definition(command) => definition(command),
            Self::WebPush(command) => web_push(command),
            Self::Admin(command) => admin(command),
            Self::Settings(_) => row(Scopes::ADMIN, Place::Catalog, StoredEffect::Nothing),
            Self::Backup => row(Scopes::ADMIN, Place::Catalog, StoredEffect::Read),
        }
    }
}

fn row(scope: Scopes, place: Place<'_>, stored: StoredEffect) -> Route<'_> {
    Route { scope, place, stored, long: false }
}

fn connection(command: &ConnectionCommand) -> Route<'_> {
    match command {
        ConnectionCommand::Ping
        | ConnectionCommand::Show { .. }
        | ConnectionCommand::ListSubscriptions
        | ConnectionCommand::Renew { .. }
        | ConnectionCommand::LeaveGroup
        | ConnectionCommand::Unsubscribe { .. } => {
            row(Scopes::NONE, Place::Connection, StoredEffect::Nothing)
        }
    }
}

fn login(command: &LoginCommand) -> Route<'_> {
    match command {
        LoginCommand::LogIn { .. } => row(Scopes::NONE, Place::Connection, StoredEffect::Nothing),
        LoginCommand::GiveVoucher => row(Scopes::READ, Place::Connection, StoredEffect::Nothing),
        LoginCommand::RevokeTokens { .. } => row(Scopes::ADMIN, Place::Connection, StoredEffect::Changed),
        LoginCommand::LogOut { .. } => row(Scopes::NONE, Place::Connection, StoredEffect::Changed),
    }
}

fn node(command: &NodeCommand) -> Route<'_> {
    match command {
        NodeCommand::GetState | NodeCommand::GetMetrics => {
            row(Scopes::NONE, Place::EveryCore, StoredEffect::Nothing).long()
        }
        NodeCommand::GetStats
        | NodeCommand::ListConnections { .. }
        | NodeCommand::ListChannels { .. }
        | NodeCommand::Remove(_) => row(Scopes::ADMIN, Place::EveryCore, StoredEffect::Nothing).long(),
        NodeCommand::ListRooms { .. }
        | NodeCommand::ListGroups { .. }
        | NodeCommand::ListMeetings { .. }
        | NodeCommand::ListConnectionGroups { .. } => {
            row(Scopes::READ, Place::EveryCore, StoredEffect::Nothing).long()
        }
    }
}

fn admin(command: &AdminCommand) -> Route<'_> {
    match command {
        AdminCommand::GetChannel { channel } => {
            row(Scopes::ADMIN, Place::Home(channel), StoredEffect::Nothing)
        }
        AdminCommand::ListHistory { channel, .. }
        | AdminCommand::ListMembers { channel, .. }
        | AdminCommand::Purge { channel } => {
            row(Scopes::ADMIN, Place::Home(channel), StoredEffect::Nothing).long()
        }
    }
}

fn channel(command: &ChannelCommand) -> Route<'_> {
    match command {
        ChannelCommand::Subscribe { channel, recover, with } => Route {
            long: recover.is_some() || *with != Attachments::default(),
            ..row(Scopes::READ, Place::Home(channel), StoredEffect::Nothing)
        },
        ChannelCommand::ListHistory { channel } | ChannelCommand::ListMembers { channel, .. } => {
            row(Scopes::READ, Place::Home(channel), StoredEffect::Nothing).long()
        }
        ChannelCommand::Publish { channel, .. } | ChannelCommand::Whisper { channel, .. } => {
            row(Scopes::WRITE, Place::Home(channel), StoredEffect::Nothing)
        }
    }
}

fn message(command: &MessageCommand) -> Route<'_> {
    match command {
        MessageCommand::Get { channel, .. } => row(Scopes::READ, Place::Home(channel), StoredEffect::Nothing),
        MessageCommand::List { channel, .. } => {
            row(Scopes::READ, Place::Home(channel), StoredEffect::Nothing).long()
        }
        MessageCommand::Update { channel, .. } | MessageCommand::Delete { channel, .. } => {
            row(Scopes::WRITE, Place::Home(channel), StoredEffect::Nothing)
        }
    }
}

fn profile(command: &ProfileCommand) -> Route<'_> {
    match command {
        ProfileCommand::Get { channel, .. } => row(Scopes::READ, Place::Home(channel), StoredEffect::Nothing),
        ProfileCommand::Update { channel, .. } => {
            row(Scopes::WRITE, Place::Home(channel), StoredEffect::Nothing)
        }
    }
}

fn room(command: &RoomCommand) -> Route<'_> {
    match command {
        RoomCommand::Get { channel } => row(Scopes::READ, Place::Home(channel), StoredEffect::Nothing),
        RoomCommand::Create { channel, .. }
        | RoomCommand::Update { channel, .. }
        | RoomCommand::Delete { channel } => row(Scopes::WRITE, Place::Home(channel), StoredEffect::Changed),
    }
}

fn group(command: &GroupCommand) -> Route<'_> {
    let scope = command.scope();
    match command {
        GroupCommand::Get { channel } => row(scope, Place::Home(channel), StoredEffect::Nothing),
        GroupCommand::Change { channel, .. } => row(scope, Place::Home(channel), StoredEffect::Changed),
    }
}

fn meeting(command: &MeetingCommand) -> Route<'_> {
    match command {
        MeetingCommand::Get { channel, .. } => {
            row(Scopes::READ, Place::Home(channel), StoredEffect::Read).long()
        }
        MeetingCommand::Put { channel, .. }
        | MeetingCommand::Delete { channel }
        | MeetingCommand::Clear { channel } => {
            row(Scopes::WRITE, Place::Home(channel), StoredEffect::Changed)
        }
    }
}

fn relay(command: &RelayCommand) -> Route<'_> {
    match command {
        RelayCommand::Join { group } => row(Scopes::READ, Place::Home(group), StoredEffect::Nothing),
        RelayCommand::ListMembers { group, .. } => {
            row(Scopes::READ, Place::Home(group), StoredEffect::Nothing).long()
        }
        RelayCommand::Broadcast { group, .. } => {
            row(Scopes::WRITE, Place::Home(group), StoredEffect::Nothing)
        }
        RelayCommand::Tell { address, .. } => row(Scopes::WRITE, Place::Home(address), StoredEffect::Nothing),
        RelayCommand::Signal { to, .. } => row(Scopes::WRITE, Place::Core(to.core()), StoredEffect::Nothing),
    }
}

fn definition(command: &DefinitionCommand) -> Route<'_> {
    match command {
        DefinitionCommand::Get { .. } => row(Scopes::ADMIN, Place::Catalog, StoredEffect::Nothing),
        DefinitionCommand::List { .. } => row(Scopes::ADMIN, Place::Catalog, StoredEffect::Nothing).long(),
        DefinitionCommand::Create { .. }
        | DefinitionCommand::Update { .. }
        | DefinitionCommand::Delete { .. } => row(Scopes::ADMIN, Place::Catalog, StoredEffect::Changed),
    }
}

fn web_push(command: &WebPushCommand) -> Route<'_> {
    match command {
        WebPushCommand::GetKey => row(Scopes::READ, Place::Connection, StoredEffect::Nothing),
        WebPushCommand::Subscribe { .. } | WebPushCommand::Unsubscribe { .. } => {
            row(Scopes::WRITE, Place::WebPush, StoredEffect::Changed)
        }
        WebPushCommand::Send { .. } => row(Scopes::ADMIN, Place::WebPush, StoredEffect::Changed),
    }
}
