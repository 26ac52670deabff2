//! What records take, charged to whoever made them: from when a change is decided, so that nobody gets more by asking for
//! much before the disk has any of it.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::{Lacks, Ledger};
use crate::model::channel::ChannelName;
use std::sync::Arc;

/// What the records of a core take, by who made them.
pub(in crate::broker) struct Accounts {
    ledger: Ledger<()>,
    /// What is charged for changes that are decided and not stored yet, by the channel of the record. There is one change of a
    /// record at a time.
    on_its_way: KeyedMap<ChannelName, Advance>,
}

struct Advance {
    maker: Arc<str>,
    is_new: bool,
    bytes: usize,
}

impl Accounts {
    /// Nothing is there.
    pub fn new(hasher: KeyedState) -> Self {
        Self { ledger: Ledger::new(hasher), on_its_way: KeyedMap::with_hasher(hasher) }
    }

    /// Records that are there or on their way to the disk.
    pub fn records(&self) -> usize {
        self.ledger.things() as usize
    }

    /// What there is too little of for another record, where there may be `max` in all.
    pub fn lacks_one(&self, maker: &str, max: u32, is_bounded: bool) -> Option<Lacks> {
        self.ledger.lacks_one(maker, max, is_bounded)
    }

    /// What there is too little of for so many bytes more, where there may be `bytes_max` in all.
    pub fn lacks(&self, maker: &str, bytes: usize, bytes_max: u64, is_bounded: bool) -> Option<Lacks> {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        self.ledger.lacks_bytes(maker, bytes, bytes_max, is_bounded)
    }

    /// A change is decided: what it adds is charged from here on. [`Accounts::settle`] follows.
    pub fn charge(&mut self, channel: &ChannelName, maker: &str, is_new: bool, bytes: usize) {
        self.settle(channel);
        let holder = self.ledger.take(maker);
        self.ledger.weigh(holder, 0, bytes);
        self.on_its_way.insert(channel.clone(), Advance { maker: maker.into(), is_new, bytes });
        if !is_new {
            // The record itself is the maker's one thing already.
            self.ledger.give_back(holder);
        }
    }

    /// A change is stored, or will not be: what was charged for it on its way is given back, if that was not done yet.
    pub fn settle(&mut self, channel: &ChannelName) {
        let Some(Advance { maker, is_new, bytes }) = self.on_its_way.remove(channel) else { return };
        if !is_new {
            self.ledger.take(&maker);
        }
        self.ledger.give_back_with(&maker, bytes);
    }

    /// The record of a channel is there and takes so many bytes.
    pub fn put(&mut self, channel: &ChannelName, maker: &str, bytes: usize) {
        self.settle(channel);
        let holder = self.ledger.take(maker);
        self.ledger.weigh(holder, 0, bytes);
    }

    /// Such a record is gone.
    pub fn remove(&mut self, channel: &ChannelName, maker: &str, bytes: usize) {
        self.settle(channel);
        self.ledger.give_back_with(maker, bytes);
    }

    /// Asserts what must always hold, where the records there are take so many bytes.
    pub fn invariants(&self, records: usize, bytes: usize) {
        self.ledger.invariants();
        let on_its_way = || self.on_its_way.values();
        let new = on_its_way().filter(|advance| advance.is_new).count();
        assert_eq!(self.records(), records + new, "every record counts for its maker");
        let advanced = on_its_way().map(|advance| advance.bytes).sum::<usize>();
        assert_eq!(self.ledger.bytes(), bytes + advanced, "bytes add up");
    }
}
