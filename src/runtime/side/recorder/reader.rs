//! The thread that reads files of recordings that are over, and deletes them where there is no recorder. It is not the recorder's:
//! a disk that takes its time loses nobody's voice.

use super::files::{OVER, path, remove};
use crate::model::people::file::FileJob;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use crate::runtime::log;
use crate::runtime::side::effects::EffectDesk;
use crate::runtime::side::priority::step_back;
use crate::shard::{Effect, Failure, Resolution};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// Starts the thread. It ends when every core has gone.
///
/// # Errors
/// The thread could not be made.
pub fn start(desk: EffectDesk, directory: PathBuf) -> Result<JoinHandle<()>, RuntimeError> {
    let run = move || {
        let _guard = AbortOnPanic;
        step_back();
        desk.serve(|effect| match effect {
            Effect::File(job) => done(&directory, job),
            // Not what is asked of this thread.
            _ => Resolution::Failed(Failure::Broken),
        });
    };
    std::thread::Builder::new()
        .name("recordings".into())
        .spawn(run)
        .map_err(|source| RuntimeError::Process { what: "start the thread that reads recordings", source })
}

fn done(directory: &Path, job: &FileJob) -> Resolution {
    let (recording, done) = match job {
        FileJob::Read { recording, from, bytes } => (recording, read(directory, recording, *from, *bytes)),
        FileJob::Delete { recording } => (recording, remove(directory, recording).map(|_| Vec::new())),
    };
    done.map_or_else(
        |error| {
            log::error!(%recording, "the file of a recording cannot be read or deleted: {error}");
            Resolution::Failed(Failure::Broken)
        },
        Resolution::Piece,
    )
}

/// As many of these bytes as there are; none of a file that is not there.
fn read(directory: &Path, recording: &str, from: u64, bytes: u32) -> io::Result<Vec<u8>> {
    let file = match File::open(path(directory, recording, OVER)?) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut read = vec![0; bytes as usize];
    let mut length = 0;
    while length < read.len() {
        match file.read_at(&mut read[length..], from + length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    read.truncate(length);
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_read_in_pieces_and_nothing_else_is() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("recordings");
        fs::create_dir(&directory).expect("is made");
        fs::write(directory.join("rec_1.webm"), b"0123456789").expect("is written");
        fs::write(home.path().join("rec_2.webm"), b"secret").expect("is written");
        let read = |recording: &str, from, bytes| {
            done(&directory, &FileJob::Read { recording: recording.into(), from, bytes })
        };
        assert_eq!(read("rec_1", 0, 4), Resolution::Piece(b"0123".to_vec()));
        assert_eq!(read("rec_1", 8, 4), Resolution::Piece(b"89".to_vec()));
        assert_eq!(read("rec_1", 10, 4), Resolution::Piece(Vec::new()));
        assert_eq!(read("rec_9", 0, 4), Resolution::Piece(Vec::new()));
        assert_eq!(read("../rec_2", 0, 4), Resolution::Failed(Failure::Broken));
        let delete = FileJob::Delete { recording: "rec_1".into() };
        assert_eq!(done(&directory, &delete), Resolution::Piece(Vec::new()));
        assert_eq!(done(&directory, &delete), Resolution::Piece(Vec::new()), "it has gone");
        assert!(!directory.join("rec_1.webm").exists());
    }
}
