//! Subscriptions, messages and their deliveries, without a disk and without a push service.

mod deliveries;
mod services;
mod subscriptions;

use super::*;
use crate::model::fault::FaultCode;
use crate::model::web_push::{Urgency, testing};

/// A moment so many seconds after the start.
fn at(second: u64) -> Now {
    Now { monotonic_us: second * 1_000_000, unix_ms: second * 1_000 }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::parse(url, true).unwrap()
}

fn draft(payload: &str) -> PushDraft {
    PushDraft { payload: payload.as_bytes().into(), urgency: Urgency::Normal, collapse_key: None }
}

fn users(names: &[&str]) -> PushAudience {
    PushAudience::Users(names.iter().map(|name| Arc::from(*name)).collect())
}

/// Has a user subscribed there, as if it were stored at once.
fn subscribe(push: &mut WebPush, limits: &PushLimits, user: &str, url: &str) -> Result<u64, FaultCode> {
    let change = push.decide_subscribe(limits, &user.into(), endpoint(url), testing::keys());
    let change = change.map_err(|fault| fault.code)?;
    push.apply_subscription(&change);
    push.invariants();
    match change {
        SubscriptionChange::Put { number, .. } => Ok(number),
        SubscriptionChange::Deleted { .. } => unreachable!("nothing was deleted"),
    }
}

/// Sends a message, with all its steps, as if they were stored at once.
fn send(push: &mut WebPush, limits: &PushLimits, audience: PushAudience) -> Result<(), FaultCode> {
    let step = push.decide_send(at(0), limits, 60, audience, draft("hello")).map_err(|fault| fault.code)?;
    push.apply_send(step);
    while let Some(step) = push.next_step(limits) {
        assert!(step.subscriptions.len() <= STEP_DELIVERIES_MAX);
        push.apply_step(step);
        push.invariants();
    }
    push.invariants();
    Ok(())
}

/// Has every call answered so that can be made while nothing leaves the disk, and says whom each was for.
fn call_all(push: &mut WebPush, limits: &PushLimits, now: Now, status: u16) -> Vec<String> {
    let mut called = Vec::new();
    while let Some((id, delivery)) = push.next_delivery(now, limits) {
        called.push(delivery.subscription.user.to_string());
        push.called(now, id, &delivery.subscription, Called::Answered { status, retry_after_s: None });
        push.invariants();
    }
    called.sort();
    called
}

fn ended(push: &WebPush, end: PushEnd) -> u64 {
    push.counts().ended[end as usize]
}
