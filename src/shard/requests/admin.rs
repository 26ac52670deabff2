//! What an operator asks of this core's connections.

use crate::base::ids::{ConnectionId, CoreId};
use crate::metrics::words::CloseReason;
use crate::model::admin::{
    AdminReply, ConnectionInfo, ConnectionName, Cursor, LOOKED_AT_MAX, Listing, Removal,
};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::shard::connections::closing::CloseFrame;
use crate::shard::delivery::ending::Endings;
use crate::shard::delivery::users::Users;
use crate::shard::edge::Edge;
use crate::shard::mesh::message::FanInPart;

/// Connections of this core from a place on, in the order of their places.
pub(super) fn list_connections(
    edge: &Edge,
    user: Option<&str>,
    from: Cursor,
    size: u32,
) -> Listing<ConnectionInfo> {
    let core = edge.setup.core;
    let Some(from) = from.on(core) else { return Listing::default() };
    let slots = edge.connections.table().slots();
    let end = from.saturating_add(LOOKED_AT_MAX).min(slots);
    let mut listing = Listing::default();
    for place in from..end {
        let at = Cursor { core, place };
        let Some(info) = edge.connections.table().id_at(place).and_then(|id| describe(edge, id, user)) else {
            continue;
        };
        if listing.items.len() == size as usize {
            return Listing { next: Some(at), ..listing };
        }
        listing.items.push((at, info));
    }
    Listing { next: (end < slots).then_some(Cursor { core, place: end }), ..listing }
}

fn describe(edge: &Edge, id: ConnectionId, user: Option<&str>) -> Option<ConnectionInfo> {
    let connection = edge.connections.get(id)?;
    let session = &connection.session;
    if user.is_some_and(|user| session.as_ref().is_none_or(|session| *session.user != *user)) {
        return None;
    }
    Some(ConnectionInfo {
        name: ConnectionName { core: edge.setup.core, id },
        is_socket: connection.is_socket(),
        session: session.clone(),
        address: edge.connections.address(id),
        channels: edge.fanout.count_of(id) as u32,
        unwritten_bytes: connection.outbox.len() as u64,
    })
}

/// Closes connections of this core; says how many. Those of a user close some at a time.
pub(super) fn remove(edge: &mut Edge, endings: &mut Endings, users: &Users, removal: &Removal) -> u64 {
    match removal {
        Removal::Connection(ConnectionName { core, id }) if *core == edge.setup.core => {
            let Some(connection) = edge.connections.get(*id) else { return 0 };
            if connection.is_socket() {
                edge.close_socket(*id, CloseFrame::REMOVED);
            } else {
                edge.give_up(*id, CloseReason::Removed);
            }
            1
        }
        Removal::Connection(_) => 0,
        Removal::User(user) => {
            let count = users.sockets_of(user);
            if count > 0 {
                endings.remove_user(edge, user.clone());
            }
            u64::from(count)
        }
    }
}

/// The connections of all cores.
pub(super) fn merge_connections(parts: Vec<(CoreId, FanInPart)>, size: u32) -> Reply {
    let parts = parts.into_iter().filter_map(|(_, part)| match part {
        FanInPart::Connections(part) => Some(part),
        _ => None,
    });
    answer(AdminReply::Connections(Listing::merge(parts, size as usize)))
}

/// The channels of all cores.
pub(super) fn merge_channels(parts: Vec<(CoreId, FanInPart)>, size: u32) -> Reply {
    let parts = parts.into_iter().filter_map(|(_, part)| match part {
        FanInPart::Channels(part) => Some(part),
        _ => None,
    });
    answer(AdminReply::Channels(Listing::merge(parts, size as usize)))
}

/// What cores closed.
pub(super) fn merge_removed(parts: Vec<(CoreId, FanInPart)>, removal: &Removal, silent_cores: u32) -> Reply {
    let parts = parts.into_iter().filter_map(|(_, part)| match part {
        FanInPart::Removed(count) => Some(count),
        _ => None,
    });
    let count = parts.sum();
    let fault = match removal {
        Removal::Connection(_) if count > 0 => None,
        _ if silent_cores > 0 => Some(Fault::new(
            FaultCode::Unavailable,
            "A core of this node does not answer, so its connections may still be open. Try again shortly.",
        )),
        Removal::Connection(_) => Some(Fault::new(
            FaultCode::NotFound,
            "There is no connection of this id. Ids are in the list of connections.",
        )),
        Removal::User(_) => None,
    };
    fault.map_or_else(|| answer(AdminReply::Removed(count)), Reply::Fault)
}

fn answer(reply: AdminReply) -> Reply {
    Reply::Admin(Box::new(reply))
}
