//! What cores say to each other. One FIFO per ordered pair of cores carries all of it, so an answer and the
//! pushes around it keep their order.
//!
//! When the queue is full: requests, which have places of their own in it, are refused before they become one, publications are
//! left out and the pair of channel and core is healed later, events of circles and notifications are left out, everything else
//! waits in the shard. What waits is bounded: answers by the requests in flight, the rest by the tables that they speak of.

mod people;
mod relay;
mod ticket;

pub(in crate::shard) use people::{
    PeopleMessage, PeoplePart, PeopleQuestion, RecordingsPart, RecordingsQuestion,
};
pub(in crate::shard) use relay::RelayMessage;
pub(in crate::shard) use ticket::Ticket;

use crate::auth::{LoginId, Place};
use crate::broker::groups::GroupsPart;
use crate::broker::home::HomePush;
use crate::broker::meetings::MeetingsPart;
use crate::broker::relay::groups::GroupsPart as ConnectionGroupsPart;
use crate::broker::rooms::RoomsPart;
use crate::broker::rules::catalog::DefinitionChange;
use crate::metrics::counters::Counters;
use crate::model::admin::{ChannelInfo, ConnectionInfo, Cursor, Listing, Removal};
use crate::model::channel::ChannelName;
use crate::model::command::{CoreCommand, Page, PushDraft};
use crate::model::meeting::MeetingPage;
use crate::model::node::CoreState;
use crate::model::relay::GroupQuery;
use crate::model::reply::Reply;
use crate::model::session::Session;
use std::sync::Arc;

/// One message between two cores. Opaque to the runtime.
pub struct ShardMessage(pub(in crate::shard) CoreMessage);

/// What is said.
pub(in crate::shard) enum CoreMessage {
    /// Edge to home: do this and answer.
    Request { ticket: Ticket, command: CoreCommand },
    /// The core that opens a socket to the one that gave its voucher: whose is it? Good for nothing after that. It is asked in
    /// the account of the host that the socket came from.
    Redeem { ticket: Ticket, number: u128, account: Arc<str> },
    /// Home to edge: the answer to a request. Never left out.
    Answer { ticket: Ticket, reply: Reply },
    /// Edge to home: a subscription that was answered is over. It was to the channel's life of this epoch.
    Unsubscribe { channel: ChannelName, epoch: u64, session: Arc<Session> },
    /// Edge to the user's home: its first WebSocket connection on this core.
    UserConnected { user: Arc<str>, name: Option<Arc<str>> },
    /// Edge to the user's home: its last connection on this core is gone.
    UserDisconnected { user: Arc<str> },
    /// Home to edge: something for a channel's subscribers.
    Push { channel: ChannelName, push: HomePush },
    /// Catalog to every core: act on this from now on. Never left out.
    Change { number: u64, change: Arc<DefinitionChange> },
    /// Any core to the catalog: it acts on the change, and whoever it ended is gone. Never left out.
    Applied { number: u64 },
    /// Home to edge: tell me when what I ended before this is done. Never left out.
    Fence { number: u64 },
    /// The answer to `Fence`. Never left out.
    Fenced { number: u64 },
    /// Any to any: tell me something about yourself.
    Ask { fan_in: u64, question: Question },
    /// The answer to `Ask`.
    Tell { fan_in: u64, part: FanInPart },
    /// Any core to the one of Web Push: send these users a message. Left out at a queue that is full.
    Notify { users: Arc<[Arc<str>]>, draft: Box<PushDraft> },
    /// Of people.
    People(PeopleMessage),
    /// Of groups of connections, and of what connections say to each other.
    Relay(RelayMessage),
}

impl CoreMessage {
    /// Whether it is a request, which is refused where the queue has no place for it.
    pub fn is_request(&self) -> bool {
        matches!(
            self,
            Self::Request { .. } | Self::Redeem { .. } | Self::People(PeopleMessage::Request { .. })
        )
    }

    /// In whose account a request is.
    pub fn account(&self) -> Option<Arc<str>> {
        match self {
            Self::Request { ticket, .. } | Self::People(PeopleMessage::Request { ticket, .. }) => {
                Some(ticket.session.account())
            }
            Self::Redeem { account, .. } => Some(account.clone()),
            _ => None,
        }
    }
}

/// What one core may ask all others.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::shard) enum Question {
    /// Its connection counts.
    State,
    /// Its counters.
    Counters,
    /// Its room records of a namespace that a session may know of.
    Rooms { session: Arc<Session>, namespace: &'static str, page: Page },
    /// The groups of a session's user that are homed there, of channels of a namespace.
    Groups { session: Arc<Session>, namespace: &'static str, page: Page },
    /// Groups of connections that are homed there.
    ConnectionGroups(Arc<GroupQuery>),
    /// The meetings of a user that are homed there.
    Meetings { session: Arc<Session>, page: MeetingPage },
    /// Something about people.
    People(PeopleQuestion),
    /// Its connections.
    Connections { user: Option<Arc<str>>, from: Cursor, size: u32 },
    /// The channels that are homed there.
    Channels { prefix: Arc<str>, from: Cursor, size: u32 },
    /// To close connections.
    Remove(Removal),
    /// To know that a user has logged in from an address.
    LoggedIn { place: Place, user: Arc<str> },
    /// To refuse a session from now on.
    LoggedOut { id: LoginId, until_unix_s: u64 },
    /// To refuse what a user was given up to a second after 1970 from now on, and to close what began under it.
    TokensRevoked { user: Arc<str>, at_unix_s: u64 },
}

/// One core's answer to a [`Question`].
pub(in crate::shard) enum FanInPart {
    State(CoreState),
    Counters(Box<Counters>),
    Rooms(RoomsPart),
    Groups(GroupsPart),
    ConnectionGroups(ConnectionGroupsPart),
    Meetings(MeetingsPart),
    People(PeoplePart),
    Connections(Listing<ConnectionInfo>),
    Channels(Listing<ChannelInfo>),
    Removed(u64),
    Noted,
}

impl std::fmt::Debug for ShardMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.0 {
            CoreMessage::Request { .. } => "Request",
            CoreMessage::Redeem { .. } => "Redeem",
            CoreMessage::Answer { .. } => "Answer",
            CoreMessage::Unsubscribe { .. } => "Unsubscribe",
            CoreMessage::UserConnected { .. } => "UserConnected",
            CoreMessage::UserDisconnected { .. } => "UserDisconnected",
            CoreMessage::Push { .. } => "Push",
            CoreMessage::Change { .. } => "Change",
            CoreMessage::Applied { .. } => "Applied",
            CoreMessage::Fence { .. } => "Fence",
            CoreMessage::Fenced { .. } => "Fenced",
            CoreMessage::Ask { .. } => "Ask",
            CoreMessage::Tell { .. } => "Tell",
            CoreMessage::Notify { .. } => "Notify",
            CoreMessage::People(_) => "People",
            CoreMessage::Relay(_) => "Relay",
        };
        f.write_str(kind)
    }
}
