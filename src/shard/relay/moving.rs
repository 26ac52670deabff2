//! How connections here come to groups and leave them.

use super::{Relay, RelaySide};
use crate::base::ids::ConnectionId;
use crate::broker::fanout::NewSubscriber;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;
use crate::model::relay::{Handle, RelayedWhat, Speaker, address_of};
use crate::model::session::Session;
use crate::shard::connections::pending::Opens;
use crate::shard::delivery::subscribing::encoding;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::{CoreMessage, RelayMessage, Ticket};
use crate::shard::relay::serving::tell_group;
use crate::surface::Dialect;
use std::sync::Arc;

/// A session for one connection that others can reach.
pub(in crate::shard) fn with_handle(homes: &mut HomeSide, session: &Session) -> Arc<Session> {
    let fresh = [homes.fresh.next(), homes.fresh.next()];
    let handle = Some(Handle::new(homes.setup.core, fresh));
    Arc::new(Session { handle, ..session.clone() })
}

/// A connection opened, maybe one that others can reach: it hears what is said to its user.
pub(in crate::shard) fn came(side: &mut RelaySide<'_>, id: ConnectionId) {
    let Some(connection) = side.edge.connections.get(id) else { return };
    let (session, dialect) = (connection.session.as_ref(), connection.dialect());
    let (Some(who), Some(dialect)) = (session.and_then(|session| session.speaker()), dialect) else { return };
    let user = who.user.clone();
    if side.relay.here.open(id, who) {
        post_reachable(side, user.clone(), true);
    }
    hear(side.edge, id, dialect, &address_of(&user), false);
}

/// A connection hears a ring from here on.
fn hear(edge: &mut Edge, id: ConnectionId, dialect: &Dialect, ring: &ChannelName, paused: bool) {
    let encoding = encoding(edge, id, dialect, ring);
    let subscriber = NewSubscriber { connection: id, encoding, guest: false, paused };
    edge.fanout.subscribe(ring, SlowPolicy::Disconnect, Position::default(), subscriber);
    edge.counters.subscriptions_open += 1;
}

/// A connection is gone, maybe one that others could reach.
pub(in crate::shard) fn gone(side: &mut RelaySide<'_>, id: ConnectionId) {
    let Some((reached, last)) = side.relay.here.close(id) else { return };
    let user = reached.who.user.clone();
    if let Some(group) = reached.group {
        post_left(side, group, reached.who, true);
    }
    if last {
        post_reachable(side, user, false);
    }
}

fn post_reachable(side: &mut RelaySide<'_>, user: Arc<str>, here: bool) {
    let home = side.edge.setup.home_of(address_of(&user).as_str());
    if home == side.edge.setup.core {
        side.relay.reachable.set(&user, home, here);
    } else {
        side.post(home, CoreMessage::Relay(RelayMessage::Reachable { user, here }));
    }
}

/// Tells the home of a group that a connection has left it. If that is this core, what follows is told later, because whoever
/// says this may be in the middle of the streams; but it is done before the connection's next request.
fn post_left(side: &mut RelaySide<'_>, group: ChannelName, who: Speaker, died: bool) {
    let home = side.edge.setup.home_of(group.as_str());
    if home == side.edge.setup.core {
        note_left(side.relay, group, who, died);
    } else {
        side.post(home, CoreMessage::Relay(RelayMessage::Left { group, who, died }));
    }
}

/// A connection has left a group that is at home here.
pub(super) fn note_left(relay: &mut Relay, group: ChannelName, who: Speaker, died: bool) {
    if relay.groups.leave(&group, &who) {
        let what = if died { RelayedWhat::Disconnected } else { RelayedWhat::Left };
        tell_group(relay, &group, who, what);
    }
}

/// The home of a group counted a connection in: it leaves the group that it was in, and hears this one from here on. `paused`
/// says that the answer does not leave at once; then it says which group may be told when it has.
pub(in crate::shard) fn joined(
    side: &mut RelaySide<'_>,
    id: ConnectionId,
    dialect: &'static Dialect,
    paused: bool,
    group: &ChannelName,
    before: &mut Vec<u8>,
) -> Option<Opens> {
    if side.relay.here.get(id)?.group.as_ref() == Some(group) {
        return None;
    }
    leave(side, id, before);
    hear(side.edge, id, dialect, group, paused);
    side.relay.here.get_mut(id)?.group = Some(group.clone());
    paused.then(|| Opens { channel: group.clone(), begins: true })
}

/// A connection leaves the group that it is in; what it was still owed of it is appended to `out`.
pub(in crate::shard) fn leave(side: &mut RelaySide<'_>, id: ConnectionId, out: &mut Vec<u8>) {
    let Some(reached) = side.relay.here.get_mut(id) else { return };
    let Some(group) = reached.group.take() else { return };
    let who = reached.who.clone();
    side.edge.unsubscribed(id, &group, out);
    post_left(side, group, who, false);
}

/// A group's home counted a connection in that is gone.
pub(in crate::shard) fn join_answered(side: &mut RelaySide<'_>, ticket: &Ticket, group: ChannelName) {
    if let Some(who) = ticket.session.speaker() {
        post_left(side, group, who, true);
    }
}
