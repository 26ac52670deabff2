//! What a client asks of its own connection.

use crate::base::ids::ConnectionId;
use crate::model::command::ConnectionCommand;
use crate::model::reply::{ConnectionReply, Reply};
use crate::shard::delivery::pacing;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;

/// The answer, as things are when its turn has come.
pub(in crate::shard) fn answer_of_connection(
    edge: &mut Edge,
    homes: &HomeSide,
    id: ConnectionId,
    command: ConnectionCommand,
) -> Reply {
    match command {
        ConnectionCommand::Ping => Reply::Connection(ConnectionReply::Pong),
        ConnectionCommand::Show { document } => Reply::Connection(ConnectionReply::Shown { document }),
        ConnectionCommand::ListSubscriptions => {
            // In the order of subscribing.
            let channels = edge.fanout.channels_of(id);
            Reply::Connection(ConnectionReply::Subscriptions(
                channels.map(|(channel, _)| channel.clone()).collect(),
            ))
        }
        ConnectionCommand::Renew { token } => {
            edge.renew(id, &token, |token| homes.verify(token).map(|(shown, _)| shown))
        }
        ConnectionCommand::LeaveGroup => Reply::Connection(ConnectionReply::GroupLeft),
        ConnectionCommand::Unsubscribe { channel } => {
            // Whoever goes hears all that was published until here.
            pacing::release(edge, &channel);
            Reply::Connection(ConnectionReply::Unsubscribed { channel })
        }
    }
}

/// Whether requests that wait for their answer decide what this does, or there is no room for the last of a
/// channel.
pub(super) fn must_wait(edge: &Edge, id: ConnectionId, command: &ConnectionCommand) -> bool {
    let Some(connection) = edge.connections.get(id) else { return false };
    let (pending, limits) = (connection.pending.as_ref(), &*edge.setup.limits);
    match command {
        ConnectionCommand::Ping | ConnectionCommand::Show { .. } | ConnectionCommand::Renew { .. } => false,
        // Whoever goes hears what it said before.
        ConnectionCommand::LeaveGroup => connection.in_flight() > 0 || !connection.has_room(limits),
        ConnectionCommand::ListSubscriptions => pending.is_some_and(|pending| pending.is_subscribing()),
        ConnectionCommand::Unsubscribe { channel } => {
            let subscribes = pending.is_some_and(|pending| pending.is_subscribing_to(channel));
            subscribes || !connection.has_room(limits)
        }
    }
}
