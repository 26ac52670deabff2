//! Push services in memory: what the node hands them, and how they answer.

use corecast::model::web_push::{Called, PushDelivery};
use corecast::shard::{EffectId, Resolution};
use std::collections::{BTreeMap, VecDeque};

/// How calls are answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manners {
    /// So.
    Answers(Called),
    /// Not yet: when it answers again, as it does then.
    Hangs,
}

#[derive(Default)]
pub struct PushServices {
    /// By the endpoint; others take all they are given.
    manners: BTreeMap<String, Manners>,
    waiting: VecDeque<(usize, EffectId, Box<PushDelivery>)>,
    /// What came that no line of the transcript has taken: endpoint, urgency, seconds to live, and payload.
    pub came: VecDeque<String>,
    /// What was accepted: endpoint and payload.
    pub accepted: Vec<(String, String)>,
}

impl PushServices {
    pub fn behave(&mut self, endpoint: &str, manners: Manners) {
        self.manners.insert(endpoint.to_owned(), manners);
    }

    pub fn call(&mut self, core: usize, id: EffectId, delivery: Box<PushDelivery>) {
        let PushDelivery { subscription, message, ttl_s } = &*delivery;
        let payload = String::from_utf8_lossy(&message.payload);
        let (endpoint, urgency) = (subscription.endpoint.url(), message.urgency.word());
        self.came.push_back(format!("{endpoint} {} {urgency} {ttl_s} {payload}", subscription.user));
        self.waiting.push_back((core, id, delivery));
    }

    /// The next call that is answered, whose it is and how.
    pub fn answer(&mut self) -> Option<(usize, EffectId, Resolution)> {
        let manners =
            |delivery: &PushDelivery| self.manners.get(delivery.subscription.endpoint.url()).copied();
        let at = self.waiting.iter().position(|(.., delivery)| manners(delivery) != Some(Manners::Hangs))?;
        let called = match manners(&self.waiting[at].2) {
            Some(Manners::Answers(called)) => called,
            _ => Called::Answered { status: 201, retry_after_s: None },
        };
        let (core, id, delivery) = self.waiting.remove(at)?;
        if matches!(called, Called::Answered { status: 200..=299, .. }) {
            let payload = String::from_utf8_lossy(&delivery.message.payload).into_owned();
            self.accepted.push((delivery.subscription.endpoint.url().to_owned(), payload));
        }
        Some((core, id, Resolution::Called(called)))
    }

    /// The process is killed: nobody waits for answers.
    pub fn restart(&mut self) {
        self.waiting.clear();
    }
}
