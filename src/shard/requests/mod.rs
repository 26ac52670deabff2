//! What a client asks for: who may, and where it is answered.

mod attempts;
mod backup;
pub(in crate::shard) mod definitions;
pub(in crate::shard) mod fan_in;
pub(in crate::shard) mod logins;
pub(in crate::shard) mod meetings;
mod rooms;

use crate::base::ids::{ConnectionId, CoreId};
use crate::model::channel::ChannelName;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::session::{Scopes, Session};
use crate::shard::Shard;
use crate::shard::effects::is_stored;
use crate::shard::mesh::message::{Question, Said, Ticket};
use crate::shard::pending::Expect;
use crate::shard::requests::definitions::CATALOG_CORE;
use std::sync::Arc;

/// Where a command is answered.
enum Place {
    /// On the connection's own core.
    Here(Reply),
    /// On the connection's own core, but what waits for an answer decides how.
    Turn,
    /// By the channel's home core.
    Home(ChannelName),
    /// By the core that keeps the definitions, which asks for backups too.
    Catalog,
    /// On the connection's own core, when a password was checked or a logout stored.
    Login,
    /// By all cores together.
    Everywhere(Question),
}

impl Shard {
    /// Takes one request of a connection; its reply leaves in the order of the requests.
    pub(in crate::shard) fn submit(
        &mut self,
        id: ConnectionId,
        session: &Arc<Session>,
        command: Command,
        expect: Expect,
    ) {
        let channel = match self.permit(session, &command).map(|()| self.place(id, session, &command)) {
            Ok(Place::Turn) => return self.wait_turn(id, expect, command),
            Err(fault) => return self.reply_now(id, expect, Reply::Fault(fault)),
            Ok(Place::Here(reply)) => return self.reply_now(id, expect, reply),
            Ok(Place::Everywhere(question)) => {
                let sequence = self.open_slot(id, expect);
                return self.start_gather(
                    Ticket { connection: id, sequence, session: session.clone() },
                    command,
                    question,
                );
            }
            Ok(Place::Login) => return self.log(id, session, command, expect),
            Ok(Place::Catalog) => return self.submit_to(CATALOG_CORE, id, session, command, expect),
            Ok(Place::Home(channel)) => channel,
        };
        let home = self.setup.home_of(channel.as_str());
        let outside = is_stored(&command) || matches!(command, Command::GetMeeting { .. });
        if home != self.setup.core || outside {
            return self.submit_to(home, id, session, command, expect);
        }
        let mut ticket = Ticket { connection: id, sequence: 0, session: session.clone() };
        // What an earlier request changed here is told before this one is done.
        self.pump_home();
        match self.execute_here(&ticket, command) {
            (reply, None) => self.reply_now(id, expect, reply),
            (reply, Some(record)) => {
                ticket.sequence = self.open_slot(id, expect);
                self.answer_when_synced(record, home, ticket, reply);
            }
        }
        self.pump_home();
    }

    /// Leaves a request to a core, maybe this one, which answers later.
    fn submit_to(
        &mut self,
        core: CoreId,
        id: ConnectionId,
        session: &Arc<Session>,
        command: Command,
        expect: Expect,
    ) {
        if self.congested(core) {
            self.counters.peer_overloads += 1;
            return self.reply_now(id, expect, Reply::Fault(overloaded()));
        }
        let sequence = self.open_slot(id, expect);
        if is_stored(&command) {
            self.hold_reading(id, sequence);
        }
        let ticket = Ticket { connection: id, sequence, session: session.clone() };
        self.say(core, Said::Request { ticket, command });
    }

    /// The answer of the connection's own core.
    pub(in crate::shard) fn reply_here(&self, id: ConnectionId, command: &Command) -> Option<Reply> {
        match command {
            Command::Ping => Some(Reply::Pong),
            Command::ListSubscriptions => Some(Reply::Subscriptions(self.channels_of(id))),
            Command::Unsubscribe { channel } => Some(Reply::Unsubscribed { channel: channel.clone() }),
            _ => None,
        }
    }

    /// Whether subscribes that wait for their answer decide what this does.
    fn must_wait(&self, id: ConnectionId, command: &Command) -> bool {
        let Some(pending) = self.connections.get(id).and_then(|connection| connection.pending.as_ref())
        else {
            return false;
        };
        match command {
            Command::ListSubscriptions => pending.is_subscribing(),
            Command::Unsubscribe { channel } => pending.subscribes().any(|waiting| waiting == channel),
            _ => false,
        }
    }

    /// Leaves a command until all before it is answered; nothing more is read until then.
    fn wait_turn(&mut self, id: ConnectionId, expect: Expect, command: Command) {
        if let Some(pending) = self.connections.get_mut(id).and_then(|connection| connection.pending.as_mut())
        {
            pending.wait_turn(expect, command);
        }
    }

    /// Whether the session may do this. Ownership of a single thing is judged where the thing is.
    fn permit(&self, session: &Session, command: &Command) -> Result<(), Fault> {
        let needed = match command {
            Command::Ping
            | Command::ListSubscriptions
            | Command::Unsubscribe { .. }
            | Command::LogIn { .. }
            | Command::LogOut { .. }
            | Command::NodeState
            | Command::Metrics => Scopes::NONE,
            Command::CreateDefinition { .. }
            | Command::UpdateDefinition { .. }
            | Command::DeleteDefinition { .. }
            | Command::GetDefinition { .. }
            | Command::ListDefinitions { .. }
            | Command::Backup => Scopes::ADMIN,
            Command::Subscribe { .. }
            | Command::ListHistory { .. }
            | Command::GetMessage { .. }
            | Command::ListMessages { .. }
            | Command::ListMembers { .. }
            | Command::GetRoom { .. }
            | Command::ListRooms { .. }
            | Command::GetMeeting { .. }
            | Command::ListMeetings { .. }
            | Command::GetProfile { .. } => Scopes::READ,
            Command::Publish { .. }
            | Command::Whisper { .. }
            | Command::UpdateMessage { .. }
            | Command::DeleteMessage { .. }
            | Command::CreateRoom { .. }
            | Command::UpdateRoom { .. }
            | Command::DeleteRoom { .. }
            | Command::PutMeeting { .. }
            | Command::DeleteMeeting { .. }
            | Command::ClearMeeting { .. }
            | Command::UpdateProfile { .. } => Scopes::WRITE,
        };
        if session.scopes.contains(needed) {
            return Ok(());
        }
        let scope = match needed {
            Scopes::READ => "read",
            Scopes::WRITE => "write",
            _ => "admin",
        };
        Err(Fault::new(
            FaultCode::Forbidden,
            format!(
                "This needs the scope \"{scope}\", which your key or token does not have. Use one that has it."
            ),
        ))
    }

    fn place(&mut self, id: ConnectionId, session: &Session, command: &Command) -> Place {
        match command {
            Command::Ping | Command::ListSubscriptions | Command::Unsubscribe { .. } => {
                match self.reply_here(id, command) {
                    Some(reply) if !self.must_wait(id, command) => Place::Here(reply),
                    _ => Place::Turn,
                }
            }
            Command::NodeState => Place::Everywhere(Question::State),
            Command::Metrics => Place::Everywhere(Question::Counters),
            Command::ListRooms { namespace, page } => {
                Place::Everywhere(Question::Rooms { namespace, page: *page })
            }
            Command::Subscribe { channel, .. } => match self.subscription_limit(id, channel) {
                Some(fault) => Place::Here(Reply::Fault(fault)),
                None => Place::Home(channel.clone()),
            },
            Command::CreateDefinition { .. }
            | Command::UpdateDefinition { .. }
            | Command::DeleteDefinition { .. }
            | Command::GetDefinition { .. }
            | Command::ListDefinitions { .. }
            | Command::Backup => Place::Catalog,
            Command::LogIn { .. } | Command::LogOut { .. } => Place::Login,
            Command::ListMeetings { page } => {
                Place::Everywhere(Question::Meetings { user: session.user.clone(), page: *page })
            }
            Command::Publish { channel, .. }
            | Command::Whisper { channel, .. }
            | Command::ListHistory { channel }
            | Command::UpdateMessage { channel, .. }
            | Command::DeleteMessage { channel, .. }
            | Command::GetMessage { channel, .. }
            | Command::ListMessages { channel, .. }
            | Command::ListMembers { channel }
            | Command::PutMeeting { channel, .. }
            | Command::DeleteMeeting { channel }
            | Command::ClearMeeting { channel }
            | Command::GetMeeting { channel, .. }
            | Command::CreateRoom { channel, .. }
            | Command::UpdateRoom { channel, .. }
            | Command::DeleteRoom { channel }
            | Command::GetRoom { channel }
            | Command::GetProfile { channel }
            | Command::UpdateProfile { channel, .. } => Place::Home(channel.clone()),
        }
    }
}

fn overloaded() -> Fault {
    Fault::new(
        FaultCode::Overloaded,
        "A core of this node has more to do than its queue holds, so this was not done. Try again shortly.",
    )
}
