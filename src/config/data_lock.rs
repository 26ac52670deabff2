//! The lock of the data directory: one process at a time keeps its state there.
//!
//! The kernel gives the lock back when the process ends, however it ends. The file stays; it says who had it last.

use super::data_dir::DataDirError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Name of the locked file.
pub const LOCK_FILE: &str = "lock";

/// Bytes of the lock file that are read: a process id is shorter.
const OWNER_BYTES_MAX: u64 = 32;

/// Held as long as it lives.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Locks a data directory, which must exist.
///
/// # Errors
/// Another process has it, or the file cannot be made there.
pub fn lock(directory: &Path) -> Result<DataLock, DataDirError> {
    let unusable = |error| DataDirError::Directory(directory.to_owned(), error);
    let mut options = OpenOptions::new();
    let opened = options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = opened.open(directory.join(LOCK_FILE)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Who has it is only told; it may be about to write it.
            let _ = file.take(OWNER_BYTES_MAX).read_to_string(&mut owner);
            return Err(DataDirError::InUse(directory.to_owned(), owner.trim().to_owned()));
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let owner = format!("{}\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(owner.as_bytes()))
        .map_err(unusable)?;
    Ok(DataLock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_directory_until_it_lets_go() {
        let home = tempfile::tempdir().unwrap();
        let first = lock(home.path()).unwrap();
        let error = lock(home.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        lock(home.path()).unwrap();
        assert!(matches!(lock(&home.path().join("none")), Err(DataDirError::Directory(..))));
    }
}
