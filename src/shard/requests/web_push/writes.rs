//! What is stored of messages on their way, and what is made of it at the next start.
//!
//! The users that a message names are written with it, once; each step after that writes how far it is. So a message to many
//! costs the disk in proportion to them.

use crate::broker::web_push::{Finished, QueuedMessage, Spread, Step};
use crate::model::web_push::PushMessage;
use crate::store::Write;
use crate::store::web_push::{self as stored, StoredAudience, StoredMessage, StoredStep};
use std::sync::Arc;

/// A message with its first step.
pub(super) fn first_writes(step: &Step) -> Vec<Write> {
    let rest = step.queued.spread.as_ref().map(|spread| StoredAudience {
        audience: spread.audience.clone(),
        after: 0,
        until: spread.until,
    });
    let message = stored::put_message(step.number, &step.queued.message, rest.as_ref());
    deliveries(step).chain([message]).chain(progress(step)).collect()
}

/// A further step of a message.
pub(super) fn step_writes(step: &Step) -> Vec<Write> {
    let whole = || {
        let message: &PushMessage = &step.queued.message;
        [stored::put_message(step.number, message, None), stored::deleted_step(step.number)]
    };
    match progress(step) {
        Some(progress) => deliveries(step).chain([progress]).collect(),
        None => deliveries(step).chain(whole()).collect(),
    }
}

fn deliveries(step: &Step) -> impl Iterator<Item = Write> {
    step.subscriptions.iter().map(|one| stored::put_delivery(step.number, *one))
}

/// How far a message is that has more of its audience to find.
fn progress(step: &Step) -> Option<Write> {
    let spread = step.queued.spread.as_ref()?;
    let users_done = spread.users_done as u64;
    Some(stored::put_step(step.number, StoredStep { users_done, after: spread.after }))
}

/// What has its end leaves the disk.
pub(super) fn finished_writes(finished: &Finished) -> Vec<Write> {
    let deliveries =
        finished.deliveries.iter().map(|id| stored::deleted_delivery(id.message, id.subscription));
    let messages = finished.messages.iter().map(|number| stored::deleted_message(*number));
    let subscriptions = finished.subscriptions.iter().map(|number| stored::deleted_subscription(*number));
    deliveries.chain(messages).chain(subscriptions).collect()
}

/// A message as it was when the process ended.
pub(super) fn queued(stored: &StoredMessage, step: Option<StoredStep>) -> QueuedMessage {
    let spread = stored.rest.as_ref().map(|rest| {
        let StoredStep { users_done, after } =
            step.unwrap_or(StoredStep { users_done: 0, after: rest.after });
        // A number that is none of the audience's leaves nobody to be found.
        let users_done = usize::try_from(users_done).unwrap_or(usize::MAX);
        Spread { audience: rest.audience.clone(), users_done, after, until: rest.until }
    });
    QueuedMessage { message: Arc::new(stored.message.clone()), spread }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::PushLimits;
    use crate::base::time::Now;
    use crate::broker::web_push::WebPush;
    use crate::model::command::PushDraft;
    use crate::model::web_push::{Endpoint, PushAudience, Urgency, testing};
    use crate::store::{StoreRecord, Stored, Table};
    use std::collections::BTreeMap;

    const NOW: Now = Now { monotonic_us: 0, unix_ms: 0 };

    /// A message to so many users, each with a subscription, that is stored step by step: what each step writes.
    fn spread_to(users: usize) -> Vec<Vec<Write>> {
        let limits = PushLimits { queue_max: 1 << 20, queue_bytes_max: 1 << 30, ..PushLimits::default() };
        let mut push = WebPush::new(1, 0);
        let users: Vec<Arc<str>> = (0..users).map(|user| format!("user-{user:06}").into()).collect();
        for user in &users {
            let endpoint = Endpoint::restored(&format!("https://a.example/{user}"));
            let change = push.decide_subscribe(&limits, user, endpoint, testing::keys());
            push.apply_subscription(&change.expect("there is room"));
        }
        let draft =
            PushDraft { payload: vec![b'x'; 1_000].into(), urgency: Urgency::Normal, collapse_key: None };
        let audience = PushAudience::Users(users.into());
        let step = push.decide_send(NOW, &limits, 60, audience, draft).expect("there is room");
        let mut written = vec![first_writes(&step)];
        push.apply_send(step);
        while let Some(step) = push.next_step(&limits) {
            written.push(step_writes(&step));
            push.apply_step(step);
        }
        written
    }

    fn bytes(writes: &[Vec<Write>]) -> usize {
        let of = |write: &Write| write.key.len() + write.value.as_ref().map_or(0, Vec::len);
        writes.iter().flatten().map(of).sum()
    }

    #[test]
    fn a_message_to_twice_as_many_writes_twice_as_much() {
        let (few, many) = (bytes(&spread_to(2_000)), bytes(&spread_to(4_000)));
        assert!(many <= 2 * few, "{few} bytes, then {many}");
    }

    #[test]
    fn a_restart_goes_on_after_the_last_step_that_was_stored() {
        let written = spread_to(1_000);
        assert!(written.len() > 3, "{} steps", written.len());
        for until in 1..=written.len() {
            let mut disk = BTreeMap::new();
            for Write { table, key, value } in written[..until].iter().flatten().cloned() {
                match value {
                    Some(value) => _ = disk.insert((table, key), value),
                    None => _ = disk.remove(&(table, key)),
                }
            }
            let record = |((table, key), value)| StoreRecord { table, key, value };
            let stored = Stored::read(disk.into_iter().map(record)).expect("it reads what it wrote");
            let found = stored.push_deliveries.len();
            let step = stored.push_steps.first().map(|(_, step)| *step);
            let done = queued(&stored.push_messages[0].1, step).spread.map(|spread| spread.users_done);
            assert_eq!(done.unwrap_or(1_000), found, "after {until} steps");
            assert_eq!(done.is_none(), until == written.len());
            assert_eq!(step.is_none(), until == written.len());
        }
        assert_eq!(written.iter().flatten().filter(|write| write.table == Table::PushMessages).count(), 2);
    }
}
