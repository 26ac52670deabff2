//! Files and records of recordings are brought together at the start, after whatever ended the process before.

use super::files::{OVER, RUNS, length, make, path};
use crate::model::people::recording::{FILE_NAME, Recording};
use crate::protocol::webm::{self, CLUSTER_BYTES_MAX, FIRST_CLUSTER, Piece, Writer};
use crate::runtime::log;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Files that ran are completed with what is in them, records that ran are over when their file is, and files that no record knows
/// go, with a warning for each. Records learn how many bytes their files have. Files whose names are none of recordings are left
/// alone.
///
/// # Errors
/// The directory cannot be made, read or written.
pub fn reconcile(directory: &Path, recordings: &mut [Arc<Recording>]) -> io::Result<()> {
    make(directory)?;
    let known: BTreeSet<Arc<str>> = recordings.iter().map(|one| one.id.clone()).collect();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with(FILE_NAME) {
            continue;
        }
        if let Some(id) = name.strip_suffix(RUNS) {
            end(&path, &directory.join(format!("{id}{OVER}")), known.contains(id))?;
        } else if name.strip_suffix(OVER).is_some_and(|id| !known.contains(id)) {
            log::warn!(file = %path.display(), "the file of a recording is deleted, because there is no record of it");
            fs::remove_file(&path)?;
        }
    }
    for recording in recordings.iter_mut() {
        learn(directory, recording);
    }
    Ok(())
}

/// A file that ran is over.
fn end(runs: &Path, over: &Path, is_known: bool) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(runs)?;
    if is_known && complete(&file)? {
        file.sync_data()?;
        return fs::rename(runs, over);
    }
    let why = if is_known { "nothing was said in it" } else { "there is no record of it" };
    log::warn!(file = %runs.display(), "the file of a recording that was cut off is deleted, because {why}");
    fs::remove_file(runs)
}

/// What a record says of its file.
fn learn(directory: &Path, recording: &mut Arc<Recording>) {
    let Ok(path) = path(directory, &recording.id, OVER) else { return };
    let bytes = length(&path);
    let ended_ms = recording
        .ended_ms
        .or_else(|| Some(recording.started_ms.saturating_add(duration_ms(&path).unwrap_or(0))));
    if (recording.bytes, recording.ended_ms) != (bytes, ended_ms) {
        *recording = Arc::new(Recording { bytes, ended_ms, ..Recording::clone(recording) });
    }
}

/// Completes a file that was cut off, reading one cluster after the other. Whether anything was said in it.
///
/// # Errors
/// It cannot be read or written.
pub(super) fn complete(file: &File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let (mut writer, mut cluster) = (Writer::resume(), Vec::new());
    while writer.length() < length {
        let at = writer.length();
        let wanted = match webm::next_cluster(&read_at(file, at, 16, length)?) {
            Err(wanted) if wanted <= CLUSTER_BYTES_MAX as u64 && at + wanted <= length => wanted,
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
    use super::super::files::Files;
    use super::super::files::tests::{begin, names};
    use super::*;
    use crate::model::people::call::CallKind;

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
            bytes: 0,
        })
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
        fs::write(path.join("of somebody else.webm"), b"x").expect("is written");
        let mut records =
            vec![record("rec_cut", None), record("rec_silent", None), record("rec_over", Some(5))];
        reconcile(&path, &mut records).expect("is well");
        assert_eq!(names(&path), ["of somebody else.webm", "rec_cut.webm"]);
        let bytes: Vec<_> = records.iter().map(|one| one.bytes).collect();
        assert_eq!(bytes, [length(&path.join("rec_cut.webm")), 0, 0]);
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
    fn figures_that_are_too_large_end_where_they_can() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut files = Files::new(directory.path()).expect("files");
        begin(&mut files, "rec_late", 4);
        let late = Recording { started_ms: u64::MAX - 1, ..Recording::clone(&record("rec_late", None)) };
        let mut records = vec![Arc::new(late)];
        reconcile(directory.path(), &mut records).expect("is well");
        assert_eq!(records[0].ended_ms, Some(u64::MAX));
    }
}
