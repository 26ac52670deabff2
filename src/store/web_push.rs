//! Web Push as it is stored: subscriptions by their number, messages by theirs, and deliveries without an end by both.

use super::counters::number;
use super::format::{Format, archive};
use super::write::{Table, Write};
use crate::model::web_push::{Endpoint, PushAudience, PushKeys, PushMessage, PushSubscription, Urgency};
use rkyv::rancor::Error;
use std::sync::Arc;

/// Every version of subscriptions.
pub const PUSH_SUBSCRIPTIONS: Format<PushSubscription> = Format(&[read_subscription_v1]);

/// Every version of messages.
pub const PUSH_MESSAGES: Format<StoredMessage> = Format(&[read_message_v1]);

/// Every version of how far messages are with their audiences.
pub const PUSH_STEPS: Format<StoredStep> = Format(&[read_step_v1]);

/// A message, and its audience, where that is not all found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredMessage {
    /// What is sent.
    pub message: PushMessage,
    /// To whom, where not all of them are found.
    pub rest: Option<StoredAudience>,
}

/// Whose subscriptions are to be found. It is written once, however many there are; how far it is found is a record of
/// its own ([`StoredStep`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredAudience {
    /// Whose subscriptions are to be found.
    pub audience: PushAudience,
    /// Subscriptions up to this number are found, of the first user or of everybody, where there is no [`StoredStep`].
    pub after: u64,
    /// Subscriptions from this number on are too young.
    pub until: u64,
}

/// How far a message is with its audience.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredStep {
    /// Users that are done, of those that the audience names.
    pub users_done: u64,
    /// Subscriptions up to this number are found, of the next user or of everybody.
    pub after: u64,
}

/// A subscription was made or changed.
pub fn put_subscription(number: u64, subscription: &PushSubscription) -> Write {
    let form = SubscriptionV1 {
        user: (*subscription.user).to_owned(),
        endpoint: subscription.endpoint.url().to_owned(),
        p256dh: subscription.keys.p256dh.to_vec(),
        auth: subscription.keys.auth.to_vec(),
    };
    let value = Some(PUSH_SUBSCRIPTIONS.write(&archive(&form)));
    Write { table: Table::PushSubscriptions, key: key(number), value }
}

/// A message was taken in, or all of its audience was found.
pub fn put_message(number: u64, message: &PushMessage, rest: Option<&StoredAudience>) -> Write {
    let form = MessageV1 {
        payload: message.payload.to_vec(),
        urgency: message.urgency as u8,
        collapse_key: message.collapse_key.as_deref().map(str::to_owned),
        ttl_s: message.ttl_s,
        accepted_ms: message.accepted_ms,
        rest: rest.map(|rest| RestV1 {
            users: match &rest.audience {
                PushAudience::Users(users) => Some(users.iter().map(|user| (**user).to_owned()).collect()),
                PushAudience::Everybody => None,
            },
            after: rest.after,
            until: rest.until,
        }),
    };
    let value = Some(PUSH_MESSAGES.write(&archive(&form)));
    Write { table: Table::PushMessages, key: key(number), value }
}

/// Some of a message's audience was found.
pub fn put_step(number: u64, step: StoredStep) -> Write {
    let form = StepV1 { users_done: step.users_done, after: step.after };
    Write { table: Table::PushSteps, key: key(number), value: Some(PUSH_STEPS.write(&archive(&form))) }
}

/// All of a message's audience was found.
pub fn deleted_step(number: u64) -> Write {
    Write { table: Table::PushSteps, key: key(number), value: None }
}

/// A message is to be sent for a subscription.
pub fn put_delivery(message: u64, subscription: u64) -> Write {
    number(Table::PushDeliveries, delivery_key(message, subscription), 0)
}

/// A subscription was deleted.
pub fn deleted_subscription(number: u64) -> Write {
    Write { table: Table::PushSubscriptions, key: key(number), value: None }
}

/// Nothing of a message is left to do.
pub fn deleted_message(number: u64) -> Write {
    Write { table: Table::PushMessages, key: key(number), value: None }
}

/// A delivery has its end.
pub fn deleted_delivery(message: u64, subscription: u64) -> Write {
    Write { table: Table::PushDeliveries, key: delivery_key(message, subscription), value: None }
}

fn key(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn delivery_key(message: u64, subscription: u64) -> Vec<u8> {
    [message.to_be_bytes(), subscription.to_be_bytes()].concat()
}

/// The number of a key, if it is one.
pub(super) fn number_of(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// The numbers of message and subscription of a key, if they are.
pub(super) fn delivery_of(key: &[u8]) -> Option<(u64, u64)> {
    let (message, subscription) = key.split_at_checked(8)?;
    Some((number_of(message)?, number_of(subscription)?))
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct SubscriptionV1 {
    user: String,
    endpoint: String,
    p256dh: Vec<u8>,
    auth: Vec<u8>,
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct MessageV1 {
    payload: Vec<u8>,
    urgency: u8,
    collapse_key: Option<String>,
    ttl_s: u32,
    accepted_ms: u64,
    rest: Option<RestV1>,
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct RestV1 {
    /// Everybody, if there are none.
    users: Option<Vec<String>>,
    after: u64,
    until: u64,
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct StepV1 {
    users_done: u64,
    after: u64,
}

fn read_step_v1(bytes: &[u8]) -> Option<StoredStep> {
    let StepV1 { users_done, after } = rkyv::from_bytes::<StepV1, Error>(bytes).ok()?;
    Some(StoredStep { users_done, after })
}

fn read_subscription_v1(bytes: &[u8]) -> Option<PushSubscription> {
    let form = rkyv::from_bytes::<SubscriptionV1, Error>(bytes).ok()?;
    Some(PushSubscription {
        user: form.user.into(),
        endpoint: Endpoint::restored(&form.endpoint),
        keys: PushKeys::restored(&form.p256dh, &form.auth)?,
    })
}

fn read_message_v1(bytes: &[u8]) -> Option<StoredMessage> {
    let form = rkyv::from_bytes::<MessageV1, Error>(bytes).ok()?;
    let users = |users: Vec<String>| PushAudience::Users(users.into_iter().map(Arc::from).collect());
    Some(StoredMessage {
        message: PushMessage {
            payload: form.payload.into(),
            urgency: *Urgency::ALL.get(usize::from(form.urgency))?,
            collapse_key: form.collapse_key.map(Into::into),
            ttl_s: form.ttl_s,
            accepted_ms: form.accepted_ms,
        },
        rest: form.rest.map(|rest| StoredAudience {
            audience: rest.users.map_or(PushAudience::Everybody, users),
            after: rest.after,
            until: rest.until,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::web_push::testing;
    use crate::store::{StoreRecord, Stored};

    #[test]
    fn what_is_stored_is_read_as_it_was() {
        let subscription = testing::subscription("ada", "https://push.example.com/1");
        let message = PushMessage {
            urgency: Urgency::High,
            collapse_key: Some("weather".into()),
            ..(*testing::message("hello")).clone()
        };
        let users = PushAudience::Users([Arc::from("ada"), Arc::from("bob")].into());
        let rests = [PushAudience::Everybody, users]
            .map(|audience| Some(StoredAudience { audience, after: 3, until: 9 }))
            .into_iter()
            .chain([None]);
        for rest in rests {
            let writes = [
                put_subscription(7, &subscription),
                put_message(300, &message, rest.as_ref()),
                put_step(300, StoredStep { users_done: 1, after: 5 }),
                put_delivery(300, 7),
                crate::store::counters::last_push_number(1_000),
            ];
            let record = |Write { table, key, value }| StoreRecord { table, key, value: value.unwrap() };
            let stored = Stored::read(writes.map(record)).unwrap();
            assert_eq!(stored.push_subscriptions, [(7, subscription.clone())]);
            assert_eq!(stored.push_steps, [(300, StoredStep { users_done: 1, after: 5 })]);
            assert_eq!(stored.push_messages, [(300, StoredMessage { message: message.clone(), rest })]);
            assert_eq!(
                (stored.push_deliveries.as_slice(), stored.last_push_number),
                (&[(300, 7)][..], 1_000)
            );
        }
        for (put, deleted) in [
            (put_subscription(7, &subscription), deleted_subscription(7)),
            (put_message(300, &message, None), deleted_message(300)),
            (put_step(300, StoredStep { users_done: 1, after: 5 }), deleted_step(300)),
            (put_delivery(300, 7), deleted_delivery(300, 7)),
        ] {
            assert_eq!((put.table, put.key), (deleted.table, deleted.key));
            assert_eq!(deleted.value, None);
        }
    }

    #[test]
    fn what_was_not_stored_so_is_refused() {
        let record = |Write { table, key, value }: Write| StoreRecord { table, key, value: value.unwrap() };
        let good = record(put_delivery(300, 7));
        for key in [vec![], vec![1; 8], vec![1; 15], vec![1; 17]] {
            assert!(Stored::read([StoreRecord { key, ..good.clone() }]).is_err());
        }
        let mut subscription = (*testing::subscription("ada", "https://push.example.com/1")).clone();
        subscription.keys.p256dh[64] ^= 1;
        assert!(Stored::read([record(put_subscription(7, &subscription))]).is_err(), "no point on the curve");
    }
}
