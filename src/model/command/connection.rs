//! Commands about the connection itself.

use crate::base::secret::Secret;
use crate::model::channel::ChannelName;

/// What a client asks of its own connection.
#[derive(Clone, PartialEq, Debug)]
pub enum ConnectionCommand {
    /// Is the other side there?
    Ping,
    /// Show what the request alone decides.
    Show {
        /// What is shown.
        document: Box<str>,
    },
    /// The subscriptions of this connection.
    ListSubscriptions,
    /// Go on under new credentials of the same user.
    Renew {
        /// A token, not yet verified.
        token: Secret,
    },
    /// Leave the group that the connection is in. Always succeeds.
    LeaveGroup,
    /// Stop hearing a channel. Always succeeds.
    Unsubscribe {
        /// Which.
        channel: ChannelName,
    },
}
