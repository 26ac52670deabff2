//! Effects under way: who waits for them, and what is done when they are.
//!
//! A change that is to outlive the process is decided first, and its record is claimed, so that nobody else changes
//! it; then it is written; only when it is stored is it applied, told and answered. If it is not stored, the claim is
//! given back and nothing has happened.
//!
//! An effect that takes too long is answered, with a fault that says that its end is not known. It is still applied
//! if it is stored after all: what is on the disk is in force.

pub(in crate::shard) mod effect;

use crate::auth::LoginId;
use crate::base::ids::CoreId;
use crate::base::time::Now;
use crate::broker::meetings::MeetingChange;
use crate::broker::rooms::RoomChange;
use crate::broker::rules::catalog::Change;
use crate::model::channel::ChannelName;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::meeting::{Meeting, channel_of};
use crate::model::publication::Room;
use crate::model::reply::Reply;
use crate::shard::mesh::message::{Said, Ticket};
use crate::shard::requests::meetings::Put;
use crate::shard::{Effect, EffectId, Failure, Output, Resolution, Shard};
use crate::store::{self, Stored};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Microseconds within which an effect is done. A disk that is slower than this is one that failed.
const DEADLINE_US: u64 = 5_000_000;

/// See the module.
#[derive(Default)]
pub(in crate::shard) struct Effects {
    waiting: BTreeMap<EffectId, Waiting>,
    /// Deadlines of those that wait, oldest first. Some of them may be resolved.
    due: VecDeque<(u64, EffectId)>,
    count: u64,
    /// Those that are past their deadline.
    late: usize,
    /// The last write failed.
    failed: bool,
    /// A write that only finds out whether writes succeed again is under way.
    probing: bool,
}

struct Waiting {
    /// Nobody if it was answered already, or if nobody asked.
    asker: Option<Asker>,
    then: Then,
    late: bool,
}

/// Who is answered when an effect is done.
pub(in crate::shard) struct Asker {
    pub from: CoreId,
    pub ticket: Ticket,
}

/// What a shard does when an effect is done.
pub(in crate::shard) enum Then {
    /// A definition is changed, at the core that keeps the catalog.
    Define(Change),
    /// A room is changed, at its home.
    ChangeRoom(RoomChange),
    /// Nothing but the answer: all that is stored was copied to this file.
    BackUp {
        /// Beside the store.
        file: String,
    },
    /// A password is checked. `user` is nobody if there is no such user.
    LogIn { user: Option<Arc<str>> },
    /// A session is ended.
    LogOut { id: LoginId, until_unix_s: u64 },
    /// Messages are put where they belong, at their meeting's home.
    PlaceMessages(Box<Put>),
    /// A meeting is changed, at its home.
    ChangeMeeting(Box<MeetingChange>),
    /// Messages of a meeting that were deleted are off the disk.
    SweepMeeting(ChannelName),
    /// Messages of a meeting are shown.
    ReadMeeting { meeting: Arc<Meeting>, record: bool },
    /// Nothing.
    Nothing,
    /// Nothing: it was to find out whether writes succeed.
    Probe,
}

impl Effects {
    pub fn next_us(&self) -> Option<u64> {
        self.due.front().map(|(deadline_us, _)| *deadline_us)
    }

    /// Whether what is to be stored is stored: the last write succeeded, and none is overdue.
    pub fn are_well(&self) -> bool {
        !self.failed && self.late == 0
    }

    /// Effects that are not resolved.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a copy of the store is under way.
    pub fn is_backing_up(&self) -> bool {
        self.waiting.values().any(|waiting| matches!(waiting.then, Then::BackUp { .. }))
    }

    fn take(&mut self, id: EffectId) -> Option<Waiting> {
        let waiting = self.waiting.remove(&id)?;
        self.late -= usize::from(waiting.late);
        while self.due.front().is_some_and(|(_, id)| !self.waiting.contains_key(id)) {
            self.due.pop_front();
        }
        Some(waiting)
    }
}

/// Whether a command is answered only when the disk has what it changes. A connection is not read while one of its
/// commands waits for the disk, so whatever it asks next finds the change done.
pub(in crate::shard) fn is_stored(command: &Command) -> bool {
    matches!(
        command,
        Command::CreateDefinition { .. }
            | Command::UpdateDefinition { .. }
            | Command::DeleteDefinition { .. }
            | Command::CreateRoom { .. }
            | Command::UpdateRoom { .. }
            | Command::DeleteRoom { .. }
            | Command::PutMeeting { .. }
            | Command::DeleteMeeting { .. }
            | Command::ClearMeeting { .. }
    )
}

impl Shard {
    /// Takes over what was stored: every definition, and the rooms and meetings that are at home here.
    pub(in crate::shard) fn restore(&mut self, stored: &Stored) {
        stored.definitions.iter().for_each(|record| self.home.restore_definition(record));
        let here =
            |(channel, _): &&(ChannelName, Room)| self.setup.home_of(channel.as_str()) == self.setup.core;
        for (channel, room) in stored.rooms.iter().filter(here) {
            self.home.restore_room(channel, room.clone());
        }
        let here =
            |meeting: &&Meeting| self.setup.home_of(channel_of(&meeting.id).as_str()) == self.setup.core;
        for meeting in stored.meetings.iter().filter(here) {
            self.home.restore_meeting(meeting.clone());
        }
    }

    /// The outside answers.
    pub fn resolve(&mut self, now: Now, id: EffectId, resolution: Resolution) {
        self.now = now;
        let Some(Waiting { asker, then, .. }) = self.effects.take(id) else { return };
        match then {
            Then::BackUp { file } => self.backed_up(asker, file, resolution),
            Then::LogIn { user } => self.logged_in(asker, user, &resolution),
            Then::PlaceMessages(put) => self.messages_placed(asker, *put, resolution),
            Then::ReadMeeting { meeting, record } => self.meeting_read(asker, meeting, record, &resolution),
            then => self.written(asker, then, resolution),
        }
        self.settle();
    }

    /// A write is done, or is not.
    fn written(&mut self, asker: Option<Asker>, then: Then, resolution: Resolution) {
        let failure = match resolution {
            Resolution::Stored => None,
            Resolution::Failed(failure) => Some(failure),
            // No continuation here asked for anything else.
            Resolution::Found(_)
            | Resolution::BackedUp { .. }
            | Resolution::Values(_)
            | Resolution::Verified(_) => Some(Failure::Broken),
        };
        self.note_written(failure);
        let resolution = failure.map_or(Resolution::Stored, Resolution::Failed);
        match then {
            Then::Define(change) => self.defined(asker, change, failure),
            Then::ChangeRoom(change) => self.room_changed(asker, change, failure),
            Then::ChangeMeeting(change) => self.meeting_changed(asker, *change, &resolution),
            Then::SweepMeeting(channel) => self.meeting_swept(&channel),
            Then::LogOut { id, until_unix_s } => self.logged_out(asker, id, until_unix_s, &resolution),
            Then::Probe => self.effects.probing = false,
            Then::Nothing
            | Then::BackUp { .. }
            | Then::LogIn { .. }
            | Then::PlaceMessages(_)
            | Then::ReadMeeting { .. } => {}
        }
    }

    fn note_written(&mut self, failure: Option<Failure>) {
        self.effects.failed = failure.is_some();
        match failure {
            None => self.counters.writes_stored += 1,
            Some(_) => self.counters.writes_failed += 1,
        }
    }

    /// Why nothing more can be stored at present, if that is so. To be asked before a change is decided.
    pub(in crate::shard) fn effects_full(&mut self) -> Option<Fault> {
        if self.effects.len() < self.setup.limits.effects_in_flight_max as usize {
            return None;
        }
        self.counters.writes_refused += 1;
        Some(Fault::new(
            FaultCode::Overloaded,
            "More changes wait for the disk of this node than its queue holds, so this was not done. Try again shortly.",
        ))
    }

    /// Wants something done outside.
    pub(in crate::shard) fn start_effect(&mut self, effect: Effect, asker: Option<Asker>, then: Then) {
        self.effects.count += 1;
        let id = EffectId(self.effects.count);
        // A copy takes as long as there is much to copy.
        if !matches!(then, Then::BackUp { .. }) {
            self.effects.due.push_back((self.now.monotonic_us + DEADLINE_US, id));
        }
        self.effects.waiting.insert(id, Waiting { asker, then, late: false });
        self.outputs.push_back(Output::Effect(id, effect));
    }

    /// Answers those who wait for too long.
    pub(in crate::shard) fn expire_effects(&mut self) {
        while let Some((deadline_us, id)) = self.effects.due.front().copied()
            && deadline_us <= self.now.monotonic_us
        {
            self.effects.due.pop_front();
            let Some(waiting) = self.effects.waiting.get_mut(&id) else { continue };
            waiting.late = true;
            let asker = waiting.asker.take();
            self.effects.late += 1;
            let fault = Fault::new(
                FaultCode::Unavailable,
                "The disk of this node does not answer, so it is not known whether this could be stored. \
                 Look at it again later before you repeat it.",
            );
            self.answer_asker(asker, Reply::Fault(fault));
        }
    }

    /// Finds out, every second, whether writes succeed again, so that a node without traffic becomes ready again.
    pub(in crate::shard) fn probe(&mut self) {
        if self.effects.failed && !self.effects.probing && self.effects.len() == 0 {
            self.effects.probing = true;
            self.start_effect(Effect::Write(vec![store::probe(self.now.unix_ms)]), None, Then::Probe);
        }
    }

    /// Asserts what must hold between calls.
    pub(in crate::shard) fn effects_invariants(&self) {
        let effects = &self.effects;
        assert!(effects.len() <= self.setup.limits.effects_in_flight_max as usize, "bound of effects");
        let late = effects.waiting.values().filter(|waiting| waiting.late).count();
        assert_eq!(late, effects.late, "effects past their deadline");
        let due = effects.due.iter().filter(|(_, id)| effects.waiting.contains_key(id)).count();
        assert_eq!(
            due + late + usize::from(effects.is_backing_up()),
            effects.len(),
            "every write has a deadline"
        );
    }

    pub(in crate::shard) fn answer_asker(&mut self, asker: Option<Asker>, reply: Reply) {
        if let Some(Asker { from, ticket }) = asker {
            self.say(from, Said::Answer { ticket, reply });
        }
    }
}

/// What a client is told whose change was not stored.
pub(in crate::shard) fn not_stored(failure: Failure) -> Fault {
    let message = format!("This could not be stored, so nothing was changed: {}.", failure.reason());
    Fault::new(FaultCode::Unavailable, message)
}
