//! Channels that are over: their subscribers on this core are told and sent away. Work that can be large is done
//! some at a time, so that no turn is long: a core has a number of steps for each reading of the clock.

use super::farewells::Farewells;
use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::home::Home;
use crate::broker::rules::entry::admits;
use crate::model::access::{Access, Use};
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::Group;
use crate::model::reply::Push;
use crate::protocol::websocket::{Opcode, write_frame};
use crate::shard::Shard;
use crate::shard::connections::closing::CloseFrame;
use crate::shard::mesh::message::CoreMessage;
use std::collections::VecDeque;
use std::sync::Arc;

/// Subscriptions ended, or channels looked at, for one reading of the clock. Each takes a few microseconds.
const STEPS_MAX: usize = 256;

/// Work that is done some at a time.
#[derive(Default)]
pub(in crate::shard) struct Endings {
    /// Homes that have yet to hear who went.
    pub farewells: Farewells,
    queue: VecDeque<Ending>,
    /// The clock reading that the steps are of, monotonic microseconds.
    at_us: u64,
    steps_left: usize,
}

impl Endings {
    /// Whether there are endings, or changes at home, to go on with.
    pub fn has_work(&self, home: &Home) -> bool {
        !self.queue.is_empty() || home.has_work()
    }
}

enum Ending {
    /// Send these subscribers away.
    Evict { channel: ChannelName, fault: Fault, gone: Gone, connections: Vec<ConnectionId> },
    /// Send those of these connections away whose sessions hold no longer.
    Revoke { connections: Vec<ConnectionId> },
    /// Tell a core that everything before is done.
    Fence { from: CoreId, number: u64 },
}

/// For whom a channel is over.
#[derive(Clone)]
enum Gone {
    /// For everybody.
    Whole,
    /// For guests.
    Guests,
    /// For whoever it is not for any more; they stay connected.
    Strangers(Arc<Group>, Access),
}

impl Shard {
    /// A channel is for the members of a group from now on.
    pub(super) fn restrict_channel(&mut self, channel: &ChannelName, group: Arc<Group>, access: Access) {
        let connections = self.fanout.hearers(channel);
        let sentence =
            "This channel is for its members, and you are not one of them any more. You hear it no longer.";
        let (channel, fault) = (channel.clone(), Fault::new(FaultCode::Forbidden, sentence));
        let gone = Gone::Strangers(group, access);
        self.endings.queue.push_back(Ending::Evict { channel, fault, gone, connections });
    }

    /// A home core ended a channel, or what it is for guests.
    pub(in crate::shard) fn end_channel(&mut self, channel: &ChannelName, fault: Fault, guests: bool) {
        let connections = if guests { self.fanout.guests(channel) } else { self.fanout.end(channel) };
        if !connections.is_empty() {
            let (channel, gone) = (channel.clone(), if guests { Gone::Guests } else { Gone::Whole });
            self.endings.queue.push_back(Ending::Evict { channel, fault, gone, connections });
        }
    }

    /// A home core asks to be told when what it ended before is done.
    pub(in crate::shard) fn fence(&mut self, from: CoreId, number: u64) {
        self.endings.queue.push_back(Ending::Fence { from, number });
    }

    /// When to go on, if there is something to go on with: at the next reading of the clock.
    pub(in crate::shard) fn work_next_us(&self) -> Option<u64> {
        self.endings.has_work(&self.home).then_some(self.endings.at_us + 1)
    }

    /// Goes on with changes and endings while there are steps. Whether anything was done.
    pub(in crate::shard) fn end_step(&mut self) -> bool {
        if !self.endings.has_work(&self.home) {
            return false;
        }
        if self.endings.at_us != self.now.monotonic_us {
            self.endings.at_us = self.now.monotonic_us;
            self.endings.steps_left = STEPS_MAX;
        }
        let before = self.endings.steps_left;
        let mut left = before;
        let mut settled = None;
        if self.home.has_work() {
            settled = self.home.work(&mut left);
            self.pump_home();
        }
        self.endings.steps_left = left;
        let done = settled.is_some();
        if let Some(settled) = settled {
            self.settled(settled);
        }
        let ended = self.end_some();
        done || ended || self.endings.steps_left < before
    }

    /// Whether anything was done.
    fn end_some(&mut self) -> bool {
        let mut done = false;
        while let Some(ending) = self.endings.queue.pop_front() {
            match ending {
                Ending::Fence { from, number } => self.post(from, CoreMessage::Fenced { number }),
                Ending::Revoke { mut connections } => {
                    while self.endings.steps_left > 0
                        && let Some(id) = connections.pop()
                    {
                        done = true;
                        let steps = revoke(self, id);
                        self.endings.steps_left = self.endings.steps_left.saturating_sub(steps);
                    }
                    if !connections.is_empty() {
                        self.endings.queue.push_front(Ending::Revoke { connections });
                        return done;
                    }
                }
                Ending::Evict { channel, fault, gone, mut connections } => {
                    while self.endings.steps_left > 0
                        && let Some(id) = connections.pop()
                    {
                        done = true;
                        let steps = match &gone {
                            Gone::Strangers(group, access) => {
                                self.evict_stranger(id, &channel, &fault, group, *access)
                            }
                            gone => self.evict(id, &channel, &fault, matches!(gone, Gone::Whole)),
                        };
                        self.endings.steps_left = self.endings.steps_left.saturating_sub(steps);
                    }
                    if !connections.is_empty() {
                        self.endings.queue.push_front(Ending::Evict { channel, fault, gone, connections });
                        return done;
                    }
                }
            }
            done = true;
        }
        done
    }

    /// Tells a subscriber that its channel is over and ends its subscription, or its connection where its dialect
    /// wants that; says how many steps that took.
    fn evict(&mut self, id: ConnectionId, channel: &ChannelName, fault: &Fault, whole: bool) -> usize {
        let Some(connection) = self.connections.get(id) else { return 1 };
        let steps = 1 + self.fanout.count_of(id);
        let hears = self.fanout.channels_of(id).any(|(name, ended)| name == channel && ended == whole);
        let Some(dialect) = connection.dialect().filter(|_| hears) else { return steps };
        let (mut text, mut frame) = (Vec::new(), Vec::new());
        (dialect.encode_push)(&mut text, channel, Push::Ended(fault));
        if !text.is_empty() {
            write_frame(&mut frame, Opcode::Text, &text);
            self.counters.messages_sent += 1;
            self.write(id, &frame);
        }
        // Who loses one conversation among others keeps the rest of its connection.
        if dialect.closes_at_end && fault.code != FaultCode::NotFound {
            let refused = fault.code == FaultCode::GuestsRefused;
            self.close_socket(id, if refused { CloseFrame::GUEST } else { CloseFrame::ENDED });
        } else {
            let gone = match whole {
                true => self.fanout.unsubscribe_ended(id, channel),
                false => self.fanout.unsubscribe(id, channel),
            };
            self.note_unsubscribed(id, gone);
        }
        steps
    }

    /// Tells a subscriber that its channel is not for it any more and ends its subscription, if that is so; says how many
    /// steps that took.
    fn evict_stranger(
        &mut self,
        id: ConnectionId,
        channel: &ChannelName,
        fault: &Fault,
        group: &Group,
        access: Access,
    ) -> usize {
        let Some(connection) = self.connections.get(id) else { return 1 };
        let Some((session, dialect)) = connection.session.clone().zip(connection.dialect()) else { return 1 };
        if admits(&session, channel, access, Some(group), Use::Subscribe) || !self.fanout.hears(id, channel) {
            return 1;
        }
        let gone = self.fanout.unsubscribe(id, channel);
        self.note_unsubscribed(id, gone);
        let (mut text, mut frame) = (Vec::new(), Vec::new());
        (dialect.encode_push)(&mut text, channel, Push::Ended(fault));
        if !text.is_empty() {
            write_frame(&mut frame, Opcode::Text, &text);
            self.counters.messages_sent += 1;
            self.tell_one(id, channel, &frame);
        }
        2
    }

    /// Asserts what must hold when nothing is left to do.
    pub(in crate::shard) fn endings_invariants(&self) {
        let mut heard = self.connections.ids().flat_map(|id| self.fanout.channels_of(id));
        assert!(!heard.any(|(_, ended)| ended) || !self.endings.queue.is_empty(), "ended channels are left");
    }
}

/// What some sessions began under holds no longer: their sockets are closed.
pub(in crate::shard) fn recheck_sessions(shard: &mut Shard) {
    let connections = shard.connections.ids().collect();
    shard.endings.queue.push_back(Ending::Revoke { connections });
}

/// Closes a socket whose session began under what holds no longer; says how many steps that took.
fn revoke(shard: &mut Shard, id: ConnectionId) -> usize {
    let session = shard.connections.get(id).and_then(|connection| connection.session.as_ref());
    if session.is_none_or(|session| shard.setup.authenticator.still_holds(session)) {
        return 1;
    }
    shard.close_socket(id, CloseFrame::REVOKED);
    1 + shard.fanout.count_of(id)
}
