//! A log that is found so large that a checkpoint in its own stream would make it larger than it may be is written anew before
//! anything is served.
//!
//! That happens when the node was killed in the middle of checkpoints: each of them left a part of what is kept once more. The
//! new segments have names of their own until the last of them is on disk, so those of an attempt that was killed too are
//! thrown away. Then they get their places in the log, oldest first, and what was before them goes. Wherever the process
//! ends, what is there is a whole log: the new segments say again what the old ones say.

use super::error::{LogError, file_error};
use super::log::Log;
use crate::store::log::{file_name, is_unfinished, unfinished_name};
use std::path::Path;

impl Log {
    /// Has the cores hand over all that they keep and writes it beside the log, then in its place.
    ///
    /// # Errors
    /// The disk refuses, and the log is as it was; or the run ended meanwhile.
    pub(super) fn rewrite(&mut self) -> Result<(), LogError> {
        let before = self.writer.segment();
        let aside = self.writer.begin_next(self.epoch, true)?;
        let old = std::mem::replace(&mut self.writer, aside);
        let written = self.write_all_anew();
        if written.is_err() {
            self.writer = old;
            remove_unfinished(self.writer.directory())?;
            return written;
        }
        for segment in before + 1..=self.writer.segment() {
            let directory = self.writer.directory();
            let (from, to) = (directory.join(unfinished_name(segment)), directory.join(file_name(segment)));
            std::fs::rename(&from, &to).map_err(|source| file_error("name", &from, source))?;
        }
        self.writer.is_in_place()?;
        self.older.push_back(before);
        self.older.extend(before + 1..self.writer.segment());
        // It ends the checkpoint, and takes what was before it away.
        self.sync()
    }

    fn write_all_anew(&mut self) -> Result<(), LogError> {
        self.begin_checkpoint();
        while !self.progress.is_through() {
            if self.desk.closed() {
                return Err(LogError::Stopped);
            }
            if !self.write()? {
                self.desk.wait(None);
            }
            if self.writer.bytes() >= self.settings.size.segment_bytes {
                self.writer.sync()?;
                self.progress.completed(self.writer.segment());
                self.writer.roll(self.epoch)?;
            }
        }
        self.writer.sync()
    }
}

/// Removes what an attempt left that did not come to its end.
///
/// # Errors
/// The disk refuses.
pub(super) fn remove_unfinished(directory: &Path) -> Result<(), LogError> {
    let entries = std::fs::read_dir(directory).map_err(|source| file_error("list", directory, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| file_error("list", directory, source))?;
        if entry.file_name().to_str().is_some_and(is_unfinished) {
            let path = entry.path();
            std::fs::remove_file(&path).map_err(|source| file_error("remove", &path, source))?;
        }
    }
    Ok(())
}
