//! The store as a peer that cannot be relied on: it answers late, fails, has what it said to have
//! failed, and outlives the node.

use crate::rng::Rng;
use crate::trace;
use corecast::shard::{Effect, EffectId, Failure, Resolution};
use corecast::store::{Found, Record, Stored, Table, Write};
use std::collections::{BTreeMap, VecDeque};

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
        let mut undo = Vec::new();
        for (core, id, effect) in std::mem::take(&mut self.waiting) {
            let resolution = match effect {
                _ if fails && !written => Resolution::Failed(Failure::DiskFull),
                Effect::Read(_) => Resolution::Found(Found::default()),
                Effect::Backup { .. } => Resolution::BackedUp { bytes: 0 },
                // Nobody logs in here, and nobody meets.
                Effect::Find(..) => Resolution::Values(Vec::new()),
                Effect::Verify { .. } => Resolution::Verified(false),
                Effect::Write(writes) | Effect::Replace(_, writes) => {
                    undo.extend(writes.into_iter().map(|write| self.apply(write)));
                    if fails { Resolution::Failed(Failure::Broken) } else { Resolution::Stored }
                }
            };
            self.done.push((core, id, resolution));
        }
        if fails && written {
            self.undo = undo.into_iter().rev().collect();
        }
        true
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
        let record = |((table, key), value): (&(Table, Vec<u8>), &Vec<u8>)| Record {
            table: *table,
            key: key.clone(),
            value: value.clone(),
        };
        Stored::read(self.records.iter().map(record)).expect("the node reads what it wrote")
    }
}
