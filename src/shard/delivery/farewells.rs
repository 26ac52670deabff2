//! Homes that have yet to hear that a connection hears their channels no longer. A connection that goes may have heard a
//! thousand of them, and thousands may go at once, so the homes are told some at a time.

use crate::model::channel::ChannelName;
use crate::model::session::Session;
use crate::shard::Shard;
use crate::shard::edge::{Departure, Edge};
use std::collections::VecDeque;
use std::sync::Arc;

/// Homes told in one slice of work. Each may tell the members of the channel, which takes a few microseconds.
const SLICE: usize = 64;

/// Farewells that wait at most, some megabytes; whoever goes then is forgotten at once.
const WAITING_MAX: usize = 65_536;

/// The homes that have yet to hear who went, in order.
#[derive(Default)]
pub(in crate::shard) struct Farewells(VecDeque<Farewell>);

struct Farewell {
    channel: ChannelName,
    /// The life of the channel that was heard.
    epoch: u64,
    session: Arc<Session>,
}

impl Farewells {
    /// Whether any home has yet to hear of one.
    pub fn are_left(&self) -> bool {
        !self.0.is_empty()
    }

    fn is_full(&self) -> bool {
        self.0.len() >= WAITING_MAX
    }
}

/// A connection of this session hears a channel no longer.
pub(in crate::shard) fn bid(edge: &mut Edge, channel: ChannelName, epoch: u64, session: &Arc<Session>) {
    if edge.farewells.is_full() {
        return edge.depart(Departure::Subscription { channel, epoch, session: session.clone() });
    }
    edge.farewells.0.push_back(Farewell { channel, epoch, session: session.clone() });
}

/// Tells some homes.
pub(in crate::shard) fn tell_some(shard: &mut Shard) {
    for _ in 0..SLICE {
        let Some(Farewell { channel, epoch, session }) = shard.edge.farewells.0.pop_front() else {
            return;
        };
        shard.post_unsubscribed(channel, epoch, session);
    }
}
