//! The history log as a faulty peer: it writes late, syncs later, tells of it later still, fails, is well again after some
//! attempts, and ends in a clean stop, a killed process or a power cut. What it has are the bytes that a real log would have.

use crate::rng::Rng;
use corecast::model::record::{HistoryRecord, RecordView};
use corecast::shard::{LogMessage, LogNews};
use corecast::store::log::{Batch, Damage, Decoder, Entry, FoundLog, MarkFinder, Progress, Size, encode};
use std::collections::{BTreeMap, VecDeque};

/// The bytes of each segment.
#[derive(Clone, Default)]
pub struct Files(BTreeMap<u64, Vec<u8>>);

/// How a process ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// All is written and synced.
    Clean,
    /// What was written stays.
    Killed,
    /// What was synced stays, and some of what was written after.
    PowerCut,
}

/// What a log that failed has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Failed {
    /// To cut its newest segment back.
    Cut,
    /// To begin another one.
    Begin,
}

pub struct Log {
    files: Files,
    segment: u64,
    /// Of the newest segment.
    synced_bytes: usize,
    epoch: u64,
    segment_bytes_max: usize,
    progress: Progress,
    lanes: Vec<Lane>,
    /// One sync in so many chances.
    pub laziness: usize,
    failed: Option<Failed>,
}

#[derive(Default)]
struct Lane {
    heard: VecDeque<LogMessage>,
    news: VecDeque<LogNews>,
    /// Something was written and not synced.
    dirty: bool,
}

impl Log {
    /// Replays what there is, in pieces; every core is served when all are ready.
    pub fn start(
        mut files: Files,
        cores: usize,
        mut rng: Rng,
        mut tell: impl FnMut(usize, LogNews),
        home_of: impl Fn(&str) -> usize,
    ) -> Self {
        let replayed = |core, batch| tell(core, LogNews::Replayed(batch));
        let (clean, epoch) = read(&mut files, cores, &mut rng, &home_of, replayed);
        (0..cores).for_each(|core| tell(core, LogNews::ReplayedAll { clean, epoch }));
        (0..cores).for_each(|core| tell(core, LogNews::Open));
        let size = Size { segment_bytes: *rng.pick(&[1_000, 20_000, 1 << 20]) };
        let segment_bytes_max = size.segment_bytes as usize;
        let bytes = files.0.values().map(Vec::len).sum::<usize>() as u64;
        let segment = files.0.keys().last().copied().unwrap_or(0);
        let lanes = (0..cores).map(|_| Lane::default()).collect();
        let progress = Progress::new(cores, size, FoundLog { bytes, live_bytes: 0, clean });
        let laziness = *rng.pick(&[1, 30, 200]);
        let mut log = Self {
            files,
            segment,
            synced_bytes: 0,
            epoch,
            segment_bytes_max,
            progress,
            lanes,
            laziness,
            failed: None,
        };
        log.begin_segment();
        log.sync();
        if !clean {
            log.begin_checkpoint();
        }
        log
    }

    pub fn hear(&mut self, core: usize, message: LogMessage) {
        if self.failed.is_none() {
            self.lanes[core].heard.push_back(message);
        }
    }

    pub fn has_work(&self, core: usize) -> bool {
        !self.lanes[core].heard.is_empty()
    }

    /// Whether something was written and not synced.
    pub fn is_dirty(&self) -> bool {
        self.failed.is_none() && self.lanes.iter().any(|lane| lane.dirty)
    }

    pub fn has_news(&self, core: usize) -> bool {
        !self.lanes[core].news.is_empty()
    }

    pub fn next_news(&mut self, core: usize) -> Option<LogNews> {
        self.lanes[core].news.pop_front()
    }

    /// Writes up to `count` messages of a core.
    pub fn write(&mut self, core: usize, count: usize) {
        if self.failed.is_some() {
            return;
        }
        self.take(core, count);
        self.tell_moved(core);
        if self.progress.is_due() {
            self.sync();
            self.begin_segment();
            self.begin_checkpoint();
        }
        if let Some((number, thousandths)) = self.progress.due() {
            let due = || LogNews::CheckpointDue(number, thousandths);
            self.lanes.iter_mut().for_each(|lane| lane.news.push_back(due()));
        }
    }

    fn take(&mut self, core: usize, count: usize) {
        for _ in 0..count {
            let Some(message) = self.lanes[core].heard.pop_front() else { break };
            match message {
                LogMessage::Resumed(number) => self.progress.resumed(core, number),
                LogMessage::Replayed { .. } => {}
                _ if !self.progress.hears(core) => {}
                LogMessage::CheckpointThrough(number) => self.progress.through(core, number),
                LogMessage::Records(part, reached) => {
                    reached.iter().for_each(|reached| self.progress.reaches(core, *reached));
                    self.lanes[core].dirty = true;
                    for (number, record) in (part.last + 1 - part.records.len() as u64..).zip(&part.records) {
                        self.append(record);
                        self.progress.wrote(core, number);
                        // A segment may end in the middle of what a core said.
                        let bytes = self.files.0.get(&self.segment).map_or(0, Vec::len);
                        if bytes >= self.segment_bytes_max && self.failed.is_none() {
                            self.sync();
                            self.begin_segment();
                            self.lanes[core].dirty = true;
                        }
                    }
                    reached.iter().for_each(|reached| self.progress.reached(core, *reached));
                }
            }
        }
    }

    fn append(&mut self, record: &HistoryRecord) {
        let record = record.view();
        self.epoch = self.epoch.max(record.epoch());
        let is_state = matches!(record, RecordView::Ring { .. } | RecordView::Key { .. });
        let bytes = self.put(&Entry::History(record)) as u64;
        self.progress.note(if is_state { bytes } else { 0 }, if is_state { 0 } else { bytes });
    }

    fn put(&mut self, entry: &Entry<'_>) -> usize {
        let file = self.files.0.entry(self.segment).or_default();
        let before = file.len();
        encode(file, entry);
        file.len() - before
    }

    fn begin_segment(&mut self) {
        let before = self.files.0.get(&self.segment).map_or(0, Vec::len) as u64;
        self.progress.completed(self.segment);
        self.segment += 1;
        self.put(&Entry::Begin { segment: self.segment, epoch: self.epoch, before });
        self.synced_bytes = 0;
    }

    fn begin_checkpoint(&mut self) {
        let number = self.progress.begin_checkpoint(self.segment);
        self.lanes.iter_mut().for_each(|lane| lane.news.push_back(LogNews::Checkpoint(number)));
    }

    /// All that was written is on disk.
    pub fn sync(&mut self) {
        if self.failed.is_some() {
            return;
        }
        let offset = self.files.0[&self.segment].len();
        self.synced_bytes = offset;
        self.put(&Entry::Synced { segment: self.segment, offset: offset as u64 });
        let first = self.progress.synced();
        for core in 0..self.lanes.len() {
            self.lanes[core].dirty = false;
            self.tell_moved(core);
        }
        if let Some(first) = first {
            self.files.0.retain(|segment, _| *segment >= first);
        }
    }

    fn tell_moved(&mut self, core: usize) {
        if let Some((written, synced)) = self.progress.moved(core) {
            self.lanes[core].news.push_back(LogNews::Moved { written, synced });
        }
    }

    /// A write or a sync fails: what was written since the last sync is there or not, and so is some of what was to be written.
    pub fn fail(&mut self, rng: &mut Rng) {
        if self.failed.is_some() {
            return;
        }
        self.failed = Some(Failed::Cut);
        for core in 0..self.lanes.len() {
            self.take(core, rng.below(3));
        }
        self.tear(self.segment, self.synced_bytes, rng);
        self.progress.fail();
        for lane in &mut self.lanes {
            lane.dirty = false;
            lane.heard.clear();
            lane.news.push_back(LogNews::Failed);
        }
    }

    /// Keeps a part of what a file has from an offset on.
    fn tear(&mut self, segment: u64, from: usize, rng: &mut Rng) {
        let Some(file) = self.files.0.get_mut(&segment) else { return };
        file.truncate(from + rng.below(file.len() - from + 1));
        if file.len() > from && rng.percent(30) {
            let at = rng.within(from, file.len() - 1);
            let end = rng.within(at, file.len());
            file[at..end].fill(0);
        }
    }

    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Tries to get well, as far as the disk lets it: each step fails so often, in percent.
    pub fn mend(&mut self, fails: usize, rng: &mut Rng) {
        let fails = rng.percent(fails);
        match self.failed {
            None => {}
            Some(Failed::Cut) => {
                let from = if fails { self.synced_bytes + rng.below(20) } else { self.synced_bytes };
                let file = self.files.0.get_mut(&self.segment).expect("it was begun");
                file.truncate(from);
                if !fails {
                    self.failed = Some(Failed::Begin);
                }
            }
            Some(Failed::Begin) => {
                let next = self.segment + 1;
                self.files.0.remove(&next);
                if fails {
                    let before = self.files.0.get(&self.segment).map_or(0, Vec::len) as u64;
                    let file = self.files.0.entry(next).or_default();
                    encode(file, &Entry::Begin { segment: next, epoch: self.epoch, before });
                    return self.tear(next, 0, rng);
                }
                self.failed = None;
                self.begin_segment();
                let number = self.progress.resume();
                self.lanes.iter_mut().for_each(|lane| lane.news.push_back(LogNews::Resume(number)));
                self.begin_checkpoint();
                self.sync();
            }
        }
    }

    /// What a successor finds, and whether that is all.
    pub fn end(mut self, end: End, rng: &mut Rng) -> (Files, bool) {
        let in_order = end == End::Clean && self.failed.is_none();
        let clean = in_order && self.progress.is_whole();
        if in_order {
            assert!(self.lanes.iter().all(|lane| lane.heard.is_empty()), "all was written before the end");
            self.sync();
        }
        if clean {
            self.put(&Entry::Clean);
        }
        if end == End::PowerCut {
            self.tear(self.segment, self.synced_bytes, rng);
            // What an attempt to begin another segment left.
            self.tear(self.segment + 1, 0, rng);
        }
        (self.files, clean)
    }
}

/// Hands out all records; says whether the last one says that there are no others, and the greatest epoch.
fn read(
    files: &mut Files,
    cores: usize,
    rng: &mut Rng,
    home_of: &impl Fn(&str) -> usize,
    mut replayed: impl FnMut(usize, Batch),
) -> (bool, u64) {
    let (mut clean, mut epoch) = (files.0.is_empty(), 0);
    let last = files.0.keys().last().copied();
    let mut before = None;
    for (segment, bytes) in &mut files.0 {
        let mut decoder = Decoder::default();
        let mut damage = None;
        for piece in bytes.chunks(rng.within(1, 5_000)) {
            decoder.push(piece);
            let mut places = vec![Vec::new(); cores];
            damage = loop {
                match decoder.next_entry() {
                    Ok(Some((place, entry))) => {
                        clean = entry == Entry::Clean;
                        match entry {
                            Entry::History(record) => {
                                epoch = epoch.max(record.epoch());
                                places[home_of(record.channel())].push(place);
                            }
                            Entry::Begin { epoch: last, before: length, .. } => {
                                epoch = epoch.max(last);
                                assert!(
                                    before.is_none_or(|before| before == length),
                                    "a segment lost some of it"
                                );
                            }
                            Entry::Synced { .. } | Entry::Clean => {}
                        }
                    }
                    Ok(None) => break None,
                    Err(damage) => break Some(damage),
                }
            };
            let batches = places.into_iter().enumerate().filter(|(_, places)| !places.is_empty());
            batches.for_each(|(core, places)| replayed(core, decoder.batch(places)));
            if damage.is_some() {
                break;
            }
        }
        if let Some(damage) = damage.or_else(|| decoder.end()) {
            let from = decoder.offset() as usize;
            assert_eq!(Some(*segment), last, "only the newest segment has a torn tail");
            assert!(matches!(damage, Damage::Cut | Damage::Checksum), "{damage:?}");
            assert!(!MarkFinder::new(*segment, from as u64).push(&bytes[from..]), "damage behind a sync");
            bytes.truncate(from);
            clean = false;
        }
        before = Some(bytes.len() as u64);
    }
    (clean, epoch)
}
