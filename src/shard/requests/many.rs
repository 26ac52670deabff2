//! Requests of several parts: each goes its own way, and the answer leaves when all are answered.

use crate::base::ids::ConnectionId;
use crate::model::channel::ChannelName;
use crate::model::command::{Command, CoreCommand};
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::shard::Shard;
use crate::shard::connections::expect::{Expect, Parts};
use crate::shard::mesh::message::{CoreMessage, Ticket};
use std::sync::Arc;

impl Shard {
    /// Takes a request of several parts. Each counts as a command of the connection.
    pub(super) fn serve_many(
        &mut self,
        id: ConnectionId,
        session: &Arc<Session>,
        commands: Vec<CoreCommand>,
        expect: Expect,
    ) {
        let (now, max) = (self.edge.now, self.setup.limits.commands_per_second_max);
        if !(1..commands.len()).all(|_| self.edge.connections.take_quota(now, id, max)) {
            return self.reply_now(id, expect, Reply::Fault(crate::shard::transports::http::rate_limited()));
        }
        self.edge.connections.allowances.spend(u32::try_from(commands.len()).unwrap_or(u32::MAX));
        let uses = commands.iter().filter_map(|command| command.route().uses());
        let channels: Vec<ChannelName> = uses.map(|(channel, _)| channel.clone()).collect();
        let parts = Parts::new(expect, &channels);
        let sequence = self.edge.connections.open_slot(id, Expect::Parts(parts));
        for (part, (command, channel)) in (0..).zip(commands.into_iter().zip(channels)) {
            let ticket = Ticket { connection: id, sequence, part, session: session.clone() };
            let home = self.setup.home_of(channel.as_str());
            let command = Command::Core(command);
            let refused = match super::permit(&self.setup, session, &command) {
                Ok(()) if self.homes.mesh.may_ask(home, || session.account()) => None,
                Ok(()) => {
                    self.edge.counters.peer_overloads += 1;
                    Some(super::overloaded())
                }
                Err(fault) => Some(fault),
            };
            match (refused, command) {
                (None, Command::Core(command)) => self.post(home, CoreMessage::Request { ticket, command }),
                (refused, _) => {
                    let reply = Reply::Fault(refused.unwrap_or_else(super::overloaded));
                    self.post(self.setup.core, CoreMessage::Answer { ticket, reply });
                }
            }
        }
    }
}
