//! What cores say to each other of groups of connections, and of what connections say to each other.

use crate::model::channel::ChannelName;
use crate::model::relay::{Relayed, Speaker};
use std::sync::Arc;

/// One message between two cores about connections that speak to each other past any channel.
pub(in crate::shard) enum RelayMessage {
    /// Edge to the home of a user's address: there are connections of it here, or none any more. Never left out.
    Reachable { user: Arc<str>, here: bool },
    /// Edge to a group's home: a connection has left, or died. Never left out.
    Left { group: ChannelName, who: Speaker, died: bool },
    /// Home to the edges of a group. Never left out.
    Group { group: ChannelName, relayed: Arc<Relayed> },
    /// Home of an address to the edges of its user. Never left out.
    User { user: Arc<str>, relayed: Arc<Relayed> },
}
