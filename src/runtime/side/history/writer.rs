//! The newest segment: bytes are appended to it, and from time to time it is synced. After a failure nobody knows what is
//! on disk behind the last sync: it is cut off, and another segment is begun.

use super::error::{LogError, file_error};
use crate::store::log::{Entry, encode, file_name};
use glommio::GlommioError;
use glommio::io::{BufferedFile, Directory, OpenOptions, remove};
use std::io;
use std::path::{Path, PathBuf};

/// See the module.
pub struct Writer {
    directory: PathBuf,
    path: PathBuf,
    file: BufferedFile,
    segment: u64,
    /// Bytes written.
    at: u64,
    /// Of them, bytes synced.
    synced: u64,
    /// A mark is due: nothing was written since the last sync.
    mark: bool,
}

impl Writer {
    /// Begins a segment, after one of `before` bytes; it is on disk, with its name, when this returns.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn begin(directory: &Path, segment: u64, epoch: u64, before: u64) -> Result<Self, LogError> {
        let path = directory.join(file_name(segment));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.buffered_open(&path).await.map_err(|source| file_error("make", &path, source))?;
        let directory = directory.to_owned();
        let mut writer = Self { directory, path, file, segment, at: 0, synced: 0, mark: false };
        let mut bytes = Vec::new();
        encode(&mut bytes, &Entry::Begin { segment, epoch, before });
        writer.write(bytes).await?;
        writer.sync().await?;
        writer.sync_directory().await?;
        Ok(writer)
    }

    /// Number of the segment.
    pub fn segment(&self) -> u64 {
        self.segment
    }

    /// Bytes written to the segment.
    pub fn bytes(&self) -> u64 {
        self.at
    }

    /// The beginning of what is written next: after a sync, the mark of it.
    pub fn next_bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if std::mem::take(&mut self.mark) {
            encode(&mut bytes, &Entry::Synced { segment: self.segment, offset: self.at });
        }
        bytes
    }

    /// Appends bytes that began as [`Writer::next_bytes`].
    ///
    /// # Errors
    /// The disk refuses; part of it may be written.
    pub async fn write(&mut self, mut bytes: Vec<u8>) -> Result<(), LogError> {
        while !bytes.is_empty() {
            // The call keeps what it is given, and may write a part of it only.
            let taken = self.file.write_at(bytes.clone(), self.at).await;
            let taken = taken.map_err(|source| file_error("write", &self.path, source))?;
            if taken == 0 {
                let source = io::Error::from(io::ErrorKind::WriteZero);
                return Err(file_error("write", &self.path, source));
            }
            self.at += taken as u64;
            bytes.drain(..taken);
        }
        Ok(())
    }

    /// All that was written is on disk.
    ///
    /// # Errors
    /// The disk refuses; nobody knows what of it is there.
    pub async fn sync(&mut self) -> Result<(), LogError> {
        if self.synced < self.at {
            self.file.fdatasync().await.map_err(|source| file_error("sync", &self.path, source))?;
            self.synced = self.at;
            self.mark = true;
        }
        Ok(())
    }

    /// Goes on in another segment. This one is on disk as far as it goes, after [`Writer::sync`] or [`Writer::cut`].
    ///
    /// # Errors
    /// The disk refuses; a file of the next number may be there, and is replaced when this is tried again.
    pub async fn roll(&mut self, epoch: u64) -> Result<(), LogError> {
        let next = Self::begin(&self.directory, self.segment + 1, epoch, self.at).await?;
        let before = std::mem::replace(self, next);
        // It is on disk: nothing can be lost with the descriptor.
        let _ = before.file.close().await;
        Ok(())
    }

    /// After a failure: cuts off what was written since the last sync.
    ///
    /// # Errors
    /// The disk refuses; it is not known how long the segment is now, and this can be tried again.
    pub async fn cut(&mut self) -> Result<(), LogError> {
        let cut = |source: GlommioError<()>| file_error("cut", &self.path, source);
        // The length changes even if an earlier attempt changed it already. So it is this attempt's sync that has it on
        // disk: after one that failed, the next says nothing about what the first was to write.
        self.file.truncate(self.synced + 1).await.map_err(cut)?;
        self.file.truncate(self.synced).await.map_err(cut)?;
        self.file.fdatasync().await.map_err(|source| file_error("sync", &self.path, source))?;
        (self.at, self.mark) = (self.synced, false);
        Ok(())
    }

    /// Removes an older segment, if it is there.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn remove(&self, segment: u64) -> Result<(), LogError> {
        let path = self.directory.join(file_name(segment));
        match remove(&path).await {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => {
                Err(file_error("remove", &path, error))
            }
            _ => Ok(()),
        }
    }

    async fn sync_directory(&self) -> Result<(), LogError> {
        let failed = |source: GlommioError<()>| file_error("sync", &self.directory, source);
        let directory = Directory::open(&self.directory).await.map_err(failed)?;
        directory.sync().await.map_err(failed)?;
        directory.close().await.map_err(failed)
    }
}
