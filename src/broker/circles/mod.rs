//! The circles that are at home on one core: who is in them, and what is said there. In memory; a circle is forgotten
//! with its last socket.

mod circle;
mod faults;
mod restating;
#[cfg(test)]
mod tests;

pub use circle::Arrival;

use super::told::{Asking, PersonNews, Told};
use crate::base::agenda::{Agenda, NEVER_US};
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ids::CoreId;
use crate::base::limits::InForce;
use crate::base::time::{Now, rfc3339};
use crate::model::fault::Fault;
use crate::model::people::chat::{ChatAct, ChatMessage};
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::event::{ChatEvent, Event, PresenceEvent};
use crate::model::people::shown::Shown;
use crate::model::people::status::Status;
use crate::model::people::{UserId, minted};
use circle::State;
use restating::NewCards;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What bounds circles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CircleRules {
    /// Microseconds after which somebody who says nothing more has stopped to write.
    pub typing_us: u64,
    /// People that can be writing at the same time in one circle; more are not told.
    pub typists_max: usize,
    /// Messages whose senders are remembered in one circle.
    pub messages_max: usize,
    /// Cards that are replaced in one step when their users say something else of their state.
    pub cards_at_once: usize,
}

/// The circles that are at home on one core.
pub struct Circles {
    by_circle: KeyedMap<Circle, State>,
    /// The circles that somebody is in, or was in until its sockets there died.
    by_user: KeyedMap<UserId, BTreeSet<Circle>>,
    /// What people say of their state who are not simply online. As every core knows it.
    statuses: KeyedMap<UserId, Status>,
    due: Agenda<Circle>,
    rules: CircleRules,
    limits: InForce,
    /// Cards that were made.
    cards: u64,
}

impl Circles {
    /// No circles yet.
    pub fn new(hasher: KeyedState, rules: CircleRules, limits: InForce) -> Self {
        Self {
            by_circle: KeyedMap::with_hasher(hasher),
            by_user: KeyedMap::with_hasher(hasher),
            statuses: KeyedMap::with_hasher(hasher),
            due: Agenda::default(),
            rules,
            limits,
            cards: 0,
        }
    }

    /// A socket comes to a circle. Says who is there, itself included.
    ///
    /// # Errors
    /// The circle is full.
    pub fn join(
        &mut self,
        now: Now,
        by: Asking<'_>,
        circle: &Circle,
        device: Arc<str>,
        online_s: u64,
        out: &mut Vec<Told>,
    ) -> Result<Shown, Fault> {
        let status = self.status(by.user);
        // A circle has as many sockets as a channel has members.
        let sockets_max = self.limits.get().members_per_channel_max as usize;
        if self.by_circle.get(circle).is_some_and(|state| state.len() >= sockets_max) {
            return Err(faults::full(sockets_max));
        }
        self.cards += 1;
        let state = self.by_circle.entry(circle.clone()).or_insert_with(|| State::new(circle.clone()));
        let came = *circle == Circle::Lobby && !state.has_user(by.user) && status.is_visible();
        if came {
            let event = Event::Chat(ChatEvent::Online { user: by.user.clone() });
            out.push(state.told(event, Some(by.socket)));
        }
        let arrival = Arrival { socket: by.socket, user: by.user, status, device, online_s };
        state.join(now, arrival, self.cards, out);
        let cards = state.cards();
        self.by_user.entry(by.user.clone()).or_default().insert(circle.clone());
        self.reschedule(circle);
        Ok(cards)
    }

    /// A socket goes.
    pub fn leave(
        &mut self,
        circle: &Circle,
        user: &UserId,
        socket: SocketId,
        died: bool,
        out: &mut Vec<Told>,
    ) {
        let Some(state) = self.by_circle.get_mut(circle) else { return };
        state.leave(socket, died, out);
        if !state.has_user(user) && !state.waits_for(user) {
            self.forget(user, circle);
        }
        self.reschedule(circle);
    }

    /// Those of a circle who may be in it no longer go.
    pub fn keep_only(&mut self, circle: &Circle, may: impl Fn(&str) -> bool, out: &mut Vec<Told>) {
        let Some(state) = self.by_circle.get(circle) else { return };
        let gone: Vec<UserId> = state.users().filter(|user| !may(user)).cloned().collect();
        for user in gone {
            let Some(state) = self.by_circle.get(circle) else { return };
            let sockets = state.sockets_of(&user);
            // They are out before the others are told: what is said from then on is not for them.
            out.push(Told::Out { sockets: sockets.clone(), circle: circle.clone() });
            for socket in sockets {
                self.leave(circle, &user, socket, false, out);
            }
        }
    }

    /// Something is new of a person, as its home tells every core.
    pub fn person(&mut self, now: Now, user: &UserId, news: &PersonNews, out: &mut Vec<Told>) {
        let circles: Vec<Circle> = self.by_user.get(user).into_iter().flatten().cloned().collect();
        match news {
            PersonNews::Status(status) => self.restate(now, user, *status, &circles, out),
            PersonNews::Custom(custom) => {
                let visible = self.status(user).is_visible();
                for circle in circles.iter().filter(|circle| visible && matches!(circle, Circle::Presence(_)))
                {
                    let event = PresenceEvent::Custom { user: user.clone(), custom: custom.clone() };
                    self.tell(circle, Event::Presence(event), None, out);
                }
            }
            PersonNews::Offline { seen_s } => {
                let was_visible = self.status(user).is_visible();
                // Cards that are still here stay as they are: their sockets are gone, which is only not known here yet.
                self.statuses.remove(user);
                for circle in &circles {
                    let Some(state) = self.by_circle.get_mut(circle) else { continue };
                    state.go_offline(user, *seen_s, was_visible, out);
                    if !state.has_user(user) && !state.waits_for(user) {
                        self.forget(user, circle);
                    }
                    self.reschedule(circle);
                }
            }
        }
    }

    fn restate(&mut self, now: Now, user: &UserId, status: Status, circles: &[Circle], out: &mut Vec<Told>) {
        let was = self.status(user);
        if status == Status::Online {
            self.statuses.remove(user);
        } else {
            self.statuses.insert(user.clone(), status);
        }
        let mut new = NewCards { newest: &mut self.cards, left: self.rules.cards_at_once };
        for circle in circles {
            if let Some(state) = self.by_circle.get_mut(circle) {
                state.restate(now, user, status, &mut new, out);
            }
        }
        circles.iter().for_each(|circle| self.reschedule(circle));
        if was.shown() == status.shown() {
            return;
        }
        for circle in circles.iter().filter(|circle| matches!(circle, Circle::Presence(_))) {
            let event = PresenceEvent::Status { user: user.clone(), status: status.shown() };
            self.tell(circle, Event::Presence(event), None, out);
        }
    }

    /// What a person says of its state, if it is there.
    fn status(&self, user: &str) -> Status {
        self.statuses.get(user).copied().unwrap_or_default()
    }

    /// Tells a circle something.
    fn tell(&self, circle: &Circle, event: Event, except: Option<SocketId>, out: &mut Vec<Told>) {
        if let Some(state) = self.by_circle.get(circle) {
            out.push(state.told(event, except));
        }
    }

    /// Does something in a conversation. That the asker may is known.
    ///
    /// # Errors
    /// There is no such message, or it is not the asker's.
    pub fn chat(
        &mut self,
        now: Now,
        by: Asking<'_>,
        conversation: &Arc<str>,
        act: ChatAct,
        out: &mut Vec<Told>,
    ) -> Result<Option<Arc<ChatMessage>>, Fault> {
        let circle = Circle::Conversation(conversation.clone());
        let (conversation, user) = (conversation.clone(), by.user.clone());
        let event = match act {
            ChatAct::Send { said } => return Ok(Some(self.send(now, by, conversation, said, out))),
            ChatAct::Typing { started } => {
                if let Some(state) =
                    self.by_circle.get_mut(&circle).filter(|state| state.has_socket(by.socket))
                {
                    if started {
                        state.start_typing(now, by.user, by.socket, &self.rules, out);
                    } else {
                        state.stop_typing(by.socket, out);
                    }
                    self.reschedule(&circle);
                }
                return Ok(None);
            }
            ChatAct::Edit { message, content } => {
                self.own(&circle, &message, by.user)?;
                ChatEvent::Edited { message, content }
            }
            ChatAct::Delete { message } => {
                self.own(&circle, &message, by.user)?.forget_message(&message);
                ChatEvent::Deleted { conversation, message }
            }
            ChatAct::React { message, emoji, added } => {
                ChatEvent::Reacted { conversation, message, user, emoji, added }
            }
            ChatAct::Read { message } => ChatEvent::Read { conversation, message, user },
        };
        self.tell(&circle, Event::Chat(event), None, out);
        Ok(None)
    }

    fn send(
        &mut self,
        now: Now,
        by: Asking<'_>,
        conversation: Arc<str>,
        said: Box<str>,
        out: &mut Vec<Told>,
    ) -> Arc<ChatMessage> {
        let circle = Circle::Conversation(conversation.clone());
        let (id, sender) = (minted("message", now.unix_ms, by.fresh), by.user.clone());
        let created = rfc3339(now.unix_ms).into();
        let message = Arc::new(ChatMessage { id, conversation, sender, said, created });
        // Where nobody listens, nobody can change what was said either.
        if let Some(state) = self.by_circle.get_mut(&circle) {
            state.note_message(message.id.clone(), message.sender.clone(), self.rules.messages_max);
            out.push(state.told(Event::Chat(ChatEvent::New(message.clone())), None));
        }
        message
    }

    /// The circle in which somebody said a message.
    fn own(&mut self, circle: &Circle, message: &str, user: &str) -> Result<&mut State, Fault> {
        let state = self.by_circle.get_mut(circle).ok_or_else(faults::no_message)?;
        match state.sender_of(message) {
            Some(sender) if **sender == *user => Ok(state),
            Some(_) => Err(faults::not_the_sender()),
            None => Err(faults::no_message()),
        }
    }

    /// Those who are writing in a conversation, sorted.
    pub fn writing(&self, conversation: &Arc<str>) -> Vec<UserId> {
        let circle = Circle::Conversation(conversation.clone());
        self.by_circle.get(&circle).map(State::writing).unwrap_or_default()
    }

    /// Some of those who are shown in a circle, and how many there are.
    pub fn shown(&self, circle: &Circle, count_max: usize) -> (Vec<(UserId, Status)>, u64) {
        let Some(state) = self.by_circle.get(circle) else { return (Vec::new(), 0) };
        let some = state.shown().take(count_max).map(|(user, status)| (user.clone(), status)).collect();
        (some, state.shown().count() as u64)
    }

    /// The cores that have sockets in a circle.
    pub fn cores(&self, circle: &Circle) -> impl Iterator<Item = CoreId> + '_ {
        self.by_circle.get(circle).into_iter().flat_map(State::cores)
    }

    /// Time passed. Looks at `count_max` circles at most.
    pub fn fire(&mut self, now: Now, count_max: usize, out: &mut Vec<Told>) {
        let mut left = self.rules.cards_at_once;
        for _ in 0..count_max {
            let Some(circle) = self.due.due(now.monotonic_us) else { return };
            if let Some(state) = self.by_circle.get_mut(&circle) {
                let mut new = NewCards { newest: &mut self.cards, left };
                state.fire(now, &mut new, out);
                left = new.left;
            }
            self.reschedule(&circle);
        }
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        self.due.next_us()
    }

    /// Keeps a circle in the order of the deadlines, or forgets it.
    fn reschedule(&mut self, circle: &Circle) {
        let Some(state) = self.by_circle.get_mut(circle) else { return };
        let next_us = state.next_us();
        self.due.move_to(circle, state.due_us, next_us);
        state.due_us = next_us;
        if state.len() == 0
            && let Some(state) = self.by_circle.remove(circle)
        {
            // Nobody is left who could be told that somebody is gone.
            for user in state.departed() {
                self.forget(user, circle);
            }
        }
    }

    fn forget(&mut self, user: &str, circle: &Circle) {
        if let Some(circles) = self.by_user.get_mut(user) {
            circles.remove(circle);
            if circles.is_empty() {
                self.by_user.remove(user);
            }
        }
    }

    /// Circles that have sockets.
    pub fn len(&self) -> usize {
        self.by_circle.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_circle.is_empty()
    }

    /// Entries in all its tables.
    pub fn entries(&self) -> usize {
        self.by_circle.len() + self.by_user.len() + self.statuses.len() + self.due.len()
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        for (circle, state) in &self.by_circle {
            state.invariants();
            assert!(state.len() > 0, "a circle goes with its last socket");
            for user in state.users().chain(state.departed()) {
                assert!(self.by_user[user].contains(circle), "a user's circles are known");
            }
            let due = self.due.has(circle, state.due_us);
            assert_eq!(state.due_us, state.next_us());
            assert_eq!(due, state.due_us != NEVER_US, "every circle stands at its deadline");
        }
        for (user, circles) in &self.by_user {
            for circle in circles {
                let state = &self.by_circle[circle];
                assert!(state.has_user(user) || state.waits_for(user), "no circle is kept for nothing");
            }
        }
    }
}
