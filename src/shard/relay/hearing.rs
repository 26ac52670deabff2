//! What this core hears of it, and what the connections here are told of it.

use super::moving::note_left;
use super::{Relay, RelaySide};
use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::fanout::Audience;
use crate::model::relay::{Relayed, address_of};
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
            hear_relayed(side.edge, side.relay, core, message);
        } else {
            side.post(core, CoreMessage::Relay(message));
        }
    }
    true
}

pub(in crate::shard) fn hear_relayed(
    edge: &mut Edge,
    relay: &mut Relay,
    from: CoreId,
    message: RelayMessage,
) {
    match message {
        RelayMessage::Reachable { user, here } => relay.reachable.set(&user, from, here),
        RelayMessage::Left { group, who, died } => note_left(relay, group, who, died),
        RelayMessage::Group { group, relayed } => {
            edge.push_frame(&group, None, Audience::All, Push::Relayed(&relayed));
            edge.apply_slow_policies();
        }
        RelayMessage::User { user, relayed } => {
            // The one that says it has its answer.
            let own = relay.here.find(relayed.from.handle);
            let audience = own.map_or(Audience::All, Audience::Except);
            edge.push_frame(&address_of(&user), None, audience, Push::Relayed(&relayed));
            edge.apply_slow_policies();
        }
    }
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
