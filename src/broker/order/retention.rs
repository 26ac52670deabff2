//! What the channels of a core keep of what was said, and for how long.

use crate::base::time::Now;
use crate::broker::order::channels::Channels;
use crate::broker::order::effect::HistoryEffect;
use crate::broker::order::history::{History, Touched};
use crate::model::channel::Position;
use crate::model::publication::PublicationBytes;
use crate::model::reply::Recovery;

/// Publications in one recovery; one that needs more is told of a gap. Keeps a turn under 10 ms however long
/// the operator lets histories become.
pub const RECOVERY_PUBLICATIONS_MAX: usize = 16_384;

/// Histories cut short for one publication that found the core's history full.
const CUTS_PER_PUBLICATION_MAX: usize = 16;

impl Channels {
    /// Keeps the publication of the channel's head, with what it does; says what that did to what was said before. `at_ms`
    /// is when it was published, as in [`History`].
    pub fn keep(
        &mut self,
        now: Now,
        id: usize,
        at_ms: u64,
        bytes: &PublicationBytes,
        effect: HistoryEffect,
    ) -> Touched {
        let bounds = self.definition(id).history;
        if bounds.count_max == 0 {
            // What was kept under other rules would not end at the head any more.
            self.edit_history(id, History::clear);
            return if effect == HistoryEffect::Clear { Touched::All } else { Touched::Nothing };
        }
        let channel = &mut self.pool[id];
        let head = channel.head;
        channel.history.get_or_insert_with(|| Box::new(History::new(head - 1)));
        let mut touched = Touched::Nothing;
        self.edit_history(id, |history| {
            touched = history.append(&bounds, now.monotonic_ms(), (head, at_ms, bytes.clone()), effect);
        });
        if self.history_bytes as u64 > self.limits.history_bytes_max {
            self.cut_histories(id);
        }
        touched
    }

    /// Makes place for the newest publication of a channel: halves other histories in turn, and if that was
    /// not enough lets go of the channel's own. So the bound of the core holds after every publication.
    fn cut_histories(&mut self, id: usize) {
        for _ in 0..CUTS_PER_PUBLICATION_MAX {
            if self.history_bytes as u64 <= self.limits.history_bytes_max {
                return;
            }
            self.cut_cursor = if self.cut_cursor + 1 < self.pool.places() { self.cut_cursor + 1 } else { 0 };
            if self.cut_cursor != id {
                self.edit_history(self.cut_cursor, History::halve);
            }
        }
        if self.history_bytes as u64 > self.limits.history_bytes_max {
            self.edit_history(id, History::clear);
        }
    }

    /// Changes a history, keeps the core's sums, and drops a history that became empty.
    pub fn edit_history(&mut self, id: usize, edit: impl FnOnce(&mut History)) {
        let Some(channel) = self.pool.get_mut(id) else { return };
        let Some(history) = &mut channel.history else { return };
        self.history_bytes -= history.bytes();
        self.history_publications -= history.len();
        edit(history);
        self.history_bytes += history.bytes();
        self.history_publications += history.len();
        if history.is_empty() {
            channel.history = None;
        }
    }

    /// The history of a channel without what is past its bounds, which may have changed; `None` if nothing is kept.
    pub fn history(&mut self, now: Now, id: usize) -> Option<&History> {
        let bounds = self.definition(id).history;
        self.edit_history(id, |history| history.fit(&bounds, now.monotonic_ms()));
        self.pool[id].history.as_deref()
    }

    /// What came after a position.
    pub fn since(&mut self, now: Now, id: usize, position: Position) -> Recovery {
        let at = self.pool[id].position();
        match self.history(now, id) {
            _ if position == at => Recovery::Complete(Vec::new()),
            None => Recovery::Gap(Vec::new()),
            Some(history) if position.epoch == at.epoch => {
                history.since(position.offset, RECOVERY_PUBLICATIONS_MAX)
            }
            Some(history) => Recovery::Gap(history.newest(RECOVERY_PUBLICATIONS_MAX)),
        }
    }

    /// Ages the histories of the next `count` places and closes the channels that are empty by then.
    pub fn sweep(&mut self, now: Now, count: usize) {
        for _ in 0..count.min(self.pool.places()) {
            let id = self.sweep_cursor;
            self.sweep_cursor = if id + 1 < self.pool.places() { id + 1 } else { 0 };
            if !self.pool.contains(id) {
                continue;
            }
            self.history(now, id);
            self.close_if_empty(now, id);
        }
    }
}
