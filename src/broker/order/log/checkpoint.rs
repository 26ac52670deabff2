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

/// Bytes handed over in one step, after which it ends, beside twice as many as were appended since the last step: so a checkpoint
/// comes to its end before the log has grown by half of what it stands for. A channel is handed over whole.
const BYTES_PER_STEP: usize = 16 << 10;

/// Of the bytes appended, those that one step makes up for: what it may take of a turn is bounded.
const APPENDED_PER_STEP_MAX: usize = 256 << 10;

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
pub struct Checkpoint(Option<Cursor>);

impl Checkpoint {
    /// Begins to hand over all channels; one that is under way begins anew.
    pub fn begin(&mut self, log: &mut Log) {
        self.0 = Some(Cursor::Key(0));
        log.take_appended_bytes(usize::MAX);
    }

    /// Nothing more is handed over.
    pub fn give_up(&mut self) {
        self.0 = None;
    }

    /// Whether there is something to hand over, and the log has room for it.
    pub fn can_go_on(&self, log: &Log) -> bool {
        self.0.is_some() && log.has_room(is_late(log))
    }

    /// How far it is with what was staged: a number that rises with it. 0 while keys are handed over.
    pub fn reached(&self) -> u64 {
        match self.0 {
            None | Some(Cursor::Key(_)) => 0,
            Some(Cursor::Channel(next)) => 1 + next as u64,
        }
    }

    /// Hands some over. True says that all is staged.
    pub fn step(&mut self, now: Now, channels: &mut Channels, keys: &Idempotency) -> bool {
        let next = match self.0 {
            None => return false,
            Some(Cursor::Key(from)) => {
                Some(stage_keys(now, keys, from, &mut channels.log).map_or(Cursor::Channel(0), Cursor::Key))
            }
            Some(Cursor::Channel(from)) => channels.stage_some(from).map(Cursor::Channel),
        };
        self.0 = next;
        if next.is_none() {
            channels.log.checkpointed();
        }
        next.is_none()
    }
}

/// Whether more was appended than one step makes up for: the next must not wait.
pub fn is_late(log: &Log) -> bool {
    log.appended_bytes() >= APPENDED_PER_STEP_MAX
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
    /// Stages some channels, from this number on; says where to go on.
    fn stage_some(&mut self, from: usize) -> Option<usize> {
        let places = self.pool.places();
        let end = from.saturating_add(CHANNELS_PER_STEP).min(places);
        let bytes_max = BYTES_PER_STEP + 2 * self.log.take_appended_bytes(APPENDED_PER_STEP_MAX);
        let mut bytes = 0;
        for id in from..end {
            if bytes >= bytes_max {
                return Some(id);
            }
            bytes += self.stage(id);
        }
        (end < places).then_some(end)
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
