//! What the channels of a core keep of what was said, and for how long.

use crate::base::ledger::leaves_a_share;
use crate::base::time::Now;
use crate::broker::order::channel::Channel;
use crate::broker::order::channels::Channels;
use crate::broker::order::effect::HistoryEffect;
use crate::broker::order::history::{History, Touched};
use crate::model::channel::Position;
use crate::model::publication::PublicationBytes;
use crate::model::reply::Recovery;

/// Publications in one recovery; one that needs more is told of a gap. Keeps a turn under 10 ms however long
/// the operator lets histories become.
pub const RECOVERY_PUBLICATIONS_MAX: usize = 16_384;

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
        if self.pool[id].history.is_none() {
            self.charge(id, bytes);
        }
        let channel = &mut self.pool[id];
        let head = channel.head;
        channel.history.get_or_insert_with(|| Box::new(History::new(head - 1)));
        let kept = self.payers.note_mut(channel.payer);
        if kept.last() != Some(id as u32) {
            kept.remove(&mut self.pool, id as u32);
            kept.push_back(&mut self.pool, id as u32);
        }
        let mut touched = Touched::Nothing;
        self.edit_history(id, |history| {
            touched = history.append(&bounds, now.monotonic_ms(), (head, at_ms, bytes.clone()), effect);
        });
        self.make_room(now, id);
        touched
    }

    /// Whoever is the first to say something that is kept pays for it, where it may have another channel; or else whoever
    /// opened the channel goes on paying.
    fn charge(&mut self, id: usize, bytes: &PublicationBytes) {
        let publisher = bytes.view().publisher.as_str();
        let Channel { rules, payer, .. } = self.pool[id];
        let account = self.account(rules, publisher);
        let (taken, max) = (self.rules.channels(rules), self.limits.get().channels_per_namespace_max);
        if !publisher.is_empty() && leaves_a_share(self.payers.things_of(&account), taken, max) {
            self.pool[id].payer = self.payers.take(&account);
            self.payers.give_back(payer);
        }
    }

    /// Makes room for the newest publication of a channel: whoever has the most lets go of its oldest, in the channel that
    /// was not published to for the longest time. So nobody's newest goes for what somebody else says, and as much is let go
    /// of as came.
    fn make_room(&mut self, now: Now, id: usize) {
        while self.payers.bytes() as u64 > self.limits.get().history_bytes_max
            && let Some(payer) = self.payers.most()
            && let Some(oldest) = self.payers.note(payer).first().map(|oldest| oldest as usize)
        {
            self.edit_history(oldest, History::drop_oldest);
            if oldest != id && !self.log.is_replaying() {
                self.close_if_empty(now, oldest);
            }
        }
    }

    /// Changes a history, keeps the core's sums, and drops a history that became empty.
    pub fn edit_history(&mut self, id: usize, edit: impl FnOnce(&mut History)) {
        let Some(channel) = self.pool.get_mut(id) else { return };
        let Some(history) = &mut channel.history else { return };
        let before = history.counted_bytes;
        self.history_bytes -= history.bytes();
        self.history_publications -= history.len();
        edit(history);
        history.shrink();
        self.history_bytes += history.bytes();
        self.history_publications += history.len();
        let is_empty = history.is_empty();
        let (payer, after) = (channel.payer, channel.kept_bytes());
        if let Some(history) = &mut channel.history {
            history.counted_bytes = after;
        }
        self.payers.weigh(payer, before, after);
        if is_empty {
            self.payers.note_mut(payer).remove(&mut self.pool, id as u32);
            self.pool[id].history = None;
        }
    }

    /// The history of a channel without what is past its bounds, which may have changed; `None` if nothing is kept.
    pub fn history(&mut self, now: Now, id: usize) -> Option<&History> {
        let (bounds, now_ms) = (self.definition(id).history, now.monotonic_ms());
        if self.pool[id].history.as_ref()?.exceeds(&bounds, now_ms) {
            self.edit_history(id, |history| history.fit(&bounds, now_ms));
        }
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
