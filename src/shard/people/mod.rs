//! What this core is for people: the home of calls, huddles, circles, persons and devices, and the edge
//! of the sockets that people have here.
//!
//! A person's sockets can be on any core, and so can the homes of whatever it takes part in. The parts of the broker say
//! what is to be told to whom ([`crate::broker::told`]); [`telling`] finds the cores, [`hearing`] the sockets. What one
//! home tells goes through one queue to each core, in order, so everybody hears of a call what happened in the order in
//! which it happened, and each socket once.
//!
//! When the queue to a core is full, nobody can begin anything that it would have to be told of ([`requests`]). What
//! happens by itself (time, sockets that die) is told all the same: it is bounded by what there is. A circle's events are
//! left out, and its sockets on that core are put out of the circle when there is room, which makes them come again.

mod hearing;
mod members;
mod recorder;
mod recordings;
mod requests;
mod rings;
mod shown;
mod sockets;
mod speaking;
mod statuses;
mod stored;
mod telling;
mod to_recorder;

pub(super) use hearing::hear_of_people;
pub(super) use members::put_strangers_out;
pub(super) use recorder::{end_recordings, tend_recordings};
pub use recorder::{next_for_recorder, recorded};
pub(super) use recordings::not_there;
pub(super) use requests::{merge_people, submit_people, tell_of_people};
pub(super) use shown::{append_shown, shown_at};
pub(super) use speaking::{
    answer_nobody, append_after_reply, person_came, person_left, pieces, prepare_person,
};
pub(super) use stored::{PeopleChange, continue_people};
use telling::pump_people;
pub(super) use telling::tell_missed;

use super::edge::Edge;
use super::home::HomeSide;
use super::mesh::{self, message::CoreMessage};
use super::{Setup, Shard};
use crate::auth::{DownloadKey, IceSettings};
use crate::base::hash::KeyedState;
use crate::base::ids::CoreId;
use crate::base::limits::InForce;
use crate::base::time::{Now, earliest};
use crate::broker::calls::{CallRules, Calls};
use crate::broker::circles::{CircleRules, Circles};
use crate::broker::devices::Devices;
use crate::broker::huddles::{HuddleRules, Huddles};
use crate::broker::persons::Persons;
use crate::broker::recordings::Recordings;
use crate::broker::told::Told;
use crate::metrics::counters::PeopleCounters;
use crate::model::people::circle::Circle;
use crate::store::Stored;
use rings::Rings;
use sockets::Sockets;
use std::collections::BTreeSet;
use std::sync::Arc;
use to_recorder::ToRecorder;

/// Things that are looked at of each kind at one reading of the clock, when their time has come.
const FIRED_MAX: usize = 64;

/// People of the calls that are looked at then: each of them is told on every core.
const FIRED_PEOPLE_MAX: usize = 1_024;

/// Calls that are remembered after their end, on one core.
const ENDED_CALLS_MAX: usize = 10_000;

/// People invited to one huddle.
const INVITED_MAX: usize = 10_000;

/// People of one call.
const CALL_PEOPLE_MAX: usize = 100;

/// Microseconds for which a call may be without anybody who talks.
const EMPTY_CALL_US: u64 = 30_000_000;

/// Microseconds after which somebody who says nothing more has stopped to write.
const TYPING_US: u64 = 5_000_000;

/// People that can be writing at the same time in one circle.
const TYPISTS_MAX: usize = 64;

/// Messages whose senders are remembered in one circle.
const MESSAGES_MAX: usize = 1_000;

/// Cards of one user that are replaced at once when it says something else of its state: to write them takes some hundred
/// microseconds.
const CARDS_AT_ONCE: usize = 128;

/// How people's things are set up.
#[derive(Clone, Debug)]
pub struct PeopleSettings {
    /// What programs reach each other by.
    pub ice: IceSettings,
    /// Milliseconds for which an invitation to a call rings.
    pub ring_ms: u64,
    /// Milliseconds that a call lasts at most.
    pub call_ms_max: u64,
    /// People in one huddle.
    pub huddle_participants_max: u32,
    /// Whether anybody may talk in a conversation that nobody was listed for.
    pub open_conversations: bool,
    /// Whether there is a recorder.
    pub records: bool,
    /// What links to recordings are signed with; without it there are none.
    pub download_key: Option<Arc<DownloadKey>>,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        Self {
            ice: IceSettings::default(),
            ring_ms: 60_000,
            call_ms_max: 3_600_000,
            huddle_participants_max: 50,
            open_conversations: false,
            records: false,
            download_key: None,
        }
    }
}

/// The parts of a core that functions about people work on: its edge with their sockets, its home side, and what it knows of them.
pub(super) struct PeopleSide<'a> {
    pub edge: &'a mut Edge,
    pub homes: &'a mut HomeSide,
    pub people: &'a mut People,
}

impl PeopleSide<'_> {
    /// Says something to a core, behind what ended here before.
    fn post(&mut self, to: CoreId, message: CoreMessage) {
        mesh::post(self.edge, self.homes, to, message);
    }
}

impl Shard {
    pub(super) fn people_side(&mut self) -> PeopleSide<'_> {
        PeopleSide { edge: &mut self.edge, homes: &mut self.homes, people: &mut self.people }
    }

    /// Passes on whatever is to be told of people. What that ends is made known, and what follows from it, too.
    pub(super) fn pump_people(&mut self) {
        pump_people(&mut self.people_side());
        while !self.edge.departures.is_empty() {
            self.pump_home();
            pump_people(&mut self.people_side());
        }
    }
}

/// What this core is for people.
pub(super) struct People {
    calls: Calls,
    huddles: Huddles,
    circles: Circles,
    persons: Persons,
    devices: Devices,
    recordings: Recordings,
    sockets: Sockets,
    rings: Rings,
    /// What is to be told, in order.
    told: Vec<Told>,
    /// What is to be said to the recorder.
    to_recorder: ToRecorder,
    /// The circles of which each core missed something.
    missed: Vec<BTreeSet<Circle>>,
}

impl People {
    /// Nobody but what was stored.
    pub fn new(setup: &Setup, limits: &InForce, stored: &Stored) -> Self {
        let (seed, settings) = (setup.core_seed(), &setup.people);
        let hasher = |purpose: u64| KeyedState::new(seed, 0x9e0_0000 + purpose);
        let call_rules = CallRules {
            ring_us: settings.ring_ms * 1_000,
            empty_us: EMPTY_CALL_US,
            call_us_max: settings.call_ms_max * 1_000,
            people_max: CALL_PEOPLE_MAX,
            ended_max: ENDED_CALLS_MAX,
            records: settings.records,
        };
        let huddle_rules =
            HuddleRules { participants_max: settings.huddle_participants_max, invited_max: INVITED_MAX };
        let circle_rules = CircleRules {
            typing_us: TYPING_US,
            typists_max: TYPISTS_MAX,
            messages_max: MESSAGES_MAX,
            cards_at_once: CARDS_AT_ONCE,
        };
        let mut people = Self {
            calls: Calls::new(hasher(0), call_rules, limits.clone()),
            huddles: Huddles::new(hasher(1), huddle_rules, limits.clone()),
            circles: Circles::new(hasher(2), circle_rules, limits.clone()),
            persons: Persons::new(hasher(3), limits.clone()),
            devices: Devices::new(hasher(4), limits.clone()),
            recordings: Recordings::new(hasher(5), limits.clone()),
            sockets: Sockets::new(hasher(6)),
            rings: Rings::new(hasher(7)),
            told: Vec::new(),
            to_recorder: ToRecorder::default(),
            missed: vec![BTreeSet::new(); usize::from(setup.cores)],
        };
        let is_here = |key: &str| setup.home_of(key) == setup.core;
        for owned in stored.devices.iter().filter(|owned| is_here(&owned.user)) {
            people.devices.restore(owned.clone());
        }
        for recording in stored.recordings.iter().filter(|one| is_here(&one.id)) {
            people.recordings.restore(recording);
        }
        people
    }

    /// Time passed.
    pub fn fire(&mut self, now: Now) {
        self.calls.fire(now, FIRED_PEOPLE_MAX, &mut self.told);
        self.huddles.fire(now, FIRED_MAX, &mut self.told);
        self.circles.fire(now, FIRED_MAX, &mut self.told);
        self.persons.fire(now, FIRED_MAX);
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        earliest([
            self.calls.next_us(),
            self.huddles.next_us(),
            self.circles.next_us(),
            self.persons.next_us(),
        ])
    }

    /// Calls and huddles at home here that are not over.
    pub fn active(&self) -> (u64, u64) {
        (self.calls.counts().active, self.huddles.len() as u64)
    }

    /// What is kept in memory besides what is stored.
    fn entries(&self) -> usize {
        let parts = [
            self.calls.entries(),
            self.huddles.entries(),
            self.circles.entries(),
            self.persons.entries(),
            self.devices.changing(),
            self.recordings.changing(),
            self.to_recorder.len(),
            self.sockets.entries(),
            self.rings.len(),
            self.missed.iter().map(BTreeSet::len).sum(),
        ];
        parts.into_iter().sum()
    }

    /// What is counted where it happens.
    pub fn counts(&self) -> PeopleCounters {
        let calls = self.calls.counts();
        PeopleCounters {
            calls_active: calls.active,
            recordings_running: self.recordings.all_running().count() as u64,
            calls_ended: calls.ended,
            calls_missed: calls.missed,
            calls_cancelled: calls.cancelled,
            calls_expired: calls.expired,
            rings: calls.rings,
            signals: calls.signals,
            huddles_active: self.huddles.len() as u64,
            circles_open: self.circles.len() as u64,
            devices_kept: self.devices.len() as u64,
            entries: self.entries() as u64,
            ..PeopleCounters::default()
        }
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        self.calls.invariants();
        self.huddles.invariants();
        self.circles.invariants();
        self.persons.invariants();
        self.devices.invariants();
        self.recordings.invariants();
        self.to_recorder.invariants();
        self.sockets.invariants();
        self.rings.invariants();
        assert!(self.told.is_empty(), "what is to be told is told before the call ends");
    }
}
