//! A message on its way from its audience to the subscriptions of it: one step after the other, so that a message to
//! everybody keeps nobody waiting.

use super::subscriptions::Subscriptions;
use crate::model::web_push::PushAudience;

/// Deliveries made in one step.
pub const STEP_DELIVERIES_MAX: usize = 256;

/// Users looked at in one step, most of whom may have no subscription.
const STEP_USERS_MAX: usize = 4_096;

/// Who of an audience is still to be sent a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spread {
    /// To whom it is sent.
    pub audience: PushAudience,
    /// How many of the users that it names are done.
    pub users_done: usize,
    /// Subscriptions up to this number are done: of the next user, or of everybody.
    pub after: u64,
    /// Subscriptions from this number on are too young for it.
    pub until: u64,
}

impl Spread {
    /// The beginning. `until` is a number that no subscription had yet.
    pub fn new(audience: PushAudience, until: u64) -> Self {
        Self { audience, users_done: 0, after: 0, until }
    }

    /// The numbers of some subscriptions that are to be sent the message, at most `count_max`, and what is left to do.
    pub fn step(&self, subscriptions: &Subscriptions, count_max: usize) -> (Vec<u64>, Option<Self>) {
        let count_max = count_max.min(STEP_DELIVERIES_MAX);
        match &self.audience {
            PushAudience::Everybody => {
                let numbers = subscriptions.above(self.after).take_while(|number| *number < self.until);
                let mut numbers: Vec<u64> = numbers.take(count_max + 1).collect();
                let more = numbers.len() > count_max;
                numbers.truncate(count_max);
                let after = numbers.last().copied().unwrap_or(self.after);
                (numbers, more.then(|| Self { after, ..self.clone() }))
            }
            PushAudience::Users(users) => {
                let mut numbers = Vec::new();
                let (mut done, mut after) = (self.users_done, self.after);
                let users_max = self.users_done.saturating_add(STEP_USERS_MAX);
                while let Some(user) = users.get(done).filter(|_| done < users_max) {
                    let own = subscriptions.of_user(user).iter().copied();
                    let found = after;
                    for number in own.filter(|number| (found + 1..self.until).contains(number)) {
                        if numbers.len() == count_max {
                            return (numbers, Some(Self { users_done: done, after, ..self.clone() }));
                        }
                        numbers.push(number);
                        after = number;
                    }
                    (done, after) = (done + 1, 0);
                }
                let more = done < users.len();
                (numbers, more.then(|| Self { users_done: done, after: 0, ..self.clone() }))
            }
        }
    }
}
