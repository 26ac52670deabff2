//! The huddles that are at home on one core. In memory. A conversation has one at most, and it is at home where the
//! conversation is.

mod faults;
mod huddle;
#[cfg(test)]
mod tests;

use super::told::{Asking, Told};
use crate::base::agenda::{Agenda, NEVER_US};
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::Ledger;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::model::fault::Fault;
use crate::model::people::circle::SocketId;
use crate::model::people::event::{Event, HuddleEvent, Talk};
use crate::model::people::huddle::{HuddleAct, HuddleView};
use crate::model::people::signal::Signal;
use crate::model::people::{UserId, minted};
use huddle::Huddle;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes of a huddle's name.
const NAME_BYTES_MAX: usize = 256;

/// Huddles that one answer lists.
const LISTED_MAX: usize = 100;

/// What bounds huddles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HuddleRules {
    /// People in one.
    pub participants_max: u32,
    /// People that are invited to one.
    pub invited_max: usize,
}

/// A huddle to be made.
#[derive(Debug)]
pub struct HuddleDraft {
    /// Its id, if it is made; it has this core as its home.
    pub id: Arc<str>,
    /// The conversation that it belongs to.
    pub conversation: Option<Arc<str>>,
    /// What it is called.
    pub name: Option<Box<str>>,
}

/// What is answered to something that is done in a huddle.
#[derive(Debug)]
pub enum HuddleAnswer {
    /// It is done.
    Done,
    /// The huddle.
    View(HuddleView),
    /// Who is invited.
    Invited(Vec<UserId>),
}

/// The huddles that are at home on one core.
pub struct Huddles {
    by_id: KeyedMap<Arc<str>, Huddle>,
    by_conversation: KeyedMap<Arc<str>, Arc<str>>,
    /// The huddles that somebody made, is in or is invited to.
    by_user: KeyedMap<UserId, BTreeSet<Arc<str>>>,
    /// How many each made.
    creators: Ledger<()>,
    /// By when they are looked at next; those that wait for nothing are not in it.
    due: Agenda<Arc<str>>,
    rules: HuddleRules,
    limits: InForce,
}

impl Huddles {
    /// No huddles yet.
    pub fn new(hasher: KeyedState, rules: HuddleRules, limits: InForce) -> Self {
        Self {
            by_id: KeyedMap::with_hasher(hasher),
            by_conversation: KeyedMap::with_hasher(hasher),
            by_user: KeyedMap::with_hasher(hasher),
            creators: Ledger::new(hasher),
            due: Agenda::default(),
            rules,
            limits,
        }
    }

    /// Makes a huddle, or gives the one that its conversation has. Whoever asks may come to it. Says whether it was made.
    ///
    /// # Errors
    /// The name is no name, or there are too many huddles.
    pub fn create(
        &mut self,
        now: Now,
        by: Asking<'_>,
        draft: HuddleDraft,
    ) -> Result<(HuddleView, bool), Fault> {
        let name = draft.name.unwrap_or_else(|| Box::from("Huddle"));
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(faults::name(NAME_BYTES_MAX));
        }
        let running = draft.conversation.as_ref().and_then(|id| self.by_conversation.get(id)).cloned();
        if let Some(id) = running
            && let Some(huddle) = self.by_id.get_mut(&id)
        {
            if !huddle.knows(by.user) {
                if huddle.invited.len() >= self.rules.invited_max {
                    return Err(faults::too_many_invited(self.rules.invited_max));
                }
                huddle.invited.insert(by.user.clone());
                self.by_user.entry(by.user.clone()).or_default().insert(id);
            }
            return Ok((huddle.view(), false));
        }
        if self.by_id.len() >= self.limits.get().people.huddles_max as usize {
            return Err(faults::too_many_huddles());
        }
        if !self.creators.leaves_a_share(by.user, self.limits.get().people.huddles_max) {
            return Err(faults::too_many_of_yours());
        }
        self.creators.take(by.user);
        let HuddleDraft { id, conversation, .. } = draft;
        if let Some(conversation) = &conversation {
            self.by_conversation.insert(conversation.clone(), id.clone());
        }
        self.by_user.entry(by.user.clone()).or_default().insert(id.clone());
        let creator = by.user.clone();
        let huddle =
            Huddle::new(now, id.clone(), name.into(), conversation, creator, self.rules.participants_max);
        let view = huddle.view();
        self.by_id.insert(id.clone(), huddle);
        self.reschedule(&id);
        Ok((view, true))
    }

    /// The conversation that a huddle belongs to.
    pub fn conversation_of(&self, id: &str) -> Option<&Arc<str>> {
        self.by_id.get(id)?.conversation.as_ref()
    }

    /// Does something in a huddle. `belongs` says whether the asker belongs to the huddle's conversation.
    ///
    /// # Errors
    /// There is no such huddle, it is none of the asker's, it is full, or another one's screen is shown.
    pub fn act(
        &mut self,
        now: Now,
        by: Asking<'_>,
        id: &str,
        act: HuddleAct,
        belongs: bool,
        out: &mut Vec<Told>,
    ) -> Result<HuddleAnswer, Fault> {
        let huddle = open_to(self.by_id.get_mut(id), by.user, belongs)?;
        let creates = *huddle.creator == **by.user;
        let is_in = huddle.is_in(by.user);
        let answer = match act {
            HuddleAct::Get => HuddleAnswer::View(huddle.view()),
            HuddleAct::Join if !huddle.join(now, by.user, None, false, out) => return Err(faults::full()),
            HuddleAct::Join => HuddleAnswer::View(huddle.view()),
            HuddleAct::Wrong(fault) if is_in || creates => return Err(*fault),
            HuddleAct::Invite { users } if is_in || creates => {
                let invited = invite(huddle, by.user, &users, self.rules.invited_max, out)?;
                for user in &invited {
                    self.by_user.entry(user.clone()).or_default().insert(huddle.id.clone());
                }
                HuddleAnswer::Invited(invited)
            }
            _ if !is_in => return Err(faults::not_in_it()),
            act => {
                take_part(huddle, now, by, act, out)?;
                HuddleAnswer::Done
            }
        };
        if is_in != self.by_id[id].is_in(by.user) && !is_in {
            self.by_user.entry(by.user.clone()).or_default().insert(Arc::from(id));
        }
        self.reschedule(id);
        Ok(answer)
    }

    /// A socket comes to the circle of a huddle, which is joining it.
    ///
    /// # Errors
    /// As for [`Huddles::act`].
    pub fn join(
        &mut self,
        now: Now,
        by: Asking<'_>,
        id: &str,
        video: bool,
        belongs: bool,
        out: &mut Vec<Told>,
    ) -> Result<HuddleView, Fault> {
        let huddle = open_to(self.by_id.get_mut(id), by.user, belongs)?;
        if !huddle.join(now, by.user, Some(by.socket), video, out) {
            return Err(faults::full());
        }
        let view = huddle.view();
        self.by_user.entry(by.user.clone()).or_default().insert(view.id.clone());
        self.reschedule(id);
        Ok(view)
    }

    /// A socket is gone from the circle of a huddle.
    pub fn leave(&mut self, now: Now, id: &str, socket: SocketId, out: &mut Vec<Told>) {
        if let Some(huddle) = self.by_id.get_mut(id) {
            huddle.leave_socket(now, socket, out);
            self.reschedule(id);
        }
    }

    /// Time passed. Looks at `count_max` huddles at most.
    pub fn fire(&mut self, now: Now, count_max: usize, out: &mut Vec<Told>) {
        for _ in 0..count_max {
            let Some(id) = self.due.due(now.monotonic_us) else { return };
            if let Some(huddle) = self.by_id.get_mut(&id) {
                huddle.fire(now, out);
            }
            self.reschedule(&id);
        }
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        self.due.next_us()
    }

    /// The huddles that somebody made, is in or is invited to.
    pub fn of(&self, user: &str) -> Vec<HuddleView> {
        let ids = self.by_user.get(user).into_iter().flatten();
        let huddles = ids.filter_map(|id| self.by_id.get(id)).filter(|huddle| huddle.knows(user));
        huddles.take(LISTED_MAX).map(Huddle::view).collect()
    }

    /// Huddles that are not over.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Keeps a huddle in the order of the deadlines, or forgets it.
    fn reschedule(&mut self, id: &str) {
        let Some(huddle) = self.by_id.get_mut(id) else { return };
        let next_us = if huddle.is_over() { NEVER_US } else { huddle.next_us() };
        self.due.move_to(&huddle.id, huddle.due_us, next_us);
        huddle.due_us = next_us;
        if !huddle.is_over() {
            return;
        }
        let Some(huddle) = self.by_id.remove(id) else { return };
        self.creators.give_back_of(&huddle.creator);
        if let Some(conversation) = &huddle.conversation {
            self.by_conversation.remove(conversation);
        }
        for user in huddle.met.iter().chain(&huddle.invited).chain([&huddle.creator]) {
            let Some(ids) = self.by_user.get_mut(user) else { continue };
            ids.remove(id);
            if ids.is_empty() {
                self.by_user.remove(user);
            }
        }
    }

    /// Entries in all its tables.
    pub fn entries(&self) -> usize {
        self.by_id.len() + self.by_user.len() + self.by_conversation.len() + self.due.len()
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        self.creators.invariants();
        assert_eq!(self.creators.things() as usize, self.by_id.len(), "every huddle is somebody's");
        for huddle in self.by_id.values() {
            huddle.invariants();
            let due = self.due.has(&huddle.id, huddle.due_us);
            assert_eq!(huddle.due_us, huddle.next_us());
            assert_eq!(due, huddle.due_us != NEVER_US, "every huddle stands at its deadline");
        }
        for (user, ids) in &self.by_user {
            assert!(
                ids.iter().all(|id| self.by_id.contains_key(id)),
                "{user} is told of huddles that are over"
            );
        }
        assert!(self.by_conversation.values().all(|id| self.by_id.contains_key(id)));
    }
}

/// A huddle that somebody may come to: it knows the huddle, or belongs to its conversation.
fn open_to<'a>(huddle: Option<&'a mut Huddle>, user: &str, belongs: bool) -> Result<&'a mut Huddle, Fault> {
    let huddle = huddle.ok_or_else(faults::not_found)?;
    if belongs || huddle.knows(user) { Ok(huddle) } else { Err(faults::not_of_it()) }
}

fn invite(
    huddle: &mut Huddle,
    by: &UserId,
    users: &[Box<str>],
    invited_max: usize,
    out: &mut Vec<Told>,
) -> Result<Vec<UserId>, Fault> {
    let invited: BTreeSet<UserId> = users.iter().map(|user| UserId::from(&**user)).collect();
    let new = invited.iter().filter(|user| !huddle.invited.contains(*user)).count();
    if huddle.invited.len() + new > invited_max {
        return Err(faults::too_many_invited(invited_max));
    }
    huddle.invited.extend(invited.iter().cloned());
    let event = HuddleEvent::Invitation {
        name: huddle.name.clone(),
        conversation: huddle.conversation.clone(),
        from: by.clone(),
    };
    let told: Arc<[UserId]> = invited.iter().filter(|user| !huddle.is_in(user)).cloned().collect();
    if !told.is_empty() {
        out.push(huddle.told_people(told, Event::Huddle { huddle: huddle.id.clone(), event }));
    }
    Ok(invited.into_iter().collect())
}

/// What somebody does who is in a huddle.
fn take_part(
    huddle: &mut Huddle,
    now: Now,
    by: Asking<'_>,
    act: HuddleAct,
    out: &mut Vec<Told>,
) -> Result<(), Fault> {
    match act {
        HuddleAct::Leave => huddle.leave(by.user, out),
        HuddleAct::Toggle { medium, enabled } => huddle.toggle(by.user, by.socket, medium, enabled, out),
        HuddleAct::Screen { enabled } if !huddle.show_screen(by.user, enabled, out) => {
            return Err(faults::screen_taken());
        }
        HuddleAct::Hand { raised } => huddle.raise_hand(by.user, raised, out),
        HuddleAct::Say { content } => {
            let (id, created_ms) = (minted("message", now.unix_ms, by.fresh), now.unix_ms);
            let said = HuddleEvent::Message { id, sender: by.user.clone(), content, created_ms };
            out.push(huddle.told(said, None));
        }
        HuddleAct::Signal(signal) => out.push(pass_on(huddle, by.user, *signal)?),
        HuddleAct::Screen { .. }
        | HuddleAct::Get
        | HuddleAct::Join
        | HuddleAct::Invite { .. }
        | HuddleAct::Wrong(_) => {}
    }
    Ok(())
}

/// Hands a signal on to the sockets of its receiver.
fn pass_on(huddle: &Huddle, from: &UserId, signal: Signal) -> Result<Told, Fault> {
    let participant = huddle.participants.iter().find(|participant| *participant.view.user == *signal.to);
    let Some(participant) = participant.filter(|participant| participant.view.user != *from) else {
        return Err(faults::nobody_there());
    };
    let talk = Talk::Huddle(huddle.id.clone());
    let event = Event::Signal { talk, from: from.clone(), kind: signal.kind, json: signal.json };
    let (circle, event) = (huddle.circle(), Arc::new(event));
    Ok(Told::Sockets { sockets: participant.sockets.clone(), door: circle.clone(), circle, event })
}
