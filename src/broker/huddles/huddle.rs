//! One huddle: who has a seat, who is invited, whose screen is shown.
//!
//! A seat that was taken on a socket goes with the user's last socket. One that was taken without lasts until its user
//! leaves, or has been without a socket for a while.
//!
//! Invariants: one seat for a user, whatever its sockets; whoever shows its screen has a seat.

use crate::base::time::Now;
use crate::broker::told::{Ring, Told};
use crate::model::channel::ChannelName;
use crate::model::people::UserId;
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::event::{Event, HuddleEvent, Talk};
use crate::model::people::huddle::{HuddleView, Seated};
use crate::model::people::signal::Medium;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Microseconds for which a seat that was taken without a socket lasts without one.
const SEAT_US: u64 = 120_000_000;

/// Microseconds for which a huddle waits for the first who comes.
const FRESH_US: u64 = 3_600_000_000;

#[derive(Debug)]
pub(super) struct Seat {
    pub seated: Seated,
    pub sockets: Vec<SocketId>,
    /// Taken without a socket.
    lasting: bool,
    /// When it is free again, while it has no socket, monotonic microseconds.
    until_us: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Huddle {
    pub id: Arc<str>,
    /// The name of its circle's ring.
    channel: ChannelName,
    pub name: Arc<str>,
    pub conversation: Option<Arc<str>>,
    pub creator: UserId,
    created_ms: u64,
    pub seats: Vec<Seat>,
    seats_max: u32,
    pub invited: BTreeSet<UserId>,
    /// Who ever had a seat.
    pub met: BTreeSet<UserId>,
    screen: Option<UserId>,
    /// When it is over if nobody comes, while nobody ever came.
    fresh_until_us: Option<u64>,
    /// When the table looks at it next; kept by the table.
    pub due_us: u64,
}

impl Huddle {
    pub fn new(
        now: Now,
        id: Arc<str>,
        name: Arc<str>,
        conversation: Option<Arc<str>>,
        creator: UserId,
        seats_max: u32,
    ) -> Self {
        Self {
            channel: Circle::Huddle(id.clone()).channel(),
            id,
            name,
            conversation,
            creator,
            created_ms: now.unix_ms,
            seats: Vec::new(),
            seats_max,
            invited: BTreeSet::new(),
            met: BTreeSet::new(),
            screen: None,
            fresh_until_us: Some(now.monotonic_us + FRESH_US),
            due_us: 0,
        }
    }

    pub fn is_in(&self, user: &str) -> bool {
        self.seats.iter().any(|seat| *seat.seated.user == *user)
    }

    /// Whether somebody made it, is in it or is invited.
    pub fn knows(&self, user: &str) -> bool {
        *self.creator == *user || self.invited.contains(user) || self.is_in(user)
    }

    fn seat_mut(&mut self, user: &str) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| *seat.seated.user == *user)
    }

    /// Takes a seat, on a socket or without one. False if there is none.
    pub fn sit(
        &mut self,
        now: Now,
        user: &UserId,
        socket: Option<SocketId>,
        video: bool,
        out: &mut Vec<Told>,
    ) -> bool {
        if let Some(seat) = self.seat_mut(user) {
            match socket {
                Some(socket) if !seat.sockets.contains(&socket) => seat.sockets.push(socket),
                Some(_) => {}
                None => seat.lasting = true,
            }
            seat.until_us = if seat.sockets.is_empty() { Some(now.monotonic_us + SEAT_US) } else { None };
            return true;
        }
        if self.seats.len() >= self.seats_max as usize {
            return false;
        }
        let seated = Seated { user: user.clone(), joined_ms: now.unix_ms, audio: true, video, hand: false };
        let until_us = socket.is_none().then(|| now.monotonic_us + SEAT_US);
        let (sockets, lasting) = (socket.into_iter().collect(), socket.is_none());
        self.seats.push(Seat { seated, sockets, lasting, until_us });
        self.fresh_until_us = None;
        self.met.insert(user.clone());
        let event = HuddleEvent::Joined { user: user.clone(), audio: true, video };
        out.push(self.told(event, socket));
        true
    }

    /// A socket is gone from it.
    pub fn leave_socket(&mut self, now: Now, socket: SocketId, out: &mut Vec<Told>) {
        let Some(seat) = self.seats.iter_mut().find(|seat| seat.sockets.contains(&socket)) else { return };
        seat.sockets.retain(|one| *one != socket);
        if !seat.sockets.is_empty() {
            return;
        }
        if seat.lasting {
            seat.until_us = Some(now.monotonic_us + SEAT_US);
            return;
        }
        let user = seat.seated.user.clone();
        self.leave(&user, out);
    }

    /// Somebody leaves, with all its sockets.
    pub fn leave(&mut self, user: &UserId, out: &mut Vec<Told>) {
        let Some(at) = self.seats.iter().position(|seat| seat.seated.user == *user) else { return };
        let seat = self.seats.remove(at);
        if self.screen.as_ref() == Some(user) {
            self.screen = None;
            out.push(self.told(HuddleEvent::Screen { user: user.clone(), started: false }, None));
        }
        out.push(self.told(HuddleEvent::Left(user.clone()), None));
        if self.seats.is_empty() {
            self.end(Some(user), out);
        }
        if !seat.sockets.is_empty() {
            out.push(Told::Out { sockets: seat.sockets, circle: self.circle() });
        }
    }

    fn end(&self, last: Option<&UserId>, out: &mut Vec<Told>) {
        let mut users: BTreeSet<UserId> = self.invited.clone();
        users.insert(self.creator.clone());
        users.extend(last.cloned());
        let event = Event::Huddle { huddle: self.id.clone(), event: HuddleEvent::Ended };
        out.push(self.told_people(users.into_iter().collect(), event));
    }

    /// Time passed. Whether it is over.
    pub fn fire(&mut self, now: Now, out: &mut Vec<Told>) {
        let past = |until_us: u64| until_us <= now.monotonic_us;
        let late = self.seats.iter().filter(|seat| seat.until_us.is_some_and(past));
        let late: Vec<UserId> = late.map(|seat| seat.seated.user.clone()).collect();
        for user in &late {
            self.leave(user, out);
        }
        if self.fresh_until_us.is_some_and(past) {
            self.end(None, out);
            self.fresh_until_us = None;
        }
    }

    /// Whether nobody is in it and nobody is waited for.
    pub fn is_over(&self) -> bool {
        self.seats.is_empty() && self.fresh_until_us.is_none()
    }

    /// When it has to be looked at next, monotonic microseconds.
    pub fn next_us(&self) -> u64 {
        let seats = self.seats.iter().filter_map(|seat| seat.until_us);
        seats.chain(self.fresh_until_us).min().unwrap_or(u64::MAX)
    }

    /// Begins or stops to send sound or pictures.
    pub fn toggle(
        &mut self,
        user: &UserId,
        socket: SocketId,
        medium: Medium,
        enabled: bool,
        out: &mut Vec<Told>,
    ) {
        let Some(seat) = self.seat_mut(user) else { return };
        match medium {
            Medium::Audio => seat.seated.audio = enabled,
            Medium::Video => seat.seated.video = enabled,
        }
        let talk = Talk::Huddle(self.id.clone());
        let event = Event::Toggled { talk, user: user.clone(), medium, enabled };
        out.push(self.told_event(event, Some(socket)));
    }

    /// Begins or stops to show a screen. False if another one's is shown.
    pub fn show_screen(&mut self, user: &UserId, enabled: bool, out: &mut Vec<Told>) -> bool {
        let mine = self.screen.as_ref() == Some(user);
        if enabled && self.screen.is_some() && !mine {
            return false;
        }
        if enabled != mine {
            self.screen = enabled.then(|| user.clone());
            out.push(self.told(HuddleEvent::Screen { user: user.clone(), started: enabled }, None));
        }
        true
    }

    /// Raises a hand or takes it down.
    pub fn raise_hand(&mut self, user: &UserId, raised: bool, out: &mut Vec<Told>) {
        let Some(seat) = self.seat_mut(user) else { return };
        seat.seated.hand = raised;
        out.push(self.told(HuddleEvent::Hand { user: user.clone(), raised }, None));
    }

    pub fn told(&self, event: HuddleEvent, except: Option<SocketId>) -> Told {
        self.told_event(Event::Huddle { huddle: self.id.clone(), event }, except)
    }

    fn told_event(&self, event: Event, except: Option<SocketId>) -> Told {
        let (circle, channel) = (self.circle(), self.channel.clone());
        Told::Circle { circle, channel, event: Arc::new(event), except }
    }

    pub fn told_people(&self, users: Arc<[UserId]>, event: Event) -> Told {
        let (circle, door, ring) = (self.circle(), Circle::Huddles, Ring::Unchanged);
        Told::People { users, circle, door, event: Arc::new(event), except: None, ring }
    }

    pub fn circle(&self) -> Circle {
        Circle::Huddle(self.id.clone())
    }

    /// The huddle as its people see it.
    pub fn view(&self) -> HuddleView {
        HuddleView {
            id: self.id.clone(),
            name: self.name.clone(),
            conversation: self.conversation.clone(),
            creator: self.creator.clone(),
            created_ms: self.created_ms,
            seated: self.seats.iter().map(|seat| seat.seated.clone()).collect(),
            screen: self.screen.clone(),
            seats_max: self.seats_max,
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert!(self.seats.len() <= self.seats_max as usize);
        for seat in &self.seats {
            assert_eq!(
                seat.until_us.is_some(),
                seat.sockets.is_empty(),
                "a seat without a socket has an end"
            );
            assert!(seat.lasting || !seat.sockets.is_empty());
            let user = &seat.seated.user;
            assert_eq!(self.seats.iter().filter(|other| other.seated.user == *user).count(), 1);
        }
        assert!(self.screen.as_ref().is_none_or(|user| self.is_in(user)), "whose screen is shown is in it");
        assert!(!self.is_over());
    }
}
