//! A user says something else of its state: its cards are replaced, some at a time. A user may have thousands of sockets in
//! a circle, and each of them is told of each card; so between two steps there is time to tell them.

use super::circle::State;
use crate::base::time::Now;
use crate::broker::told::Told;
use crate::model::people::UserId;
use crate::model::people::circle::{Card, SocketId};
use crate::model::people::shown::Shown;
use crate::model::people::status::Status;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Microseconds between two steps in one circle.
const STEP_US: u64 = 10_000;

/// The sockets that a user has in a circle, with what is shown of them.
pub type Cards = Vec<Place>;

/// A socket, with what is shown of it.
pub type Place = (SocketId, Arc<Card>);

/// The cards that one step may still make, each with a reference that no other one had.
pub struct NewCards<'a> {
    /// The newest reference.
    pub newest: &'a mut u64,
    /// How many more.
    pub left: usize,
}

/// What becomes of a user's cards.
#[derive(Clone, Copy, Debug)]
struct Change {
    status: Status,
    /// The newest card that there was when the user said so.
    newest: u64,
    /// Whether cards that say so already are replaced too. They are if the user has changed its mind meanwhile: somebody
    /// may have been shown them as they were to become before.
    all: bool,
}

impl Change {
    fn is_due(&self, card: &Card) -> bool {
        card.reference <= self.newest && (self.all || card.status != self.status)
    }

    fn is_left(&self, cards: &[Place]) -> bool {
        cards.iter().any(|(_, card)| self.is_due(card))
    }
}

/// Those in one circle whose cards are not all replaced.
#[derive(Default, Debug)]
pub struct Restating {
    users: BTreeMap<UserId, Change>,
    /// When the next step is due, monotonic microseconds.
    next_us: u64,
}

impl Restating {
    /// When the next step is due, if there is one.
    pub fn next_us(&self) -> Option<u64> {
        (!self.users.is_empty()).then_some(self.next_us)
    }

    /// What the user of a card says of its state.
    pub fn status(&self, user: &UserId, card: &Card) -> Status {
        self.users.get(user).filter(|change| change.is_due(card)).map_or(card.status, |change| change.status)
    }

    /// Makes of what is shown what whoever comes now is shown: what a user says of its state is true of all of its cards, also of
    /// those that are still to be replaced. These come under their old references, which all are told to forget later; those
    /// that nobody was shown come when they are replaced.
    pub fn foretell(&self, users: &BTreeMap<UserId, Cards>, shown: &mut Shown) {
        for (user, change) in &self.users {
            let cards = users.get(user).into_iter().flatten().map(|(_, card)| card);
            for card in cards.filter(|card| card.status.is_visible() && change.is_due(card)) {
                shown.remove(card);
                if change.status.is_visible() {
                    shown.insert(Arc::new(Card { status: change.status, ..Card::clone(card) }));
                }
            }
        }
    }

    /// A user has these cards left: whether some are still to be replaced is looked at anew.
    pub fn look_again(&mut self, user: &str, cards: &[Place]) {
        if self.users.get(user).is_some_and(|change| !change.is_left(cards)) {
            self.users.remove(user);
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self, cards: &BTreeMap<UserId, Cards>) {
        let is_left = |(user, change): (&UserId, &Change)| change.is_left(&cards[user]);
        assert!(self.users.iter().all(is_left), "whoever waits for a step has cards to be replaced");
    }
}

impl State {
    /// A user says something else of its state: its cards are replaced, as many as this step may make, the others in later ones.
    pub fn restate(
        &mut self,
        now: Now,
        user: &UserId,
        status: Status,
        new: &mut NewCards<'_>,
        out: &mut Vec<Told>,
    ) {
        let all = self.restating.users.remove(user).is_some();
        let change = Change { status, newest: *new.newest, all };
        self.replace(now, user, change, new, out);
    }

    /// The next step, if it is due.
    pub fn restate_more(&mut self, now: Now, new: &mut NewCards<'_>, out: &mut Vec<Told>) {
        if self.restating.next_us().is_none_or(|next_us| next_us > now.monotonic_us) {
            return;
        }
        self.restating.next_us = now.monotonic_us + STEP_US;
        while new.left > 0
            && let Some((user, change)) = self.restating.users.pop_first()
        {
            self.replace(now, &user, change, new, out);
        }
    }

    fn replace(
        &mut self,
        now: Now,
        user: &UserId,
        change: Change,
        new: &mut NewCards<'_>,
        out: &mut Vec<Told>,
    ) {
        let Some(cards) = self.users.get_mut(user) else { return };
        let (mut joins, mut leaves) = (Vec::new(), Vec::new());
        for (_, card) in cards.iter_mut().filter(|(_, card)| change.is_due(card)).take(new.left) {
            let (old, shown) = (card.clone(), card.status.is_visible());
            let (status, previous) = (change.status, shown.then_some(old.reference));
            *new.newest += 1;
            new.left -= 1;
            *card = Arc::new(Card { reference: *new.newest, previous, status, ..Card::clone(&old) });
            if status.is_visible() {
                self.shown.insert(card.clone());
                joins.push(card.clone());
            }
            if shown {
                self.shown.remove(&old);
                leaves.push(old);
            }
        }
        if change.is_left(cards) {
            self.restating.users.insert(user.clone(), change);
            self.restating.next_us = now.monotonic_us + STEP_US;
        }
        if !joins.is_empty() || !leaves.is_empty() {
            out.push(self.diff(joins, leaves, None));
        }
    }
}
