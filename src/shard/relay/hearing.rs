//! What this core hears of it, and what the connections here are told of it.

use super::moving::{joined, note_left};
use super::{Relay, RelaySide};
use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::fanout::Audience;
use crate::model::channel::ChannelName;
use crate::model::relay::{Handle, Relayed, RelayedWhat, address_of};
use crate::model::reply::Push;
use crate::protocol::websocket::{Opcode, write_frame};
use crate::shard::edge::Edge;
use crate::shard::mesh::message::{CoreMessage, RelayMessage};

/// Passes on what is to be told; whether there was something.
pub(in crate::shard) fn pump_relay(side: &mut RelaySide<'_>) -> bool {
    if side.relay.told.is_empty() {
        return false;
    }
    for (core, message) in std::mem::take(&mut side.relay.told) {
        if core == side.edge.setup.core {
            hear_relayed(side, core, message);
        } else {
            side.post(core, CoreMessage::Relay(message));
        }
    }
    true
}

pub(in crate::shard) fn hear_relayed(side: &mut RelaySide<'_>, from: CoreId, message: RelayMessage) {
    match message {
        RelayMessage::Reachable { user, here } => side.relay.reachable.set(&user, from, here),
        RelayMessage::Left { group, who, died } => note_left(side.relay, group, who, died),
        RelayMessage::Group { group, relayed } => {
            if relayed.what == RelayedWhat::Joined {
                comes(side, &group, relayed.from.handle);
            }
            side.edge.push_frame(&group, None, Audience::All, Push::Relayed(&relayed));
            side.edge.apply_slow_policies();
        }
        RelayMessage::User { user, relayed } => {
            // The one that says it has its answer.
            let own = side.relay.here.find(relayed.from.handle);
            let audience = own.map_or(Audience::All, Audience::Except);
            side.edge.push_frame(&address_of(&user), None, audience, Push::Relayed(&relayed));
            side.edge.apply_slow_policies();
        }
    }
}

/// A connection of this core, if it is one, hears a group from here on: that it came is the first that it hears.
fn comes(side: &mut RelaySide<'_>, group: &ChannelName, handle: Handle) {
    let Some(id) = side.relay.here.find(handle) else { return };
    let connection = side.edge.connections.get(id).filter(|connection| !connection.is_closing());
    let Some(dialect) = connection.and_then(|connection| connection.dialect()) else { return };
    let mut before = Vec::new();
    joined(side, id, dialect, false, group, &mut before);
    side.edge.write(id, &before);
}

/// Tells one connection something for it alone.
pub(super) fn tell_connection(edge: &mut Edge, relay: &Relay, id: ConnectionId, relayed: &Relayed) {
    let Some(dialect) = edge.connections.get(id).and_then(|connection| connection.dialect()) else {
        return;
    };
    let Some(reached) = relay.here.get(id) else { return };
    let (mut text, mut frame) = (Vec::new(), Vec::new());
    (dialect.encode_push)(&mut text, &address_of(&reached.who.user), Push::Relayed(relayed));
    if !text.is_empty() {
        write_frame(&mut frame, Opcode::Text, &text);
        edge.counters.messages_sent += 1;
        edge.write(id, &frame);
    }
}
