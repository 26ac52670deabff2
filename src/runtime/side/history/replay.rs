//! Reading the log at the start: record after record, each to the home core of its channel, as fast as the cores take
//! them. A torn tail is cut off; any other damage keeps the node from starting.

use super::error::{LogError, file_error};
use super::{HomeOf, LogDesk, LogSettings};
use crate::runtime::clock;
use crate::runtime::log;
use crate::runtime::side::last::{Far, Last};
use crate::shard::LogNews;
use crate::store::log::{Damage, Decoder, Entry, MarkFinder, Segments, file_name};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes read at once, whose records go to the cores at once: little enough for a core's turn, and for a cache.
const READ_BYTES: usize = 128 << 10;

/// Batches that a core has not taken, after which it is waited for.
const BATCHES_MAX: usize = 8;

/// Microseconds between two lines about a long replay.
const PROGRESS_US: u64 = 5_000_000;

/// What was found.
#[derive(Debug)]
pub struct Replayed {
    /// The segments, oldest first.
    pub segments: Vec<u64>,
    /// Bytes of the newest of them.
    pub last_bytes: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Whether the last record says that there are no others.
    pub clean: bool,
    /// The greatest epoch that was ever given out, as far as is known.
    pub epoch: u64,
}

/// Reads everything and hands it to the cores.
///
/// # Errors
/// A file cannot be read, something in the middle is damaged or missing, or the run ended meanwhile.
pub fn replay(
    settings: &LogSettings,
    desk: &LogDesk,
    home_of: HomeOf,
    remembered: Remembered<'_>,
) -> Result<Replayed, LogError> {
    let directory = &settings.directory;
    let names = names(directory).map_err(|source| file_error("list", directory, source))?;
    let segments = Segments::of(names.iter().map(String::as_str))
        .map_err(|missing| LogError::Missing { path: directory.join(missing) })?;
    let numbers = segments.numbers().to_vec();
    if numbers.last().copied().unwrap_or(0) < remembered.far.number {
        return Err(remembered.lost(directory));
    }
    let mut reader = Reader {
        desk,
        home_of,
        places: vec![Vec::new(); desk.cores()],
        found: Replayed {
            segments: numbers.clone(),
            last_bytes: 0,
            bytes: 0,
            clean: numbers.is_empty(),
            epoch: 0,
        },
        before: None,
        remembered,
        said_us: clock::monotonic_us(),
    };
    for number in &numbers {
        let path = directory.join(file_name(*number));
        reader.segment(*number, &path, Some(number) == numbers.last())?;
    }
    Ok(reader.found)
}

/// How far the log was when somebody was last told that something is on disk.
#[derive(Clone, Copy, Debug)]
pub struct Remembered<'a> {
    /// The newest segment, and how much of it.
    pub far: Far,
    /// What says so.
    pub last: &'a Last,
}

impl Remembered<'_> {
    fn lost(&self, directory: &Path) -> LogError {
        let Far { number, bytes } = self.far;
        LogError::Lost { path: directory.join(file_name(number)), bytes, last: self.last.place().to_owned() }
    }
}

fn names(directory: &Path) -> io::Result<Vec<String>> {
    let names = std::fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names: io::Result<Vec<_>> = names.collect();
    Ok(names?.into_iter().filter_map(|name| name.into_string().ok()).collect())
}

struct Reader<'a> {
    desk: &'a LogDesk,
    home_of: HomeOf,
    /// Where in the block at hand the records of each core are.
    places: Vec<Vec<usize>>,
    found: Replayed,
    /// The segment before the one at hand.
    before: Option<PathBuf>,
    remembered: Remembered<'a>,
    /// When progress was last told.
    said_us: u64,
}

impl Reader<'_> {
    fn segment(&mut self, number: u64, path: &Path, last: bool) -> Result<(), LogError> {
        let file = File::open(path).map_err(|source| file_error("open", path, source))?;
        let size = file.metadata().map_err(|source| file_error("read", path, source))?.len();
        let mut decoder = Decoder::default();
        let mut block = vec![0; READ_BYTES];
        let mut at = 0;
        let mut damage = None;
        while damage.is_none() && at < size {
            let bytes = read(&file, path, at, &mut block)?;
            if bytes.is_empty() {
                break;
            }
            at += bytes.len() as u64;
            decoder.push(bytes);
            damage = self.entries(&mut decoder)?;
            self.tell_progress(path, at, size);
        }
        let damage = damage.or_else(|| decoder.end());
        self.found.bytes += decoder.offset();
        self.found.last_bytes = decoder.offset();
        self.before = Some(path.to_owned());
        let Remembered { far, .. } = self.remembered;
        let newer = matches!(damage, Some(Damage::Newer(_)));
        if far.number == number && decoder.offset() < far.bytes && !newer {
            // It was on disk, whatever its end looks like.
            return Err(match damage.filter(|_| size >= far.bytes) {
                Some(damage) => LogError::Damaged { path: path.to_owned(), offset: decoder.offset(), damage },
                None => self.remembered.lost(path.parent().unwrap_or(path)),
            });
        }
        if let Some(damage) = damage {
            let damaged = Damaged { path: path.to_owned(), offset: decoder.offset(), damage };
            judge(&file, number, size, last, damaged)?;
            self.found.clean = false;
        }
        Ok(())
    }

    /// Hands over all whole records; says what is wrong with the next one, if it is not only incomplete.
    fn entries(&mut self, decoder: &mut Decoder) -> Result<Option<Damage>, LogError> {
        let damage = loop {
            match decoder.next_entry() {
                Ok(Some((place, entry))) => self.entry(place, &entry)?,
                Ok(None) => break None,
                Err(damage) => break Some(damage),
            }
        };
        for core in 0..self.places.len() {
            let places = std::mem::take(&mut self.places[core]);
            if places.is_empty() {
                continue;
            }
            if !self.desk.room(core, BATCHES_MAX) {
                return Err(LogError::Stopped);
            }
            self.desk.tell(core, LogNews::Replayed(decoder.batch(places)));
        }
        Ok(damage)
    }

    fn entry(&mut self, place: usize, entry: &Entry<'_>) -> Result<(), LogError> {
        self.found.clean = *entry == Entry::Clean;
        match entry {
            Entry::History(record) => {
                self.found.epoch = self.found.epoch.max(record.epoch());
                self.places[(self.home_of)(record.channel()).index()].push(place);
            }
            Entry::Begin { epoch, before, .. } => {
                self.found.epoch = self.found.epoch.max(*epoch);
                let offset = self.found.last_bytes;
                if let Some(path) = self.before.take_if(|_| *before != offset) {
                    return Err(LogError::Damaged { path, offset, damage: Damage::Cut });
                }
            }
            Entry::Synced { .. } | Entry::Clean => {}
        }
        Ok(())
    }

    fn tell_progress(&mut self, path: &Path, at: u64, size: u64) {
        let now_us = clock::monotonic_us();
        if now_us - self.said_us >= PROGRESS_US {
            self.said_us = now_us;
            let (at, size) = (at >> 20, size >> 20);
            log::info!("reading the history: {} at {at} of {size} MiB", path.display());
        }
    }
}

/// The bytes from a place in the file on, as many as `block` holds; none at its end.
fn read<'a>(file: &File, path: &Path, at: u64, block: &'a mut [u8]) -> Result<&'a [u8], LogError> {
    loop {
        match file.read_at(block, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => {
                let count = read.map_err(|source| file_error("read", path, source))?;
                return Ok(&block[..count]);
            }
        }
    }
}

/// Where a segment has no good record.
struct Damaged {
    path: PathBuf,
    offset: u64,
    damage: Damage,
}

/// Cuts a torn tail off.
///
/// # Errors
/// It is no torn tail.
fn judge(file: &File, number: u64, size: u64, last: bool, damaged: Damaged) -> Result<(), LogError> {
    let Damaged { path, offset, damage } = damaged;
    if let Damage::Newer(version) = damage {
        return Err(LogError::Newer { path, version });
    }
    if !last || damage == Damage::Senseless || is_marked(file, &path, number, offset, size)? {
        return Err(LogError::Damaged { path, offset, damage });
    }
    let cut = OpenOptions::new().write(true).open(&path);
    let cut = cut.map_err(|source| file_error("open", &path, source))?;
    cut.set_len(offset).map_err(|source| file_error("cut", &path, source))?;
    cut.sync_data().map_err(|source| file_error("sync", &path, source))?;
    log::warn!(
        "the last {} bytes of {} were being written when the node ended; they are cut off",
        size - offset,
        path.display()
    );
    Ok(())
}

/// Whether something behind the damage says that all before it was on disk.
fn is_marked(file: &File, path: &Path, number: u64, from: u64, size: u64) -> Result<bool, LogError> {
    let mut finder = MarkFinder::new(number, from);
    let mut block = vec![0; READ_BYTES];
    let mut at = from;
    while at < size {
        let bytes = read(file, path, at, &mut block)?;
        if bytes.is_empty() {
            break;
        }
        at += bytes.len() as u64;
        if finder.push(bytes) {
            return Ok(true);
        }
    }
    Ok(false)
}
