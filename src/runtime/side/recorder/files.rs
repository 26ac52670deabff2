//! Files of recordings: `{id}.webm.part` while one runs, `{id}.webm` when it is over. Nobody but the user of the process may
//! read them.

use super::reconcile::complete;
use crate::model::people::recording::is_file_name;
use crate::protocol::webm::{FIRST_CLUSTER, Piece};
use crate::runtime::log;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the name of a file ends that is over.
pub(super) const OVER: &str = ".webm";

/// How the name of a file ends that is written.
pub(super) const RUNS: &str = ".webm.part";

/// The files of a recorder.
pub struct Files {
    directory: PathBuf,
    open: BTreeMap<Arc<str>, Open>,
    /// Bytes of those that are over.
    kept_bytes: u64,
    /// Bytes that were written since the start.
    pub written_bytes: u64,
}

struct Open {
    file: File,
    length: u64,
    /// How a write failed: what is there stays as it is.
    broken: Option<ErrorKind>,
}

impl Files {
    /// The files in a directory, which is made if need be.
    ///
    /// # Errors
    /// It cannot be made or read.
    pub fn new(directory: &Path) -> io::Result<Self> {
        make(directory)?;
        let lengths = fs::read_dir(directory)?.map(|entry| Ok(entry?.metadata()?.len()));
        let kept_bytes = lengths.sum::<io::Result<u64>>()?;
        Ok(Self { directory: directory.to_owned(), open: BTreeMap::new(), kept_bytes, written_bytes: 0 })
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        self.kept_bytes + self.open.values().map(|open| open.length).sum::<u64>()
    }

    /// Begins a file.
    ///
    /// # Errors
    /// There can be none.
    pub fn begin(&mut self, id: Arc<str>) -> io::Result<()> {
        let path = path(&self.directory, &id, RUNS)?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        self.open.insert(id, Open { file, length: 0, broken: None });
        Ok(())
    }

    /// Writes to a file that was begun. After a write that failed, nothing more is written.
    ///
    /// # Errors
    /// This write failed.
    pub fn write(&mut self, id: &str, piece: &Piece) -> io::Result<()> {
        let Some(open) = self.open.get_mut(id).filter(|open| open.broken.is_none()) else { return Ok(()) };
        let written = match piece {
            Piece::Append(bytes) => open.file.write_all_at(bytes, open.length).map(|()| bytes.len() as u64),
            Piece::At(at, bytes) => open.file.write_all_at(bytes, *at).map(|()| 0),
        };
        match written {
            Ok(bytes) => {
                open.length += bytes;
                self.written_bytes += bytes;
                Ok(())
            }
            Err(error) => {
                open.broken = Some(error.kind());
                // Half a cluster is none.
                let _ = open.file.set_len(open.length);
                Err(error)
            }
        }
    }

    /// How a write to a file failed, if one did.
    pub fn broken(&self, id: &str) -> Option<ErrorKind> {
        self.open.get(id)?.broken
    }

    /// A file is over; one that is not kept goes. Its bytes. One that a write failed of is completed with what is in it, as far
    /// as there is room for that.
    ///
    /// # Errors
    /// It could not be given its name.
    pub fn finish(&mut self, id: &str, is_kept: bool) -> io::Result<u64> {
        let (runs, over) = (path(&self.directory, id, RUNS)?, path(&self.directory, id, OVER)?);
        let Some(open) = self.open.remove(id) else { return Ok(length(&over)) };
        if !is_kept || open.length <= FIRST_CLUSTER {
            fs::remove_file(runs)?;
            return Ok(0);
        }
        if open.broken.is_some()
            && let Err(error) = complete(&open.file)
        {
            log::warn!(recording = %id, "a recording is kept without its index, which could not be written: {error}");
        }
        // The name says that the file is whole, so its bytes are on the disk first.
        open.file.sync_data()?;
        let length = open.file.metadata()?.len();
        fs::rename(runs, over)?;
        self.kept_bytes += length;
        Ok(length)
    }

    /// A file that is over goes, if it is there.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn forget(&mut self, id: &str) -> io::Result<()> {
        let bytes = remove(&self.directory, id)?;
        self.kept_bytes = self.kept_bytes.saturating_sub(bytes);
        Ok(())
    }
}

/// Where a file is.
///
/// # Errors
/// The id names no file: it may lead out of the directory.
pub(super) fn path(directory: &Path, id: &str, kind: &str) -> io::Result<PathBuf> {
    if is_file_name(id) {
        return Ok(directory.join(format!("{id}{kind}")));
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "the id of the recording cannot be the name of a file"))
}

/// Removes a file that is over, if it is there. The bytes that it had.
///
/// # Errors
/// It could not be removed.
pub(super) fn remove(directory: &Path, id: &str) -> io::Result<u64> {
    let path = path(directory, id, OVER)?;
    let bytes = length(&path);
    match fs::remove_file(path) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Makes the directory, if it is not there.
pub(super) fn make(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::protocol::webm::{Block, Codec, Track, Writer};
    use std::os::unix::fs::PermissionsExt;

    /// A file that runs, of so many clusters, one each second.
    pub(in crate::runtime::side::recorder) fn begin(files: &mut Files, id: &str, clusters: u64) -> Writer {
        files.begin(id.into()).expect("begins");
        let (mut writer, head) = Writer::begin(1_000_000);
        files.write(id, &Piece::Append(head)).expect("is written");
        let track =
            Track { title: "mix".into(), codec: Codec::Opus { channels: 1, pre_skip: 0 }, is_default: true };
        files.write(id, &writer.add(track).expect("room").1).expect("is written");
        for second in 0..clusters {
            let block = Block { track: 1, time_ms: second * 1_000, is_key_frame: true, data: vec![7; 100] };
            let piece = writer.append(&[block]);
            files.write(id, &piece).expect("is written");
        }
        writer
    }

    pub(in crate::runtime::side::recorder) fn names(directory: &Path) -> Vec<String> {
        let names =
            fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_for_nobody_else_and_are_counted() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut files = Files::new(directory.path()).expect("files");
        let mut writer = begin(&mut files, "rec_1", 2);
        let mode =
            fs::metadata(directory.path().join("rec_1.webm.part")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(files.bytes(), writer.length());
        for piece in writer.finish(1_500) {
            files.write("rec_1", &piece).expect("is written");
        }
        let bytes = files.finish("rec_1", true).expect("is over");
        assert_eq!((bytes, files.bytes()), (writer.length(), writer.length()));
        assert_eq!(files.finish("rec_1", true).expect("is over already"), bytes);
        begin(&mut files, "rec_2", 0);
        assert_eq!(files.finish("rec_2", true).expect("is over"), 0, "nothing was said in it");
        assert_eq!(names(directory.path()), ["rec_1.webm"]);
        assert_eq!(Files::new(directory.path()).expect("files").bytes(), bytes);
        files.forget("rec_1").expect("goes");
        files.forget("rec_1").expect("has gone");
        assert_eq!((names(directory.path()).len(), files.bytes()), (0, 0));
    }

    #[test]
    fn no_id_leads_out_of_the_directory() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("recordings");
        let mut files = Files::new(&directory).expect("files");
        fs::write(home.path().join("secret.webm"), b"x").expect("is written");
        for id in ["../secret", "rec_/../../secret", "/etc/passwd", "rec_.", "", "rec_1/2"] {
            assert!(files.forget(id).is_err() && files.finish(id, false).is_err(), "{id}");
            assert!(files.begin(id.into()).is_err(), "{id}");
        }
        assert!(home.path().join("secret.webm").exists());
    }

    #[test]
    fn what_cannot_be_removed_is_counted_on_and_what_cannot_be_written_is_completed() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut files = Files::new(directory.path()).expect("files");
        let mut writer = begin(&mut files, "rec_1", 3);
        // As a write does that fails.
        files.open.get_mut("rec_1").expect("runs").broken = Some(ErrorKind::StorageFull);
        for piece in writer.finish(3_000) {
            files.write("rec_1", &piece).expect("is left out");
        }
        let bytes = files.finish("rec_1", true).expect("is over");
        let file = fs::read(directory.path().join("rec_1.webm")).expect("a file");
        let file = matroska_demuxer::MatroskaFile::open(io::Cursor::new(file)).expect("it plays");
        assert_eq!(file.info().duration(), Some(2_000.0), "its index is there");
        fs::create_dir(directory.path().join("rec_2.webm")).expect("is made");
        files.kept_bytes += length(&directory.path().join("rec_2.webm"));
        let before = files.bytes();
        assert!(files.forget("rec_2").is_err());
        assert_eq!(files.bytes(), before, "it is there still");
        assert_eq!(files.forget("rec_1").map(|()| files.bytes()).expect("goes"), before - bytes);
    }
}
