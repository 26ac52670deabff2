//! Speaking with other cores, and with this one as one of them.

pub(in crate::shard) mod message;

use crate::base::ids::CoreId;
use crate::broker::home::{HomeOutput, Origin};
use crate::model::channel::ChannelName;
use crate::model::command::Command;
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::shard::effects::is_stored;
use crate::shard::mesh::message::{Part, Question, Said, Ticket};
use crate::shard::requests::definitions::is_for_catalog;
use crate::shard::requests::meetings::changed_meeting;
use crate::shard::{Shard, ShardMessage};
use std::sync::Arc;

impl Shard {
    /// The next message for another core. The caller takes it only when it can hand it over; what is not
    /// taken waits here, bounded by [`crate::base::limits::Limits::peer_queue_messages_max`].
    pub fn next_for_peer(&mut self, to: CoreId) -> Option<ShardMessage> {
        let queue = self.staged.get_mut(to.index())?;
        let said = queue.pop_front()?;
        let relieved = queue.len() <= self.setup.limits.peer_queue_messages_max as usize / 2;
        if relieved && self.gapped[to.index()] {
            // Heals a bounded number of channels; the next message taken goes on with it.
            self.gapped[to.index()] = !self.home.set_congested(self.now, to, false);
            self.pump_home();
            self.settle();
        }
        Some(ShardMessage(said))
    }

    /// Whether another core's queue is over its bound: requests to it are refused, publications left out.
    pub(in crate::shard) fn congested(&self, to: CoreId) -> bool {
        self.staged[to.index()].len() >= self.setup.limits.peer_queue_messages_max as usize
    }

    /// Says something to a core, or to this one.
    pub(in crate::shard) fn say(&mut self, to: CoreId, said: Said) {
        if to == self.setup.core {
            self.local.push_back(said);
            return;
        }
        self.staged[to.index()].push_back(said);
        if self.staged[to.index()].len() == self.setup.limits.peer_queue_messages_max as usize {
            self.gapped[to.index()] = true;
            self.home.set_congested(self.now, to, true);
        }
    }

    /// Tells the home of a channel that a subscription is over. If that is this core, what it makes of it is passed on
    /// later, because whoever says this may be in the middle of the streams; but it is done before the connection's
    /// next request.
    pub(in crate::shard) fn say_unsubscribed(
        &mut self,
        channel: ChannelName,
        epoch: u64,
        session: Arc<Session>,
    ) {
        let home = self.setup.home_of(channel.as_str());
        if home == self.setup.core {
            return self.home.unsubscribe(self.now, home, session.member(), &channel, epoch);
        }
        self.say(home, Said::Unsubscribe { channel, epoch, session });
    }

    /// Says something to the core that owns a channel.
    pub(in crate::shard) fn say_home(&mut self, channel: &ChannelName, said: Said) {
        let home = self.setup.home_of(channel.as_str());
        self.say(home, said);
    }

    /// Hears what this core said to itself, until it is silent.
    pub(in crate::shard) fn settle(&mut self) {
        self.pump_home();
        loop {
            while let Some(said) = self.local.pop_front() {
                self.hear(self.setup.core, said);
            }
            if !self.work() {
                self.await_flush();
                return;
            }
            self.pump_home();
        }
    }

    pub(in crate::shard) fn hear(&mut self, from: CoreId, said: Said) {
        match said {
            Said::Request { ticket, command } => self.serve(from, ticket, command),
            Said::Answer { ticket, reply } => self.answer(ticket, reply),
            Said::Unsubscribe { channel, epoch, session } => {
                self.home.unsubscribe(self.now, from, session.member(), &channel, epoch);
            }
            Said::UserConnected { user, name } => self.home.user_connected(self.now, &user, name),
            Said::UserDisconnected { user } => self.home.user_disconnected(self.now, &user),
            Said::Push { channel, push } => self.push(&channel, push),
            Said::Change { number, change } => self.home.change(number, change),
            Said::Applied { number } => self.applied(number),
            Said::Fence { number } => self.fence(from, number),
            Said::Fenced { number } => self.fenced(number),
            Said::Ask { gather, question } => {
                let part = self.tell(question);
                self.say(from, Said::Tell { gather, part });
            }
            Said::Tell { gather, part } => self.told(gather, from, part),
        }
        self.pump_home();
    }

    /// Does a request of a core, as the home of its channel or as the keeper of the catalog.
    fn serve(&mut self, from: CoreId, ticket: Ticket, command: Command) {
        if command == Command::Backup {
            return self.serve_backup(from, ticket);
        }
        if is_for_catalog(&command) {
            return self.serve_catalog(from, ticket, command);
        }
        if changed_meeting(&command).is_some() || matches!(command, Command::GetMeeting { .. }) {
            return self.serve_meeting(from, ticket, command);
        }
        if is_stored(&command) {
            return self.serve_room(from, ticket, command);
        }
        let origin = Origin { core: from, connection: ticket.connection, session: &ticket.session };
        let reply = self.home.execute(self.now, origin, command);
        self.pump_ends();
        if let Some(record) = self.home.take_barrier() {
            return self.answer_when_synced(record, from, ticket, reply);
        }
        // The answer goes first: what the command pushes comes after the position it names.
        self.say(from, Said::Answer { ticket, reply });
    }

    /// Does a request of this core as the home of its channel. The caller writes the reply, then pumps; with a number, only
    /// when that record is on disk.
    pub(in crate::shard) fn execute_here(
        &mut self,
        ticket: &Ticket,
        command: Command,
    ) -> (Reply, Option<u64>) {
        let origin =
            Origin { core: self.setup.core, connection: ticket.connection, session: &ticket.session };
        let reply = self.home.execute(self.now, origin, command);
        self.pump_ends();
        (reply, self.home.take_barrier())
    }

    /// Passes on the ends of channels that come before an answer.
    fn pump_ends(&mut self) {
        while let Some(end) = self.home.pop_end() {
            self.pass_on(end);
        }
    }

    /// Passes on what the home side wants said.
    pub(in crate::shard) fn pump_home(&mut self) {
        while let Some(output) = self.home.pop_output() {
            self.pass_on(output);
        }
    }

    fn pass_on(&mut self, output: HomeOutput) {
        let HomeOutput::Push { to, channel, push } = output;
        if to == self.setup.core {
            self.push(&channel, push);
        } else {
            self.say(to, Said::Push { channel, push });
        }
    }

    fn tell(&mut self, question: Question) -> Part {
        match question {
            Question::State => Part::State(self.state()),
            Question::Counters => Part::Counters(Box::new(self.counters_now())),
            Question::Meetings { user, page } => Part::Meetings(self.home.list_meetings(&user, page)),
            Question::LoggedOut { id, until_unix_s } => {
                self.logins.logged_out.add(id, until_unix_s);
                Part::Noted
            }
            Question::Rooms { namespace, page } => Part::Rooms(self.home.list_rooms(namespace, page)),
        }
    }
}
