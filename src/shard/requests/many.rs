//! Requests of several parts: each goes its own way, and the answer leaves when all are answered.

use crate::base::ids::ConnectionId;
use crate::model::channel::ChannelName;
use crate::model::command::{Command, CoreCommand};
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::shard::Shard;
use crate::shard::connections::expect::Expect;
use crate::shard::mesh::message::{CoreMessage, Ticket};
use std::sync::Arc;

/// What is answered so far.
pub(in crate::shard) struct Parts {
    /// How the whole answer is to be written.
    expect: Box<Expect>,
    answers: Vec<(ChannelName, Option<Reply>)>,
    missing: usize,
}

impl Parts {
    /// Takes the answer to one part.
    pub fn take(&mut self, part: u16, reply: Reply) {
        if let Some((_, answer)) = self.answers.get_mut(usize::from(part))
            && answer.replace(reply).is_none()
        {
            self.missing -= 1;
        }
    }

    /// Whether every part is answered.
    pub fn are_whole(&self) -> bool {
        self.missing == 0
    }

    /// The whole answer, and how it is to be written.
    pub fn into_whole(self) -> (Expect, Reply) {
        let answers = self.answers.into_iter().filter_map(|(channel, answer)| Some((channel, answer?)));
        (*self.expect, Reply::Many(answers.collect()))
    }
}

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
        let answers: Vec<_> = channels.iter().map(|channel| (channel.clone(), None)).collect();
        let missing = answers.len();
        let parts = Parts { expect: Box::new(expect), answers, missing };
        let sequence = self.edge.connections.open_slot(id, Expect::Parts(parts));
        for (part, (command, channel)) in (0..).zip(commands.into_iter().zip(channels)) {
            let ticket = Ticket { connection: id, sequence, part, session: session.clone() };
            let home = self.setup.home_of(channel.as_str());
            let command = Command::Core(command);
            let refused = match super::permit(&self.setup, session, &command) {
                Ok(()) if !self.homes.mesh.is_congested(home) => None,
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
