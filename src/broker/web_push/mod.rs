//! Web Push: who may be sent messages while it is not connected, and the messages on their way. All of it is at home on one
//! core, so that an endpoint has one owner and the whole node one queue.
//!
//! Invariants: a message that was accepted is sent to each subscription of its audience, or its end is counted; of a
//! delivery that a push service accepted, nothing is sent again unless the process ended before that was on the disk; a
//! delivery never reaches a subscription that another user has taken over, which has another number.

mod faults;
mod outcome;
mod queue;
mod services;
mod spread;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use queue::{Finished, QueuedMessage, Step};
pub use services::DeliveryId;
pub use spread::{STEP_DELIVERIES_MAX, Spread};
pub use subscriptions::SubscriptionChange;

use crate::base::limits::PushLimits;
use crate::base::time::Now;
use crate::model::command::PushDraft;
use crate::model::fault::Fault;
use crate::model::web_push::{
    Called, Endpoint, PAYLOAD_BYTES_MAX, PUSH_ENDS, PushAudience, PushDelivery, PushEnd, PushKeys,
    PushMessage, PushSubscription,
};
use queue::{Counts, Queue};
use std::sync::Arc;
use subscriptions::{SubscriptionRules, Subscriptions};

/// Deliveries whose pause is over that are looked at together.
const WOKEN_MAX: usize = 1_024;

/// What leaves the disk together.
const FINISHED_MAX: usize = 1_024;

/// Web Push of one node: subscriptions, messages on their way, and the services that take them.
pub struct WebPush {
    subscriptions: Subscriptions,
    queue: Queue,
    /// The last number that a subscription or a message got.
    last_number: u64,
    /// Deliveries and bytes of messages that are on their way to the disk.
    coming: (usize, usize),
    /// Deliveries that ended and are being taken off the disk.
    leaving: usize,
}

/// What is counted of it.
#[derive(Clone, Copy, Debug)]
pub struct WebPushCounts {
    /// Subscriptions that are kept.
    pub subscriptions: u64,
    /// Deliveries without an end, and messages whose audience is not all found.
    pub waiting: u64,
    /// Calls under way.
    pub in_flight: u64,
    /// Deliveries that ended, in the order of [`PUSH_ENDS`].
    pub ended: [u64; PUSH_ENDS.len()],
    /// Calls that are made again.
    pub retries: u64,
}

impl WebPush {
    /// Nothing. `last_number` is the last that was ever given.
    pub fn new(seed: u64, last_number: u64) -> Self {
        Self {
            subscriptions: Subscriptions::new(seed),
            queue: Queue::default(),
            last_number,
            coming: (0, 0),
            leaving: 0,
        }
    }

    /// A subscription that was stored. All come before the first message.
    pub fn restore_subscription(&mut self, number: u64, subscription: Arc<PushSubscription>) {
        let replaced = self.subscriptions.restore(number, subscription);
        self.queue.finished().subscriptions.extend(replaced);
    }

    /// A message that was stored, with its deliveries that have no end yet.
    pub fn restore_message(&mut self, number: u64, queued: QueuedMessage, deliveries: &[u64]) {
        self.queue.add(number, queued);
        self.queue.add_deliveries(&self.subscriptions, number, deliveries);
    }

    /// Deliveries that were stored and have no message any more: they leave the disk.
    pub fn restore_orphans(&mut self, orphans: impl IntoIterator<Item = DeliveryId>) {
        self.queue.finished().deliveries.extend(orphans);
    }

    /// The last number that a subscription or a message got; to be stored with whatever has it.
    pub fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Decides that a user is sent messages at an endpoint.
    ///
    /// # Errors
    /// There are as many subscriptions as may be.
    pub fn decide_subscribe(
        &mut self,
        limits: &PushLimits,
        user: &Arc<str>,
        endpoint: Endpoint,
        keys: PushKeys,
    ) -> Result<SubscriptionChange, Fault> {
        let rules = SubscriptionRules {
            subscriptions_max: limits.subscriptions_max as usize,
            per_user_max: limits.subscriptions_per_user_max as usize,
        };
        let change = self.subscriptions.decide_put(rules, user, (endpoint, keys), self.last_number + 1)?;
        if matches!(change, SubscriptionChange::Put { is_new: true, .. }) {
            self.last_number += 1;
        }
        Ok(change)
    }

    /// Decides that a user is sent no more messages at an endpoint.
    ///
    /// # Errors
    /// It is not the user's, or has other keys.
    pub fn decide_unsubscribe(
        &mut self,
        user: &str,
        endpoint: &Endpoint,
        keys: &PushKeys,
    ) -> Result<SubscriptionChange, Fault> {
        self.subscriptions.decide_delete(user, endpoint, keys)
    }

    /// A change of a subscription is stored.
    pub fn apply_subscription(&mut self, change: &SubscriptionChange) {
        let replaced = self.subscriptions.apply(change);
        self.queue.finished().subscriptions.extend(replaced);
    }

    /// A change of a subscription could not be stored.
    pub fn give_up_subscription(&mut self, change: &SubscriptionChange) {
        self.subscriptions.give_up(change);
    }

    /// Decides that a message is sent: its first step, which is stored with it.
    ///
    /// # Errors
    /// It is too large, or the queue is full.
    pub fn decide_send(
        &mut self,
        now: Now,
        limits: &PushLimits,
        ttl_s: u32,
        audience: PushAudience,
        draft: PushDraft,
    ) -> Result<Step, Fault> {
        let PushDraft { payload, urgency, collapse_key } = draft;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(faults::too_large(PAYLOAD_BYTES_MAX));
        }
        let message =
            Arc::new(PushMessage { payload, urgency, collapse_key, ttl_s, accepted_ms: now.unix_ms });
        let spread = Some(Spread::new(audience, self.last_number + 1));
        let queued = QueuedMessage { message, spread };
        let (places, bytes) = (self.queue.places() + self.coming.0, self.queue.bytes() + self.coming.1);
        let room = (limits.queue_max as usize).saturating_sub(places);
        if room == 0 || bytes + queued.weight() > limits.queue_bytes_max as usize {
            return Err(faults::queue_full());
        }
        self.last_number += 1;
        let number = self.last_number;
        let (subscriptions, rest) = match queued.spread {
            // Who was asked for first is found first.
            Some(spread) if self.queue.is_spread() => spread.step(&self.subscriptions, room),
            spread => (Vec::new(), spread),
        };
        let step =
            Step { number, subscriptions, queued: QueuedMessage { message: queued.message, spread: rest } };
        let (places, bytes) = step.weight();
        self.coming = (self.coming.0 + places, self.coming.1 + bytes);
        Ok(step)
    }

    /// A message could not be stored, or need not be.
    pub fn give_up_send(&mut self, step: &Step) {
        let (places, bytes) = step.weight();
        self.coming = (self.coming.0 - places, self.coming.1 - bytes);
    }

    /// A message is stored with its first step.
    pub fn apply_send(&mut self, step: Step) {
        self.give_up_send(&step);
        self.queue.add(step.number, step.queued);
        self.queue.add_deliveries(&self.subscriptions, step.number, &step.subscriptions);
    }

    /// The next step of a message whose audience is not all found, where there is room.
    pub fn next_step(&self, limits: &PushLimits) -> Option<Step> {
        self.queue.next_step(&self.subscriptions, limits.queue_max as usize)
    }

    /// A further step is stored.
    pub fn apply_step(&mut self, step: Step) {
        self.queue.apply_step(&self.subscriptions, step);
    }

    /// The next delivery to be called. What has ended and is on the disk still is sent again if the process is killed now, so
    /// nobody is called while as many wait for the disk as may be called at the same time.
    pub fn next_delivery(&mut self, now: Now, limits: &PushLimits) -> Option<(DeliveryId, PushDelivery)> {
        if self.queue.finished().deliveries.len() + self.leaving >= limits.in_flight_max as usize {
            return None;
        }
        self.queue.next(now, &self.subscriptions, limits.in_flight_max as usize)
    }

    /// A call is over.
    pub fn called(&mut self, now: Now, id: DeliveryId, subscription: &PushSubscription, called: Called) {
        let end = self.queue.called(now, id, subscription.endpoint.origin(), called);
        if end == Some(PushEnd::Gone) && self.subscriptions.forget(id.subscription) {
            self.queue.finished().subscriptions.push(id.subscription);
        }
    }

    /// Time passed.
    pub fn fire(&mut self, now: Now) {
        self.queue.wake(now, &self.subscriptions, WOKEN_MAX);
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        self.queue.next_us()
    }

    /// Some of what is to leave the disk.
    pub fn take_finished(&mut self) -> Finished {
        let finished = self.queue.finished().take(FINISHED_MAX);
        self.leaving = finished.deliveries.len();
        finished
    }

    /// It has left the disk.
    pub fn has_left(&mut self) {
        self.leaving = 0;
    }

    /// It could not leave the disk.
    pub fn put_back(&mut self, finished: Finished) {
        self.leaving = 0;
        self.queue.finished().put_back(finished);
    }

    /// Whether no call is under way and nothing is to leave the disk.
    pub fn is_quiet(&mut self) -> bool {
        self.queue.in_flight() == 0 && self.queue.finished().is_empty()
    }

    /// What is counted.
    pub fn counts(&self) -> WebPushCounts {
        let Counts { ended, retries } = self.queue.counts();
        WebPushCounts {
            subscriptions: self.subscriptions.len() as u64,
            waiting: self.queue.places() as u64,
            in_flight: self.queue.in_flight() as u64,
            ended,
            retries,
        }
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        self.subscriptions.invariants();
        self.queue.invariants();
    }
}
