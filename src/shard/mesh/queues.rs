//! What is said between cores and not yet heard.

use super::message::CoreMessage;
use crate::base::ids::CoreId;
use crate::base::limits::InForce;
use std::collections::VecDeque;

/// The queues of one core.
pub(in crate::shard) struct Queues {
    own: CoreId,
    limits: InForce,
    /// What is said to this core by itself.
    local: VecDeque<CoreMessage>,
    /// What is said to each core and not yet taken.
    staged: Vec<VecDeque<CoreMessage>>,
    /// Cores whose queue was full and that may have missed publications.
    gapped: Vec<bool>,
}

impl Queues {
    pub fn new(own: CoreId, cores: u16, limits: InForce) -> Self {
        let cores = usize::from(cores);
        let staged = (0..cores).map(|_| VecDeque::new()).collect();
        Self { own, limits, local: VecDeque::new(), staged, gapped: vec![false; cores] }
    }

    /// Whether another core's queue is over its bound: requests to it are refused, publications left out.
    pub fn is_congested(&self, to: CoreId) -> bool {
        self.staged[to.index()].len() >= self.staged_max()
    }

    /// Messages in a queue to another core beyond which requests are refused and publications left out.
    fn staged_max(&self) -> usize {
        self.limits.get().peer_queue_messages_max as usize
    }

    /// Puts a message where it belongs. True if the core is congested with it.
    pub fn put(&mut self, to: CoreId, message: CoreMessage) -> bool {
        if to == self.own {
            self.local.push_back(message);
            return false;
        }
        let staged_max = self.staged_max();
        let queue = &mut self.staged[to.index()];
        queue.push_back(message);
        let congested = queue.len() >= staged_max;
        self.gapped[to.index()] |= congested;
        congested
    }

    /// Whether this core has said something to itself that it has not heard.
    pub fn has_local(&self) -> bool {
        !self.local.is_empty()
    }

    /// The next message of this core to itself.
    pub(super) fn next_local(&mut self) -> Option<CoreMessage> {
        self.local.pop_front()
    }

    /// The next message to another core; and whether its queue has room again for what the core may have missed.
    pub(super) fn next_for(&mut self, to: CoreId) -> Option<(CoreMessage, bool)> {
        let staged_max = self.staged_max();
        let queue = self.staged.get_mut(to.index())?;
        let message = queue.pop_front()?;
        let relieved = queue.len() <= staged_max / 2;
        Some((message, relieved && self.gapped[to.index()]))
    }

    /// Notes whether a core may still have missed publications.
    pub(super) fn note_gapped(&mut self, to: CoreId, gapped: bool) {
        self.gapped[to.index()] = gapped;
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert!(self.local.is_empty(), "what a core says to itself is heard before the call ends");
    }
}
