//! Messages on their way. What is here is on the disk too, and leaves the disk only after its end is known, so a restart
//! begins with what had no end.

use super::outcome::{PushOutcome, outcome};
use super::services::{DeliveryId, Services};
use super::spread::Spread;
use super::subscriptions::Subscriptions;
use crate::base::time::Now;
use crate::model::web_push::{Called, PUSH_ENDS, PushAudience, PushDelivery, PushEnd, PushMessage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A message and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueuedMessage {
    /// What is sent.
    pub message: Arc<PushMessage>,
    /// Who is still to be found.
    pub spread: Option<Spread>,
}

impl QueuedMessage {
    /// Bytes that it takes while it waits.
    pub fn weight(&self) -> usize {
        let audience = match self.spread.as_ref().map(|spread| &spread.audience) {
            Some(PushAudience::Users(users)) => {
                users.iter().map(|user| user.len() + size_of::<Arc<str>>()).sum()
            }
            Some(PushAudience::Everybody) | None => 0,
        };
        self.message.payload.len() + size_of::<Pending>() + audience
    }
}

/// Some subscriptions of a message's audience, with what is left to do after them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The message's number.
    pub number: u64,
    /// The subscriptions'.
    pub subscriptions: Vec<u64>,
    /// The message as it is then.
    pub queued: QueuedMessage,
}

impl Step {
    /// Whether it adds nothing and leaves nothing to do.
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty() && self.queued.spread.is_none()
    }

    /// Places and bytes that it takes in the queue.
    pub(super) fn weight(&self) -> (usize, usize) {
        (self.subscriptions.len() + 1, self.queued.weight())
    }
}

/// What has come to its end and is to leave the disk.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Finished {
    /// Deliveries.
    pub deliveries: Vec<DeliveryId>,
    /// Messages of which no delivery is left.
    pub messages: Vec<u64>,
    /// Subscriptions that are forgotten.
    pub subscriptions: Vec<u64>,
}

impl Finished {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.messages.is_empty() && self.subscriptions.is_empty()
    }

    /// Takes some of it, at most `count_max` of each kind.
    pub(super) fn take(&mut self, count_max: usize) -> Self {
        let part = |all: &mut Vec<u64>| all.split_off(all.len().saturating_sub(count_max));
        let deliveries = self.deliveries.split_off(self.deliveries.len().saturating_sub(count_max));
        Self { deliveries, messages: part(&mut self.messages), subscriptions: part(&mut self.subscriptions) }
    }

    /// Takes back what could not be stored.
    pub(super) fn put_back(&mut self, part: Self) {
        self.deliveries.extend(part.deliveries);
        self.messages.extend(part.messages);
        self.subscriptions.extend(part.subscriptions);
    }
}

struct Pending {
    message: Arc<PushMessage>,
    spread: Option<Spread>,
    /// Deliveries that have no end yet.
    left: usize,
}

/// The messages that have deliveries without an end.
#[derive(Default)]
pub struct Queue {
    messages: BTreeMap<u64, Pending>,
    /// Messages whose audience is not all found.
    spreading: BTreeSet<u64>,
    services: Services,
    /// Deliveries that wait for another call, by the monotonic microsecond at which it is due.
    later: BTreeSet<(u64, DeliveryId)>,
    /// Calls that failed, of each delivery that had any.
    tries: BTreeMap<DeliveryId, u8>,
    /// Deliveries without an end.
    deliveries: usize,
    /// Bytes of what is sent and of who is named.
    bytes: usize,
    finished: Finished,
    counts: Counts,
}

/// What became of deliveries since the start.
#[derive(Clone, Copy, Default, Debug)]
pub struct Counts {
    /// Deliveries that ended, in the order of [`PUSH_ENDS`].
    pub ended: [u64; PUSH_ENDS.len()],
    /// Calls that are made again.
    pub retries: u64,
}

impl Queue {
    /// A message is stored.
    pub fn add(&mut self, number: u64, queued: QueuedMessage) {
        self.bytes += queued.weight();
        let QueuedMessage { message, spread } = queued;
        if spread.is_some() {
            self.spreading.insert(number);
        }
        self.messages.insert(number, Pending { message, spread, left: 0 });
    }

    /// Deliveries of a message are stored.
    pub fn add_deliveries(&mut self, subscriptions: &Subscriptions, number: u64, targets: &[u64]) {
        let Some(pending) = self.messages.get_mut(&number) else { return };
        // All of them first: one that ends at once must not be taken for the last.
        pending.left += targets.len();
        self.deliveries += targets.len();
        for &subscription in targets {
            self.wait(subscriptions, DeliveryId { message: number, subscription });
        }
        self.finish_message(number);
    }

    /// The next step of the oldest message that is not spread, where there is room for one.
    pub fn next_step(&self, subscriptions: &Subscriptions, queue_max: usize) -> Option<Step> {
        let number = *self.spreading.first()?;
        let pending = self.messages.get(&number)?;
        let room = queue_max.saturating_sub(self.deliveries);
        let spread = pending.spread.as_ref().filter(|_| room > 0)?;
        let (targets, rest) = spread.step(subscriptions, room);
        let queued = QueuedMessage { message: pending.message.clone(), spread: rest };
        Some(Step { number, subscriptions: targets, queued })
    }

    /// A step is stored.
    pub fn apply_step(&mut self, subscriptions: &Subscriptions, step: Step) {
        let Step { number, subscriptions: targets, queued } = step;
        let Some(pending) = self.messages.get_mut(&number) else { return };
        let before = std::mem::replace(&mut pending.spread, queued.spread);
        if pending.spread.is_none() {
            // Who is named is kept until the last of them is found, so a step does not weigh them anew.
            let message = queued.message;
            self.bytes -= QueuedMessage { message: message.clone(), spread: before }.weight();
            self.bytes += QueuedMessage { message, spread: None }.weight();
            self.spreading.remove(&number);
        }
        self.add_deliveries(subscriptions, number, &targets);
    }

    /// The next delivery to be called. Those that come too late end on the way.
    pub fn next(
        &mut self,
        now: Now,
        subscriptions: &Subscriptions,
        in_flight_max: usize,
    ) -> Option<(DeliveryId, PushDelivery)> {
        while let Some((origin, id)) = self.services.next(in_flight_max) {
            let message = self.messages.get(&id.message).map(|pending| pending.message.clone());
            let ttl_left_s = message.as_ref().and_then(|message| message.ttl_left_s(now.unix_ms));
            match (subscriptions.get(id.subscription).cloned(), message, ttl_left_s) {
                (Some(subscription), Some(message), Some(ttl_s)) => {
                    return Some((id, PushDelivery { subscription, message, ttl_s }));
                }
                (subscription, ..) => {
                    self.services.ended(&origin, None);
                    self.end(
                        id,
                        if subscription.is_some() { PushEnd::Expired } else { PushEnd::Unsubscribed },
                    );
                }
            }
        }
        None
    }

    /// A call is over. How the delivery ended by it, if it did.
    pub fn called(&mut self, now: Now, id: DeliveryId, origin: &str, called: Called) -> Option<PushEnd> {
        let is_well = match called {
            Called::Answered { status, .. } => Some(status < 500),
            Called::Unanswered => Some(false),
            Called::Forbidden => None,
        };
        self.services.ended(origin, is_well);
        let tries = self.tries.get(&id).copied().unwrap_or_default().saturating_add(1);
        let ttl_left_s = self.messages.get(&id.message).and_then(|one| one.message.ttl_left_s(now.unix_ms));
        match outcome(called, tries, u64::from(ttl_left_s.unwrap_or_default()) * 1_000) {
            PushOutcome::Ended(end) => {
                self.end(id, end);
                Some(end)
            }
            PushOutcome::Again { after_ms } => {
                self.counts.retries += 1;
                self.tries.insert(id, tries);
                self.later.insert((now.monotonic_us + after_ms * 1_000, id));
                None
            }
        }
    }

    /// Deliveries whose pause is over wait for their turn: some of them at one call.
    pub fn wake(&mut self, now: Now, subscriptions: &Subscriptions, count_max: usize) {
        for _ in 0..count_max {
            let due = self.later.first().copied().filter(|(due_us, _)| *due_us <= now.monotonic_us);
            let Some((due_us, id)) = due else { return };
            self.later.remove(&(due_us, id));
            self.wait(subscriptions, id);
        }
    }

    fn wait(&mut self, subscriptions: &Subscriptions, id: DeliveryId) {
        match subscriptions.get(id.subscription) {
            Some(subscription) => self.services.add(subscription.endpoint.origin(), id),
            None => self.end(id, PushEnd::Unsubscribed),
        }
    }

    /// When a pause ends, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        self.later.first().map(|(due_us, _)| *due_us)
    }

    fn end(&mut self, id: DeliveryId, end: PushEnd) {
        self.counts.ended[end as usize] += 1;
        self.tries.remove(&id);
        self.deliveries -= 1;
        self.finished.deliveries.push(id);
        if let Some(pending) = self.messages.get_mut(&id.message) {
            pending.left -= 1;
        }
        self.finish_message(id.message);
    }

    /// A message of which nothing is left goes.
    pub fn finish_message(&mut self, number: u64) {
        let is_done = |pending: &&Pending| pending.left == 0 && pending.spread.is_none();
        if let Some(pending) = self.messages.get(&number).filter(is_done) {
            self.bytes -= QueuedMessage { message: pending.message.clone(), spread: None }.weight();
            self.messages.remove(&number);
            self.finished.messages.push(number);
        }
    }

    /// What is to leave the disk.
    pub fn finished(&mut self) -> &mut Finished {
        &mut self.finished
    }

    /// Deliveries without an end, and messages whose audience is not all found.
    pub fn places(&self) -> usize {
        self.deliveries + self.spreading.len()
    }

    /// Whether the audience of each message is found.
    pub fn is_spread(&self) -> bool {
        self.spreading.is_empty()
    }

    /// Bytes of what waits.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.services.in_flight()
    }

    /// What became of deliveries since the start.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        self.services.invariants();
        let left: usize = self.messages.values().map(|pending| pending.left).sum();
        assert_eq!(left, self.deliveries, "deliveries add up");
        let places = self.services.waiting() + self.services.in_flight() + self.later.len();
        assert_eq!(places, self.deliveries, "each delivery is in one place");
        let spreading = self.messages.values().filter(|pending| pending.spread.is_some()).count();
        assert_eq!(spreading, self.spreading.len(), "each message that is not spread is in the line");
        assert!(self.tries.len() <= self.deliveries);
    }
}
