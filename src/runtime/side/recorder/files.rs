//! Files of recordings: `{id}.webm.part` while one runs, `{id}.webm` when it is over. Nobody but the user of the process may
//! read them.

use crate::model::people::recording::Recording;
use crate::protocol::webm::{self, FIRST_CLUSTER, Piece, Writer};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const OVER: &str = ".webm";
const RUNS: &str = ".webm.part";

/// Bytes of a cluster that are read at once; one that claims to be longer is none of ours.
const CLUSTER_BYTES_MAX: u64 = 64 << 20;

/// The files of a recorder.
pub struct Files {
    directory: PathBuf,
    open: BTreeMap<Arc<str>, Open>,
    /// Bytes of those that are over.
    kept_bytes: u64,
}

struct Open {
    file: File,
    length: u64,
    /// A write failed: what is there stays as it is.
    is_broken: bool,
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
        Ok(Self { directory: directory.to_owned(), open: BTreeMap::new(), kept_bytes })
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        self.kept_bytes + self.open.values().map(|open| open.length).sum::<u64>()
    }

    fn path(&self, id: &str, kind: &str) -> PathBuf {
        self.directory.join(format!("{id}{kind}"))
    }

    /// Begins a file.
    ///
    /// # Errors
    /// There can be none.
    pub fn begin(&mut self, id: Arc<str>) -> io::Result<()> {
        let path = self.path(&id, RUNS);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        self.open.insert(id, Open { file, length: 0, is_broken: false });
        Ok(())
    }

    /// Writes to a file that was begun. After a write that failed, nothing more is written.
    ///
    /// # Errors
    /// This write failed.
    pub fn write(&mut self, id: &str, piece: &Piece) -> io::Result<()> {
        let Some(open) = self.open.get_mut(id).filter(|open| !open.is_broken) else { return Ok(()) };
        let written = match piece {
            Piece::Append(bytes) => open.file.write_all_at(bytes, open.length).map(|()| bytes.len() as u64),
            Piece::At(at, bytes) => open.file.write_all_at(bytes, *at).map(|()| 0),
        };
        match written {
            Ok(bytes) => {
                open.length += bytes;
                Ok(())
            }
            Err(error) => {
                open.is_broken = true;
                // Half a cluster is none.
                let _ = open.file.set_len(open.length);
                Err(error)
            }
        }
    }

    /// A file is over; one that is not kept goes. Its bytes.
    ///
    /// # Errors
    /// It could not be given its name.
    pub fn finish(&mut self, id: &str, is_kept: bool) -> io::Result<u64> {
        let over = self.path(id, OVER);
        let Some(open) = self.open.remove(id) else { return Ok(length(&over)) };
        let runs = self.path(id, RUNS);
        if !is_kept || open.length <= FIRST_CLUSTER {
            fs::remove_file(runs)?;
            return Ok(0);
        }
        fs::rename(runs, over)?;
        self.kept_bytes += open.length;
        Ok(open.length)
    }

    /// A file that is over goes, if it is there.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn forget(&mut self, id: &str) -> io::Result<()> {
        let path = self.path(id, OVER);
        self.kept_bytes = self.kept_bytes.saturating_sub(length(&path));
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn make(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Brings files and records together, after whatever ended the process before: files that ran are completed with what is in
/// them, records that ran are over when their file is, and files that no record knows go.
///
/// # Errors
/// The directory cannot be made, read or written.
pub fn reconcile(directory: &Path, recordings: &mut [Arc<Recording>]) -> io::Result<()> {
    make(directory)?;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(id) = name.strip_suffix(RUNS).map(str::to_owned) {
            let is_known = recordings.iter().any(|one| *one.id == *id);
            if is_known && complete(&path)? {
                fs::rename(&path, path.with_file_name(format!("{id}{OVER}")))?;
            } else {
                fs::remove_file(&path)?;
            }
        } else if let Some(id) = name.strip_suffix(OVER)
            && recordings.iter().all(|one| *one.id != *id)
        {
            fs::remove_file(&path)?;
        }
    }
    for recording in recordings.iter_mut().filter(|one| one.ended_ms.is_none()) {
        let path = directory.join(format!("{}{OVER}", recording.id));
        let ended_ms = recording.started_ms + duration_ms(&path).unwrap_or(0);
        *recording = Arc::new(Recording { ended_ms: Some(ended_ms), ..Recording::clone(recording) });
    }
    Ok(())
}

/// Completes a file that was cut off. Whether anything was said in it.
fn complete(path: &Path) -> io::Result<bool> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let (mut writer, mut cluster) = (Writer::resume(), Vec::new());
    while writer.length() < length {
        let at = writer.length();
        let wanted = match webm::next_cluster(&read_at(&file, at, 16, length)?) {
            Err(wanted) if wanted <= CLUSTER_BYTES_MAX && at + wanted <= length => wanted,
            // The index of a file that was about to be over, or half a cluster.
            _ => break,
        };
        cluster.resize(wanted as usize, 0);
        file.read_exact_at(&mut cluster, at)?;
        let Ok(Some(seen)) = webm::next_cluster(&cluster) else { break };
        writer.saw(&seen);
    }
    if length < FIRST_CLUSTER || writer.is_empty() {
        return Ok(false);
    }
    file.set_len(writer.length())?;
    let end = writer.length();
    for piece in writer.finish(0) {
        match piece {
            Piece::Append(bytes) => file.write_all_at(&bytes, end)?,
            Piece::At(at, bytes) => file.write_all_at(&bytes, at)?,
        }
    }
    Ok(true)
}

fn read_at(file: &File, at: u64, bytes: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut read = vec![0; bytes.min(length - at) as usize];
    file.read_exact_at(&mut read, at)?;
    Ok(read)
}

/// What a file says of its duration.
fn duration_ms(path: &Path) -> Option<u64> {
    let file = File::open(path).ok()?;
    let mut head = vec![0; FIRST_CLUSTER as usize];
    file.read_exact_at(&mut head, 0).ok()?;
    webm::read_duration_ms(&head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::people::call::CallKind;
    use crate::protocol::webm::{Block, Codec, Track};
    use std::os::unix::fs::PermissionsExt;

    fn record(id: &str, ended_ms: Option<u64>) -> Arc<Recording> {
        Arc::new(Recording {
            id: id.into(),
            call: "call".into(),
            conversation: None,
            kind: CallKind::Audio,
            started_by: "ada".into(),
            started_ms: 1_000_000,
            ended_ms,
            people: Arc::default(),
        })
    }

    /// A file that runs, of so many clusters, one each second.
    fn begin(files: &mut Files, id: &str, clusters: u64) -> Writer {
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

    fn names(directory: &Path) -> Vec<String> {
        let names =
            fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn what_ran_when_the_process_was_killed_is_completed_and_what_nobody_knows_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("recordings");
        let mut files = Files::new(&path).expect("files");
        begin(&mut files, "rec_cut", 4);
        begin(&mut files, "rec_silent", 0);
        begin(&mut files, "rec_unknown", 2);
        drop(files);
        // In the middle of the last cluster.
        let cut = OpenOptions::new().write(true).open(path.join("rec_cut.webm.part")).expect("a file");
        cut.set_len(cut.metadata().expect("a length").len() - 50).expect("is cut");
        fs::write(path.join("rec_gone.webm"), b"x").expect("is written");
        let mut records =
            vec![record("rec_cut", None), record("rec_silent", None), record("rec_over", Some(5))];
        reconcile(&path, &mut records).expect("is well");
        assert_eq!(names(&path), ["rec_cut.webm"]);
        let ended: Vec<_> = records.iter().map(|one| one.ended_ms).collect();
        assert_eq!(ended, [Some(1_002_000), Some(1_000_000), Some(5)]);
        let bytes = fs::read(path.join("rec_cut.webm")).expect("a file");
        let file = matroska_demuxer::MatroskaFile::open(io::Cursor::new(bytes)).expect("it plays");
        assert_eq!(file.info().duration(), Some(2_000.0));
        // Whoever starts once more finds it so.
        records[0] = record("rec_cut", None);
        reconcile(&path, &mut records).expect("is well");
        assert_eq!(records[0].ended_ms, Some(1_002_000));
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
}
