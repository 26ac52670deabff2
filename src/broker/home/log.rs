//! The home side of the history log: what it is handed, and what it gives back.

use super::Home;
use crate::base::time::Now;
use crate::broker::order::log::restore::Kept;
use crate::broker::order::{Log, Order};
use crate::model::record::RecordView;

impl Home {
    /// What is staged for the log, and what waits for it.
    pub fn log(&self) -> &Log {
        &self.order.channels.log
    }

    /// The same, to attach it, to take from it, and to tell it how far the disk is.
    pub fn log_mut(&mut self) -> &mut Log {
        &mut self.order.channels.log
    }

    /// Takes note that an earlier process gave out epochs up to this one.
    pub fn note_epoch(&mut self, epoch: u64) {
        self.order.channels.note_epoch(epoch);
    }

    /// Takes over one record of the log. Channels that keep no history on disk any more, or do not exist any more, are
    /// left out. [`Home::decide_epochs`] follows the last.
    pub fn restore(&mut self, now: Now, record: RecordView<'_>) {
        let Order { restoring, channels, idempotency, .. } = &mut self.order;
        restoring.restore(&mut Kept { channels, idempotency }, now, record);
    }

    /// All records were taken over. `clean` says that the log is whole; if it is not, publications that were told may be
    /// missing, so channels that are not committed go on in a new epoch. Does some of the channels; true says that all are
    /// done.
    pub fn decide_epochs(&mut self, now: Now, clean: bool) -> bool {
        let Order { restoring, channels, .. } = &mut self.order;
        restoring.decide_epochs(channels, now, clean)
    }

    /// The next withheld publication is on disk: it is told.
    pub fn release(&mut self, now: Now) {
        self.order.release(now);
    }

    /// The log lost records: what is withheld never was, and durable channels take nothing until it takes records again.
    /// What is on disk must have been released.
    pub fn log_failed(&mut self) {
        self.order.log_failed();
    }

    /// Begins to hand over all channels; a checkpoint that is under way begins anew.
    pub fn begin_checkpoint(&mut self) {
        self.order.checkpoint.begin(&mut self.order.channels.log);
    }

    /// Whether a checkpoint has something to hand over, and the log has room for it.
    pub fn can_checkpoint(&self) -> bool {
        self.order.checkpoint.can_go_on(&self.order.channels)
    }

    /// The log has grown, so that many thousandths of all channels should be handed over by now.
    pub fn note_checkpoint_due(&mut self, thousandths: u32) {
        self.order.checkpoint.note_due(thousandths);
    }

    /// Whether the checkpoint is further behind than a step makes up for: the next must not wait.
    pub fn is_checkpoint_late(&self) -> bool {
        self.order.checkpoint.is_late(&self.order.channels)
    }

    /// How far the checkpoint under way is with what was staged: a number that rises with it.
    pub fn checkpoint_reached(&self) -> u64 {
        self.order.checkpoint.reached()
    }

    /// Hands some channels over. True says that all is staged.
    pub fn checkpoint(&mut self, now: Now) -> bool {
        let Order { checkpoint, channels, idempotency, .. } = &mut self.order;
        checkpoint.step(now, channels, idempotency)
    }
}
