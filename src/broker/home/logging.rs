//! The home side of the history log: what goes there, what came of it, and who waits for it.

use super::log::LogPart;
use super::{Home, faults};
use crate::base::time::Now;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::Durability;
use crate::model::fault::Fault;

impl Home {
    /// Whether a channel can take a publication in.
    ///
    /// # Errors
    /// The log must keep it and cannot.
    pub(super) fn admit(&self, id: usize) -> Result<(), Fault> {
        match self.channels.durability(id) {
            Durability::Memory => Ok(()),
            Durability::Relaxed | Durability::Commit => self.channels.log.admit(),
        }
    }

    /// Makes an answer that repeats an earlier one wait as that one does: a publication that is held is not there yet.
    ///
    /// # Errors
    /// The log failed before the publication was on disk.
    pub(super) fn wait_for(&mut self, channel: &ChannelName, position: Position) -> Result<(), Fault> {
        let Some(id) = self.channels.find(channel) else { return Ok(()) };
        let at = self.channels.get(id).position();
        if at.epoch != position.epoch || position.offset <= at.offset {
            return Ok(());
        }
        if self.channels.log.has_failed() {
            return Err(faults::not_written());
        }
        self.channels.log.wait();
        Ok(())
    }

    /// The record that must be on disk before the answer to the last command is told; none if it can be told at once. If the
    /// log fails before that, the answer is [`Home::log_fault`].
    pub fn take_barrier(&mut self) -> Option<u64> {
        self.channels.log.take_barrier()
    }

    /// The answer to a command whose record did not come to the disk.
    pub fn log_fault() -> Fault {
        faults::not_written()
    }

    /// Bytes staged for the log, if there are any, and whether somebody waits for them.
    pub fn staged_for_log(&self) -> Option<(usize, bool)> {
        self.channels.log.staged()
    }

    /// Takes what is staged for the log.
    pub fn take_for_log(&mut self) -> Option<LogPart> {
        self.channels.log.take()
    }

    /// All records up to this one are written, so their bytes are not waiting any more.
    pub fn log_written(&mut self, record: u64) {
        self.channels.log.written(record);
    }

    /// Number of the record that the next held publication waits for.
    pub fn next_held(&self) -> Option<u64> {
        self.channels.log.next_held()
    }

    /// The next held publication is on disk: it becomes its channel's newest. If the channel is over, nothing happens.
    pub fn release(&mut self, now: Now) {
        let Some(held) = self.channels.log.release() else { return };
        let (id, epoch) = held.channel;
        if self.channels.pool.contains(id) && self.channels.get(id).epoch == epoch {
            self.deliver(now, id, &held.bytes, held.effect);
        }
    }

    /// The log lost records: what is held never was, and durable channels take nothing more.
    pub fn log_failed(&mut self) {
        self.channels.log.fail();
        self.checkpoint = None;
    }

    /// Whether the log failed.
    pub fn has_log_failed(&self) -> bool {
        self.channels.log.has_failed()
    }
}
