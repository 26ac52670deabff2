//! The log's thread: what the cores say is written together, synced together, and told to all of them.

use super::error::{LogError, file_error};
use super::replay::{Remembered, Replayed, replay};
use super::rewrite::remove_unfinished;
use super::writer::Writer;
use super::{HomeOf, LogDesk, LogSettings};
use crate::broker::order::LogPart;
use crate::model::record::{HistoryRecord, RecordView};
use crate::runtime::clock;
use crate::runtime::side::last::Last;
use crate::shard::{LogMessage, LogNews};
use crate::store::log::{Entry, FoundLog, Progress, Reached, encode};
use std::collections::VecDeque;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// Bytes written at once; what the cores said beyond that is written after.
const WRITE_BYTES: usize = 4 << 20;

/// Microseconds between two looks whether the log is where it was, though nobody says anything.
const LOOK_US: u64 = 1_000_000;

/// Bytes of memory kept from one write to the next.
const BYTES_KEPT: usize = 64 << 10;

/// Reads what there is, serves the cores until they have left, and writes what they said last.
///
/// # Errors
/// The log cannot be read or begun. What fails later is told to the cores and on stderr.
pub fn run(
    mut settings: LogSettings,
    desk: LogDesk,
    home_of: HomeOf,
    opened: Sender<()>,
) -> Result<(), LogError> {
    let directory = &settings.directory;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| file_error("make", directory, source))?;
    // What is mounted there later, or what the process changes to, makes no difference.
    settings.directory = directory.canonicalize().map_err(|source| file_error("find", directory, source))?;
    let directory = &settings.directory;
    remove_unfinished(directory)?;
    let (last, far) =
        Last::open(directory).map_err(|source| file_error("remember", &Last::path(directory), source))?;
    let remembered = Remembered { far: far.unwrap_or_default(), last: &last };
    let begun = match replay(&settings, &desk, home_of, remembered) {
        Ok(found) => Log::begin(settings, desk, found, Arc::new(last)),
        Err(error) => Err(error),
    };
    match begun {
        Ok((mut log, found_well)) => {
            // Nobody listens any more if a core has failed; then all of them leave.
            let _ = opened.send(());
            drop(opened);
            let mut going = found_well.and_then(|()| log.go_on());
            while let Err(error) = going {
                if !log.recover(&error) {
                    break;
                }
                going = log.serve();
            }
            Ok(())
        }
        Err(LogError::Stopped) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What is not written yet of what a core said at once.
struct Part {
    core: usize,
    records: std::vec::IntoIter<HistoryRecord>,
    /// Number of the last of them.
    last: u64,
    /// Whether somebody waits for them.
    commit: bool,
    /// How far the core's checkpoint is with the last of them.
    reached: Option<Reached>,
}

/// A log that can be written.
pub(super) struct Log {
    pub(super) settings: LogSettings,
    pub(super) desk: LogDesk,
    pub(super) writer: Writer,
    /// Older segments, oldest first.
    pub(super) older: VecDeque<u64>,
    /// The greatest epoch of any record.
    pub(super) epoch: u64,
    pub(super) progress: Progress,
    /// What is written next; kept for its memory.
    bytes: Vec<u8>,
    /// What was heard and has no place in the segment that it began in.
    part: Option<Part>,
    /// When what is written must be synced, monotonic microseconds.
    pub(super) sync_at_us: Option<u64>,
    /// Somebody waits for the sync.
    pub(super) commit: bool,
    /// When it is looked whether the segment is where it was, monotonic microseconds.
    look_at_us: u64,
}

impl Log {
    /// Lets every core finish the replay and serve. Also says whether the disk took what had to be written for that.
    fn begin(
        settings: LogSettings,
        desk: LogDesk,
        found: Replayed,
        last: Arc<Last>,
    ) -> Result<(Self, Result<(), LogError>), LogError> {
        let Replayed { mut segments, last_bytes, bytes, clean, epoch } = found;
        for core in 0..desk.cores() {
            desk.tell(core, LogNews::ReplayedAll { clean, epoch });
        }
        let (mut live_bytes, mut ready) = (0, 0);
        while ready < desk.cores() {
            desk.wait(None);
            if desk.closed() {
                return Err(LogError::Stopped);
            }
            while let Some((_, message)) = desk.hear() {
                if let LogMessage::Replayed { live_bytes: of_core } = message {
                    live_bytes += of_core;
                    ready += 1;
                }
            }
        }
        let writer = match segments.pop() {
            Some(newest) => Writer::reopen(&settings.directory, last, newest, last_bytes)?,
            None => Writer::begin(&settings.directory, last, epoch)?,
        };
        let mut log = Self {
            progress: Progress::new(desk.cores(), settings.size, FoundLog { bytes, live_bytes, clean }),
            settings,
            writer,
            older: segments.into(),
            epoch,
            desk,
            bytes: Vec::new(),
            part: None,
            sync_at_us: None,
            commit: false,
            look_at_us: 0,
        };
        let well = if log.progress.is_found_too_large() { log.rewrite() } else { Ok(()) };
        if let Err(LogError::Stopped) = well {
            return Err(LogError::Stopped);
        }
        (0..log.desk.cores()).for_each(|core| log.desk.tell(core, LogNews::Open));
        Ok((log, well))
    }

    /// Begins a segment of this process, if it has none, and serves. A disk that takes nothing at the start is one that fails later.
    fn go_on(&mut self) -> Result<(), LogError> {
        if !self.writer.is_begun_here() {
            self.roll()?;
        }
        if !self.progress.is_whole() {
            // Channels go on in new epochs, which the log has to know before it is read again.
            self.begin_checkpoint();
        }
        self.serve()
    }

    fn serve(&mut self) -> Result<(), LogError> {
        loop {
            let closed = self.desk.closed();
            let more = self.write()?;
            let now_us = clock::monotonic_us();
            if self.look_at_us <= now_us {
                self.look_at_us = now_us + LOOK_US;
                self.writer.look()?;
            }
            if self.commit
                || self.sync_at_us.is_some_and(|at_us| at_us <= now_us)
                || self.progress.is_through()
                || self.progress.is_freed_by_sync()
            {
                self.sync()?;
            }
            self.grow()?;
            if let Some((number, thousandths)) = self.progress.due() {
                self.tell_all(|| LogNews::CheckpointDue(number, thousandths));
            }
            if !more && closed {
                return self.end();
            }
            if !more {
                self.rest();
            }
        }
    }

    /// Writes what the cores have said, as much as the segment has a place for; whether there was anything.
    pub(super) fn write(&mut self) -> Result<bool, LogError> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let left = self.settings.size.segment_bytes.saturating_sub(self.writer.bytes());
        let bytes_max = WRITE_BYTES.min(usize::try_from(left).unwrap_or(usize::MAX)).max(1);
        let mut heard = false;
        while bytes.len() < bytes_max && self.take_next(&mut bytes) {
            heard = true;
        }
        if !bytes.is_empty() {
            self.writer.write(&bytes)?;
            let due_us = clock::monotonic_us() + self.settings.sync_interval_ms * 1_000;
            self.sync_at_us.get_or_insert(due_us);
        }
        if heard && !self.commit {
            self.tell_moved();
        }
        bytes.clear();
        bytes.shrink_to(BYTES_KEPT);
        self.bytes = bytes;
        Ok(heard)
    }

    /// Takes the next record, or the next thing that a core said; whether there was any.
    fn take_next(&mut self, bytes: &mut Vec<u8>) -> bool {
        let Some(part) = &mut self.part else {
            let heard = self.desk.hear();
            return heard.map(|(core, message)| self.take(core.index(), message)).is_some();
        };
        if let Some(record) = part.records.next() {
            // Each by itself: a sync in the middle of a part has those before it on disk, and if the log fails behind it, their
            // core must know that, or it gives their places out again.
            self.progress.wrote(part.core, part.last - part.records.len() as u64);
            let record = record.view();
            self.epoch = self.epoch.max(record.epoch());
            if bytes.is_empty() {
                self.writer.begin_bytes(bytes);
            }
            let is_state = matches!(record, RecordView::Ring { .. } | RecordView::Key { .. });
            let before = bytes.len();
            encode(bytes, &Entry::History(record));
            let count = (bytes.len() - before) as u64;
            self.progress.note(if is_state { count } else { 0 }, if is_state { 0 } else { count });
        } else if let Some(Part { core, commit, reached, .. }) = self.part.take() {
            reached.iter().for_each(|reached| self.progress.reached(core, *reached));
            self.commit |= commit;
        }
        true
    }

    fn take(&mut self, core: usize, message: LogMessage) {
        match message {
            LogMessage::Resumed(number) => self.progress.resumed(core, number),
            LogMessage::Replayed { .. } => {}
            // From before it heard of a failure.
            _ if !self.progress.hears(core) => {}
            LogMessage::CheckpointThrough(number) => self.progress.through(core, number),
            LogMessage::Records(LogPart { records, last, commit }, reached) => {
                reached.iter().for_each(|reached| self.progress.reaches(core, *reached));
                self.part = Some(Part { core, records: records.into_iter(), last, commit, reached });
            }
        }
    }

    /// What was heard and not written is lost.
    pub(super) fn forget_unwritten(&mut self) {
        self.part = None;
    }

    pub(super) fn sync(&mut self) -> Result<(), LogError> {
        self.writer.sync()?;
        (self.commit, self.sync_at_us) = (false, None);
        let first = self.progress.synced();
        self.tell_moved();
        while let Some(oldest) = self.older.front().copied()
            && first.is_some_and(|first| oldest < first)
        {
            self.writer.remove(oldest)?;
            self.older.pop_front();
        }
        Ok(())
    }

    fn tell_moved(&mut self) {
        for core in 0..self.desk.cores() {
            if let Some((written, synced)) = self.progress.moved(core) {
                self.desk.tell(core, LogNews::Moved { written, synced });
            }
        }
    }

    /// Begins another segment when this one is large enough, and a checkpoint when the log is.
    fn grow(&mut self) -> Result<(), LogError> {
        let due = self.progress.is_due();
        if !due && self.writer.bytes() < self.settings.size.segment_bytes {
            return Ok(());
        }
        self.sync()?;
        self.roll()?;
        if due {
            self.begin_checkpoint();
        }
        Ok(())
    }

    /// Goes on in another segment.
    pub(super) fn roll(&mut self) -> Result<(), LogError> {
        let before = self.writer.segment();
        self.writer.roll(self.epoch)?;
        self.progress.completed(before);
        self.older.push_back(before);
        Ok(())
    }

    pub(super) fn begin_checkpoint(&mut self) {
        let number = self.progress.begin_checkpoint(self.writer.segment());
        for core in 0..self.desk.cores() {
            self.desk.tell(core, LogNews::Checkpoint(number));
        }
    }

    /// Sleeps until a core says something, all have left, or a sync is due.
    fn rest(&self) {
        let until_us = self.sync_at_us.map_or(self.look_at_us, |at_us| at_us.min(self.look_at_us));
        let left_us = until_us.saturating_sub(clock::monotonic_us());
        self.desk.wait(Some(Duration::from_micros(left_us)));
    }

    /// All cores have left: what they said is on disk, and if that is all that anybody was told, the log says so.
    fn end(&mut self) -> Result<(), LogError> {
        self.sync()?;
        if self.desk.closed_in_order() && self.progress.is_whole() {
            let mut bytes = Vec::new();
            self.writer.begin_bytes(&mut bytes);
            encode(&mut bytes, &Entry::Clean);
            self.writer.write(&bytes)?;
            self.writer.sync()?;
        }
        Ok(())
    }
}
