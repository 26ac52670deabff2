//! What is over for subscribers on this core, who are told and sent away: channels, and those that are for others from now on; tokens
//! that were revoked, users that were removed. Work that can be large is done
//! some at a time, so that no turn is long: a core has a number of steps for each reading of the clock.

use crate::base::ids::{ConnectionId, CoreId};
use crate::base::time::Now;
use crate::broker::home::Home;
use crate::broker::rules::entry::admits;
use crate::model::access::{Access, Use};
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::Group;
use crate::model::reply::Push;
use crate::model::session::Session;
use crate::protocol::websocket::{Opcode, write_frame};
use crate::shard::Shard;
use crate::shard::connections::closing::CloseFrame;
use crate::shard::edge::Edge;
use crate::shard::mesh::message::CoreMessage;
use std::collections::VecDeque;
use std::sync::Arc;

/// Subscriptions ended, or channels looked at, for one reading of the clock. Each takes a few microseconds.
const STEPS_MAX: usize = 256;

/// Work that is done some at a time.
#[derive(Default)]
pub(in crate::shard) struct Endings {
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

    /// When to go on, if there is something to go on with: at the next reading of the clock.
    pub fn next_us(&self, home: &Home) -> Option<u64> {
        self.has_work(home).then_some(self.at_us + 1)
    }

    /// A channel is for the members of a group from now on.
    pub fn restrict(&mut self, edge: &Edge, channel: &ChannelName, group: Arc<Group>, access: Access) {
        let connections = edge.fanout.hearers(channel);
        let sentence =
            "This channel is for its members, and you are not one of them any more. You hear it no longer.";
        let (channel, fault) = (channel.clone(), Fault::new(FaultCode::Forbidden, sentence));
        let gone = Gone::Strangers(group, access);
        self.queue.push_back(Ending::Evict { channel, fault, gone, connections });
    }

    /// A home core ended a channel, or what it is for guests.
    pub fn end(&mut self, edge: &mut Edge, channel: &ChannelName, fault: Fault, guests: bool) {
        let connections = if guests { edge.fanout.guests(channel) } else { edge.fanout.end(channel) };
        if !connections.is_empty() {
            let (channel, gone) = (channel.clone(), if guests { Gone::Guests } else { Gone::Whole });
            self.queue.push_back(Ending::Evict { channel, fault, gone, connections });
        }
    }

    /// A home core asks to be told when what it ended before is done.
    pub fn fence(&mut self, from: CoreId, number: u64) {
        self.queue.push_back(Ending::Fence { from, number });
    }

    /// What some sessions began under holds no longer: their sockets are closed.
    pub fn recheck_sessions(&mut self, edge: &Edge) {
        self.queue.push_back(Ending::Revoke { connections: edge.connections.ids().collect() });
    }

    /// An operator sends a user away: its sockets are closed.
    pub fn remove_user(&mut self, edge: &Edge, user: Arc<str>) {
        self.queue.push_back(Ending::Remove {
            user,
            given_by: None,
            connections: edge.connections.ids().collect(),
        });
    }

    /// What a user was given up to a second after 1970 is revoked: the sockets that began under it are closed.
    pub fn revoke_tokens(&mut self, edge: &Edge, user: Arc<str>, at_unix_s: u64) {
        let given_by = Some(at_unix_s);
        self.queue.push_back(Ending::Remove {
            user,
            given_by,
            connections: edge.connections.ids().collect(),
        });
    }

    /// Channels of these namespaces are for others than before: whoever hears one is closed, and judged when it comes back.
    pub fn send_back(&mut self, edge: &Edge, namespaces: Arc<[Box<str>]>) {
        self.queue.push_back(Ending::SendBack { namespaces, connections: edge.connections.ids().collect() });
    }

    /// The steps that are left for this reading of the clock.
    fn steps_left(&mut self, now: Now) -> &mut usize {
        if self.at_us != now.monotonic_us {
            self.at_us = now.monotonic_us;
            self.steps_left = STEPS_MAX;
        }
        &mut self.steps_left
    }

    /// Goes on with the oldest endings while there are steps, up to the next fence.
    fn go_on(&mut self, edge: &mut Edge) -> Went {
        let mut done = false;
        while let Some(mut ending) = self.queue.pop_front() {
            let connections = match &mut ending {
                Ending::Fence { from, number } => return Went::Fence { from: *from, number: *number },
                Ending::Revoke { connections }
                | Ending::Remove { connections, .. }
                | Ending::SendBack { connections, .. }
                | Ending::Evict { connections, .. } => connections,
            };
            let mut connections = std::mem::take(connections);
            while self.steps_left > 0
                && let Some(id) = connections.pop()
            {
                done = true;
                self.steps_left = self.steps_left.saturating_sub(ending.send_away(edge, id));
            }
            if !connections.is_empty() {
                self.queue.push_front(ending.of(connections));
                return Went::Far(done);
            }
            done = true;
        }
        Went::Far(done)
    }

    /// Asserts what must hold when nothing is left to do.
    pub fn invariants(&self, edge: &Edge) {
        let mut heard = edge.connections.ids().flat_map(|id| edge.fanout.channels_of(id));
        assert!(!heard.any(|(_, ended)| ended) || !self.queue.is_empty(), "ended channels are left");
    }
}

/// How far endings went.
enum Went {
    /// All before this was done, and whoever asked for it is to be told.
    Fence { from: CoreId, number: u64 },
    /// As far as there were steps; whether anything was done.
    Far(bool),
}

enum Ending {
    /// Send these subscribers away.
    Evict { channel: ChannelName, fault: Fault, gone: Gone, connections: Vec<ConnectionId> },
    /// Send those of these connections away whose sessions hold no longer.
    Revoke { connections: Vec<ConnectionId> },
    /// Send those of these connections away that are a user's: all, or those under credentials that were issued by a second
    /// after 1970.
    Remove { user: Arc<str>, given_by: Option<u64>, connections: Vec<ConnectionId> },
    /// Send those of these connections away that hear a channel of these namespaces.
    SendBack { namespaces: Arc<[Box<str>]>, connections: Vec<ConnectionId> },
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

impl Ending {
    /// The same, for these connections.
    fn of(self, connections: Vec<ConnectionId>) -> Self {
        match self {
            Self::Evict { channel, fault, gone, .. } => Self::Evict { channel, fault, gone, connections },
            Self::Revoke { .. } => Self::Revoke { connections },
            Self::Remove { user, given_by, .. } => Self::Remove { user, given_by, connections },
            Self::SendBack { namespaces, .. } => Self::SendBack { namespaces, connections },
            fence => fence,
        }
    }

    /// Sends one connection away, if it is to go; says how many steps that took.
    fn send_away(&self, edge: &mut Edge, id: ConnectionId) -> usize {
        match self {
            Self::Evict { channel, fault, gone: Gone::Strangers(group, access), .. } => {
                evict_stranger(edge, id, channel, fault, group, *access)
            }
            Self::Evict { channel, fault, gone, .. } => {
                evict(edge, id, channel, fault, matches!(gone, Gone::Whole))
            }
            Self::Revoke { .. } => revoke(edge, id),
            Self::Remove { user, given_by, .. } => remove(edge, id, user, *given_by),
            Self::SendBack { namespaces, .. } => send_back(edge, id, namespaces),
            Self::Fence { .. } => 0,
        }
    }
}

impl Shard {
    /// Goes on with changes and endings while there are steps. Whether anything was done.
    pub(in crate::shard) fn end_step(&mut self) -> bool {
        if !self.endings.has_work(&self.homes.home) {
            return false;
        }
        let mut left = *self.endings.steps_left(self.edge.now);
        let before = left;
        let mut done = false;
        if self.homes.home.has_work() {
            let settled = self.homes.home.work(&mut left);
            self.pump_home();
            self.endings.steps_left = left;
            if let Some(settled) = settled {
                done = true;
                self.homes.settled(settled);
            }
        }
        loop {
            match self.endings.go_on(&mut self.edge) {
                Went::Fence { from, number } => {
                    done = true;
                    self.post(from, CoreMessage::Fenced { number });
                }
                Went::Far(went) => return done || went || self.endings.steps_left < before,
            }
        }
    }
}

/// Tells a subscriber that its channel is over and ends its subscription, or its connection where its dialect
/// wants that; says how many steps that took.
fn evict(edge: &mut Edge, id: ConnectionId, channel: &ChannelName, fault: &Fault, whole: bool) -> usize {
    let Some(connection) = edge.connections.get(id) else { return 1 };
    let steps = 1 + edge.fanout.count_of(id);
    let hears = edge.fanout.channels_of(id).any(|(name, ended)| name == channel && ended == whole);
    let Some(dialect) = connection.dialect().filter(|_| hears) else { return steps };
    let (mut text, mut frame) = (Vec::new(), Vec::new());
    (dialect.encode_push)(&mut text, channel, Push::Ended(fault));
    if !text.is_empty() {
        write_frame(&mut frame, Opcode::Text, &text);
        edge.counters.messages_sent += 1;
        edge.write(id, &frame);
    }
    // Who loses one conversation among others keeps the rest of its connection.
    if dialect.closes_at_end && fault.code != FaultCode::NotFound {
        let refused = fault.code == FaultCode::GuestsRefused;
        edge.close_socket(id, if refused { CloseFrame::GUEST } else { CloseFrame::ENDED });
    } else {
        let gone = match whole {
            true => edge.fanout.unsubscribe_ended(id, channel),
            false => edge.fanout.unsubscribe(id, channel),
        };
        edge.note_unsubscribed(id, gone);
    }
    steps
}

/// Tells a subscriber that its channel is not for it any more and ends its subscription, if that is so; says how many
/// steps that took.
fn evict_stranger(
    edge: &mut Edge,
    id: ConnectionId,
    channel: &ChannelName,
    fault: &Fault,
    group: &Group,
    access: Access,
) -> usize {
    let Some(connection) = edge.connections.get(id) else { return 1 };
    let Some((session, dialect)) = connection.session.clone().zip(connection.dialect()) else { return 1 };
    if admits(&session, channel, access, Some(group), Use::Subscribe) || !edge.fanout.hears(id, channel) {
        return 1;
    }
    let gone = edge.fanout.unsubscribe(id, channel);
    edge.note_unsubscribed(id, gone);
    let (mut text, mut frame) = (Vec::new(), Vec::new());
    (dialect.encode_push)(&mut text, channel, Push::Ended(fault));
    if !text.is_empty() {
        write_frame(&mut frame, Opcode::Text, &text);
        edge.counters.messages_sent += 1;
        edge.tell_one(id, channel, &frame);
    }
    2
}

/// Closes a socket whose session began under what holds no longer; says how many steps that took.
fn revoke(edge: &mut Edge, id: ConnectionId) -> usize {
    let session = edge.connections.get(id).and_then(|connection| connection.session.as_ref());
    if session.is_none_or(|session| edge.setup.authenticator.still_holds(session)) {
        return 1;
    }
    edge.close_socket(id, CloseFrame::REVOKED);
    1 + edge.fanout.count_of(id)
}

/// Closes a socket of a user; says how many steps that took.
fn remove(edge: &mut Edge, id: ConnectionId, user: &str, given_by: Option<u64>) -> usize {
    let session = edge.connections.get(id).and_then(|connection| connection.session.as_ref());
    let goes = |session: &Session| {
        *session.user == *user && given_by.is_none_or(|unix_s| session.issued.is_by(unix_s))
    };
    if !session.is_some_and(|session| goes(session)) {
        return 1;
    }
    edge.close_socket(id, if given_by.is_some() { CloseFrame::TOKENS_REVOKED } else { CloseFrame::REMOVED });
    1 + edge.fanout.count_of(id)
}

/// Closes a socket that hears a channel of these namespaces; says how many steps that took.
fn send_back(edge: &mut Edge, id: ConnectionId, namespaces: &[Box<str>]) -> usize {
    let steps = 1 + edge.fanout.count_of(id);
    let is_named = |channel: &ChannelName| namespaces.iter().any(|name| **name == *channel.namespace());
    if edge.fanout.channels_of(id).any(|(channel, _)| is_named(channel)) {
        edge.close_socket(id, CloseFrame::RULES_CHANGED);
    }
    steps
}
