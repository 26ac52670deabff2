//! Publications that wait on their way to the subscribers of a core, because their channel is paced.
//!
//! A channel is here while something of it waits, or while it may not send again yet. Where a core's subscribers are behind
//! nothing else changes: history has all publications, and whoever recovers gets those too that gave way.

mod key;
mod paced;

use crate::base::hash::{KeyedMap, KeyedState};
use crate::model::channel::ChannelName;
use crate::model::pace::Pace;
use crate::model::publication::PublicationBytes;
use paced::Paced;
use std::collections::BTreeSet;

/// Publications of one channel that wait at most: one more, and all leave.
const HELD_COUNT_MAX: usize = 256;

/// What waits of one channel leaves together, into a ring that keeps what its subscribers owe besides: so it is such a part of
/// what may wait at most.
const CHANNEL_SHARE: usize = 4;

/// What becomes of a publication.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passage {
    /// It leaves now.
    Leaves,
    /// It waits.
    Waits,
    /// It waits in the place of an older one, which nobody is sent.
    Replaces,
    /// It waits, and all that waits of its channel must be released now: there is no room for more.
    Fills {
        /// Whether it took the place of an older one.
        replaces: bool,
    },
}

/// All paced channels of one core.
pub struct Pacing {
    channels: KeyedMap<ChannelName, Paced>,
    /// When each is looked at next, monotonic microseconds.
    due: BTreeSet<(u64, ChannelName)>,
    /// Bytes of all that waits.
    bytes: usize,
}

impl Pacing {
    /// Nothing waits.
    pub fn new(seed: u64) -> Self {
        Self {
            channels: KeyedMap::with_hasher(KeyedState::new(seed, 0xbace)),
            due: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// Says what becomes of a publication of a channel with this pace, and keeps it if it does not leave. What waits takes at
    /// most `bytes_max` bytes on this core, a quarter of that of one channel, and one publication more.
    pub fn take(
        &mut self,
        now_us: u64,
        channel: &ChannelName,
        pace: &Pace,
        publication: &PublicationBytes,
        bytes_max: usize,
    ) -> Passage {
        if !self.channels.contains_key(channel) {
            if pace.coalesce_us == 0 {
                self.open(channel, now_us + u64::from(pace.conflate_ms) * 1_000);
                return Passage::Leaves;
            }
            self.open(channel, now_us + u64::from(pace.coalesce_us));
        }
        let Some(paced) = self.channels.get_mut(channel) else { return Passage::Leaves };
        let before = (paced.bytes(), paced.is_empty());
        let key =
            if pace.conflate_ms == 0 { None } else { key::of(publication, pace.conflate_key.as_deref()) };
        let replaces = paced.hold(key, publication.clone());
        let (count, bytes) = (paced.count(), paced.bytes());
        // The first to wait is waited for: where the channel was only not to send again yet, its time begins now.
        let wanted_us = now_us + u64::from(pace.coalesce_us);
        if before.1 && paced.due_us < wanted_us {
            self.due.remove(&(paced.due_us, channel.clone()));
            paced.due_us = wanted_us;
            self.due.insert((wanted_us, channel.clone()));
        }
        self.bytes = self.bytes + bytes - before.0;
        if count > HELD_COUNT_MAX || bytes > bytes_max / CHANNEL_SHARE || self.bytes > bytes_max {
            return Passage::Fills { replaces };
        }
        if replaces { Passage::Replaces } else { Passage::Waits }
    }

    /// When [`Pacing::next_due`] has something, monotonic microseconds.
    pub fn next_us(&self) -> Option<u64> {
        self.due.first().map(|(due_us, _)| *due_us)
    }

    /// What leaves now of a channel whose time has come, oldest first. `conflate_ms` is for how long it sends nothing after that,
    /// by its name.
    pub fn next_due(
        &mut self,
        now_us: u64,
        conflate_ms: impl Fn(&ChannelName) -> u32,
    ) -> Option<(ChannelName, Vec<PublicationBytes>)> {
        while self.next_us()? <= now_us {
            let (_, channel) = self.due.pop_first()?;
            let Some(paced) = self.channels.remove(&channel) else { continue };
            if paced.is_empty() {
                continue;
            }
            self.bytes -= paced.bytes();
            let conflate_us = u64::from(conflate_ms(&channel)) * 1_000;
            if conflate_us > 0 {
                self.open(&channel, now_us + conflate_us);
            }
            return Some((channel, paced.into_held()));
        }
        None
    }

    /// All that waits of a channel, oldest first: it leaves now, whatever its pace. When it may send again stays as it is.
    pub fn release(&mut self, channel: &ChannelName) -> Vec<PublicationBytes> {
        let Some(paced) = self.channels.get_mut(channel) else { return Vec::new() };
        self.bytes -= paced.bytes();
        std::mem::replace(paced, Paced::until(paced.due_us)).into_held()
    }

    /// The channels of which something waits.
    pub fn waiting(&self) -> impl Iterator<Item = &ChannelName> {
        self.channels.iter().filter(|(_, paced)| !paced.is_empty()).map(|(channel, _)| channel)
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        assert_eq!(self.channels.len(), self.due.len(), "each channel is due once");
        let bytes: usize = self.channels.values().map(Paced::bytes).sum();
        assert_eq!(self.bytes, bytes, "the sum is that of the channels");
        for (due_us, channel) in &self.due {
            assert_eq!(self.channels.get(channel).map(|paced| paced.due_us), Some(*due_us));
        }
    }

    fn open(&mut self, channel: &ChannelName, due_us: u64) {
        self.channels.insert(channel.clone(), Paced::until(due_us));
        self.due.insert((due_us, channel.clone()));
    }
}

#[cfg(test)]
mod tests;
