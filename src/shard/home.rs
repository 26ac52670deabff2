//! The home side of this core: what it decides for whatever is at home here, what of that is on its way to the disk or outside,
//! and what it says to cores.
//!
//! It knows no connection. What this core's own connections are told before anything else waits in order in [`HomeSide::here`];
//! [`Shard::pump_home`] hands it over, and after it what channels say. All else that the core says to itself comes later, as from
//! any other core.

#[cfg(doc)]
use super::Shard;
use super::effects::Effects;
use super::log::LogSide;
use super::mesh::Queues;
use super::mesh::message::{CoreMessage, Ticket};
use super::requests::{
    Asker, Begun, Changes, GroupChanges, InTurn, Logins, MeetingChanges, Then, WebPushSide,
};
use super::{Effect, Output, Setup, delivery::users::Fresh};
use crate::base::hash::KeyedState;
use crate::base::ids::CoreId;
use crate::base::limits::InForce;
use crate::base::time::{Now, earliest};
use crate::broker::home::{Home, HomeOutput, HomePush, Outcome};
use crate::model::channel::ChannelName;
use crate::model::meeting::channel_of;
use crate::model::reply::Reply;
use crate::store::Stored;
use std::collections::VecDeque;
use std::sync::Arc;

/// What is at home on a core, and what of it is under way.
pub(super) struct HomeSide {
    /// The reading of the clock that the call under way came with.
    pub now: Now,
    /// What the shard is made of.
    pub setup: Arc<Setup>,
    /// The channels at home here, and the nouns beside them.
    pub home: Home,
    pub effects: Effects<Asker, Then>,
    /// The catalog of definitions, and its changes on their way to every core.
    pub changes: Changes,
    pub group_changes: GroupChanges,
    pub meeting_changes: MeetingChanges,
    pub logins: Logins,
    pub web_push: WebPushSide,
    pub mesh: Queues,
    pub log: LogSide,
    pub fresh: Fresh,
    /// The process goes away.
    pub drains: bool,
    /// What this core's own connections are told next.
    pub(super) here: VecDeque<Here>,
    /// What is to be done outside.
    wishes: VecDeque<Output>,
}

/// What is said to connections of this core.
pub(super) enum Here {
    Answer { ticket: Ticket, reply: Reply },
    Push { channel: ChannelName, push: HomePush },
}

impl HomeSide {
    /// A core's home side at its start, with what was stored of all that is at home here.
    pub fn new(setup: Arc<Setup>, limits: &InForce, stored: &Stored, now: Now) -> Self {
        let (seed, cores) = (setup.core_seed(), setup.cores);
        let mut home = Home::new(seed, cores, setup.definitions.clone(), &setup.realms, limits.clone());
        if setup.history_flush_ms.is_some() {
            home.log_mut().attach();
        }
        let mut side = Self {
            now,
            home,
            effects: Effects::new(limits.clone(), cores),
            changes: Changes::new(&setup, limits.clone(), stored),
            group_changes: InTurn::new(KeyedState::new(seed, 0x6409)),
            meeting_changes: InTurn::new(KeyedState::new(seed, 0x3ee7)),
            logins: Logins::new(now, seed, &setup.limits, stored),
            web_push: WebPushSide::new(&setup, stored),
            mesh: Queues::new(setup.core, cores, limits.clone()),
            log: LogSide::new(setup.history_flush_ms),
            fresh: Fresh::new(seed),
            drains: false,
            here: VecDeque::new(),
            wishes: VecDeque::new(),
            setup,
        };
        side.restore(stored);
        side
    }

    /// Takes over what was stored: every definition, and the rooms, groups and meetings that are at home here.
    fn restore(&mut self, stored: &Stored) {
        stored.definitions.iter().for_each(|record| self.home.restore_definition(record));
        let (setup, home) = (&self.setup, &mut self.home);
        let is_here = |channel: &ChannelName| setup.home_of(channel.as_str()) == setup.core;
        for (channel, room) in stored.rooms.iter().filter(|(channel, _)| is_here(channel)) {
            home.rooms.restore(channel, room.clone());
        }
        for group in stored.groups.iter().filter(|group| is_here(&group.channel)) {
            home.groups.put(Arc::new(group.clone()));
        }
        for meeting in stored.meetings.iter().filter(|meeting| is_here(&channel_of(&meeting.id))) {
            home.meetings.put(Arc::new(meeting.clone()));
        }
        self.know_users();
    }

    /// Makes the users known that the operator knows and that are at home here.
    pub fn know_users(&mut self) {
        for (user, name) in self.setup.authenticator.users() {
            if self.setup.home_of(ChannelName::of_user(&user).as_str()) == self.setup.core {
                self.home.know_user(&user, name);
            }
        }
    }

    /// Says something to a core, or to this one, at once: before what ended at this core's edge and is not made known yet, after
    /// which [`Shard::post`] says it.
    pub fn post(&mut self, to: CoreId, message: CoreMessage) {
        if self.mesh.put(to, message) {
            self.home.set_congested(self.now, to, true);
        }
    }

    /// Says something to every core, this one included.
    pub fn post_all(&mut self, message: impl Fn() -> CoreMessage) {
        (0..self.setup.cores).for_each(|core| self.post(CoreId(core), message()));
    }

    /// Answers what was begun, or has the outside do its part.
    pub fn carry_on(&mut self, asker: Asker, begun: Begun) {
        match begun {
            Begun::Answered(outcome) => self.give(asker, outcome),
            Begun::Outside(outside) => {
                let (effect, then) = *outside;
                self.start_effect(effect, Some(asker), Some(then));
            }
        }
    }

    /// Gives an answer, when the disk has what it waits for. What its command pushes comes after the position that the
    /// answer names, so the caller passes that on later.
    pub fn give(&mut self, asker: Asker, Outcome { reply, wait }: Outcome) {
        match wait {
            Some(record) => self.answer_when_synced(record, asker, reply),
            None => self.post(asker.from, CoreMessage::Answer { ticket: asker.ticket, reply }),
        }
    }

    /// Gives an answer to whoever still waits for it.
    pub fn answer_asker(&mut self, asker: Option<Asker>, outcome: impl Into<Outcome>) {
        if let Some(asker) = asker {
            self.give(asker, outcome.into());
        }
    }

    /// Answers a request of a connection of this core itself, before anything else is said.
    pub fn answer_here(&mut self, ticket: Ticket, reply: Reply) {
        self.here.push_back(Here::Answer { ticket, reply });
    }

    /// Passes on what the home wants said, where more is said in the same step.
    pub fn pass_on_all(&mut self) {
        while let Some(HomeOutput::Push { to, channel, push }) = self.home.pop_output() {
            if to == self.setup.core {
                self.here.push_back(Here::Push { channel, push });
            } else {
                self.post(to, CoreMessage::Push { channel, push });
            }
        }
    }

    /// Wants something done outside.
    pub fn start_effect(&mut self, effect: Effect, asker: Option<Asker>, then: Option<Then>) {
        let user = asker.as_ref().map(|asker| asker.ticket.session.user.clone());
        let output = self.effects.start(self.now, effect, asker, then);
        user.iter().for_each(|user| self.effects.take_place(user));
        self.wishes.extend(output);
    }

    /// The next of what is to be done outside.
    pub fn next_wish(&mut self) -> Option<Output> {
        self.wishes.pop_front()
    }

    /// Answers those who wait for too long.
    pub fn expire(&mut self) {
        self.expire_changes();
        while let Some((asker, fault)) = self.effects.expire(self.now) {
            self.answer_asker(asker, Reply::Fault(fault));
        }
    }

    /// Housekeeping, due every second, so that a node without traffic becomes ready again when writes succeed again.
    pub fn housekeep(&mut self) {
        self.home.sweep(self.now);
        self.wishes.extend(self.effects.probe(self.now));
        self.forget_logouts();
        self.logins.vouchers.expire(self.now);
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        earliest([
            self.changes.next_us(),
            self.effects.next_us(),
            self.log.next_us(),
            self.web_push.next_us(),
        ])
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert!(self.here.is_empty(), "what is said here is heard before the call ends");
        self.home.invariants();
        self.log.invariants(&self.home);
        self.effects.invariants();
        self.meeting_changes.invariants();
        self.group_changes.invariants();
        self.logins.vouchers.invariants();
        self.web_push.invariants();
        self.mesh.invariants();
    }
}
