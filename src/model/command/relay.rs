//! Commands about groups of connections, and about what connections say to each other.

use crate::model::channel::ChannelName;
use crate::model::relay::{Handle, MemberQuery, Notification, address_of};
use std::sync::Arc;

/// What a client asks for past any channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RelayCommand {
    /// Come to a group with this connection, which leaves the one that it is in.
    Join {
        /// Which.
        group: ChannelName,
    },
    /// Say something to all connections of the group that this one is in, itself included.
    Broadcast {
        /// Which.
        group: ChannelName,
        /// One JSON value.
        json: Box<str>,
        /// What its members are notified of besides.
        notification: Option<Box<Notification>>,
    },
    /// Who is in a group.
    ListMembers {
        /// Which.
        group: ChannelName,
        /// Whom of them.
        query: Box<MemberQuery>,
    },
    /// Say something to all connections of a user.
    Tell {
        /// What decides where it is known which connections those are.
        address: ChannelName,
        /// Whom.
        user: Arc<str>,
        /// One JSON value.
        json: Box<str>,
        /// What the user is notified of besides.
        notification: Option<Box<Notification>>,
    },
    /// Say something to one connection.
    Signal {
        /// Which.
        to: Handle,
        /// One JSON value.
        json: Box<str>,
    },
}

impl RelayCommand {
    /// Something said to all connections of a user.
    pub fn tell(user: &str, json: &str, notification: Option<Box<Notification>>) -> Self {
        Self::Tell { address: address_of(user), user: user.into(), json: json.into(), notification }
    }
}
