//! The log's task: what the cores say is written together, synced together, and told to all of them.

use super::error::{LogError, file_error};
use super::lane::Lanes;
use super::replay::{Found, replay};
use super::writer::Writer;
use super::{HomeOf, LogSettings};
use crate::model::record::RecordView;
use crate::runtime::clock;
use crate::shard::{LogMessage, LogNews};
use crate::store::log::{Entry, FoundLog, Progress, encode};
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
            while let Err(error) = log.serve().await {
                if !log.mend(&error).await {
                    break;
                }
            }
            Ok(())
        }
        Err(LogError::Stopped) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A log that can be written.
pub(super) struct Log {
    settings: LogSettings,
    pub(super) lanes: Arc<Lanes>,
    pub(super) writer: Writer,
    /// Older segments, oldest first.
    older: VecDeque<u64>,
    /// The greatest epoch of any record.
    epoch: u64,
    pub(super) progress: Progress,
    /// The core that is heard first; another one each time.
    first: usize,
    /// When what is written must be synced, monotonic microseconds.
    pub(super) sync_at_us: Option<u64>,
    /// Somebody waits for the sync.
    pub(super) commit: bool,
}

impl Log {
    /// Lets every core finish the replay, and begins a segment.
    async fn begin(settings: LogSettings, lanes: Arc<Lanes>, found: Found) -> Result<Self, LogError> {
        let Found { next_segment, segments, last_bytes, bytes, clean, epoch } = found;
        for core in 0..lanes.cores() {
            lanes.tell(core, LogNews::ReplayedAll { clean, epoch });
        }
        let mut live_bytes = 0;
        for core in 0..lanes.cores() {
            let heard = || match (lanes.closed(), lanes.hear(core)) {
                (true, _) => Some(Err(LogError::Stopped)),
                (false, Some(LogMessage::Replayed { live_bytes })) => Some(Ok(live_bytes)),
                (false, _) => None,
            };
            live_bytes += lanes.until(heard).await?;
        }
        let writer = Writer::begin(&settings.directory, next_segment, epoch, last_bytes).await?;
        let mut log = Self {
            progress: Progress::new(lanes.cores(), settings.size, FoundLog { bytes, live_bytes, clean }),
            settings,
            writer,
            older: segments.into(),
            epoch,
            lanes,
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

    async fn serve(&mut self) -> Result<(), LogError> {
        loop {
            let closed = self.lanes.closed();
            let more = self.write().await?;
            let now_us = clock::monotonic_us();
            if self.commit
                || self.sync_at_us.is_some_and(|at_us| at_us <= now_us)
                || self.progress.is_through()
            {
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
                    bytes = self.writer.next_bytes();
                }
                self.take(core, message, &mut bytes);
            }
        }
        if heard {
            self.writer.write(bytes).await?;
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
            LogMessage::Resumed(number) => self.progress.resumed(core, number),
            LogMessage::Replayed { .. } => {}
            // From before it heard of a failure.
            _ if !self.progress.hears(core) => {}
            LogMessage::CheckpointThrough(number) => self.progress.through(core, number),
            LogMessage::Records(part) => {
                self.progress.wrote(core, part.last);
                self.commit |= part.commit;
                for record in &part.records {
                    let record = record.view();
                    self.epoch = self.epoch.max(record.epoch());
                    let is_state = matches!(record, RecordView::Ring { .. } | RecordView::Key { .. });
                    let before = bytes.len();
                    encode(bytes, &Entry::History(record));
                    let count = (bytes.len() - before) as u64;
                    let (state, other) = if is_state { (count, 0) } else { (0, count) };
                    self.progress.note(state, other);
                }
            }
        }
    }

    async fn sync(&mut self) -> Result<(), LogError> {
        self.writer.sync().await?;
        (self.commit, self.sync_at_us) = (false, None);
        let first = self.progress.synced();
        self.tell_moved();
        while let Some(oldest) = self.older.front().copied()
            && first.is_some_and(|first| oldest < first)
        {
            self.writer.remove(oldest).await?;
            self.older.pop_front();
        }
        Ok(())
    }

    fn tell_moved(&mut self) {
        for core in 0..self.lanes.cores() {
            if let Some((written, synced)) = self.progress.moved(core) {
                self.lanes.tell(core, LogNews::Moved { written, synced });
            }
        }
    }

    /// Begins another segment when this one is large enough, and a checkpoint when the log is.
    async fn grow(&mut self) -> Result<(), LogError> {
        let due = self.progress.is_due();
        if !due && self.writer.bytes() < self.settings.size.segment_bytes {
            return Ok(());
        }
        self.sync().await?;
        self.roll().await?;
        if due {
            self.begin_checkpoint();
        }
        Ok(())
    }

    /// Goes on in another segment.
    pub(super) async fn roll(&mut self) -> Result<(), LogError> {
        let before = self.writer.segment();
        self.writer.roll(self.epoch).await?;
        self.older.push_back(before);
        Ok(())
    }

    pub(super) fn begin_checkpoint(&mut self) {
        let number = self.progress.begin_checkpoint(self.writer.segment());
        for core in 0..self.lanes.cores() {
            self.lanes.tell(core, LogNews::Checkpoint(number));
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

    /// All cores have left: what they said is on disk, and if that is all that anybody was told, the log says so.
    async fn end(&mut self) -> Result<(), LogError> {
        self.sync().await?;
        if self.lanes.closed_in_order() && self.progress.is_whole() {
            let mut bytes = self.writer.next_bytes();
            encode(&mut bytes, &Entry::Clean);
            self.writer.write(bytes).await?;
            self.writer.sync().await?;
        }
        Ok(())
    }
}
