//! The calls that are at home on one core: begun, answered, ended, and remembered for a while so that whoever comes late
//! is told that they are over. In memory.
//!
//! Nothing is looked at between deadlines: the calls stand in the order of theirs.

mod call;
mod faults;
#[cfg(test)]
mod tests;

use super::told::{Asking, Told};
use crate::base::agenda::{Agenda, NEVER_US};
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::Ledger;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::UserId;
use crate::model::people::call::{CallAct, CallKind, CallState, CallView, Participant};
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::event::{CallEvent, Event, Talk};
use crate::model::people::signal::Signal;
use call::{Call, NewCall, Standing};
pub use faults::busy;
use std::collections::VecDeque;
use std::sync::Arc;

/// Microseconds for which a call that is over is remembered.
const REMEMBERED_US: u64 = 3_600_000_000;

/// What decides how long things of a call last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallRules {
    /// Microseconds for which an invitation rings.
    pub ring_us: u64,
    /// Microseconds for which a call may be without anybody who talks.
    pub empty_us: u64,
    /// Microseconds that a call lasts at most.
    pub call_us_max: u64,
    /// People of one call.
    pub people_max: usize,
    /// Calls that are remembered after their end.
    pub ended_max: usize,
    /// Whether there is a recorder.
    pub records: bool,
}

/// Someone new is to be rung.
#[derive(Debug)]
pub struct CallDraft {
    /// The id, which has this core as its home.
    pub id: Arc<str>,
    /// The conversation that the call belongs to.
    pub conversation: Option<Arc<str>>,
    /// Who is rung.
    pub users: Vec<UserId>,
    /// With what.
    pub kind: CallKind,
}

/// What is answered to something that is done in a call.
#[derive(Debug)]
pub enum CallAnswer {
    /// It is done.
    Done,
    /// The call.
    View(CallView),
    /// Who talks.
    Participants(Vec<Participant>),
}

/// How calls ended, and what they carried, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CallCounts {
    /// Calls that are not over.
    pub active: u64,
    /// Invitations.
    pub rings: u64,
    /// Signals that were handed on.
    pub signals: u64,
    /// Calls that somebody ended.
    pub ended: u64,
    /// Calls that nobody answered.
    pub missed: u64,
    /// Calls whose caller was gone.
    pub cancelled: u64,
    /// Calls whose time was up, or where nobody was left.
    pub expired: u64,
}

/// The calls that are at home on one core.
pub struct Calls {
    by_id: KeyedMap<Arc<str>, Call>,
    /// Calls that are not over, by when they are looked at next.
    due: Agenda<Arc<str>>,
    /// How many of them each began.
    callers: Ledger<()>,
    /// How many people those ring, of whoever began one that rings.
    rung: KeyedMap<UserId, usize>,
    /// Calls that are over, oldest first, with the moment at which they are forgotten.
    ended: VecDeque<(u64, Arc<str>)>,
    rules: CallRules,
    limits: InForce,
    counts: CallCounts,
}

impl Calls {
    /// No calls yet.
    pub fn new(hasher: KeyedState, rules: CallRules, limits: InForce) -> Self {
        Self {
            by_id: KeyedMap::with_hasher(hasher),
            due: Agenda::default(),
            callers: Ledger::new(hasher),
            rung: KeyedMap::with_hasher(hasher),
            ended: VecDeque::new(),
            rules,
            limits,
            counts: CallCounts::default(),
        }
    }

    /// Begins a call. Whoever `is_busy` is of it, but not rung.
    ///
    /// # Errors
    /// There are too many calls or people, or nobody to ring.
    pub fn start(
        &mut self,
        now: Now,
        by: Asking<'_>,
        draft: CallDraft,
        is_busy: impl Fn(&UserId) -> bool,
        out: &mut Vec<Told>,
    ) -> Result<CallView, Fault> {
        let CallDraft { id, conversation, mut users, kind } = draft;
        users.sort();
        users.dedup();
        users.retain(|user| user != by.user);
        if users.is_empty() {
            return Err(faults::nobody());
        }
        if users.len() >= self.rules.people_max {
            return Err(faults::too_many_people(self.rules.people_max));
        }
        if self.due.len() >= self.limits.get().people.calls_max as usize {
            return Err(faults::too_many_calls());
        }
        if !self.callers.leaves_a_share(by.user, self.limits.get().people.calls_max) {
            return Err(faults::too_many_of_yours());
        }
        let (busy, users): (Vec<_>, Vec<_>) = users.into_iter().partition(is_busy);
        if users.is_empty() {
            return Err(faults::busy());
        }
        self.may_ring(by.user, users.len())?;
        self.counts.rings += users.len() as u64;
        let new = NewCall {
            id: id.clone(),
            conversation,
            initiator: by.user.clone(),
            kind,
            users,
            busy,
            socket: by.socket,
        };
        self.callers.take(by.user);
        let call = Call::begin(new, now, &self.rules, out);
        let view = call.view();
        self.by_id.insert(id.clone(), call);
        self.reschedule(now, &id, out);
        Ok(view)
    }

    /// Whether the calls that somebody began may ring so many people more.
    fn may_ring(&self, initiator: &str, count: usize) -> Result<(), Fault> {
        let max = self.limits.get().people.rings_by_user_max;
        let rung = self.rung.get(initiator).copied().unwrap_or(0);
        if rung + count > max as usize { Err(faults::too_many_rung(max)) } else { Ok(()) }
    }

    /// Does something in a call.
    ///
    /// # Errors
    /// There is no such call, it is not the asker's, or it is over.
    pub fn act(
        &mut self,
        now: Now,
        by: Asking<'_>,
        id: &str,
        act: CallAct,
        out: &mut Vec<Told>,
    ) -> Result<CallAnswer, Fault> {
        let before = out.len();
        // A signal only passes through.
        let moves = !matches!(act, CallAct::Signal(_));
        let act = self.refuse_rung(id, act);
        let answer = self.try_act(now, by, id, act, out)?;
        if !moves {
            return Ok(answer);
        }
        let begun = out[before..].iter().filter(|told| is_ring(told)).count();
        self.counts.rings += begun as u64;
        self.reschedule(now, id, out);
        Ok(answer)
    }

    /// Nobody is invited to a call while those of whoever began it ring as many people as they may.
    fn refuse_rung(&self, id: &str, act: CallAct) -> CallAct {
        let CallAct::Invite { user } = &act else { return act };
        let Some(call) = self.by_id.get(id) else { return act };
        match call.standing(user) {
            Some(Standing::Here { .. } | Standing::Invited { .. }) => act,
            _ => match self.may_ring(&call.initiator, 1) {
                Ok(()) => act,
                Err(fault) => CallAct::Wrong(Box::new(fault)),
            },
        }
    }

    fn try_act(
        &mut self,
        now: Now,
        by: Asking<'_>,
        id: &str,
        act: CallAct,
        out: &mut Vec<Told>,
    ) -> Result<CallAnswer, Fault> {
        let rules = &self.rules;
        let call = living(self.by_id.get_mut(id), by.user)?;
        let talks = matches!(call.standing(by.user), Some(Standing::Here { .. }));
        match act {
            CallAct::Answer => {
                call.answer(now, by.user, by.socket, out);
                return Ok(CallAnswer::View(call.view()));
            }
            CallAct::Participants => return Ok(CallAnswer::Participants(call.participants().collect())),
            CallAct::IceServers => {}
            CallAct::Recording | CallAct::StartRecording | CallAct::StopRecording
                if call.state == CallState::Ringing =>
            {
                return Err(faults::not_active());
            }
            CallAct::Recording => {}
            _ if !talks && !matches!(act, CallAct::Reject | CallAct::Signal(_)) => {
                return Err(faults::not_in_it());
            }
            CallAct::Wrong(fault) => return Err(*fault),
            CallAct::StartRecording | CallAct::StopRecording if !rules.records => {
                return Err(faults::no_recorder());
            }
            // Whether it may is all that is decided here.
            CallAct::StartRecording | CallAct::StopRecording => {}
            CallAct::Reject => match call.standing(by.user) {
                Some(Standing::Invited { .. }) => call.reject(by.user, out),
                _ => return Err(faults::not_rung()),
            },
            CallAct::End => call.end(CallEvent::Ended(Some(by.user.clone())), out),
            CallAct::Invite { user } => {
                if call.standing(&user).is_none() && call.people.len() >= rules.people_max {
                    return Err(faults::too_many_people(rules.people_max));
                }
                call.invite(now, by.user, &UserId::from(user), rules, out);
            }
            CallAct::Toggle { medium, enabled } => {
                call.toggle(by.user, by.socket, medium, enabled, out);
            }
            CallAct::Signal(signal) => {
                out.push(pass_on(call, by.user, *signal)?);
                self.counts.signals += 1;
            }
        }
        Ok(CallAnswer::Done)
    }

    /// A socket comes to the circle of a call.
    ///
    /// # Errors
    /// There is no such call, it is not the asker's, or it is over.
    pub fn join(
        &mut self,
        now: Now,
        by: Asking<'_>,
        id: &str,
        out: &mut Vec<Told>,
    ) -> Result<CallView, Fault> {
        let call = living(self.by_id.get_mut(id), by.user)?;
        call.come(now, by.user, by.socket, out);
        let view = call.view();
        self.reschedule(now, id, out);
        Ok(view)
    }

    /// A socket is gone from a call.
    pub fn leave(&mut self, now: Now, id: &str, socket: SocketId, out: &mut Vec<Told>) {
        let Some(call) = self.by_id.get_mut(id).filter(|call| call.state != CallState::Ended) else { return };
        call.leave(now, socket, &self.rules, out);
        self.reschedule(now, id, out);
    }

    /// A call as its people see it, if it is known and not over.
    pub fn living(&self, id: &str) -> Option<CallView> {
        self.by_id.get(id).filter(|call| call.state != CallState::Ended).map(Call::view)
    }

    /// Whether somebody talks in a call.
    pub fn talks(&self, id: &str, user: &str) -> bool {
        let standing = self.by_id.get(id).and_then(|call| call.standing(user));
        matches!(standing, Some(Standing::Here { .. }))
    }

    /// What its recorder says to the program of somebody of a call.
    ///
    /// # Errors
    /// There is no such call, or the receiver is not of it.
    pub fn pass_on(&self, id: &str, from: &UserId, signal: Signal) -> Result<Told, Fault> {
        pass_on(self.by_id.get(id).ok_or_else(faults::not_found)?, from, signal)
    }

    /// What all who are of a call are told; nothing if it is over.
    pub fn tell_all(&self, id: &str, event: CallEvent) -> Option<Told> {
        let call = self.by_id.get(id).filter(|call| call.state != CallState::Ended)?;
        Some(call.tell_all(event))
    }

    /// What some people are told of a call, be it over.
    pub fn tell(id: &Arc<str>, users: Arc<[UserId]>, event: CallEvent) -> Told {
        let event = Event::Call { call: id.clone(), event };
        let circle = Circle::Call(id.clone());
        let (door, event) = (Circle::Calls, Arc::new(event));
        Told::People { users, circle, door, event, except: None, ring: super::told::Ringing::Unchanged }
    }

    /// Time passed. Looks at calls until they had `people_max` people; more are left for the next call.
    pub fn fire(&mut self, now: Now, people_max: usize, out: &mut Vec<Told>) {
        let mut people = 0;
        while people < people_max
            && let Some(id) = self.due.due(now.monotonic_us)
        {
            people += 1;
            if let Some(call) = self.by_id.get_mut(&id) {
                people += call.people.len();
                call.fire(now, out);
            }
            self.reschedule(now, &id, out);
        }
        while people < people_max
            && let Some((until_us, _)) = self.ended.front()
            && *until_us <= now.monotonic_us
        {
            people += 1 + self.forget_oldest();
        }
    }

    /// Forgets the call that ended first; says how many people it had.
    fn forget_oldest(&mut self) -> usize {
        let oldest = self.ended.pop_front().and_then(|(_, id)| self.by_id.remove(&id));
        oldest.map_or(0, |call| call.people.len())
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        self.due.next_us().into_iter().chain(self.ended.front().map(|(until_us, _)| *until_us)).min()
    }

    /// Keeps a call in the order of the deadlines, or among those that are over.
    fn reschedule(&mut self, now: Now, id: &str, out: &mut [Told]) {
        self.charge(id);
        let Some(call) = self.by_id.get_mut(id) else { return };
        let (was_us, id) = (call.due_us, call.id.clone());
        if call.state != CallState::Ended && call.next_us() == was_us {
            return;
        }
        call.due_us = if call.state == CallState::Ended { NEVER_US } else { call.next_us() };
        self.due.move_to(&id, was_us, call.due_us);
        if call.state == CallState::Ended && was_us != NEVER_US {
            self.callers.give_back_of(&call.initiator);
            self.count_end(&id, out);
            self.ended.push_back((now.monotonic_us + REMEMBERED_US, id));
            if self.ended.len() > self.rules.ended_max {
                self.forget_oldest();
            }
        }
    }

    /// Counts the people whom a call rings for whoever began it.
    fn charge(&mut self, id: &str) {
        let Some(call) = self.by_id.get_mut(id) else { return };
        let rung = call.count_rung();
        let before = std::mem::replace(&mut call.rung, rung);
        if before == rung {
            return;
        }
        let all = self.rung.entry(call.initiator.clone()).or_default();
        *all = *all + rung - before;
        if *all == 0 {
            self.rung.remove(&call.initiator);
        }
    }

    fn count_end(&mut self, id: &str, out: &[Told]) {
        let how = out.iter().rev().find_map(|told| match told {
            Told::People { event, .. } => match &**event {
                Event::Call { call, event } if **call == *id => Some(event),
                _ => None,
            },
            _ => None,
        });
        match how {
            Some(CallEvent::Ended(Some(_))) => self.counts.ended += 1,
            Some(CallEvent::Missed) => self.counts.missed += 1,
            Some(CallEvent::Cancelled) => self.counts.cancelled += 1,
            _ => self.counts.expired += 1,
        }
    }

    /// What there is and was.
    pub fn counts(&self) -> CallCounts {
        CallCounts { active: self.due.len() as u64, ..self.counts }
    }

    /// Entries in all its tables.
    pub fn entries(&self) -> usize {
        self.by_id.len() + self.due.len() + self.ended.len() + self.rung.len()
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        assert_eq!(self.by_id.len(), self.due.len() + self.ended.len(), "a call lives or is over");
        self.callers.invariants();
        assert_eq!(self.callers.things() as usize, self.due.len(), "every call that lives is somebody's");
        for (id, call) in self.by_id.iter().filter(|(_, call)| call.state != CallState::Ended) {
            assert_eq!(call.due_us, call.next_us());
            assert!(self.due.has(id, call.due_us), "every call stands at its deadline");
            for person in &call.people {
                if let Standing::Here { sockets, .. } = &person.standing {
                    assert!(!sockets.is_empty(), "who has no socket there is no participant");
                }
            }
        }
        assert!(self.ended.len() <= self.rules.ended_max);
        let rung: usize = self.by_id.values().map(Call::count_rung).sum();
        assert_eq!(self.rung.values().sum::<usize>(), rung, "whoever is rung is counted");
        assert!(self.rung.values().all(|rung| *rung > 0), "nobody is kept for nothing");
    }
}

fn is_ring(told: &Told) -> bool {
    matches!(told, Told::People { ring: super::told::Ringing::Begins, .. })
}

/// A call of the asker's that is not over.
fn living<'a>(call: Option<&'a mut Call>, user: &str) -> Result<&'a mut Call, Fault> {
    let call = call.ok_or_else(faults::not_found)?;
    if call.standing(user).is_none() {
        return Err(faults::not_of_it());
    }
    if call.state == CallState::Ended {
        return Err(faults::not_active());
    }
    Ok(call)
}

/// Hands a signal on: to the sockets on which its receiver talks, or to its door if it does not yet.
fn pass_on(call: &Call, from: &UserId, signal: Signal) -> Result<Told, Fault> {
    if *signal.to == **from {
        return Err(
            Fault::new(FaultCode::InvalidRequest, "A signal is for somebody else.").about(Subject::Call)
        );
    }
    let talk = Talk::Call(call.id.clone());
    let event = Event::Signal { talk, from: from.clone(), kind: signal.kind, json: signal.json };
    let (event, circle, door) = (Arc::new(event), Circle::Call(call.id.clone()), Circle::Calls);
    if matches!(call.standing(from), Some(Standing::Rejected | Standing::Missed)) {
        return Err(faults::not_in_it());
    }
    match call.standing(&signal.to) {
        Some(Standing::Here { sockets, .. }) => {
            Ok(Told::Sockets { sockets: sockets.clone(), circle, door, event })
        }
        Some(Standing::Invited { .. } | Standing::Away) => {
            let users = Arc::from([UserId::from(signal.to)]);
            let ring = super::told::Ringing::Unchanged;
            Ok(Told::People { users, circle, door, event, except: None, ring })
        }
        Some(Standing::Rejected | Standing::Missed) | None => Err(faults::not_of_it()),
    }
}
