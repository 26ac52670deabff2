//! What is said between cores and not yet heard.
//!
//! Requests have places of their own beside what else is said, as many: whatever a flood of publications fills, others can ask. Half
//! of them are anybody's; of the other half whoever has many leaves as many to the others. So nobody's requests are refused because
//! of what one user asks, over however many connections.

use super::message::CoreMessage;
use crate::base::ids::CoreId;
use crate::base::limits::InForce;
use crate::shard::places::Places;
use std::collections::VecDeque;
use std::sync::Arc;

/// The queues of one core.
pub(in crate::shard) struct Queues {
    own: CoreId,
    limits: InForce,
    /// What is said to this core by itself.
    local: VecDeque<CoreMessage>,
    /// What is said to each core.
    peers: Vec<Queue>,
}

/// What is said to one core and not yet taken.
#[derive(Default)]
struct Queue {
    staged: VecDeque<CoreMessage>,
    /// Messages that were taken since the start: the number of the first that is staged.
    taken: u64,
    /// Requests among it.
    requests: usize,
    /// Who has how many of the places for requests that are not anybody's.
    shared: Places,
    /// The requests that have such a place, oldest first: their numbers, and whose they are. What has none is not
    /// weighed down by it.
    holders: VecDeque<(u64, Arc<str>)>,
    /// It was full, and the core may have missed publications.
    gapped: bool,
}

impl Queue {
    /// Messages that are no requests.
    fn others(&self) -> usize {
        self.staged.len() - self.requests
    }

    fn push(&mut self, message: CoreMessage, places: usize) {
        if message.is_request() {
            if self.requests >= places / 2 {
                self.take_place(&message);
            }
            self.requests += 1;
        }
        self.staged.push_back(message);
    }

    /// The message that is staged next has a place in its account.
    fn take_place(&mut self, message: &CoreMessage) {
        if let Some(account) = message.account() {
            self.shared.take(&account);
            self.holders.push_back((self.taken + self.staged.len() as u64, account));
        }
    }

    fn pop(&mut self) -> Option<CoreMessage> {
        if self.staged.front()?.is_request() {
            self.requests -= 1;
            if self.holders.front().is_some_and(|(number, _)| *number == self.taken)
                && let Some((_, account)) = self.holders.pop_front()
            {
                self.shared.give_back(&account);
            }
        }
        self.taken += 1;
        self.staged.pop_front()
    }
}

impl Queues {
    pub fn new(own: CoreId, cores: u16, limits: InForce) -> Self {
        let peers = (0..cores).map(|_| Queue::default()).collect();
        Self { own, limits, local: VecDeque::new(), peers }
    }

    /// Whether what another core has not heard is over its bound, requests apart: publications are left out.
    pub fn is_congested(&self, to: CoreId) -> bool {
        self.peers[to.index()].others() >= self.places()
    }

    /// Whether another core may be asked something in an account.
    pub fn may_ask(&self, to: CoreId, account: impl FnOnce() -> Arc<str>) -> bool {
        let (queue, places) = (&self.peers[to.index()], self.places());
        queue.requests < places / 2
            || queue.shared.may_take(&account(), places.saturating_sub(queue.requests))
    }

    /// Places for requests to another core, and as many for what else is said.
    fn places(&self) -> usize {
        self.limits.get().peer_queue_messages_max as usize
    }

    /// Puts a message where it belongs. True if the core is congested with it.
    pub fn put(&mut self, to: CoreId, message: CoreMessage) -> bool {
        if to == self.own {
            self.local.push_back(message);
            return false;
        }
        let places = self.places();
        let queue = &mut self.peers[to.index()];
        queue.push(message, places);
        let congested = queue.others() >= places;
        queue.gapped |= congested;
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

    /// The next message to another core.
    pub(super) fn next_for(&mut self, to: CoreId) -> Option<CoreMessage> {
        self.peers.get_mut(to.index())?.pop()
    }

    /// Whether the queue to a core has room again for what the core may have missed.
    pub(super) fn has_room_to_heal(&self, to: CoreId) -> bool {
        let queue = &self.peers[to.index()];
        queue.gapped && queue.others() <= self.places() / 2
    }

    /// Notes whether a core may still have missed publications.
    pub(super) fn note_gapped(&mut self, to: CoreId, gapped: bool) {
        self.peers[to.index()].gapped = gapped;
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert!(self.local.is_empty(), "what a core says to itself is heard before the call ends");
        for queue in &self.peers {
            let requests = queue.staged.iter().filter(|message| message.is_request()).count();
            assert_eq!(queue.requests, requests, "requests are counted");
            assert_eq!(queue.shared.taken(), queue.holders.len(), "places are taken while somebody has them");
            for (number, account) in &queue.holders {
                let message = number.checked_sub(queue.taken).and_then(|at| queue.staged.get(at as usize));
                let holds = message.and_then(CoreMessage::account).is_some_and(|of| of == *account);
                assert!(holds, "who has a place has a request there");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::ConnectionId;
    use crate::base::limits::Limits;
    use crate::model::channel::ChannelName;
    use crate::model::command::{CoreCommand, MessageCommand, Page};
    use crate::model::session::{Scopes, Session};
    use crate::shard::mesh::message::Ticket;

    const PEER: CoreId = CoreId(1);

    fn queues(places: u32) -> Queues {
        let limits = Limits { peer_queue_messages_max: places, ..Limits::default() };
        Queues::new(CoreId(0), 2, InForce::new(Arc::new(limits)))
    }

    /// Asks for a user, if it may.
    fn ask(queues: &mut Queues, user: &str) -> bool {
        let session = Arc::new(Session::of(user, Scopes::READ));
        let may = queues.may_ask(PEER, || session.account());
        if may {
            let connection = ConnectionId { index: 1, generation: 0 };
            let ticket = Ticket { connection, sequence: 0, part: 0, session };
            let (channel, page) = (ChannelName::new("room:1"), Page { number: 1, size: 1 });
            let command = CoreCommand::Message(MessageCommand::List { channel, page });
            queues.put(PEER, CoreMessage::Request { ticket, command });
            queues.invariants();
        }
        may
    }

    fn flood(queues: &mut Queues, user: &str) -> usize {
        std::iter::repeat_with(|| ask(queues, user)).take_while(|may| *may).count()
    }

    #[test]
    fn whoever_asks_most_leaves_places_to_others() {
        let mut queues = queues(1_000);
        assert_eq!(flood(&mut queues, "greedy"), 751, "half of all, and half of the rest");
        assert_eq!(flood(&mut queues, "also"), 125, "half of what is left");
        assert!(ask(&mut queues, "modest") && !ask(&mut queues, "greedy"));
        // The places that come first are anybody's; when they are free, they are again.
        (0..400).for_each(|_| drop(queues.next_for(PEER)));
        queues.invariants();
        assert!(ask(&mut queues, "greedy"));
        while queues.next_for(PEER).is_some() {}
        queues.invariants();
        assert_eq!(flood(&mut queues, "greedy"), 751);
    }

    #[test]
    fn what_is_said_beside_requests_takes_no_place_of_theirs() {
        let mut queues = queues(10);
        let say = |queues: &mut Queues| queues.put(PEER, CoreMessage::Fence { number: 1 });
        assert_eq!((0..10).filter(|_| say(&mut queues)).count(), 1, "the tenth makes it full");
        assert!(queues.is_congested(PEER) && ask(&mut queues, "ada"));
        let heals = std::iter::from_fn(|| queues.next_for(PEER).map(|_| queues.has_room_to_heal(PEER)));
        assert_eq!(heals.collect::<Vec<_>>(), [[false; 4].as_slice(), &[true; 7]].concat());
        assert_eq!(flood(&mut queues, "ada"), 8);
        assert!(!queues.is_congested(PEER), "requests are no publications");
    }
}
