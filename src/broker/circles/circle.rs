//! One circle whose sockets see each other: who is in it, what of them is shown, who is writing, and who said the newest
//! messages.
//!
//! Invariant: what was shown and not taken back is exactly the cards of the sockets in it whose users are visible.

use super::CircleRules;
use super::restating::{Cards, NewCards, Restating};
use crate::base::agenda::NEVER_US;
use crate::base::ids::CoreId;
use crate::base::time::Now;
use crate::broker::told::Told;
use crate::model::channel::ChannelName;
use crate::model::people::UserId;
use crate::model::people::circle::{Card, Circle, SocketId};
use crate::model::people::event::{ChatEvent, Event, PresenceEvent};
use crate::model::people::shown::Shown;
use crate::model::people::status::Status;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Somebody who is writing.
#[derive(Debug)]
struct Typist {
    user: UserId,
    socket: SocketId,
    /// Monotonic microseconds.
    until_us: u64,
}

/// What is known of one circle.
#[derive(Debug)]
pub(super) struct State {
    pub circle: Circle,
    /// The name of its ring.
    channel: ChannelName,
    /// The sockets of each user in it, with what is shown of them.
    pub(super) users: BTreeMap<UserId, Cards>,
    /// Of those, the ones that are visible.
    pub(super) shown: Shown,
    /// Whose each socket is.
    sockets: BTreeMap<SocketId, UserId>,
    /// How many sockets each core has in it.
    cores: BTreeMap<CoreId, u32>,
    typists: Vec<Typist>,
    /// Who said the newest messages, oldest first.
    messages: VecDeque<(Arc<str>, UserId)>,
    /// Users whose last socket here died: told as gone once they have none anywhere.
    departed: BTreeSet<UserId>,
    /// Users that have no socket anywhere, although theirs here are not known to be gone yet.
    offline: BTreeMap<UserId, u64>,
    /// Whose cards are still to be replaced.
    pub(super) restating: Restating,
    /// When the table looks at it next; kept by the table.
    pub due_us: u64,
}

/// A socket that comes.
pub struct Arrival<'a> {
    /// The socket.
    pub socket: SocketId,
    /// Whose.
    pub user: &'a UserId,
    /// What the user says of its state.
    pub status: Status,
    /// Of which device.
    pub device: Arc<str>,
    /// When it was opened, seconds since 1970.
    pub online_s: u64,
}

impl State {
    pub fn new(circle: Circle) -> Self {
        Self {
            channel: circle.channel(),
            circle,
            users: BTreeMap::new(),
            shown: Shown::default(),
            sockets: BTreeMap::new(),
            cores: BTreeMap::new(),
            typists: Vec::new(),
            messages: VecDeque::new(),
            departed: BTreeSet::new(),
            offline: BTreeMap::new(),
            restating: Restating::default(),
            due_us: NEVER_US,
        }
    }

    /// A socket comes. `reference` is one that no card had.
    pub fn join(&mut self, now: Now, arrival: Arrival<'_>, reference: u64, out: &mut Vec<Told>) {
        let Arrival { socket, user, status, device, online_s } = arrival;
        if self.sockets.contains_key(&socket) {
            self.remove(socket, out);
        }
        let card = Arc::new(Card {
            user: user.clone(),
            reference,
            previous: None,
            online_s,
            joined_ms: now.unix_ms,
            device,
            status,
        });
        self.departed.remove(user);
        self.offline.remove(user);
        self.users.entry(user.clone()).or_default().push((socket, card.clone()));
        self.sockets.insert(socket, user.clone());
        *self.cores.entry(socket.core).or_default() += 1;
        if status.is_visible() {
            self.shown.insert(card.clone());
            out.push(self.diff(vec![card], Vec::new(), Some(socket)));
        }
    }

    /// A socket goes, because it leaves or because it died.
    pub fn leave(&mut self, socket: SocketId, died: bool, out: &mut Vec<Told>) {
        let Some(user) = self.remove(socket, out) else { return };
        if self.users.contains_key(&user) {
            return;
        }
        match self.offline.remove(&user) {
            Some(seen_s) => self.tell_offline(user, seen_s, out),
            None if died => {
                self.departed.insert(user);
            }
            None => {}
        }
    }

    fn remove(&mut self, socket: SocketId, out: &mut Vec<Told>) -> Option<UserId> {
        let user = self.sockets.remove(&socket)?;
        let cards = self.users.get_mut(&user)?;
        let at = cards.iter().position(|(one, _)| *one == socket)?;
        let (_, card) = cards.remove(at);
        self.restating.look_again(&user, cards);
        if cards.is_empty() {
            self.users.remove(&user);
        }
        let count = self.cores.get_mut(&socket.core)?;
        *count -= 1;
        if *count == 0 {
            self.cores.remove(&socket.core);
        }
        self.stop_typing(socket, out);
        if card.status.is_visible() {
            self.shown.remove(&card);
            out.push(self.diff(Vec::new(), vec![card], None));
        }
        Some(user)
    }

    /// A user's last socket is gone, wherever it was. Nothing is told of whoever was not `visible`.
    pub fn go_offline(&mut self, user: &UserId, seen_s: u64, visible: bool, out: &mut Vec<Told>) {
        if !visible {
            self.departed.remove(user);
        } else if self.users.contains_key(user) {
            self.offline.insert(user.clone(), seen_s);
        } else if self.departed.remove(user) {
            self.tell_offline(user.clone(), seen_s, out);
        }
    }

    fn tell_offline(&self, user: UserId, seen_s: u64, out: &mut Vec<Told>) {
        if !matches!(self.circle, Circle::Huddle(_)) {
            out.push(self.told(Event::Presence(PresenceEvent::Offline { user, seen_s }), None));
        }
    }

    /// Somebody began to write, or goes on.
    pub fn start_typing(
        &mut self,
        now: Now,
        user: &UserId,
        socket: SocketId,
        rules: &CircleRules,
        out: &mut Vec<Told>,
    ) {
        let until_us = now.monotonic_us + rules.typing_us;
        if let Some(typist) = self.typists.iter_mut().find(|typist| typist.socket == socket) {
            typist.until_us = until_us;
        } else if self.typists.len() < rules.typists_max {
            self.typists.push(Typist { user: user.clone(), socket, until_us });
        } else {
            return;
        }
        out.extend(self.typing(user.clone(), true, Some(socket)));
    }

    /// Somebody stopped.
    pub fn stop_typing(&mut self, socket: SocketId, out: &mut Vec<Told>) {
        let Some(at) = self.typists.iter().position(|typist| typist.socket == socket) else { return };
        let typist = self.typists.swap_remove(at);
        self.tell_stopped(typist, out);
    }

    fn tell_stopped(&self, typist: Typist, out: &mut Vec<Told>) {
        // On another device it may go on.
        if self.typists.iter().all(|other| other.user != typist.user) {
            out.extend(self.typing(typist.user, false, Some(typist.socket)));
        }
    }

    fn typing(&self, user: UserId, started: bool, except: Option<SocketId>) -> Option<Told> {
        let Circle::Conversation(conversation) = &self.circle else { return None };
        let event = ChatEvent::Typing { conversation: conversation.clone(), user, started };
        Some(self.told(Event::Chat(event), except))
    }

    /// Time passed: whoever has said nothing more has stopped to write, and more cards are replaced.
    pub fn fire(&mut self, now: Now, cards: &mut NewCards<'_>, out: &mut Vec<Told>) {
        self.restate_more(now, cards, out);
        while let Some(at) = self.typists.iter().position(|typist| typist.until_us <= now.monotonic_us) {
            let typist = self.typists.swap_remove(at);
            self.tell_stopped(typist, out);
        }
    }

    /// When it has to be looked at next, monotonic microseconds.
    pub fn next_us(&self) -> u64 {
        let typists = self.typists.iter().map(|typist| typist.until_us);
        typists.chain(self.restating.next_us()).min().unwrap_or(NEVER_US)
    }

    /// Remembers who said something.
    pub fn note_message(&mut self, id: Arc<str>, sender: UserId, messages_max: usize) {
        if self.messages.len() >= messages_max {
            self.messages.pop_front();
        }
        self.messages.push_back((id, sender));
    }

    /// Who said something, if that is remembered.
    pub fn sender_of(&self, id: &str) -> Option<&UserId> {
        self.messages.iter().rev().find(|(one, _)| **one == *id).map(|(_, sender)| sender)
    }

    /// A message was taken back.
    pub fn forget_message(&mut self, id: &str) {
        self.messages.retain(|(one, _)| **one != *id);
    }

    /// Those who are writing, sorted.
    pub fn writing(&self) -> Vec<UserId> {
        let users: BTreeSet<_> = self.typists.iter().map(|typist| typist.user.clone()).collect();
        users.into_iter().collect()
    }

    /// What whoever comes now is shown.
    pub fn cards(&self) -> Shown {
        let mut shown = self.shown.clone();
        self.restating.foretell(&self.users, &mut shown);
        shown
    }

    /// Users that are shown, each once, sorted.
    pub fn shown(&self) -> impl Iterator<Item = (&UserId, Status)> {
        let first = |(user, cards): (_, &Cards)| {
            cards.first().map(|(_, card)| (user, self.restating.status(user, card)))
        };
        self.users.iter().filter_map(first).filter(|(_, status)| status.is_visible())
    }

    /// The sockets of a user in it.
    pub fn sockets_of(&self, user: &str) -> Vec<SocketId> {
        self.users.get(user).into_iter().flatten().map(|(socket, _)| *socket).collect()
    }

    /// Its users, each once.
    pub fn users(&self) -> impl Iterator<Item = &UserId> {
        self.users.keys()
    }

    pub fn has_user(&self, user: &str) -> bool {
        self.users.contains_key(user)
    }

    pub fn has_socket(&self, socket: SocketId) -> bool {
        self.sockets.contains_key(&socket)
    }

    /// Whether a user's going offline matters to it.
    pub fn waits_for(&self, user: &str) -> bool {
        self.departed.contains(user)
    }

    /// The users whose going offline matters to it.
    pub fn departed(&self) -> impl Iterator<Item = &UserId> {
        self.departed.iter()
    }

    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// The cores that have sockets in it.
    pub fn cores(&self) -> impl Iterator<Item = CoreId> + '_ {
        self.cores.keys().copied()
    }

    pub(super) fn diff(
        &self,
        joins: Vec<Arc<Card>>,
        leaves: Vec<Arc<Card>>,
        except: Option<SocketId>,
    ) -> Told {
        self.told(Event::Presence(PresenceEvent::Diff { joins, leaves }), except)
    }

    pub fn told(&self, event: Event, except: Option<SocketId>) -> Told {
        let (circle, channel) = (self.circle.clone(), self.channel.clone());
        Told::Circle { circle, channel, event: Arc::new(event), except }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let cards = self.users.values().flatten();
        assert_eq!(cards.clone().count(), self.sockets.len());
        for (socket, card) in cards {
            assert_eq!(self.sockets[socket], card.user, "a socket is its user's");
        }
        let visible = self.users.values().flatten().filter(|(_, card)| card.status.is_visible());
        let visible: BTreeSet<_> = visible.map(|(_, card)| (&card.user, card.reference)).collect();
        let shown = self.shown.iter().map(|card| (&card.user, card.reference));
        assert!(shown.eq(visible), "what is visible is shown");
        let counted: u32 = self.cores.values().sum();
        assert_eq!(counted as usize, self.sockets.len(), "every socket is counted on its core");
        assert!(self.departed.iter().all(|user| !self.users.contains_key(user)));
        self.restating.invariants(&self.users);
        assert!(self.offline.keys().all(|user| self.users.contains_key(user)));
    }
}
