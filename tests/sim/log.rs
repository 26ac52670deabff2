//! The history log as a faulty peer: it writes late, syncs later, tells of it later still, fails, and ends in a clean
//! stop, a killed process or a power cut. What it has are the bytes that a real log would have.

use crate::rng::Rng;
use corecast::model::record::{HistoryRecord, RecordView};
use corecast::shard::{LogMessage, LogNews};
use corecast::store::log::{Batch, Checkpoint, Decoder, Entry, Size, encode};
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

pub struct Log {
    files: Files,
    segment: u64,
    /// Of the newest segment.
    synced_bytes: usize,
    epoch: u64,
    checkpoint: Checkpoint,
    checkpoints: u64,
    lanes: Vec<Lane>,
    /// One sync in so many chances.
    pub laziness: usize,
    failed: bool,
}

#[derive(Default)]
struct Lane {
    heard: VecDeque<LogMessage>,
    news: VecDeque<LogNews>,
    written: u64,
    synced: u64,
    told: (u64, u64),
    through: bool,
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
        let size = Size { segment_bytes: *rng.pick(&[1_000, 20_000, 1 << 20]), factor: 2 };
        let bytes = files.0.values().map(Vec::len).sum::<usize>() as u64;
        let segment = files.0.keys().last().copied().unwrap_or(0);
        let lanes = (0..cores).map(|_| Lane::default()).collect();
        let checkpoint = Checkpoint::new(size, bytes);
        let laziness = *rng.pick(&[1, 30, 200]);
        let mut log = Self {
            files,
            segment,
            synced_bytes: 0,
            epoch,
            checkpoint,
            checkpoints: 0,
            lanes,
            laziness,
            failed: false,
        };
        log.begin_segment();
        log.sync();
        if !clean {
            log.begin_checkpoint();
        }
        log
    }

    pub fn hear(&mut self, core: usize, message: LogMessage) {
        if !self.failed {
            self.lanes[core].heard.push_back(message);
        }
    }

    pub fn has_work(&self, core: usize) -> bool {
        !self.lanes[core].heard.is_empty()
    }

    /// Whether something was written and not synced.
    pub fn is_dirty(&self) -> bool {
        !self.failed && self.lanes.iter().any(|lane| lane.written != lane.synced)
    }

    pub fn has_news(&self, core: usize) -> bool {
        !self.lanes[core].news.is_empty()
    }

    pub fn next_news(&mut self, core: usize) -> Option<LogNews> {
        self.lanes[core].news.pop_front()
    }

    /// Writes up to `count` messages of a core.
    pub fn write(&mut self, core: usize, count: usize) {
        for _ in 0..count {
            let Some(message) = self.lanes[core].heard.pop_front() else { break };
            match message {
                LogMessage::Replayed => {}
                LogMessage::CheckpointThrough(number) => {
                    self.lanes[core].through = number == self.checkpoints;
                }
                LogMessage::Records(part) => {
                    self.lanes[core].written = part.last;
                    part.records.iter().for_each(|record| self.append(record));
                }
            }
        }
        self.tell_moved(core);
        if self.checkpoint.is_due() && !self.failed {
            self.sync();
            self.begin_segment();
            self.begin_checkpoint();
        }
    }

    fn append(&mut self, record: &HistoryRecord) {
        let record = record.view();
        self.epoch = self.epoch.max(record.epoch());
        let is_state = matches!(record, RecordView::Ring { .. } | RecordView::Key { .. });
        let bytes = self.put(&Entry::History(record)) as u64;
        self.checkpoint.note(if is_state { bytes } else { 0 }, if is_state { 0 } else { bytes });
    }

    fn put(&mut self, entry: &Entry<'_>) -> usize {
        let file = self.files.0.entry(self.segment).or_default();
        let before = file.len();
        encode(file, entry);
        file.len() - before
    }

    fn begin_segment(&mut self) {
        self.segment += 1;
        self.put(&Entry::Begin { segment: self.segment, epoch: self.epoch });
        self.synced_bytes = 0;
    }

    fn begin_checkpoint(&mut self) {
        self.checkpoints += 1;
        self.checkpoint.begin(self.segment, self.lanes.len());
        for lane in &mut self.lanes {
            lane.through = false;
            lane.news.push_back(LogNews::Checkpoint(self.checkpoints));
        }
    }

    /// All that was written is on disk.
    pub fn sync(&mut self) {
        if self.failed {
            return;
        }
        let offset = self.files.0[&self.segment].len();
        self.synced_bytes = offset;
        self.put(&Entry::Synced { segment: self.segment, offset: offset as u64 });
        for core in 0..self.lanes.len() {
            self.lanes[core].synced = self.lanes[core].written;
            self.tell_moved(core);
            if self.lanes[core].through {
                self.checkpoint.through(core);
            }
        }
        if let Some(first) = self.checkpoint.synced() {
            self.files.0.retain(|segment, _| *segment >= first);
        }
    }

    fn tell_moved(&mut self, core: usize) {
        let lane = &mut self.lanes[core];
        let moved = (lane.written, lane.synced);
        if !self.failed && lane.told != moved {
            lane.told = moved;
            lane.news.push_back(LogNews::Moved { written: lane.written, synced: lane.synced });
        }
    }

    pub fn fail(&mut self) {
        if std::mem::replace(&mut self.failed, true) {
            return;
        }
        for lane in &mut self.lanes {
            lane.heard.clear();
            lane.news.push_back(LogNews::Failed);
        }
    }

    /// What a successor finds, and whether that is all.
    pub fn end(mut self, end: End, rng: &mut Rng) -> (Files, bool) {
        let clean = end == End::Clean && !self.failed;
        if clean {
            assert!(self.lanes.iter().all(|lane| lane.heard.is_empty()), "all was written before the end");
            self.sync();
            self.put(&Entry::Clean);
        }
        let (synced_bytes, segment) = (self.synced_bytes, self.segment);
        if end == End::PowerCut
            && let Some(file) = self.files.0.get_mut(&segment)
        {
            file.truncate(synced_bytes + rng.below(file.len() - synced_bytes + 1));
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
    for (segment, bytes) in &mut files.0 {
        let mut decoder = Decoder::default();
        for piece in bytes.chunks(rng.within(1, 5_000)) {
            decoder.push(piece);
            let mut places = vec![Vec::new(); cores];
            while let Some((place, entry)) = decoder.next_entry().expect("what was written is not damaged") {
                clean = entry == Entry::Clean;
                match entry {
                    Entry::History(record) => {
                        epoch = epoch.max(record.epoch());
                        places[home_of(record.channel())].push(place);
                    }
                    Entry::Begin { epoch: before, .. } => epoch = epoch.max(before),
                    Entry::Synced { .. } | Entry::Clean => {}
                }
            }
            let batches = places.into_iter().enumerate().filter(|(_, places)| !places.is_empty());
            batches.for_each(|(core, places)| replayed(core, decoder.batch(places)));
        }
        if decoder.end().is_some() {
            assert_eq!(Some(*segment), last, "only the newest segment has a torn tail");
            bytes.truncate(decoder.offset() as usize);
            clean = false;
        }
    }
    (clean, epoch)
}
