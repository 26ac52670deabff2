//! Bringing back what the history log has: records one after the other, then the epochs.

use crate::base::time::Now;
use crate::broker::order::channels::Channels;
use crate::broker::order::effect::HistoryEffect;
use crate::broker::order::idempotency::{Answered, FirstAnswer, Idempotency};
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::Durability;
use crate::model::publication::{Publication, PublicationBytes};
use crate::model::record::RecordView;
use crate::model::session::Payer;
use std::borrow::Cow;

/// Publications looked at in one step of [`Restoring::decide_epochs`].
const PUBLICATIONS_PER_STEP: usize = 16_384;

/// What is known of the channels being brought back, by number.
#[derive(Default)]
pub struct Restoring {
    channels: Vec<Newest>,
    /// The next channel whose epoch is to be settled.
    next: usize,
}

/// What is known of a channel's newest publication.
#[derive(Clone, Copy, Default)]
struct Newest {
    /// It was on disk before anybody was told.
    committed: bool,
    /// Some of its publications carry an older epoch.
    mixed: bool,
}

/// What records are brought back into.
pub struct Kept<'a> {
    /// The channels, with their histories.
    pub channels: &'a mut Channels,
    /// The answers to idempotency keys.
    pub idempotency: &'a mut Idempotency,
}

impl Kept<'_> {
    fn restore_publication(&mut self, now: Now, id: usize, at: Position, bytes: &PublicationBytes) {
        let publication = bytes.view();
        let at_ms = at_ms(now, publication.time_ms.to_native());
        let effect = HistoryEffect::of_archived(&publication.body);
        let channel = self.channels.get_mut(id);
        (channel.epoch, channel.head) = (at.epoch, at.offset);
        let touched = self.channels.keep(now, id, at_ms, bytes, effect);
        self.idempotency.touch(&self.channels.get(id).name, touched);
    }

    fn restore_key(
        &mut self,
        now: Now,
        channel: &ChannelName,
        key: &str,
        position: Position,
        bytes: PublicationBytes,
    ) {
        let publication = bytes.view();
        let is_message = HistoryEffect::of_archived(&publication.body) == HistoryEffect::Message;
        let time_ms = publication.time_ms.to_native();
        let answered = if is_message { Answered::Message(bytes) } else { Answered::Data };
        let answer = FirstAnswer { position, answered, logged: true };
        self.idempotency.restore(now, at_ms(now, time_ms), channel, key.into(), answer);
    }
}

impl Restoring {
    /// Takes over one record of the log. Channels that keep no history on disk any more, or do not exist any
    /// more, are left out.
    pub fn restore(&mut self, kept: &mut Kept<'_>, now: Now, record: RecordView<'_>) {
        match record {
            RecordView::Append { channel, position, committed, key, bytes } => {
                let Some(bytes) = PublicationBytes::check(&bytes) else { return };
                let name = ChannelName::new(channel);
                self.restore_append(kept, now, &name, position, committed, &bytes);
                if let Some(key) = key {
                    kept.restore_key(now, &name, key, position, bytes);
                }
            }
            RecordView::Ring { channel, position, committed, entries } => {
                self.restore_ring(kept, now, &ChannelName::new(channel), position, committed, &entries);
            }
            RecordView::Ended { channel, epoch } => {
                kept.channels.note_epoch(epoch);
                let found = kept.channels.find(&ChannelName::new(channel));
                if let Some(id) = found.filter(|id| kept.channels.get(*id).epoch <= epoch) {
                    kept.channels.forget(id);
                }
            }
            RecordView::Key { channel, key, time_ms, position, message } => {
                let message = message.and_then(|bytes| PublicationBytes::check(&bytes));
                let answered = Answered::of_key(key, message);
                let answer = FirstAnswer { position, answered, logged: true };
                let name = ChannelName::new(channel);
                kept.idempotency.restore(now, at_ms(now, time_ms), &name, key.into(), answer);
            }
        }
    }

    fn restore_append(
        &mut self,
        kept: &mut Kept<'_>,
        now: Now,
        name: &ChannelName,
        position: Position,
        committed: bool,
        bytes: &PublicationBytes,
    ) {
        let by = bytes.view().publisher.as_str();
        let Some(id) = self.find_restored(kept, now, name, position.epoch, by) else { return };
        let channel = &kept.channels.pool[id];
        let (epoch, keeps) = (channel.epoch, channel.history.is_some());
        // After a start under a new epoch the order goes on from the same offset.
        let continues = position.offset == channel.head + 1 && position.epoch >= channel.epoch;
        if !continues {
            kept.channels.reset(id, position.offset.saturating_sub(1));
        }
        let mixed = continues && position.epoch != epoch && keeps;
        let before = self.channels[id].mixed && continues;
        self.channels[id] = Newest { committed, mixed: mixed || before };
        kept.restore_publication(now, id, position, bytes);
    }

    fn restore_ring(
        &mut self,
        kept: &mut Kept<'_>,
        now: Now,
        name: &ChannelName,
        position: Position,
        committed: bool,
        entries: &[Cow<'_, [u8]>],
    ) {
        kept.channels.note_epoch(position.epoch);
        let entries: Option<Vec<_>> = entries.iter().map(|bytes| PublicationBytes::check(bytes)).collect();
        let Some(entries) = entries else { return };
        let by = entries.first().map_or("", |bytes| bytes.view().publisher.as_str());
        let Some(id) = self.find_restored(kept, now, name, position.epoch, by) else { return };
        kept.channels.reset(id, 0);
        kept.channels.pool[id].epoch = position.epoch;
        let mixed = entries.iter().any(|bytes| bytes.view().epoch.to_native() != position.epoch);
        self.channels[id] = Newest { committed, mixed };
        for bytes in &entries {
            let at = Position { offset: bytes.view().offset.to_native(), ..position };
            if (kept.channels.get(id).head + 1..=position.offset).contains(&at.offset) {
                kept.restore_publication(now, id, at, bytes);
            }
        }
        if kept.channels.get(id).head < position.offset {
            kept.channels.skip_to(id, position.offset);
        }
    }

    /// The channel a record is about, opened if need be; `None` if its history is not to be kept, or there is no place.
    fn find_restored(
        &mut self,
        kept: &mut Kept<'_>,
        now: Now,
        name: &ChannelName,
        epoch: u64,
        by: &str,
    ) -> Option<usize> {
        kept.channels.note_epoch(epoch);
        let id = match kept.channels.find(name) {
            Some(id) => id,
            None => {
                let rules = &mut kept.channels.rules;
                let set = if rules.in_realm(name) {
                    rules.set_in_realm(name)
                } else {
                    rules.set_of_namespace(name)
                }?;
                let definition = rules.definition(set);
                if definition.history.count_max == 0 || definition.durability == Durability::Memory {
                    return None;
                }
                // Whoever had it had room for it; what others had then is not known in the middle of the log.
                kept.channels.open(now, name, set, &Payer::unbounded(by)).ok()?
            }
        };
        if self.channels.len() <= id {
            self.channels.resize(id + 1, Newest::default());
        }
        Some(id)
    }

    /// All records were taken over. `clean` says that the log is whole; if it is not, publications that were told may be missing,
    /// so channels that are not committed go on in a new epoch. Does some of the channels; true says that all are done.
    pub fn decide_epochs(&mut self, channels: &mut Channels, now: Now, clean: bool) -> bool {
        let mut publications = 0;
        while self.next < self.channels.len() {
            if publications >= PUBLICATIONS_PER_STEP {
                return false;
            }
            let id = self.next;
            self.next += 1;
            if channels.pool.contains(id) {
                publications += 1 + self.decide_epoch(channels, now, id, clean);
            }
        }
        *self = Self::default();
        channels.log.open();
        true
    }

    fn decide_epoch(&self, channels: &mut Channels, now: Now, id: usize, clean: bool) -> usize {
        let Newest { committed, mixed } = self.channels[id];
        if !clean && !committed {
            channels.renew_epoch(now, id);
        } else if !mixed {
            return 0;
        }
        let epoch = channels.get(id).epoch;
        channels.edit_history(id, |history| {
            history.rewrite(|bytes| Publication::set_epoch(bytes, epoch));
        });
        channels.get(id).history.as_ref().map_or(0, |history| history.len())
    }
}

/// Monotonic milliseconds of a moment of the wall clock, which is at most now; below 0 it wraps.
fn at_ms(now: Now, unix_ms: u64) -> u64 {
    now.monotonic_ms().wrapping_sub(now.unix_ms.saturating_sub(unix_ms))
}
