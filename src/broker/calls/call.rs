//! One call: who is of it, and what follows from what they do.
//!
//! ```text
//! Ringing --first answer--> Active --end, nobody there, time--> Ended
//!    `--all rejected, nobody answered in time, caller gone, end----^
//! ```
//!
//! Invariants: somebody is told of the end once; whoever was told of it, or of its own invitation's end, is told nothing
//! more; who has no socket there is no participant.

use super::CallRules;
use crate::base::time::Now;
use crate::broker::told::{Ringing, Told};
use crate::model::people::UserId;
use crate::model::people::call::{CallKind, CallState, CallView, Participant};
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::event::{CallEvent, Event, Talk};
use crate::model::people::signal::Medium;
use std::sync::Arc;

/// How somebody stands to a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It is rung until then, monotonic microseconds.
    Invited { until_us: u64 },
    /// It talks, on these sockets; at least one.
    Here { joined_ms: u64, audio: bool, video: bool, sockets: Vec<SocketId> },
    /// It talked, and may come back.
    Away,
    /// It would not.
    Rejected,
    /// It did not answer in time and has been told so, or could not be rung: nothing more is told to it.
    Missed,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Person {
    pub user: UserId,
    pub standing: Standing,
}

/// One call, from its first ring until it is forgotten.
#[derive(Debug)]
pub(super) struct Call {
    pub id: Arc<str>,
    conversation: Option<Arc<str>>,
    pub initiator: UserId,
    kind: CallKind,
    pub state: CallState,
    started_ms: u64,
    pub people: Vec<Person>,
    /// When it ends whatever happens, monotonic microseconds.
    ends_us: u64,
    /// When it ends if nobody comes, while nobody is there.
    empty_until_us: Option<u64>,
    /// When the table looks at it next, monotonic microseconds; kept by the table.
    pub due_us: u64,
    /// People whom it rings, as the table counted them last.
    pub rung: usize,
}

/// What a new call is made of.
pub(super) struct NewCall {
    pub id: Arc<str>,
    pub conversation: Option<Arc<str>>,
    pub initiator: UserId,
    pub kind: CallKind,
    pub users: Vec<UserId>,
    pub busy: Vec<UserId>,
    pub socket: SocketId,
}

impl Call {
    /// A call that begins to ring. `users` are those who are rung, each once, without the initiator; `busy` cannot be rung,
    /// but may come by themselves.
    pub fn begin(new: NewCall, now: Now, rules: &CallRules, out: &mut Vec<Told>) -> Self {
        let NewCall { id, conversation, initiator, kind, users, busy, socket } = new;
        let here = Standing::Here {
            joined_ms: now.unix_ms,
            audio: true,
            video: kind == CallKind::Video,
            sockets: vec![socket],
        };
        let mut call = Self {
            id,
            conversation,
            initiator: initiator.clone(),
            kind,
            state: CallState::Ringing,
            started_ms: now.unix_ms,
            people: vec![Person { user: initiator.clone(), standing: here }],
            ends_us: now.monotonic_us + rules.call_us_max,
            empty_until_us: None,
            due_us: 0,
            rung: 0,
        };
        for user in &users {
            call.people.push(Person { user: user.clone(), standing: call.invited(now, rules) });
        }
        call.people.extend(busy.into_iter().map(|user| Person { user, standing: Standing::Missed }));
        call.ring(users.into(), &initiator, out);
        call
    }

    fn invited(&self, now: Now, rules: &CallRules) -> Standing {
        Standing::Invited { until_us: now.monotonic_us + rules.ring_us }
    }

    fn ring(&self, users: Arc<[UserId]>, from: &UserId, out: &mut Vec<Told>) {
        let event = CallEvent::Incoming {
            kind: self.kind,
            conversation: self.conversation.clone(),
            from: from.clone(),
        };
        out.push(self.told(users, event, None, Ringing::Begins));
    }

    /// Rings somebody else, or the same again if it did not come.
    pub fn invite(&mut self, now: Now, by: &UserId, user: &UserId, rules: &CallRules, out: &mut Vec<Told>) {
        let standing = self.invited(now, rules);
        match self.people.iter_mut().find(|person| person.user == *user) {
            Some(Person { standing: Standing::Here { .. } | Standing::Invited { .. }, .. }) => return,
            Some(person) => person.standing = standing,
            None => self.people.push(Person { user: user.clone(), standing }),
        }
        self.ring(Arc::from([user.clone()]), by, out);
    }

    /// Somebody answers on a socket, or is on one socket more. Says whether it talks from now on and did not before.
    pub fn answer(&mut self, now: Now, user: &UserId, socket: SocketId, out: &mut Vec<Told>) -> bool {
        let video = self.kind == CallKind::Video;
        let Some(person) = self.people.iter_mut().find(|person| person.user == *user) else { return false };
        if let Standing::Here { sockets, .. } = &mut person.standing {
            if !sockets.contains(&socket) {
                sockets.push(socket);
            }
            return false;
        }
        person.standing =
            Standing::Here { joined_ms: now.unix_ms, audio: true, video, sockets: vec![socket] };
        self.state = CallState::Active;
        self.empty_until_us = None;
        let over = Ringing::Over(Arc::from([user.clone()]));
        out.push(self.told(self.reachable(), CallEvent::Answered(user.clone()), None, over));
        true
    }

    /// A socket of somebody of the call has come to its circle.
    pub fn come(&mut self, now: Now, user: &UserId, socket: SocketId, out: &mut Vec<Told>) {
        let talks = match self.standing(user) {
            Some(Standing::Here { .. }) => true,
            // Who is rung and looks in has not answered yet.
            Some(_) => self.state == CallState::Active,
            None => false,
        };
        if talks {
            self.answer(now, user, socket, out);
            let event = CallEvent::Joined(user.clone());
            out.push(self.told(self.reachable(), event, Some(socket), Ringing::Unchanged));
        }
    }

    /// Somebody who is rung, or talked, will not.
    pub fn reject(&mut self, user: &UserId, out: &mut Vec<Told>) {
        let over = Ringing::Over(Arc::from([user.clone()]));
        out.push(self.told(self.reachable(), CallEvent::Rejected(user.clone()), None, over));
        if let Some(person) = self.people.iter_mut().find(|person| person.user == *user) {
            person.standing = Standing::Rejected;
        }
        if self.state == CallState::Ringing && self.count_rung() == 0 {
            self.end(CallEvent::Ended(Some(user.clone())), out);
        }
    }

    /// It is over.
    pub fn end(&mut self, event: CallEvent, out: &mut Vec<Told>) {
        self.state = CallState::Ended;
        let all = self.users(|standing| *standing != Standing::Missed);
        out.push(self.told(all.clone(), event, None, Ringing::Over(all)));
        for person in &mut self.people {
            person.standing = Standing::Away;
        }
    }

    /// A socket on which somebody talked, or listened, is gone from the call.
    pub fn leave(&mut self, now: Now, socket: SocketId, rules: &CallRules, out: &mut Vec<Told>) {
        let gone = self.people.iter_mut().find_map(|person| {
            let Standing::Here { sockets, .. } = &mut person.standing else { return None };
            let at = sockets.iter().position(|one| *one == socket)?;
            sockets.remove(at);
            let last = sockets.is_empty();
            if last {
                person.standing = Standing::Away;
            }
            last.then(|| person.user.clone())
        });
        let Some(user) = gone else { return };
        if self.state == CallState::Ringing && user == self.initiator {
            return self.end(CallEvent::Cancelled, out);
        }
        let event = CallEvent::Disconnected(user.clone());
        let others: Vec<_> = self.reachable().iter().filter(|one| **one != user).cloned().collect();
        out.push(self.told(others.into(), event, None, Ringing::Unchanged));
        if self.participants().next().is_none() {
            self.empty_until_us = Some(now.monotonic_us + rules.empty_us);
        }
    }

    /// Somebody begins or stops to send sound or pictures.
    pub fn toggle(
        &mut self,
        user: &UserId,
        socket: SocketId,
        medium: Medium,
        enabled: bool,
        out: &mut Vec<Told>,
    ) -> bool {
        let person = self.people.iter_mut().find(|person| person.user == *user);
        let Some(Standing::Here { audio, video, .. }) = person.map(|person| &mut person.standing) else {
            return false;
        };
        match medium {
            Medium::Audio => *audio = enabled,
            Medium::Video => *video = enabled,
        }
        let talk = Talk::Call(self.id.clone());
        let event = Event::Toggled { talk, user: user.clone(), medium, enabled };
        out.push(self.told_event(self.reachable(), event, Some(socket), Ringing::Unchanged));
        true
    }

    /// Time passed.
    pub fn fire(&mut self, now: Now, out: &mut Vec<Told>) {
        let past = |until_us: u64| until_us <= now.monotonic_us;
        if past(self.ends_us) || self.empty_until_us.is_some_and(past) {
            return self.end(CallEvent::Ended(None), out);
        }
        let late =
            |standing: &Standing| matches!(standing, Standing::Invited { until_us } if past(*until_us));
        let missed = self.users(late);
        if missed.is_empty() {
            return;
        }
        if self.state == CallState::Ringing && self.count_rung() == missed.len() {
            return self.end(CallEvent::Missed, out);
        }
        for person in self.people.iter_mut().filter(|person| late(&person.standing)) {
            person.standing = Standing::Missed;
        }
        out.push(self.told(missed.clone(), CallEvent::Missed, None, Ringing::Over(missed)));
    }

    /// When it has to be looked at next, monotonic microseconds.
    pub fn next_us(&self) -> u64 {
        let rings = self.people.iter().filter_map(|person| match person.standing {
            Standing::Invited { until_us } => Some(until_us),
            _ => None,
        });
        rings.chain(self.empty_until_us).fold(self.ends_us, u64::min)
    }

    /// People whom it rings.
    pub fn count_rung(&self) -> usize {
        self.people.iter().filter(|person| matches!(person.standing, Standing::Invited { .. })).count()
    }

    /// How somebody stands to it; `None` if it is none of its people.
    pub fn standing(&self, user: &str) -> Option<&Standing> {
        self.people.iter().find(|person| *person.user == *user).map(|person| &person.standing)
    }

    fn users(&self, of: impl Fn(&Standing) -> bool) -> Arc<[UserId]> {
        self.people.iter().filter(|person| of(&person.standing)).map(|person| person.user.clone()).collect()
    }

    /// Those who are told what happens.
    fn reachable(&self) -> Arc<[UserId]> {
        self.users(|standing| !matches!(standing, Standing::Missed | Standing::Rejected))
    }

    /// Those who talk.
    pub fn participants(&self) -> impl Iterator<Item = Participant> + '_ {
        self.people.iter().filter_map(|person| match person.standing {
            Standing::Here { joined_ms, audio, video, .. } => {
                Some(Participant { user: person.user.clone(), joined_ms, audio, video })
            }
            _ => None,
        })
    }

    /// The call as its people see it.
    pub fn view(&self) -> CallView {
        CallView {
            id: self.id.clone(),
            conversation: self.conversation.clone(),
            initiator: self.initiator.clone(),
            kind: self.kind,
            state: self.state,
            started_ms: self.started_ms,
            participants: self.participants().collect(),
        }
    }

    /// Something that all who are of it are told.
    pub fn tell_all(&self, event: CallEvent) -> Told {
        self.told(self.reachable(), event, None, Ringing::Unchanged)
    }

    fn told(&self, users: Arc<[UserId]>, event: CallEvent, except: Option<SocketId>, ring: Ringing) -> Told {
        self.told_event(users, Event::Call { call: self.id.clone(), event }, except, ring)
    }

    fn told_event(
        &self,
        users: Arc<[UserId]>,
        event: Event,
        except: Option<SocketId>,
        ring: Ringing,
    ) -> Told {
        let circle = Circle::Call(self.id.clone());
        Told::People { users, circle, door: Circle::Calls, event: Arc::new(event), except, ring }
    }
}
