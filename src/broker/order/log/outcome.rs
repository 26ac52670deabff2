//! What came of the records of the history log: publications that are on disk, and those that never were.

use crate::base::time::Now;
use crate::broker::order::Order;
use crate::broker::order::effect::HistoryEffect;
use crate::broker::order::history::{History, Touched};

impl Order {
    /// The next withheld publication is on disk: it becomes its channel's newest. If the channel is over, nothing happens.
    pub fn release(&mut self, now: Now) {
        let Some(withheld) = self.channels.log.release() else { return };
        let (id, epoch) = withheld.channel;
        if self.channels.pool.contains(id) && self.channels.get(id).epoch == epoch {
            self.deliver(now, id, &withheld.bytes, withheld.effect);
        }
    }

    /// The log lost records: what is withheld never was, not even under its idempotency key, and durable channels take nothing
    /// until it takes records again. What is on disk must have been released.
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
        self.checkpoint.give_up();
    }

    /// A publication was not taken, so its channel never hears of it. If it was the end of a room, that is stored elsewhere,
    /// and what was said there goes with the room all the same.
    pub(in crate::broker) fn never_was(&mut self, id: usize, effect: HistoryEffect) {
        if effect == HistoryEffect::Clear {
            self.channels.edit_history(id, History::clear);
            self.idempotency.touch(&self.channels.get(id).name, Touched::All);
        }
    }
}
