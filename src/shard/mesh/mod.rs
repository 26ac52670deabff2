//! Speaking with other cores, and with this one as one of them.

pub(in crate::shard) mod message;
mod queues;

pub(in crate::shard) use queues::Queues;

use crate::base::ids::CoreId;
use crate::broker::home::HomeOutput;
use crate::model::channel::ChannelName;
use crate::model::session::Session;
use crate::shard::delivery::ending::Endings;
use crate::shard::delivery::pushes;
use crate::shard::edge::{Departure, Edge};
use crate::shard::home::{Here, HomeSide};
use crate::shard::people;
use crate::shard::relay;
use crate::shard::requests::hear_notify;
use crate::shard::{Shard, ShardMessage};
use message::CoreMessage;
use std::sync::Arc;

impl Shard {
    /// The next message for another core. The caller takes it only when it can hand it over; what is not
    /// taken waits here. From [`crate::base::limits::Limits::peer_queue_messages_max`] on the core counts as congested: nothing is begun
    /// any more of which it would have to hear, and what is under way is still said.
    pub fn next_for_peer(&mut self, to: CoreId) -> Option<ShardMessage> {
        let message = self.homes.mesh.next_for(to).map(ShardMessage);
        if message.is_some() && self.homes.mesh.has_room_to_heal(to) {
            // Heals a bounded number of channels; the next message taken goes on with it.
            let healed = self.homes.home.set_congested(self.edge.now, to, false);
            self.homes.mesh.note_gapped(to, !healed);
            people::tell_missed(&mut self.people_side(), to);
            self.pump_home();
            self.settle();
        }
        message
    }

    /// Says something to a core, or to this one, after what ended here before.
    pub(in crate::shard) fn post(&mut self, to: CoreId, message: CoreMessage) {
        self.part_with_departed();
        self.homes.post(to, message);
    }

    /// Hears what this core said to itself, and does what follows, until nothing of it is left: who fell behind is sent away, what
    /// ended is made known, channels that are over lose some of their subscribers.
    pub(in crate::shard) fn settle(&mut self) {
        self.pump_home();
        self.pump_people();
        loop {
            while let Some(message) = self.homes.mesh.next_local() {
                self.hear(self.setup.core, message);
                self.pump_home();
                self.pump_people();
            }
            self.edge.apply_slow_policies();
            if !self.edge.departures.is_empty() {
                self.pump_home();
                continue;
            }
            if !self.end_step() {
                self.homes.log.await_flush(&self.homes.home, self.edge.now);
                return;
            }
            self.pump_home();
        }
    }

    /// Hears what a core said, maybe this one. What it has to say to that is passed on next, as [`Shard::settle`] begins.
    pub(in crate::shard) fn hear(&mut self, from: CoreId, message: CoreMessage) {
        match message {
            CoreMessage::Request { ticket, command } => self.serve(from, ticket, command),
            CoreMessage::Redeem { ticket, number, .. } => {
                let reply = self.homes.logins.vouchers.redeem(self.edge.now, number);
                self.post(from, CoreMessage::Answer { ticket, reply });
            }
            CoreMessage::Answer { ticket, reply } => self.answer(ticket, reply),
            CoreMessage::Unsubscribe { channel, epoch, session } => {
                self.homes.home.unsubscribe(self.edge.now, from, session.member(), &channel, epoch);
            }
            CoreMessage::UserConnected { user, name } => {
                self.homes.home.user_connected(self.edge.now, &user, name)
            }
            CoreMessage::UserDisconnected { user } => self.homes.home.user_disconnected(self.edge.now, &user),
            CoreMessage::Push { channel, push } => {
                pushes::push(&mut self.edge, &mut self.endings, &channel, push)
            }
            CoreMessage::Change { number, change } => self.homes.home.change(number, change),
            CoreMessage::Applied { number } => self.homes.applied(number),
            CoreMessage::Fence { number } => self.endings.fence(from, number),
            CoreMessage::Fenced { number } => self.homes.fenced(number),
            CoreMessage::Ask { fan_in, question } => {
                let part = self.part(question);
                self.post(from, CoreMessage::Tell { fan_in, part });
            }
            CoreMessage::Tell { fan_in, part } => self.fan_in_side().take(fan_in, from, part),
            CoreMessage::Notify { users, draft } => hear_notify(&mut self.homes, users, *draft),
            CoreMessage::People(said) => people::hear_of_people(&mut self.people_side(), from, said),
            CoreMessage::Relay(said) => relay::hear_relayed(&mut self.relay_side(), from, said),
        }
    }

    /// Passes on what the home side wants said.
    pub(in crate::shard) fn pump_home(&mut self) {
        loop {
            self.part_with_departed();
            while let Some(said) = self.homes.here.pop_front() {
                match said {
                    Here::Answer { ticket, reply } => self.answer(ticket, reply),
                    Here::Push { channel, push } => {
                        pushes::push(&mut self.edge, &mut self.endings, &channel, push)
                    }
                }
            }
            while let Some(output) = self.homes.home.pop_output() {
                pass_on(&mut self.edge, &mut self.homes, &mut self.endings, output);
            }
            let told = relay::pump_relay(&mut self.relay_side());
            if !told && self.edge.departures.is_empty() {
                return;
            }
        }
    }
}

/// Passes on the ends of channels that come before an answer.
pub(in crate::shard) fn pump_ends(edge: &mut Edge, homes: &mut HomeSide, endings: &mut Endings) {
    while let Some(end) = homes.home.pop_end() {
        pass_on(edge, homes, endings, end);
    }
}

fn pass_on(edge: &mut Edge, homes: &mut HomeSide, endings: &mut Endings, output: HomeOutput) {
    let HomeOutput::Push { to, channel, push } = output;
    if to == edge.setup.core {
        pushes::push(edge, endings, &channel, push);
    } else {
        post(edge, homes, to, CoreMessage::Push { channel, push });
    }
}

/// Says something to a core, or to this one. What ended here before comes before it: then it waits behind that.
pub(in crate::shard) fn post(edge: &mut Edge, homes: &mut HomeSide, to: CoreId, message: CoreMessage) {
    if edge.departures.is_empty() {
        homes.post(to, message);
    } else {
        edge.depart(Departure::Word { to, message });
    }
}

/// Says something to the core that owns a channel.
pub(in crate::shard) fn post_home(
    edge: &mut Edge,
    homes: &mut HomeSide,
    channel: &ChannelName,
    message: CoreMessage,
) {
    let home = edge.setup.home_of(channel.as_str());
    post(edge, homes, home, message);
}

/// Tells the home of a channel that a subscription is over. If that is this core, what it makes of it is passed on
/// later, because whoever says this may be in the middle of the streams; but it is done before the connection's
/// next request.
pub(in crate::shard) fn post_unsubscribed(
    edge: &mut Edge,
    homes: &mut HomeSide,
    channel: ChannelName,
    epoch: u64,
    session: Arc<Session>,
) {
    let home = edge.setup.home_of(channel.as_str());
    if home == edge.setup.core {
        return homes.home.unsubscribe(edge.now, home, session.member(), &channel, epoch);
    }
    post(edge, homes, home, CoreMessage::Unsubscribe { channel, epoch, session });
}
