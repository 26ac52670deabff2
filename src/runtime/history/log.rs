//! The log's task: what the cores say is written together, synced together, and told to all of them.

use super::error::{LogError, file_error};
use super::lane::Lanes;
use super::replay::{Found, replay};
use super::writer::Writer;
use super::{HomeOf, LogSettings};
use crate::model::record::RecordView;
use crate::runtime::clock;
use crate::shard::{LogMessage, LogNews};
use crate::store::log::{Checkpoint, Entry, encode};
use glommio::timer::timeout;
use std::collections::VecDeque;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// Bytes written at once; what the cores said beyond that is written after.
const WRITE_BYTES: usize = 4 << 20;

/// Reads what there is, serves the cores until they have left, and writes what they said last.
///
/// # Errors
/// The log cannot be read or begun. What fails later is told to the cores and on stderr.
pub async fn run(
    mut settings: LogSettings,
    lanes: Arc<Lanes>,
    home_of: HomeOf,
    opened: Sender<()>,
) -> Result<(), LogError> {
    let directory = &settings.directory;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| file_error("make", directory, source))?;
    // glommio opens a directory by its whole path only.
    settings.directory = directory.canonicalize().map_err(|source| file_error("find", directory, source))?;
    let begun = match replay(&settings, &lanes, home_of).await {
        Ok(found) => Log::begin(settings, lanes, found).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok(mut log) => {
            // Nobody listens any more if a core has failed; then the lanes close.
            let _ = opened.send(());
            drop(opened);
            if let Err(error) = log.serve().await {
                log.fail(&error).await;
            }
            Ok(())
        }
        Err(LogError::Stopped) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A log that can be written.
struct Log {
    settings: LogSettings,
    lanes: Arc<Lanes>,
    /// `None` only while a segment follows another.
    writer: Option<Writer>,
    /// Older segments, oldest first.
    older: VecDeque<u64>,
    /// The greatest epoch of any record.
    epoch: u64,
    marks: Vec<Mark>,
    checkpoint: Checkpoint,
    checkpoints: u64,
    /// The core that is heard first; another one each time.
    first: usize,
    /// When what is written must be synced, monotonic microseconds.
    sync_at_us: Option<u64>,
    /// Somebody waits for the sync.
    commit: bool,
}

/// How far a core's records are.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Mark {
    written: u64,
    synced: u64,
    told: (u64, u64),
    /// It has handed over all channels for the checkpoint under way.
    through: bool,
}

impl Log {
    /// Lets every core finish the replay, and begins a segment.
    async fn begin(settings: LogSettings, lanes: Arc<Lanes>, found: Found) -> Result<Self, LogError> {
        let Found { next_segment, segments, bytes, clean, epoch } = found;
        for core in 0..lanes.cores() {
            lanes.tell(core, LogNews::ReplayedAll { clean, epoch });
        }
        for core in 0..lanes.cores() {
            let heard = || match (lanes.closed(), lanes.hear(core)) {
                (true, _) => Some(Err(LogError::Stopped)),
                (false, Some(LogMessage::Replayed)) => Some(Ok(())),
                (false, _) => None,
            };
            lanes.until(heard).await?;
        }
        let writer = Writer::begin(&settings.directory, next_segment, epoch).await?;
        let mut log = Self {
            checkpoint: Checkpoint::new(settings.size, bytes),
            settings,
            writer: Some(writer),
            older: segments.into(),
            epoch,
            marks: vec![Mark::default(); lanes.cores()],
            lanes,
            checkpoints: 0,
            first: 0,
            sync_at_us: None,
            commit: false,
        };
        (0..log.lanes.cores()).for_each(|core| log.lanes.tell(core, LogNews::Open));
        if !clean {
            // Channels go on in new epochs, which the log has to know before it is read again.
            log.begin_checkpoint();
        }
        Ok(log)
    }

    fn writer(&mut self) -> &mut Writer {
        self.writer.as_mut().expect("there is a segment but while one follows another")
    }

    async fn serve(&mut self) -> Result<(), LogError> {
        loop {
            let closed = self.lanes.closed();
            let more = self.write().await?;
            let now_us = clock::monotonic_us();
            if self.commit || self.sync_at_us.is_some_and(|at_us| at_us <= now_us) || self.is_through() {
                self.sync().await?;
            }
            self.grow().await?;
            if !more && closed {
                return self.end().await;
            }
            if !more {
                self.rest().await;
            }
        }
    }

    /// Writes what the cores have said, or a part of it; whether there was anything.
    async fn write(&mut self) -> Result<bool, LogError> {
        let mut bytes = Vec::new();
        let mut heard = false;
        let cores = self.lanes.cores();
        self.first = (self.first + 1) % cores;
        for core in (self.first..cores).chain(0..self.first) {
            while bytes.len() < WRITE_BYTES
                && let Some(message) = self.lanes.hear(core)
            {
                if !heard {
                    heard = true;
                    bytes = self.writer().next_bytes();
                }
                self.take(core, message, &mut bytes);
            }
        }
        if heard {
            self.writer().write(bytes).await?;
            let due_us = clock::monotonic_us() + self.settings.sync_interval_ms * 1_000;
            self.sync_at_us.get_or_insert(due_us);
            if !self.commit {
                self.tell_moved();
            }
        }
        Ok(heard)
    }

    fn take(&mut self, core: usize, message: LogMessage, bytes: &mut Vec<u8>) {
        match message {
            LogMessage::Replayed => {}
            LogMessage::CheckpointThrough(number) => self.marks[core].through = number == self.checkpoints,
            LogMessage::Records(part) => {
                self.marks[core].written = part.last;
                self.commit |= part.commit;
                for record in &part.records {
                    let record = record.view();
                    self.epoch = self.epoch.max(record.epoch());
                    let is_state = matches!(record, RecordView::Ring { .. } | RecordView::Key { .. });
                    let before = bytes.len();
                    encode(bytes, &Entry::History(record));
                    let count = (bytes.len() - before) as u64;
                    let (state, other) = if is_state { (count, 0) } else { (0, count) };
                    self.checkpoint.note(state, other);
                }
            }
        }
    }

    /// Whether every core is through with a checkpoint whose end is not noted.
    fn is_through(&self) -> bool {
        self.marks.iter().all(|mark| mark.through)
    }

    async fn sync(&mut self) -> Result<(), LogError> {
        self.writer().sync().await?;
        (self.commit, self.sync_at_us) = (false, None);
        for (core, mark) in self.marks.iter_mut().enumerate() {
            mark.synced = mark.written;
            if mark.through {
                self.checkpoint.through(core);
            }
        }
        self.tell_moved();
        if let Some(first) = self.checkpoint.synced() {
            self.marks.iter_mut().for_each(|mark| mark.through = false);
            while let Some(oldest) = self.older.front().copied()
                && oldest < first
            {
                self.older.pop_front();
                self.writer().remove(oldest).await?;
            }
        }
        Ok(())
    }

    fn tell_moved(&mut self) {
        for (core, mark) in self.marks.iter_mut().enumerate() {
            let Mark { written, synced, .. } = *mark;
            if mark.told != (written, synced) {
                mark.told = (written, synced);
                self.lanes.tell(core, LogNews::Moved { written, synced });
            }
        }
    }

    /// Begins another segment when this one is large enough, and a checkpoint when the log is.
    async fn grow(&mut self) -> Result<(), LogError> {
        let due = self.checkpoint.is_due();
        if !due && self.writer().bytes() < self.settings.size.segment_bytes {
            return Ok(());
        }
        self.sync().await?;
        let before = self.writer.take().expect("there is a segment but while one follows another");
        self.older.push_back(before.segment());
        self.writer = Some(before.roll(self.epoch).await?);
        if due {
            self.begin_checkpoint();
        }
        Ok(())
    }

    fn begin_checkpoint(&mut self) {
        let first = self.writer().segment();
        self.checkpoints += 1;
        self.checkpoint.begin(first, self.marks.len());
        for core in 0..self.marks.len() {
            self.marks[core].through = false;
            self.lanes.tell(core, LogNews::Checkpoint(self.checkpoints));
        }
    }

    /// Parks until a core says something, all have left, or a sync is due.
    async fn rest(&self) {
        let lanes = &self.lanes;
        let woken = lanes.until(|| (lanes.has_said() || lanes.closed()).then_some(()));
        match self.sync_at_us {
            None => woken.await,
            Some(at_us) => {
                let left = Duration::from_micros(at_us.saturating_sub(clock::monotonic_us()));
                // An error says only that the time is over.
                let _ = timeout(left, async {
                    woken.await;
                    Ok(())
                })
                .await;
            }
        }
    }

    /// All cores have left: what they said is on disk, and if that is all there was, the log says so.
    async fn end(&mut self) -> Result<(), LogError> {
        self.sync().await?;
        if self.lanes.closed_in_order() {
            let mut bytes = self.writer().next_bytes();
            encode(&mut bytes, &Entry::Clean);
            self.writer().write(bytes).await?;
            self.writer().sync().await?;
        }
        Ok(())
    }

    /// The disk failed: says so, once, and takes nothing more until all cores have left.
    async fn fail(&mut self, error: &LogError) {
        eprintln!(
            "corecast: {error}. Channels that keep their history on disk take no more publications until the node is started \
             anew."
        );
        for core in 0..self.lanes.cores() {
            self.lanes.tell(core, LogNews::Failed);
        }
        let lanes = &self.lanes;
        lanes
            .until(|| {
                (0..lanes.cores()).for_each(|core| while lanes.hear(core).is_some() {});
                lanes.closed().then_some(())
            })
            .await;
    }
}
