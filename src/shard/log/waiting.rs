//! Answers that wait for the disk.

use crate::model::reply::Reply;
use crate::shard::requests::Asker;
use std::collections::VecDeque;

/// Answers, each with the record that must be on disk before it is given, in the order of those records.
#[derive(Default)]
pub(super) struct AnswersWaiting(VecDeque<(u64, Asker, Reply)>);

impl AnswersWaiting {
    /// Keeps an answer behind those that wait for its record or an earlier one. Few that come wait for an earlier one than the last:
    /// what ends a channel waits for the newest record there is.
    pub fn push(&mut self, record: u64, asker: Asker, reply: Reply) {
        let place = self.0.partition_point(|(waits_for, ..)| *waits_for <= record);
        self.0.insert(place, (record, asker, reply));
    }

    /// The next answer for which all records up to this one are enough.
    pub fn next(&mut self, record: u64) -> Option<(Asker, Reply)> {
        self.0.front().filter(|(waits_for, ..)| *waits_for <= record)?;
        self.0.pop_front().map(|(_, asker, reply)| (asker, reply))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert!(
            self.0.iter().map(|(record, ..)| record).is_sorted(),
            "answers wait in the order of the records"
        );
    }
}
