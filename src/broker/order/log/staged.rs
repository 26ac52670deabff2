//! What a home core hands to the history log, and what waits there for the disk.
//!
//! Records are numbered in the order in which they are staged. A publication of a committed channel has its place in the
//! order and its record, but exists for nobody until its record is on disk: it is withheld, and so is the answer.
//! Withheld publications come out in the order of the records, so each channel keeps its own.
//!
//! When the log fails, the records that are not on disk are lost. What was withheld never was: its place goes to the next. What
//! relaxed channels told stays in memory only, until the log takes records again and has each of these channels whole:
//! until a checkpoint has come by, the first record of one stands for all before it, so that what comes back after a
//! crash in between has no hole.

use crate::broker::order::effect::HistoryEffect;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::PublicationBytes;
use crate::model::record::HistoryRecord;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::{AddAssign, SubAssign};
use std::sync::Arc;

/// How the log is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// There is none: all histories are in memory only.
    Off,
    /// What it has is still being read; nothing is staged.
    Replaying,
    /// It takes records.
    Open,
    /// It lost records, and takes none until it can be written again.
    Failed,
}

/// A publication that nobody has been told of.
#[derive(Debug)]
pub struct Withheld {
    /// Number of its record.
    pub record: u64,
    /// The channel's number and epoch, by which its end is noticed.
    pub channel: (usize, u64),
    /// The archived publication.
    pub bytes: PublicationBytes,
    /// What it does to the history.
    pub effect: HistoryEffect,
    /// The idempotency key it was published under.
    pub key: Option<Arc<str>>,
}

/// Some records, in order.
#[derive(PartialEq, Eq, Debug)]
pub struct LogPart {
    /// The records.
    pub records: Vec<HistoryRecord>,
    /// Number of the last of them.
    pub last: u64,
    /// Whether somebody waits for them to be on disk.
    pub commit: bool,
}

/// Bytes of records.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Weight {
    /// Of all of them.
    all: usize,
    /// Of those that stand for what is kept: what checkpoints are made of.
    state: usize,
}

impl Weight {
    fn of(record: &HistoryRecord) -> Self {
        let all = record.weight();
        let is_state = matches!(record, HistoryRecord::Ring { .. } | HistoryRecord::Key { .. });
        Self { all, state: if is_state { all } else { 0 } }
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, more: Self) {
        self.all += more.all;
        self.state += more.state;
    }
}

impl SubAssign for Weight {
    fn sub_assign(&mut self, less: Self) {
        self.all -= less.all;
        self.state -= less.state;
    }
}

/// The records that one home core has handed to the history log or is about to.
pub struct Log {
    state: State,
    staged: Vec<HistoryRecord>,
    staged_weight: Weight,
    /// Bytes staged since a checkpoint took note of them.
    appended_bytes: usize,
    /// Whether a staged record is of a withheld publication.
    staged_commit: bool,
    /// Number of the newest record.
    last: u64,
    /// Parts that were taken and are not written yet: the number of the last record, and their bytes.
    taken: VecDeque<(u64, Weight)>,
    taken_weight: Weight,
    bytes_max: usize,
    withheld: VecDeque<Withheld>,
    /// How many of them each life of a channel has: its number may be another one's by then.
    withheld_of: BTreeMap<(usize, u64), u32>,
    /// After a failure, until a checkpoint is through: the channels of which the log has everything.
    resumed: Option<BTreeSet<usize>>,
}

impl Log {
    /// No log. With one, at most `bytes_max` of records wait for the disk.
    pub fn new(bytes_max: u32) -> Self {
        Self {
            state: State::Off,
            staged: Vec::new(),
            staged_weight: Weight::default(),
            appended_bytes: 0,
            staged_commit: false,
            last: 0,
            taken: VecDeque::new(),
            taken_weight: Weight::default(),
            bytes_max: bytes_max as usize,
            withheld: VecDeque::new(),
            withheld_of: BTreeMap::new(),
            resumed: None,
        }
    }

    /// There is a log, and what it has will be replayed.
    pub fn attach(&mut self) {
        self.state = State::Replaying;
    }

    /// All was replayed: records are taken.
    pub fn open(&mut self) {
        assert_eq!(self.state, State::Replaying, "a log is replayed once");
        self.state = State::Open;
    }

    /// Whether there is a log, working or not.
    pub fn is_attached(&self) -> bool {
        self.state != State::Off
    }

    /// Whether it is still being read.
    pub fn is_replaying(&self) -> bool {
        self.state == State::Replaying
    }

    /// Whether it takes no more records.
    pub fn has_failed(&self) -> bool {
        self.state == State::Failed
    }

    /// It lost records. Gives back what was withheld and never was: its publisher is told so.
    pub fn fail(&mut self) -> VecDeque<Withheld> {
        if self.state == State::Off {
            return VecDeque::new();
        }
        self.state = State::Failed;
        self.resumed = None;
        self.staged.clear();
        (self.staged_weight, self.taken_weight) = (Weight::default(), Weight::default());
        self.staged_commit = false;
        self.taken.clear();
        self.withheld_of.clear();
        std::mem::take(&mut self.withheld)
    }

    /// It takes records again. A checkpoint follows.
    pub fn resume(&mut self) {
        if self.state == State::Failed {
            self.state = State::Open;
            self.resumed = Some(BTreeSet::new());
        }
    }

    /// A checkpoint has handed over every channel.
    pub fn checkpointed(&mut self) {
        self.resumed = None;
    }

    /// Whether a record of a channel has to stand for all before it, because the log lacks some of them. The caller stages
    /// such a record.
    pub fn resume_channel(&mut self, channel: usize) -> bool {
        self.resumed.as_mut().is_some_and(|resumed| resumed.insert(channel))
    }

    /// A channel is over; its number may be another one's.
    pub fn forget(&mut self, channel: usize) {
        if let Some(resumed) = &mut self.resumed {
            resumed.remove(&channel);
        }
    }

    /// Whether a publication that the log is to keep can be taken in.
    ///
    /// # Errors
    /// The disk is behind, or records were lost.
    pub fn admit(&self) -> Result<(), Fault> {
        if self.state == State::Failed {
            let text = "this node cannot write its history at present, so the channel takes nothing new; its operator finds \
                 the reason in the node's output";
            return Err(Fault::new(FaultCode::Unavailable, text));
        }
        if self.waiting().all >= self.bytes_max {
            let text = "the disk of this node is behind, so this was not done; try again shortly";
            return Err(Fault::new(FaultCode::Overloaded, text));
        }
        Ok(())
    }

    /// Whether there is room for records of a checkpoint. They take half of the place at most, so that publications have the
    /// other half; and while the checkpoint is not late, nothing that publications may want of that half.
    pub fn has_room(&self, late: bool) -> bool {
        let half = self.bytes_max / 2;
        let Weight { all, state } = self.waiting();
        let has_room = if late { state < half && all < self.bytes_max } else { all < half };
        self.state == State::Open && has_room
    }

    fn waiting(&self) -> Weight {
        let mut waiting = self.staged_weight;
        waiting += self.taken_weight;
        waiting
    }

    /// Adds a record. Nothing happens while nothing is taken.
    pub fn stage(&mut self, record: HistoryRecord) {
        if self.state == State::Open {
            self.last += 1;
            let weight = Weight::of(&record);
            self.staged_weight += weight;
            if matches!(record, HistoryRecord::Append { .. }) {
                self.appended_bytes += weight.all;
            }
            self.staged.push(record);
        }
    }

    /// Bytes of publications staged and not taken note of.
    pub fn appended_bytes(&self) -> usize {
        self.appended_bytes
    }

    /// Takes note of the bytes of publications that were staged.
    pub fn take_appended_bytes(&mut self) -> usize {
        std::mem::take(&mut self.appended_bytes)
    }

    /// Number of the newest record.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Holds the publication of the record staged last; says its number, for which the answer waits.
    pub fn hold(
        &mut self,
        channel: (usize, u64),
        bytes: PublicationBytes,
        effect: HistoryEffect,
        key: Option<Arc<str>>,
    ) -> u64 {
        self.staged_commit = true;
        self.withheld.push_back(Withheld { record: self.last, channel, bytes, effect, key });
        *self.withheld_of.entry(channel).or_insert(0) += 1;
        self.last
    }

    /// Number of the record of the newest withheld publication: what an answer waits for that knows of all that is withheld.
    pub fn last_withheld(&self) -> Option<u64> {
        self.withheld.back().map(|withheld| withheld.record)
    }

    /// Number of the newest record, for which an answer waits, if there is a newer one than this.
    pub fn wait_since(&mut self, before: u64) -> Option<u64> {
        self.staged_commit |= self.last > before;
        (self.last > before).then_some(self.last)
    }

    /// Publications withheld of a channel, by number and epoch.
    pub fn withheld_of(&self, channel: (usize, u64)) -> u64 {
        if self.withheld.is_empty() { 0 } else { self.withheld_of.get(&channel).copied().unwrap_or(0).into() }
    }

    /// The archived publications withheld of a channel, oldest first.
    pub fn withheld(&self, channel: (usize, u64)) -> impl Iterator<Item = &PublicationBytes> {
        // Of most channels there are none, and those of others are not looked through for them.
        self.withheld
            .iter()
            .filter(move |withheld| withheld.channel == channel)
            .take(self.withheld_of(channel) as usize)
            .map(|withheld| &withheld.bytes)
    }

    /// Whether a withheld publication of a channel deletes the message of this offset.
    pub fn holds_delete(&self, channel: (usize, u64), offset: u64) -> bool {
        let deletes = |effect| effect == HistoryEffect::Clear || effect == HistoryEffect::Delete(offset);
        self.withheld_of(channel) > 0
            && self.withheld.iter().any(|withheld| withheld.channel == channel && deletes(withheld.effect))
    }

    /// Number of the record of the oldest withheld publication.
    pub fn next_withheld(&self) -> Option<u64> {
        self.withheld.front().map(|withheld| withheld.record)
    }

    /// Takes the oldest withheld publication: it is on disk.
    pub fn release(&mut self) -> Option<Withheld> {
        let withheld = self.withheld.pop_front()?;
        if let Some(count) = self.withheld_of.get_mut(&withheld.channel) {
            *count -= 1;
            if *count == 0 {
                self.withheld_of.remove(&withheld.channel);
            }
        }
        Some(withheld)
    }

    /// Bytes staged, and whether somebody waits for them.
    pub fn staged(&self) -> Option<(usize, bool)> {
        (!self.staged.is_empty()).then_some((self.staged_weight.all, self.staged_commit))
    }

    /// Takes what is staged.
    pub fn take(&mut self) -> Option<LogPart> {
        self.staged()?;
        let weight = std::mem::take(&mut self.staged_weight);
        self.taken.push_back((self.last, weight));
        self.taken_weight += weight;
        let commit = std::mem::take(&mut self.staged_commit);
        Some(LogPart { records: std::mem::take(&mut self.staged), last: self.last, commit })
    }

    /// All records up to this one are written.
    pub fn written(&mut self, record: u64) {
        while let Some((last, weight)) = self.taken.front().copied()
            && last <= record
        {
            self.taken.pop_front();
            self.taken_weight -= weight;
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let sum = |weights: &mut dyn Iterator<Item = Weight>| {
            weights.fold(Weight::default(), |mut sum, weight| {
                sum += weight;
                sum
            })
        };
        let taken = sum(&mut self.taken.iter().map(|(_, weight)| *weight));
        assert_eq!(self.taken_weight, taken, "bytes on their way add up");
        assert_eq!(self.staged_weight, sum(&mut self.staged.iter().map(Weight::of)), "staged bytes add up");
        let counts: u32 = self.withheld_of.values().sum();
        assert_eq!(counts as usize, self.withheld.len(), "withheld publications add up");
        assert!(
            self.withheld.is_empty() || self.state == State::Open,
            "only a log that takes records holds back"
        );
        assert!(
            self.withheld.back().is_none_or(|withheld| withheld.record <= self.last),
            "what is withheld has a record"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::publication::{Body, Publication};

    /// A checkpoint asks for those of every channel.
    #[test]
    fn what_other_channels_withhold_is_not_looked_through() {
        let body = Body::Data { json: "1".into() };
        let said = Publication { epoch: 1, born: 1, offset: 1, time_ms: 1, publisher: "ada".into(), body };
        let bytes = said.archive(&mut Default::default());
        let mut log = Log::new(1 << 20);
        for channel in [(1, 1), (2, 1), (1, 1)] {
            log.hold(channel, bytes.clone(), HistoryEffect::Append, None);
        }
        assert_eq!((log.withheld((1, 1)).count(), log.withheld((2, 1)).count()), (2, 1));
        assert_eq!(log.withheld((1, 2)).size_hint().1, Some(0), "another life of it");
        assert_eq!(log.withheld((3, 1)).size_hint().1, Some(0));
    }
}
