//! Homes that have yet to hear that a connection hears their channels no longer. A connection that goes may have heard a
//! thousand of them, and thousands may go at once, so the homes are told some at a time.

use crate::model::channel::ChannelName;
use crate::model::session::Session;
use std::collections::VecDeque;
use std::sync::Arc;

/// Farewells that wait at most, some megabytes; whoever goes then is forgotten at once.
const WAITING_MAX: usize = 65_536;

/// So many that no more connections are ended by this core until there are fewer.
const MANY: usize = WAITING_MAX / 2;

/// The homes that have yet to hear who went, in order.
#[derive(Default)]
pub(in crate::shard) struct Farewells(VecDeque<Farewell>);

/// A connection hears a channel no longer.
pub(in crate::shard) struct Farewell {
    pub channel: ChannelName,
    /// The life of the channel that was heard.
    pub epoch: u64,
    /// The connection's.
    pub session: Arc<Session>,
}

impl Farewells {
    /// Keeps one for later, or gives it back where too many wait.
    pub fn put_off(&mut self, farewell: Farewell) -> Option<Farewell> {
        if self.0.len() >= WAITING_MAX {
            return Some(farewell);
        }
        self.0.push_back(farewell);
        None
    }

    /// The next that its home is to hear of.
    pub fn next(&mut self) -> Option<Farewell> {
        self.0.pop_front()
    }

    /// Whether so many wait that more should not come.
    pub fn are_many(&self) -> bool {
        self.0.len() >= MANY
    }

    /// Whether any home has yet to hear of one.
    pub fn are_left(&self) -> bool {
        !self.0.is_empty()
    }
}
