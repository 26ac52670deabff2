//! The newest segment: bytes are appended to it, and from time to time it is synced. After a failure nobody knows what is
//! on disk behind the last sync: it is cut off, and another segment is begun.

use super::error::{LogError, file_error};
use crate::runtime::side::last::{Far, Last};
use crate::store::log::{Entry, encode, file_name, unfinished_name};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The newest segment, open for appending.
pub struct Writer {
    directory: PathBuf,
    /// How far the log is, for the next start.
    last: Arc<Last>,
    path: PathBuf,
    file: File,
    segment: u64,
    /// Bytes written.
    at: u64,
    /// Of them, bytes synced.
    synced: u64,
    /// A mark is due: nothing was written since the last sync.
    mark: bool,
    /// This process began it.
    begun_here: bool,
    /// It is no part of the log yet.
    aside: bool,
}

/// Where a segment begins.
struct Beginning {
    directory: PathBuf,
    last: Arc<Last>,
    segment: u64,
    /// Beside the log, or as a part of it.
    aside: bool,
}

impl Writer {
    /// Begins the first segment of a log; it is on disk, with its name, when this returns.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn begin(directory: &Path, last: Arc<Last>, epoch: u64) -> Result<Self, LogError> {
        let beginning = Beginning { directory: directory.to_owned(), last, segment: 1, aside: false };
        Self::begin_at(beginning, epoch, 0)
    }

    /// The segment after this one, as a part of the log or beside it.
    ///
    /// # Errors
    /// The disk refuses.
    pub(super) fn begin_next(&self, epoch: u64, aside: bool) -> Result<Self, LogError> {
        let (directory, last) = (self.directory.clone(), self.last.clone());
        let beginning = Beginning { directory, last, segment: self.segment + 1, aside };
        Self::begin_at(beginning, epoch, self.at)
    }

    /// Begins a segment, after one of `before` bytes.
    fn begin_at(beginning: Beginning, epoch: u64, before: u64) -> Result<Self, LogError> {
        let Beginning { directory, last, segment, aside } = beginning;
        let path = directory.join(if aside { unfinished_name(segment) } else { file_name(segment) });
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&path).map_err(|source| file_error("make", &path, source))?;
        let mut writer = Self {
            directory,
            last,
            path,
            file,
            segment,
            at: 0,
            synced: 0,
            mark: false,
            begun_here: true,
            aside,
        };
        let mut bytes = Vec::new();
        encode(&mut bytes, &Entry::Begin { segment, epoch, before });
        writer.write(&bytes)?;
        writer.sync_directory()?;
        writer.sync()?;
        Ok(writer)
    }

    /// Goes on behind a segment that is on disk and has so many bytes.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn reopen(directory: &Path, last: Arc<Last>, segment: u64, bytes: u64) -> Result<Self, LogError> {
        let path = directory.join(file_name(segment));
        let file = OpenOptions::new().write(true).open(&path);
        let file = file.map_err(|source| file_error("open", &path, source))?;
        let directory = directory.to_owned();
        Ok(Self {
            directory,
            last,
            path,
            file,
            segment,
            at: bytes,
            synced: bytes,
            mark: false,
            begun_here: false,
            aside: false,
        })
    }

    /// Whether it is a segment that this process began.
    pub fn is_begun_here(&self) -> bool {
        self.begun_here
    }

    /// Number of the segment.
    pub fn segment(&self) -> u64 {
        self.segment
    }

    /// Bytes written to the segment.
    pub fn bytes(&self) -> u64 {
        self.at
    }

    /// Begins what is written next: after a sync, with the mark of it.
    pub fn begin_bytes(&mut self, bytes: &mut Vec<u8>) {
        if std::mem::take(&mut self.mark) {
            encode(bytes, &Entry::Synced { segment: self.segment, offset: self.at });
        }
    }

    /// Appends bytes that began with [`Writer::begin_bytes`].
    ///
    /// # Errors
    /// The disk refuses; part of it may be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        self.file.write_all_at(bytes, self.at).map_err(|source| file_error("write", &self.path, source))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// All that was written is on disk.
    ///
    /// # Errors
    /// The disk refuses; nobody knows what of it is there.
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.synced < self.at {
            self.file.sync_data().map_err(|source| file_error("sync", &self.path, source))?;
            if !self.aside {
                // Before anybody is told, and before it counts as kept, or it would stay when it is cut: what is written to a
                // file that nobody finds again is lost, and the file may come back.
                self.look()?;
            }
            (self.synced, self.mark) = (self.at, true);
            if !self.aside {
                self.last.note(Far { number: self.segment, bytes: self.synced });
            }
        }
        Ok(())
    }

    /// The segment and those before it that were begun aside have got their names.
    ///
    /// # Errors
    /// The disk does not keep the names.
    pub(super) fn is_in_place(&mut self) -> Result<(), LogError> {
        (self.path, self.aside) = (self.directory.join(file_name(self.segment)), false);
        self.sync_directory()?;
        self.look()?;
        self.last.note(Far { number: self.segment, bytes: self.synced });
        Ok(())
    }

    /// Where the segments are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Looks whether the segment is still where it was made: the directory may have been removed, moved or covered.
    ///
    /// # Errors
    /// It is not.
    pub fn look(&self) -> Result<(), LogError> {
        let of_path = std::fs::metadata(&self.path).map(|found| (found.dev(), found.ino()));
        let of_file = self.file.metadata().map(|found| (found.dev(), found.ino()));
        match (of_path, of_file) {
            (Ok(of_path), Ok(of_file)) if of_path == of_file => Ok(()),
            _ => Err(LogError::Gone { path: self.path.clone() }),
        }
    }

    /// Goes on in another segment. This one is on disk as far as it goes, after [`Writer::sync`] or [`Writer::cut`].
    ///
    /// # Errors
    /// The disk refuses; a file of the next number may be there, and is replaced when this is tried again.
    pub fn roll(&mut self, epoch: u64) -> Result<(), LogError> {
        *self = self.begin_next(epoch, self.aside)?;
        Ok(())
    }

    /// After a failure: cuts off what was written since the last sync.
    ///
    /// # Errors
    /// The disk refuses; it is not known how long the segment is now, and this can be tried again.
    pub fn cut(&mut self) -> Result<(), LogError> {
        let cut = |source| file_error("cut", &self.path, source);
        // The length changes even if an earlier attempt changed it already. So it is this attempt's sync that has it on
        // disk: after one that failed, the next says nothing about what the first was to write.
        self.file.set_len(self.synced + 1).map_err(cut)?;
        self.file.set_len(self.synced).map_err(cut)?;
        self.file.sync_data().map_err(|source| file_error("sync", &self.path, source))?;
        (self.at, self.mark) = (self.synced, false);
        Ok(())
    }

    /// Removes an older segment, if it is there.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(&self, segment: u64) -> Result<(), LogError> {
        let path = self.directory.join(file_name(segment));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error("remove", &path, error)),
            _ => Ok(()),
        }
    }

    fn sync_directory(&self) -> Result<(), LogError> {
        let synced = File::open(&self.directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| file_error("sync", &self.directory, source))
    }
}
