//! Requests of several parts: each goes its own way, and the answer leaves when all are answered.

use crate::base::ids::ConnectionId;
use crate::model::channel::ChannelName;
use crate::model::command::{Command, CoreCommand};
use crate::model::fault::Fault;
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::shard::connections::expect::{Expect, Parts};
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh;
use crate::shard::mesh::message::{CoreMessage, Ticket};
use crate::shard::transports::http::rate_limited;
use std::sync::Arc;

/// Whether a connection may ask so many things at once. Each counts as a command of it.
pub(super) fn admit(edge: &mut Edge, id: ConnectionId, commands: usize) -> Result<(), Fault> {
    let (now, max) = (edge.now, edge.setup.limits.commands_per_second_max);
    if (1..commands).all(|_| edge.connections.take_quota(now, id, max)) {
        Ok(())
    } else {
        Err(rate_limited())
    }
}

/// Takes a request of several parts.
pub(super) fn serve_many(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    session: &Arc<Session>,
    commands: Vec<CoreCommand>,
    expect: Expect,
) {
    edge.connections.allowances.spend(u32::try_from(commands.len()).unwrap_or(u32::MAX));
    let uses = commands.iter().filter_map(|command| command.route().uses());
    let channels: Vec<ChannelName> = uses.map(|(channel, _)| channel.clone()).collect();
    let parts = Parts::new(expect, &channels);
    let own = edge.setup.core;
    let sequence = edge.connections.open_slot(id, Expect::Parts(parts));
    for (part, (command, channel)) in (0..).zip(commands.into_iter().zip(channels)) {
        let ticket = Ticket { connection: id, sequence, part, session: session.clone() };
        let home = edge.setup.home_of(channel.as_str());
        let command = Command::Core(command);
        let permitted = super::permit(&edge.setup, session, &command)
            .and_then(|()| super::may_ask(edge, homes, home, session));
        match (permitted, command) {
            (Ok(()), Command::Core(command)) => {
                mesh::post(edge, homes, home, CoreMessage::Request { ticket, command });
            }
            (refused, _) => {
                let reply = Reply::Fault(refused.err().unwrap_or_else(super::overloaded));
                mesh::post(edge, homes, own, CoreMessage::Answer { ticket, reply });
            }
        }
    }
}
