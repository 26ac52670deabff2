//! One huddle: who is in it, who is invited, whose screen is shown.
//!
//! Who joined on a socket goes with the user's last socket. Who joined without one stays until it
//! leaves, or has been without a socket for a while.
//!
//! Invariants: one participant for a user, whatever its sockets; whoever shows its screen is one.

use crate::base::agenda::NEVER_US;
use crate::base::time::Now;
use crate::broker::told::{Ringing, Told};
use crate::model::channel::ChannelName;
use crate::model::people::UserId;
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::event::{Event, HuddleEvent, Talk};
use crate::model::people::huddle::{HuddleParticipant, HuddleView};
use crate::model::people::signal::Medium;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Microseconds for which who joined without a socket stays without one.
const ABSENCE_US: u64 = 120_000_000;

/// Microseconds for which a huddle waits for the first who comes.
const FRESH_US: u64 = 3_600_000_000;

#[derive(Debug)]
pub(super) struct Participant {
    pub view: HuddleParticipant,
    pub sockets: Vec<SocketId>,
    /// Taken without a socket.
    lasting: bool,
    /// When it is free again, while it has no socket, monotonic microseconds.
    until_us: Option<u64>,
}

/// One huddle, from its making until the last one leaves.
#[derive(Debug)]
pub(super) struct Huddle {
    pub id: Arc<str>,
    /// The name of its circle's ring.
    channel: ChannelName,
    pub name: Arc<str>,
    pub conversation: Option<Arc<str>>,
    pub creator: UserId,
    created_ms: u64,
    pub participants: Vec<Participant>,
    participants_max: u32,
    pub invited: BTreeSet<UserId>,
    /// Who was ever in it.
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
        participants_max: u32,
    ) -> Self {
        Self {
            channel: Circle::Huddle(id.clone()).channel(),
            id,
            name,
            conversation,
            creator,
            created_ms: now.unix_ms,
            participants: Vec::new(),
            participants_max,
            invited: BTreeSet::new(),
            met: BTreeSet::new(),
            screen: None,
            fresh_until_us: Some(now.monotonic_us + FRESH_US),
            due_us: 0,
        }
    }

    pub fn is_in(&self, user: &str) -> bool {
        self.participants.iter().any(|participant| *participant.view.user == *user)
    }

    /// Whether somebody made it, is in it or is invited.
    pub fn knows(&self, user: &str) -> bool {
        *self.creator == *user || self.invited.contains(user) || self.is_in(user)
    }

    fn participant_mut(&mut self, user: &str) -> Option<&mut Participant> {
        self.participants.iter_mut().find(|participant| *participant.view.user == *user)
    }

    /// Joins, on a socket or without one. False if it is full.
    pub fn join(
        &mut self,
        now: Now,
        user: &UserId,
        socket: Option<SocketId>,
        video: bool,
        out: &mut Vec<Told>,
    ) -> bool {
        if let Some(participant) = self.participant_mut(user) {
            match socket {
                Some(socket) if !participant.sockets.contains(&socket) => participant.sockets.push(socket),
                Some(_) => {}
                None => participant.lasting = true,
            }
            participant.until_us =
                if participant.sockets.is_empty() { Some(now.monotonic_us + ABSENCE_US) } else { None };
            return true;
        }
        if self.participants.len() >= self.participants_max as usize {
            return false;
        }
        let view =
            HuddleParticipant { user: user.clone(), joined_ms: now.unix_ms, audio: true, video, hand: false };
        let until_us = socket.is_none().then(|| now.monotonic_us + ABSENCE_US);
        let (sockets, lasting) = (socket.into_iter().collect(), socket.is_none());
        self.participants.push(Participant { view, sockets, lasting, until_us });
        self.fresh_until_us = None;
        self.met.insert(user.clone());
        let event = HuddleEvent::Joined { user: user.clone(), audio: true, video };
        out.push(self.told(event, socket));
        true
    }

    /// A socket is gone from it.
    pub fn leave_socket(&mut self, now: Now, socket: SocketId, out: &mut Vec<Told>) {
        let Some(participant) =
            self.participants.iter_mut().find(|participant| participant.sockets.contains(&socket))
        else {
            return;
        };
        participant.sockets.retain(|one| *one != socket);
        if !participant.sockets.is_empty() {
            return;
        }
        if participant.lasting {
            participant.until_us = Some(now.monotonic_us + ABSENCE_US);
            return;
        }
        let user = participant.view.user.clone();
        self.leave(&user, out);
    }

    /// Somebody leaves, with all its sockets.
    pub fn leave(&mut self, user: &UserId, out: &mut Vec<Told>) {
        let Some(at) = self.participants.iter().position(|participant| participant.view.user == *user) else {
            return;
        };
        let participant = self.participants.remove(at);
        if self.screen.as_ref() == Some(user) {
            self.screen = None;
            out.push(self.told(HuddleEvent::Screen { user: user.clone(), started: false }, None));
        }
        out.push(self.told(HuddleEvent::Left(user.clone()), None));
        if self.participants.is_empty() {
            self.end(Some(user), out);
        }
        if !participant.sockets.is_empty() {
            out.push(Told::Out { sockets: participant.sockets, circle: self.circle() });
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
        let late = self.participants.iter().filter(|participant| participant.until_us.is_some_and(past));
        let late: Vec<UserId> = late.map(|participant| participant.view.user.clone()).collect();
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
        self.participants.is_empty() && self.fresh_until_us.is_none()
    }

    /// When it has to be looked at next, monotonic microseconds.
    pub fn next_us(&self) -> u64 {
        let participants = self.participants.iter().filter_map(|participant| participant.until_us);
        participants.chain(self.fresh_until_us).min().unwrap_or(NEVER_US)
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
        let Some(participant) = self.participant_mut(user) else { return };
        match medium {
            Medium::Audio => participant.view.audio = enabled,
            Medium::Video => participant.view.video = enabled,
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
        let Some(participant) = self.participant_mut(user) else { return };
        participant.view.hand = raised;
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
        let (circle, door, ring) = (self.circle(), Circle::Huddles, Ringing::Unchanged);
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
            participants: self.participants.iter().map(|participant| participant.view.clone()).collect(),
            screen: self.screen.clone(),
            participants_max: self.participants_max,
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert!(self.participants.len() <= self.participants_max as usize);
        for participant in &self.participants {
            assert_eq!(
                participant.until_us.is_some(),
                participant.sockets.is_empty(),
                "a participant without a socket has an end"
            );
            assert!(participant.lasting || !participant.sockets.is_empty());
            let user = &participant.view.user;
            assert_eq!(self.participants.iter().filter(|other| other.view.user == *user).count(), 1);
        }
        assert!(self.screen.as_ref().is_none_or(|user| self.is_in(user)), "whose screen is shown is in it");
        assert!(!self.is_over());
    }
}
