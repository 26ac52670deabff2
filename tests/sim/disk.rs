//! The store as a peer that cannot be relied on: it answers late, fails, has what it said to have
//! failed, and outlives the node.

use crate::rng::Rng;
use crate::trace;
use corecast::shard::{Effect, EffectId, Failure, Resolution};
use corecast::store::{Range, RangeRead, Span, StoreRecord, Stored, Table, Write};
use std::collections::{BTreeMap, VecDeque};

/// The one password that fits.
pub const RIGHT_PASSWORD: &[u8] = b"correct horse";

#[derive(Default)]
pub struct Disk {
    /// Chance in percent that a group fails.
    pub fails: usize,
    records: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    /// Asked for, and not looked at.
    waiting: VecDeque<(usize, EffectId, Effect)>,
    /// Done, and not told.
    done: Vec<(usize, EffectId, Resolution)>,
    /// What puts back a group that failed and is on the disk all the same.
    undo: Vec<Write>,
}

impl Disk {
    pub fn new(fails: usize) -> Self {
        Self { fails, ..Self::default() }
    }

    pub fn ask(&mut self, core: usize, id: EffectId, effect: Effect) {
        self.waiting.push_back((core, id, effect));
    }

    /// Does all that waits, as one group. Whether there was anything.
    pub fn commit(&mut self, rng: &mut Rng) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let fails = rng.percent(self.fails);
        let written = !fails || rng.percent(30);
        trace::note(|| format!("the disk has {} effects: {written}, fails: {fails}", self.waiting.len()));
        if written {
            let undo = std::mem::take(&mut self.undo);
            undo.into_iter().for_each(|write| drop(self.apply(write)));
        }
        // As the store's thread: who reads finds what is written with it.
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (writes, reads): (Vec<_>, Vec<_>) =
            waiting.partition(|(.., effect)| matches!(effect, Effect::Write(_) | Effect::Replace(..)));
        let mut undo = Vec::new();
        for (core, id, effect) in writes.into_iter().chain(reads) {
            let resolution = match effect {
                // Not the disk's work.
                Effect::Decode(long) => Resolution::Decoded(Box::new(long.decode())),
                _ if fails && !written => Resolution::Failed(Failure::DiskFull),
                Effect::Write(writes) => self.replace(&[], writes, &mut undo),
                Effect::Replace(spans, writes) => self.replace(&spans, writes, &mut undo),
                Effect::Settings(_) => unreachable!("nobody asks for it here"),
                Effect::Recorder(_) => Resolution::Recorder(Ok(0)),
                Effect::File(_) => unreachable!("nothing is recorded here"),
                Effect::Push(_) => unreachable!("push services are called"),
                // Not the disk's work, and not slower in here.
                Effect::Verify { password, .. } => Resolution::Verified(password.expose() == RIGHT_PASSWORD),
                Effect::Backup { .. } => Resolution::BackedUp { bytes: 0 },
                _ if fails => Resolution::Failed(Failure::Broken),
                Effect::Read(range) => Resolution::Found(self.read(&range)),
                Effect::Find(table, keys) => {
                    let value = |key| self.records.get(&(table, key)).cloned();
                    Resolution::Values(keys.into_iter().map(value).collect())
                }
            };
            let failed = fails && resolution == Resolution::Stored;
            let resolution = if failed { Resolution::Failed(Failure::Broken) } else { resolution };
            self.done.push((core, id, resolution));
        }
        if fails && written {
            self.undo = undo.into_iter().rev().collect();
        }
        true
    }

    /// What is in spans is never put back: nobody reads it any more.
    fn replace(&mut self, spans: &[Span], writes: Vec<Write>, undo: &mut Vec<Write>) -> Resolution {
        self.records.retain(|(table, key), _| {
            !spans.iter().any(|span| span.table == *table && span.from <= *key && *key < span.to)
        });
        undo.extend(writes.into_iter().map(|write| self.apply(write)));
        Resolution::Stored
    }

    fn read(&self, range: &Range) -> RangeRead {
        let mut found = RangeRead::default();
        assert!(!range.reverse, "nobody reads backwards");
        if range.from < range.to {
            let within = (range.table, range.from.clone())..(range.table, range.to.clone());
            let mut records = self.records.range(within);
            let _ = records.all(|((_, key), value)| found.take(range, key, value));
        }
        found
    }

    /// Says what puts it back.
    fn apply(&mut self, write: Write) -> Write {
        let Write { table, key, value } = write;
        let old = match value {
            Some(value) => self.records.insert((table, key.clone()), value),
            None => self.records.remove(&(table, key.clone())),
        };
        Write { table, key, value: old }
    }

    /// One of the effects that are done; those of a core in their order.
    pub fn tell(&mut self, rng: &mut Rng) -> Option<(usize, EffectId, Resolution)> {
        let core = self.done.get(rng.below(self.done.len().max(1)))?.0;
        let first = self.done.iter().position(|(of, ..)| *of == core)?;
        Some(self.done.remove(first))
    }

    /// The node is gone: nobody waits for what was not done, and nobody hears of what was.
    pub fn crash(self) -> Self {
        Self { records: self.records, ..Self::default() }
    }

    pub fn stored(&self) -> Stored {
        let record = |((table, key), value): (&(Table, Vec<u8>), &Vec<u8>)| StoreRecord {
            table: *table,
            key: key.clone(),
            value: value.clone(),
        };
        Stored::read(self.records.iter().map(record)).expect("the node reads what it wrote")
    }
}
