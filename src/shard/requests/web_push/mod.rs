//! Web Push, at home on one core: subscriptions are decided, stored, then done; messages are stored, answered, and then
//! sent. What is on its way goes on by itself ([`pump_web_push`]): audiences are found step by step, push services are
//! called as far as there is room, and what has its end leaves the disk.

mod writes;

use super::{Asker, Begun, Then};
use crate::base::time::earliest;
use crate::broker::web_push::{DeliveryId, Finished, Step, SubscriptionChange, WebPush};
use crate::metrics::counters::WebPushCounters;
use crate::model::command::{PushDraft, WebPushCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::model::web_push::{Called, Endpoint, PushAudience, PushSubscription, Urgency};
use crate::shard::effects::{Class, not_stored};
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::CoreMessage;
use crate::shard::{Effect, Resolution, Setup};
use crate::store::web_push::{self as stored, StoredStep};
use crate::store::{Stored, Write, counters};
use std::collections::BTreeMap;
use std::sync::Arc;
use writes::{finished_writes, first_writes, queued, step_writes};

/// Microseconds after which what could not be stored is tried again.
const AGAIN_US: u64 = 1_000_000;

/// How Web Push is set up.
#[derive(Clone, Debug)]
pub struct WebPushSettings {
    /// The base64url of the public key by which push services know this node.
    pub public_key: Arc<str>,
    /// Whether endpoints may be http and at addresses that only this network has.
    pub local_endpoints: bool,
    /// Seconds for which a message is worth sending.
    pub ttl_s: u32,
}

impl Default for WebPushSettings {
    fn default() -> Self {
        Self { public_key: "".into(), local_endpoints: false, ttl_s: 86_400 }
    }
}

/// Web Push of this core: empty on all but one.
pub(in crate::shard) struct WebPushSide {
    push: WebPush,
    /// A step of a message is on its way to the disk.
    spreads: bool,
    /// What has its end is on its way off the disk.
    cleans: bool,
    /// When what could not be stored is tried again, monotonic microseconds.
    again_us: Option<u64>,
    counters: WebPushCounters,
}

/// How Web Push goes on.
pub(in crate::shard) enum WebPushThen {
    /// A subscription is stored.
    Subscription(SubscriptionChange),
    /// A message is stored.
    Send(Step),
    /// A further step of a message is stored.
    Step(Step),
    /// What has its end is off the disk.
    Clean(Finished),
    /// A push service was called.
    Delivery {
        /// Which delivery.
        id: DeliveryId,
        /// Where.
        subscription: Arc<PushSubscription>,
    },
}

impl WebPushSide {
    /// All that was stored, on the core that keeps it.
    pub fn new(setup: &Setup, stored: &Stored) -> Self {
        let mut push = WebPush::new(setup.core_seed(), stored.last_push_number);
        if setup.core == super::WEB_PUSH_CORE {
            for (number, subscription) in &stored.push_subscriptions {
                push.restore_subscription(*number, subscription.clone());
            }
            let mut deliveries: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            for (message, subscription) in &stored.push_deliveries {
                deliveries.entry(*message).or_default().push(*subscription);
            }
            let steps: BTreeMap<u64, StoredStep> = stored.push_steps.iter().copied().collect();
            for (number, message) in &stored.push_messages {
                let deliveries = deliveries.remove(number).unwrap_or_default();
                push.restore_message(*number, queued(message, steps.get(number).copied()), &deliveries);
            }
            // Ends leave the disk some at a time, and a message may go before the last end of its deliveries does.
            push.restore_orphans(deliveries.into_iter().flat_map(|(message, all)| {
                all.into_iter().map(move |subscription| DeliveryId { message, subscription })
            }));
        }
        // What was on its way goes on at the first look at the clock.
        let has_work = push.counts().waiting > 0 || !push.is_quiet();
        let again_us = has_work.then_some(0);
        Self { push, spreads: false, cleans: false, again_us, counters: WebPushCounters::default() }
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        earliest([self.push.next_us(), self.again_us])
    }

    /// Whether no call is under way and the disk knows of every end.
    pub fn is_quiet(&mut self) -> bool {
        self.push.is_quiet() && !self.cleans
    }

    /// What is counted.
    pub fn counters(&self) -> WebPushCounters {
        let counts = self.push.counts();
        WebPushCounters {
            subscriptions: counts.subscriptions,
            waiting: counts.waiting,
            in_flight: counts.in_flight,
            ended: counts.ended,
            retries: counts.retries,
            ..self.counters.clone()
        }
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        self.push.invariants();
    }
}

/// Begins a request about Web Push. What changes it is answered when that is stored.
pub(super) fn begin_web_push(
    homes: &mut HomeSide,
    session: &Session,
    command: WebPushCommand,
) -> Result<Begun, Fault> {
    let change = match command {
        WebPushCommand::GetKey => {
            return Ok(Reply::WebPushKey(homes.setup.web_push.public_key.clone()).into());
        }
        WebPushCommand::Send { audience, draft } => return begin_send(homes, audience, *draft),
        WebPushCommand::Subscribe { endpoint, keys } => {
            let local_too = homes.setup.web_push.local_endpoints;
            let endpoint = Endpoint::parse(endpoint.url(), local_too)
                .map_err(|wanted| Fault::new(FaultCode::InvalidRequest, format!("endpoint {wanted}.")))?;
            homes.effects.admit(Class::Store)?;
            let limits = &homes.setup.limits.push;
            homes.web_push.push.decide_subscribe(limits, &session.user, endpoint, keys)?
        }
        WebPushCommand::Unsubscribe { endpoint, keys } => {
            homes.effects.admit(Class::Store)?;
            homes.web_push.push.decide_unsubscribe(&session.user, &endpoint, &keys)?
        }
    };
    let mut writes = vec![counters::last_push_number(homes.web_push.push.last_number())];
    match &change {
        SubscriptionChange::Put { number, subscription, displaced, .. } => {
            writes.push(stored::put_subscription(*number, subscription));
            writes.extend(displaced.map(stored::deleted_subscription));
        }
        SubscriptionChange::Deleted { number } => writes.push(stored::deleted_subscription(*number)),
    }
    Ok(Begun::outside(Effect::Write(writes), Then::WebPush(WebPushThen::Subscription(change))))
}

fn begin_send(homes: &mut HomeSide, audience: PushAudience, draft: PushDraft) -> Result<Begun, Fault> {
    homes.effects.admit(Class::Store)?;
    let (now, ttl_s) = (homes.now, homes.setup.web_push.ttl_s);
    let side = &mut homes.web_push;
    let step = side.push.decide_send(now, &homes.setup.limits.push, ttl_s, audience, draft)?;
    if step.is_empty() {
        side.push.give_up_send(&step);
        return Ok(Reply::Done.into());
    }
    let mut writes = vec![counters::last_push_number(side.push.last_number())];
    writes.extend(first_writes(&step));
    Ok(Begun::outside(Effect::Write(writes), Then::WebPush(WebPushThen::Send(step))))
}

/// Sends a message to some users on behalf of whoever may not ask for that itself. Nobody is answered; one that finds no
/// room is counted.
pub(in crate::shard) fn notify(homes: &mut HomeSide, users: Vec<Arc<str>>, payload: &str) {
    if users.is_empty() {
        return;
    }
    if homes.mesh.is_congested(super::WEB_PUSH_CORE) {
        homes.web_push.counters.refused += 1;
        return;
    }
    let payload = payload.as_bytes().into();
    let draft = PushDraft { payload, urgency: Urgency::Normal, collapse_key: None };
    homes.post(super::WEB_PUSH_CORE, CoreMessage::Notify { users: users.into(), draft: Box::new(draft) });
}

/// Takes such a message in.
pub(in crate::shard) fn hear_notify(homes: &mut HomeSide, users: Arc<[Arc<str>]>, draft: PushDraft) {
    match begin_send(homes, PushAudience::Users(users), draft) {
        Ok(Begun::Outside(outside)) => {
            let (effect, then) = *outside;
            homes.start_effect(effect, None, Some(then));
        }
        Ok(Begun::Answered(_)) => {}
        Err(_) => homes.web_push.counters.refused += 1,
    }
}

/// The outside has done its part.
pub(super) fn continue_web_push(
    homes: &mut HomeSide,
    asker: Option<Asker>,
    then: WebPushThen,
    (resolution, took_us): (&Resolution, u64),
) {
    let side = &mut homes.web_push;
    let push = &mut side.push;
    let stored = resolution.stored();
    match then {
        WebPushThen::Subscription(change) => {
            match stored {
                Ok(()) => push.apply_subscription(&change),
                Err(_) => push.give_up_subscription(&change),
            }
            homes.answer_asker(asker, answer(stored));
        }
        WebPushThen::Send(step) => {
            match stored {
                Ok(()) => {
                    side.counters.messages += 1;
                    push.apply_send(step);
                }
                Err(_) => {
                    side.counters.refused += u64::from(asker.is_none());
                    push.give_up_send(&step);
                }
            }
            homes.answer_asker(asker, answer(stored));
        }
        WebPushThen::Step(step) => {
            side.spreads = false;
            match stored {
                Ok(()) => push.apply_step(step),
                Err(_) => side.again_us = Some(homes.now.monotonic_us + AGAIN_US),
            }
        }
        WebPushThen::Clean(finished) => {
            side.cleans = false;
            match stored {
                Ok(()) => push.has_left(),
                Err(_) => {
                    push.put_back(finished);
                    side.again_us = Some(homes.now.monotonic_us + AGAIN_US);
                }
            }
        }
        WebPushThen::Delivery { id, subscription } => {
            let called = match resolution {
                Resolution::Called(called) => *called,
                _ => Called::Unanswered,
            };
            side.counters.calls.note(took_us);
            push.called(homes.now, id, &subscription, called);
        }
    }
    pump_web_push(homes);
}

fn answer(stored: Result<(), crate::shard::Failure>) -> Reply {
    stored.map_or_else(|failure| Reply::Fault(not_stored(failure)), |()| Reply::Done)
}

/// Time passed.
pub(in crate::shard) fn fire_web_push(homes: &mut HomeSide) {
    let now = homes.now;
    if homes.web_push.next_us().is_none_or(|next_us| next_us > now.monotonic_us) {
        return;
    }
    homes.web_push.push.fire(now);
    homes.web_push.again_us = homes.web_push.again_us.filter(|again_us| *again_us > now.monotonic_us);
    pump_web_push(homes);
}

/// Goes on with what is on its way. A process that goes away calls nobody any more: the next one does.
fn pump_web_push(homes: &mut HomeSide) {
    let now = homes.now;
    if !homes.drains {
        while homes.effects.admit(Class::Outbound).is_ok()
            && let Some((id, delivery)) = homes.web_push.push.next_delivery(now, &homes.setup.limits.push)
        {
            let subscription = delivery.subscription.clone();
            let then = Then::WebPush(WebPushThen::Delivery { id, subscription });
            homes.start_effect(Effect::Push(Box::new(delivery)), None, Some(then));
        }
    }
    if homes.web_push.again_us.is_some_and(|again_us| again_us > now.monotonic_us) {
        return;
    }
    if !homes.web_push.cleans {
        let finished = homes.web_push.push.take_finished();
        let writes = finished_writes(&finished);
        if !writes.is_empty() {
            homes.web_push.cleans = write(homes, writes, WebPushThen::Clean(finished));
        }
    }
    if !homes.web_push.spreads
        && let Some(step) = homes.web_push.push.next_step(&homes.setup.limits.push)
    {
        let writes = step_writes(&step);
        homes.web_push.spreads = write(homes, writes, WebPushThen::Step(step));
    }
}

/// Has the disk do something for nobody who waits. Whether it does: it may have too much to do.
fn write(homes: &mut HomeSide, writes: Vec<Write>, then: WebPushThen) -> bool {
    let admitted = homes.effects.admit(Class::Store).is_ok();
    match then {
        then if admitted => homes.start_effect(Effect::Write(writes), None, Some(Then::WebPush(then))),
        WebPushThen::Clean(finished) => homes.web_push.push.put_back(finished),
        _ => {}
    }
    if !admitted {
        homes.web_push.again_us = Some(homes.now.monotonic_us + AGAIN_US);
    }
    admitted
}
