//! Commands about the connection itself.

use crate::model::channel::ChannelName;

/// What a client asks of its own connection.
#[derive(Clone, PartialEq, Debug)]
pub enum ConnectionCommand {
    /// Is the other side there?
    Ping,
    /// The subscriptions of this connection.
    ListSubscriptions,
    /// Stop hearing a channel. Always succeeds.
    Unsubscribe {
        /// Which.
        channel: ChannelName,
    },
}
