//! Speaking with the history log: records go there, watermarks come back, and at the start what it has.
//!
//! With a log, a core serves nothing until [`LogNews::Open`]. Before that come [`LogNews::Replayed`], any number of times, and
//! [`LogNews::ReplayedAll`]; the core answers the latter with [`LogMessage::Replayed`] when it is ready.
//! An answer that waits for the disk waits here, behind the ones before it, and comes before what its command pushes.

mod waiting;
mod words;

pub use words::{LogMessage, LogNews};

use super::Shard;
use super::home::{Here, HomeSide};
use super::mesh::message::CoreMessage;
use super::requests::Asker;
use crate::base::time::{Now, earliest};
use crate::broker::home::{Home, log_fault};
use crate::model::reply::Reply;
use crate::store::log::Reached;
use std::collections::VecDeque;
use waiting::AnswersWaiting;

/// Staged bytes that are handed over at once, however young they are.
const HAND_OVER_BYTES: usize = 256 << 10;

/// Microseconds between two steps of a checkpoint that is not late, so that neither this core nor the disk has much to do with it at
/// any moment: it hands over 2 to 3 MB a second, and what is owed for what is published.
const CHECKPOINT_PAUSE_US: u64 = 10_000;

/// Steps of a late checkpoint for one reading of the clock, before records are handed over, so that the log has what is owed for
/// them behind them.
const LATE_STEPS_MAX: usize = 16;

/// Withheld publications that are released for one reading of the clock. Each is pushed to its subscribers.
const RELEASED_MAX: usize = 1_024;

/// How far a core is with its log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Everything is served.
    Serving,
    /// Records come.
    Replaying,
    /// All came; the epochs of the channels are decided.
    DecidingEpochs { clean: bool },
    /// Other cores are not ready.
    Ready,
}

/// What this core has to say to the history log, and what waits for it.
pub(super) struct LogSide {
    /// `None` is no log.
    flush_us: Option<u64>,
    stage: Stage,
    /// When staged records are handed over, monotonic microseconds.
    flush_at_us: Option<u64>,
    /// All records up to this one are on disk.
    synced: u64,
    /// Number of the checkpoint under way.
    checkpoint: Option<u64>,
    /// What is said before and between records.
    messages: VecDeque<LogMessage>,
    /// Answers that wait for a record.
    waiting: AnswersWaiting,
    /// When work that is done in steps goes on, monotonic microseconds.
    again_us: Option<u64>,
    /// When the checkpoint goes on, monotonic microseconds.
    checkpoint_at_us: Option<u64>,
    /// The reading of the clock at which steps of a late checkpoint were done last, monotonic microseconds, and how many.
    caught_up: (u64, usize),
}

impl LogSide {
    pub fn new(flush_ms: Option<u32>) -> Self {
        Self {
            flush_us: flush_ms.map(|ms| u64::from(ms) * 1_000),
            stage: if flush_ms.is_some() { Stage::Replaying } else { Stage::Serving },
            flush_at_us: None,
            synced: 0,
            checkpoint: None,
            messages: VecDeque::new(),
            waiting: AnswersWaiting::default(),
            again_us: None,
            checkpoint_at_us: None,
            caught_up: (0, 0),
        }
    }

    /// Whether this core still waits for the log.
    pub fn is_starting(&self) -> bool {
        self.stage != Stage::Serving
    }

    fn go_on_later(&mut self, now: Now) {
        self.again_us = Some(now.monotonic_us + 1);
    }

    /// The next message. Records that nobody waits for stay for some milliseconds, so that they go together, unless the
    /// process goes away.
    fn next(&mut self, home: &mut Home, now: Now, goes_away: bool) -> Option<LogMessage> {
        self.catch_up(home, now);
        if let Some(message) = self.messages.pop_front() {
            return Some(message);
        }
        let (bytes, commit) = home.log().staged()?;
        let old = self.flush_at_us.is_some_and(|at_us| at_us <= now.monotonic_us);
        if !(commit || old || bytes >= HAND_OVER_BYTES || goes_away) {
            return None;
        }
        self.flush_at_us = None;
        let place = home.checkpoint_reached();
        let reached = self.checkpoint.map(|number| Reached { number, place });
        home.log_mut().take().map(|part| LogMessage::Records(part, reached))
    }

    /// Goes on with a checkpoint that is late, however often it is asked for in one turn no further than a turn may take.
    fn catch_up(&mut self, home: &mut Home, now: Now) {
        let (at_us, steps) = self.caught_up;
        let mut steps = if at_us == now.monotonic_us { steps } else { 0 };
        while steps < LATE_STEPS_MAX && home.is_checkpoint_late() && self.step_checkpoint(home, now) {
            steps += 1;
        }
        self.caught_up = (now.monotonic_us, steps);
    }

    /// Sets when what was staged in this call is handed over at the latest.
    pub fn await_flush(&mut self, home: &Home, now: Now) {
        if let Some(flush_us) = self.flush_us
            && self.flush_at_us.is_none()
            && home.log().staged().is_some()
        {
            self.flush_at_us = Some(now.monotonic_us + flush_us);
        }
    }

    /// Whether an answer that needs a record on disk may be given, and none before it waits.
    fn may_answer(&self, home: &Home, record: u64) -> bool {
        record <= self.synced && home.log().next_withheld().is_none_or(|withheld| withheld > record)
    }

    fn decide_epochs(&mut self, home: &mut Home, now: Now) {
        let Stage::DecidingEpochs { clean } = self.stage else { return };
        if home.decide_epochs(now, clean) {
            self.stage = Stage::Ready;
            let live_bytes = home.state().history_bytes;
            self.messages.push_back(LogMessage::Replayed { live_bytes });
        } else {
            self.go_on_later(now);
        }
    }

    fn hand_over_checkpoint(&mut self, home: &mut Home, now: Now) {
        if self.checkpoint_at_us.is_some_and(|at_us| at_us > now.monotonic_us) {
            return;
        }
        self.checkpoint_at_us = None;
        if self.step_checkpoint(home, now) {
            let hurries = self.is_starting() || home.is_checkpoint_late();
            let pause_us = if hurries { 1 } else { CHECKPOINT_PAUSE_US };
            self.checkpoint_at_us = Some(now.monotonic_us + pause_us);
        }
    }

    /// One step of the checkpoint under way, if the log has room for it. Whether there was one, and more are left.
    fn step_checkpoint(&mut self, home: &mut Home, now: Now) -> bool {
        let Some(number) = self.checkpoint.filter(|_| home.can_checkpoint()) else { return false };
        if !home.checkpoint(now) {
            return true;
        }
        self.checkpoint = None;
        self.flush_at_us = None;
        let last = home.log_mut().take();
        self.messages.extend(last.map(|part| LogMessage::Records(part, Some(Reached::all(number)))));
        self.messages.push_back(LogMessage::CheckpointThrough(number));
        false
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self, home: &Home) {
        self.waiting.invariants();
        assert!(self.waiting.is_empty() || !home.log().has_failed(), "nobody waits for a failed log");
    }

    /// When time matters next, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        earliest([self.flush_at_us, self.again_us, self.checkpoint_at_us])
    }
}

impl HomeSide {
    /// What the log says of where this core is with it. What is on disk is told by [`HomeSide::release_next`].
    fn hear_log(&mut self, news: LogNews) {
        let now = self.now;
        match news {
            LogNews::Replayed(batch) => batch.records().for_each(|record| self.home.restore(now, record)),
            LogNews::ReplayedAll { clean, epoch } => {
                self.home.note_epoch(epoch);
                self.log.stage = Stage::DecidingEpochs { clean };
                self.log.decide_epochs(&mut self.home, now);
            }
            LogNews::Open => self.log.stage = Stage::Serving,
            LogNews::Moved { written, synced } => {
                self.home.log_mut().written(written);
                self.log.synced = synced;
            }
            LogNews::Checkpoint(number) => {
                self.home.begin_checkpoint();
                self.log.checkpoint = Some(number);
            }
            LogNews::CheckpointDue(number, thousandths) => {
                if self.log.checkpoint == Some(number) {
                    self.home.note_checkpoint_due(thousandths);
                }
            }
            LogNews::Failed => self.fail_log(),
            LogNews::Resume(number) => {
                self.home.log_mut().resume();
                self.log.messages.push_back(LogMessage::Resumed(number));
            }
        }
    }

    /// Keeps an answer back until a record is on disk.
    pub(super) fn answer_when_synced(&mut self, record: u64, asker: Asker, reply: Reply) {
        if self.home.log().has_failed() {
            self.give_synced(asker, Reply::Fault(log_fault()));
        } else if self.log.may_answer(&self.home, record) {
            self.give_synced(asker, reply);
        } else {
            self.log.waiting.push(record, asker, reply);
        }
    }

    /// Gives an answer whose turn among those of the disk has come, before anything else is said.
    fn give_synced(&mut self, asker: Asker, reply: Reply) {
        let Asker { from, ticket } = asker;
        if from == self.setup.core {
            self.here.push_back(Here::Answer { ticket, reply });
        } else {
            self.post(from, CoreMessage::Answer { ticket, reply });
        }
    }

    /// Tells the next that is on disk: the answers first, then what is withheld until then. Whether something was.
    fn release_next(&mut self) -> bool {
        let withheld = self.home.log().next_withheld().filter(|record| *record <= self.log.synced);
        while let Some((asker, reply)) = self.log.waiting.next(withheld.unwrap_or(self.log.synced)) {
            self.give_synced(asker, reply);
        }
        if withheld.is_some() {
            self.home.release(self.now);
        }
        withheld.is_some()
    }

    fn fail_log(&mut self) {
        self.home.log_failed();
        self.log.flush_at_us = None;
        self.log.checkpoint = None;
        self.log.messages.clear();
        while let Some((asker, _)) = self.log.waiting.next(u64::MAX) {
            self.give_synced(asker, Reply::Fault(log_fault()));
        }
    }
}

impl Shard {
    /// The next message for the history log. Records that nobody waits for stay for some milliseconds, so that they go
    /// together.
    pub fn next_for_log(&mut self, now: Now) -> Option<LogMessage> {
        self.begin_call(now);
        let HomeSide { log, home, drains, .. } = &mut self.homes;
        log.next(home, now, *drains)
    }

    /// The history log speaks. What it says keeps its order.
    pub fn logged(&mut self, now: Now, news: LogNews) {
        self.begin_call(now);
        let moves = matches!(news, LogNews::Moved { .. });
        if matches!(news, LogNews::Failed) {
            // The log goes on behind what is on disk, so its positions must not be given out again.
            while release_next(self) {}
        }
        self.homes.hear_log(news);
        if moves {
            self.release_synced();
        }
        self.work_for_log();
        self.settle();
    }

    /// Goes on with what the log gave cause for, when its time has come.
    pub(super) fn work_for_log(&mut self) {
        let now = self.edge.now;
        if self.homes.log.again_us.is_some_and(|at_us| at_us > now.monotonic_us) {
            return;
        }
        self.homes.log.again_us = None;
        self.homes.log.decide_epochs(&mut self.homes.home, now);
        self.release_synced();
        self.homes.log.hand_over_checkpoint(&mut self.homes.home, now);
    }

    /// Tells what is on disk, a bounded part of it.
    fn release_synced(&mut self) {
        for _ in 0..RELEASED_MAX {
            if !release_next(self) {
                return;
            }
        }
        self.homes.log.go_on_later(self.edge.now);
    }
}

/// Tells the next that is on disk. Whether there may be more.
fn release_next(shard: &mut Shard) -> bool {
    let released = shard.homes.release_next();
    shard.pump_home();
    released
}

#[cfg(test)]
mod tests;
