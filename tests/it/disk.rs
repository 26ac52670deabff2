//! A disk in memory: what the node wants stored, and how it answers.

use corecast::model::settings::Reloaded;
use corecast::shard::{Effect, EffectId, Failure, Resolution};
use corecast::store::lines::Import;
use corecast::store::{Range, RangeRead, Span, StoreRecord, Stored, Table, Write};
use std::collections::{BTreeMap, VecDeque};

/// How the disk answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mood {
    /// At once.
    #[default]
    Well,
    /// With this failure.
    Failing(Failure),
    /// Not at all, until it is well again.
    Stalled,
}

#[derive(Default)]
pub struct Disk {
    pub mood: Mood,
    records: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    waiting: VecDeque<(usize, EffectId, Effect)>,
}

impl Disk {
    pub fn ask(&mut self, core: usize, id: EffectId, effect: Effect) {
        self.waiting.push_back((core, id, effect));
    }

    /// The next effect that is done, for whom and with what.
    pub fn answer(&mut self) -> Option<(usize, EffectId, Resolution)> {
        if self.mood == Mood::Stalled {
            return None;
        }
        let (core, id, effect) = self.waiting.pop_front()?;
        let resolution = match (self.mood, effect) {
            (Mood::Failing(failure), _) => Resolution::Failed(failure),
            (_, Effect::Read(range)) => Resolution::Found(self.read(&range)),
            (_, Effect::Backup { .. }) => Resolution::BackedUp { bytes: 4096 },
            (_, Effect::Write(writes)) => self.replace(&[], writes),
            (_, Effect::Replace(spans, writes)) => self.replace(&spans, writes),
            (_, Effect::Find(table, keys)) => {
                let value = |key| self.records.get(&(table, key)).cloned();
                Resolution::Values(keys.into_iter().map(value).collect())
            }
            // Nor is this: the configuration that was read anew has another limit and another address.
            (_, Effect::Settings(_)) => Resolution::Reloaded(Ok(Reloaded {
                changed: vec!["limits.rooms_max".into()],
                restart: vec!["listen".into()],
                warnings: Vec::new(),
            })),
            (_, Effect::Push(_) | Effect::Recorder(_) | Effect::File(_)) => unreachable!("others do it"),
            // Not the disk's work, but as well done from here.
            (_, Effect::Decode(long)) => Resolution::Decoded(Box::new(long.decode())),
            (_, Effect::Verify { password, hash }) => Resolution::Verified(hash.verify(&password)),
        };
        Some((core, id, resolution))
    }

    fn replace(&mut self, spans: &[Span], writes: Vec<Write>) -> Resolution {
        self.records.retain(|(table, key), _| {
            !spans.iter().any(|span| span.table == *table && span.from <= *key && *key < span.to)
        });
        for write in writes {
            match write.value {
                Some(value) => self.records.insert((write.table, write.key), value),
                None => self.records.remove(&(write.table, write.key)),
            };
        }
        Resolution::Stored
    }

    fn read(&self, range: &Range) -> RangeRead {
        let within = (range.table, range.from.clone())..(range.table, range.to.clone());
        let mut records: Vec<_> = self.records.range(within).collect();
        if range.reverse {
            records.reverse();
        }
        let mut found = RangeRead::default();
        let _ = records.into_iter().all(|((_, key), value)| found.take(range, key, value));
        found
    }

    /// Puts in what a line of an export says.
    pub fn keep(&mut self, line: &str) {
        let mut import = Import::default();
        import.take(b"{\"corecast_export\":1}").expect("the form that is read");
        let writes = import.take(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
        self.replace(&[], writes);
    }

    /// What a node finds that starts with this disk. What waited is lost.
    pub fn restart(&mut self) -> Stored {
        self.waiting.clear();
        let record = |((table, key), value): (&(Table, Vec<u8>), &Vec<u8>)| StoreRecord {
            table: *table,
            key: key.clone(),
            value: value.clone(),
        };
        Stored::read(self.records.iter().map(record)).expect("the node reads what it wrote")
    }
}
