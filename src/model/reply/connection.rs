//! What a connection is answered about itself.

use crate::model::channel::ChannelName;

/// The answer to a [`ConnectionCommand`](crate::model::command::ConnectionCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum ConnectionReply {
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
    /// To `LeaveGroup`.
    GroupLeft,
    /// To `Renew`.
    Renewed {
        /// Seconds since 1970 at which the credentials end; `None` is never.
        expires_unix_s: Option<u64>,
    },
}
