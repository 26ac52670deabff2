//! Handing the whole state of this core's channels to the history log, some at a time, between the appends.

use crate::base::time::Now;
use crate::broker::home::Home;
use crate::broker::order::idempotency::channel_of;
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
pub enum Cursor {
    /// The next idempotency key, by its place.
    Key(u64),
    /// The next channel, by its number. A channel that is opened behind it is in the log from its first publication.
    Channel(usize),
}

impl Home {
    /// Begins to hand over all channels; one that is under way begins anew.
    pub fn begin_checkpoint(&mut self) {
        self.checkpoint = Some(Cursor::Key(0));
        self.channels.log.take_appended_bytes(usize::MAX);
    }

    /// Whether a checkpoint has something to hand over, and the log has room for it.
    pub fn can_checkpoint(&self) -> bool {
        self.checkpoint.is_some() && self.channels.log.has_room(self.is_checkpoint_late())
    }

    /// Whether more was appended than one step makes up for: the next must not wait.
    pub fn is_checkpoint_late(&self) -> bool {
        self.channels.log.appended_bytes() >= APPENDED_PER_STEP_MAX
    }

    /// How far the checkpoint under way is with what was staged: a number that rises with it. 0 while keys are handed over.
    pub fn checkpoint_reached(&self) -> u64 {
        match self.checkpoint {
            None | Some(Cursor::Key(_)) => 0,
            Some(Cursor::Channel(next)) => 1 + next as u64,
        }
    }

    /// Hands some over. True says that all is staged.
    pub fn checkpoint(&mut self, now: Now) -> bool {
        let next = match self.checkpoint {
            None => return false,
            Some(Cursor::Key(from)) => {
                Some(self.stage_keys(now, from).map_or(Cursor::Channel(0), Cursor::Key))
            }
            Some(Cursor::Channel(from)) => self.stage_channels(from).map(Cursor::Channel),
        };
        self.checkpoint = next;
        if next.is_none() {
            self.channels.log.checkpointed();
        }
        next.is_none()
    }

    /// Stages some channels; says where to go on.
    fn stage_channels(&mut self, from: usize) -> Option<usize> {
        let places = self.channels.pool.places();
        let end = from.saturating_add(CHANNELS_PER_STEP).min(places);
        let bytes_max = BYTES_PER_STEP + 2 * self.channels.log.take_appended_bytes(APPENDED_PER_STEP_MAX);
        let mut bytes = 0;
        for id in from..end {
            if bytes >= bytes_max {
                return Some(id);
            }
            bytes += self.stage_channel(id);
        }
        (end < places).then_some(end)
    }

    /// Stages a channel; says with how many bytes. What is withheld of it is in the log before this record, which
    /// stands for all before it, so it is part of the record.
    pub(in crate::broker) fn stage_channel(&mut self, id: usize) -> usize {
        if !self.channels.pool.contains(id) || self.channels.durability(id) == Durability::Memory {
            return 0;
        }
        self.channels.log.resume_channel(id);
        let channel = &self.channels.pool[id];
        let offset = channel.head + self.channels.log.withheld_of((id, channel.epoch));
        if offset == 0 {
            return 0;
        }
        let kept = channel.history.iter().flat_map(|history| history.kept());
        let mut entries: Vec<_> = kept.cloned().collect();
        entries.extend(self.channels.log.withheld((id, channel.epoch)).cloned());
        let record = HistoryRecord::Ring {
            channel: channel.name.clone(),
            position: Position { epoch: channel.epoch, offset },
            committed: self.channels.durability(id) == Durability::Commit,
            entries,
        };
        let bytes = record.weight();
        self.channels.log.stage(record);
        bytes
    }

    /// Stages some idempotency keys; says where to go on.
    fn stage_keys(&mut self, now: Now, from: u64) -> Option<u64> {
        let (keys, next) = self.idempotency.logged_from(from, KEYS_PER_STEP);
        for (at_ms, key, answer) in keys {
            let Some(channel) = channel_of(key) else { continue };
            let age_ms = now.monotonic_ms().wrapping_sub(at_ms);
            self.channels.log.stage(HistoryRecord::Key {
                channel: ChannelName::new(channel),
                key: key.clone(),
                time_ms: now.unix_ms.saturating_sub(age_ms),
                position: answer.position,
                message: answer.answered.message().cloned(),
            });
        }
        next
    }
}
