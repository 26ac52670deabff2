//! Handing the whole state of this core's channels to the history log, some at a time, between the appends.

use crate::base::time::Now;
use crate::broker::order::channels::Channels;
use crate::broker::order::idempotency::{Idempotency, channel_of};
use crate::broker::order::log::staged::Log;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::Durability;
use crate::model::record::HistoryRecord;

/// Channels looked at in one step.
const CHANNELS_PER_STEP: usize = 64;

/// Bytes handed over in one step, after which it ends, beside what is owed. A channel is handed over whole.
const BYTES_PER_STEP: usize = 16 << 10;

/// Bytes owed for each byte appended: so a checkpoint comes to its end before the log has grown by a third of what it stands for.
const OWED_PER_APPENDED: usize = 3;

/// Of the bytes owed, those that one step makes up for: what it may take of a turn is bounded.
const OWED_PER_STEP_MAX: usize = 512 << 10;

/// Keys looked at in one step.
const KEYS_PER_STEP: usize = 64;

/// How far a checkpoint is. Keys come first: there are few, and none of what the log had before is needed while one is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cursor {
    /// The next idempotency key, by its place.
    Key(u64),
    /// The next channel, by its number. A channel that is opened behind it is in the log from its first publication.
    Channel(usize),
}

/// The checkpoint under way, if there is one.
#[derive(Default)]
pub struct Checkpoint {
    cursor: Option<Cursor>,
    /// Bytes to hand over for what was appended.
    owed_bytes: usize,
    /// Thousandths of all channels that the log wants by now.
    due: u32,
}

impl Checkpoint {
    /// Begins to hand over all channels; one that is under way begins anew.
    pub fn begin(&mut self, log: &mut Log) {
        *self = Self { cursor: Some(Cursor::Key(0)), owed_bytes: 0, due: 0 };
        log.take_appended_bytes();
    }

    /// Nothing more is handed over.
    pub fn give_up(&mut self) {
        self.cursor = None;
    }

    /// The log wants so many thousandths of all channels by now.
    pub fn note_due(&mut self, thousandths: u32) {
        self.due = thousandths;
    }

    /// Whether there is something to hand over, and the log has room for it.
    pub fn can_go_on(&self, channels: &Channels) -> bool {
        self.cursor.is_some() && channels.log.has_room(self.is_late(channels))
    }

    /// Whether it is further behind than a step makes up for: the next must not wait.
    pub fn is_late(&self, channels: &Channels) -> bool {
        let owed = self.owed_bytes + OWED_PER_APPENDED * channels.log.appended_bytes();
        let due = channels.pool.places() as u64 * u64::from(self.due) / 1_000;
        match self.cursor {
            None => false,
            Some(Cursor::Key(_)) => owed >= BYTES_PER_STEP || self.due > 0,
            Some(Cursor::Channel(next)) => owed >= BYTES_PER_STEP || (next as u64) < due,
        }
    }

    /// How far it is with what was staged: a number that rises with it. 0 while keys are handed over.
    pub fn reached(&self) -> u64 {
        match self.cursor {
            None | Some(Cursor::Key(_)) => 0,
            Some(Cursor::Channel(next)) => 1 + next as u64,
        }
    }

    /// Hands some over. True says that all is staged.
    pub fn step(&mut self, now: Now, channels: &mut Channels, keys: &Idempotency) -> bool {
        self.owed_bytes += OWED_PER_APPENDED * channels.log.take_appended_bytes();
        let next = match self.cursor {
            None => return false,
            Some(Cursor::Key(from)) => {
                Some(stage_keys(now, keys, from, &mut channels.log).map_or(Cursor::Channel(0), Cursor::Key))
            }
            Some(Cursor::Channel(from)) => {
                let bytes_max = BYTES_PER_STEP + self.owed_bytes.min(OWED_PER_STEP_MAX);
                let (bytes, next) = channels.stage_some(from, bytes_max);
                self.owed_bytes = self.owed_bytes.saturating_sub(bytes);
                next.map(Cursor::Channel)
            }
        };
        self.cursor = next;
        if next.is_none() {
            channels.log.checkpointed();
        }
        next.is_none()
    }
}

/// Stages some idempotency keys; says where to go on.
fn stage_keys(now: Now, keys: &Idempotency, from: u64, log: &mut Log) -> Option<u64> {
    let (keys, next) = keys.logged_from(from, KEYS_PER_STEP);
    for (at_ms, key, answer) in keys {
        let Some(channel) = channel_of(key) else { continue };
        let age_ms = now.monotonic_ms().wrapping_sub(at_ms);
        log.stage(HistoryRecord::Key {
            channel: ChannelName::new(channel),
            key: key.clone(),
            time_ms: now.unix_ms.saturating_sub(age_ms),
            position: answer.position,
            message: answer.answered.message().cloned(),
        });
    }
    next
}

impl Channels {
    /// Stages some channels, from this number on, and no more after so many bytes; says with how many, and where to go on.
    fn stage_some(&mut self, from: usize, bytes_max: usize) -> (usize, Option<usize>) {
        let places = self.pool.places();
        let end = from.saturating_add(CHANNELS_PER_STEP).min(places);
        let mut bytes = 0;
        for id in from..end {
            if bytes >= bytes_max {
                return (bytes, Some(id));
            }
            bytes += self.stage(id);
        }
        (bytes, (end < places).then_some(end))
    }

    /// Stages a channel; says with how many bytes. What is withheld of it is in the log before this record, which
    /// stands for all before it, so it is part of the record.
    pub(in crate::broker) fn stage(&mut self, id: usize) -> usize {
        if !self.pool.contains(id) || self.durability(id) == Durability::Memory {
            return 0;
        }
        self.log.resume_channel(id);
        let channel = &self.pool[id];
        let offset = channel.head + self.log.withheld_of((id, channel.epoch));
        if offset == 0 {
            return 0;
        }
        let kept = channel.history.iter().flat_map(|history| history.kept());
        let mut entries: Vec<_> = kept.cloned().collect();
        entries.extend(self.log.withheld((id, channel.epoch)).cloned());
        let record = HistoryRecord::Ring {
            channel: channel.name.clone(),
            position: Position { epoch: channel.epoch, offset },
            committed: self.durability(id) == Durability::Commit,
            entries,
        };
        let bytes = record.weight();
        self.log.stage(record);
        bytes
    }
}
