//! The home side of the history log: what goes there, what came of it, and who waits for it.

use crate::base::time::Now;
use crate::broker::home::{Home, faults};
use crate::broker::order::effect::HistoryEffect;
use crate::broker::order::history::{History, Touched};
use crate::broker::order::log::staged::LogPart;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::Durability;
use crate::model::fault::Fault;

impl Home {
    /// Whether a channel can take a publication in.
    ///
    /// # Errors
    /// The log must keep it and cannot.
    pub(in crate::broker) fn admit(&self, id: usize) -> Result<(), Fault> {
        match self.channels.durability(id) {
            Durability::Memory => Ok(()),
            Durability::Relaxed | Durability::Commit => self.channels.log.admit(),
        }
    }

    /// What an answer that repeats an earlier one waits for, as that one does: a publication that is withheld is not there yet.
    pub(in crate::broker) fn wait_for(&self, channel: &ChannelName, position: Position) -> Option<u64> {
        let id = self.channels.find(channel)?;
        let at = self.channels.get(id).position();
        let is_withheld = at.epoch == position.epoch && position.offset > at.offset;
        self.channels.log.last_withheld().filter(|_| is_withheld)
    }

    /// The answer to a command whose record did not come to the disk.
    pub fn log_fault() -> Fault {
        faults::not_written()
    }

    /// Bytes staged for the log, if there are any, and whether somebody waits for them.
    pub fn staged_for_log(&self) -> Option<(usize, bool)> {
        self.channels.log.staged()
    }

    /// Bytes of all publications that are kept.
    pub fn history_bytes(&self) -> u64 {
        self.channels.history_totals().0 as u64
    }

    /// Takes what is staged for the log.
    pub fn take_for_log(&mut self) -> Option<LogPart> {
        self.channels.log.take()
    }

    /// All records up to this one are written, so their bytes are not waiting any more.
    pub fn log_written(&mut self, record: u64) {
        self.channels.log.written(record);
    }

    /// Number of the record that the next withheld publication waits for.
    pub fn next_withheld(&self) -> Option<u64> {
        self.channels.log.next_withheld()
    }

    /// The next withheld publication is on disk: it becomes its channel's newest. If the channel is over, nothing happens.
    pub fn release(&mut self, now: Now) {
        let Some(withheld) = self.channels.log.release() else { return };
        let (id, epoch) = withheld.channel;
        if self.channels.pool.contains(id) && self.channels.get(id).epoch == epoch {
            self.deliver(now, id, &withheld.bytes, withheld.effect);
        }
    }

    /// The log lost records: what is withheld never was, not even under its idempotency key, and durable channels take nothing
    /// until [`Home::log_resumed`]. What is on disk must have been released.
    pub fn log_failed(&mut self) {
        for withheld in self.channels.log.fail() {
            if let Some(key) = &withheld.key {
                self.idempotency.forget(key);
            }
            let (id, epoch) = withheld.channel;
            if self.channels.pool.contains(id) && self.channels.get(id).epoch == epoch {
                self.never_was(id, withheld.effect);
            }
        }
        self.checkpoint = None;
    }

    /// A publication was not taken, so its channel never hears of it. If it was the end of a room, that is stored elsewhere,
    /// and what was said there goes with the room all the same.
    pub(in crate::broker) fn never_was(&mut self, id: usize, effect: HistoryEffect) {
        if effect == HistoryEffect::Clear {
            self.channels.edit_history(id, History::clear);
            self.take_back(id, Touched::All);
        }
    }

    /// The log takes records again. [`Home::begin_checkpoint`] follows.
    pub fn log_resumed(&mut self) {
        self.channels.log.resume();
    }

    /// Whether the log failed and takes no records.
    pub fn has_log_failed(&self) -> bool {
        self.channels.log.has_failed()
    }
}
