//! Certificates and keys whose files change, as a program that renews them leaves them, are read anew without being asked
//! for. Connections that are open stay open.

use super::ServeError;
use super::reload::{Reloader, lock};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Between two looks. Files that changed are read when they have not changed again since the look before, so that a
/// certificate is not read without its key.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// By what a file is told from what it was: when it was changed, its length, and which it is.
type Mark = Option<(i64, i64, u64, u64)>;

/// Has a thread of its own look at the files.
///
/// # Errors
/// The thread could not be made.
pub(super) fn watch(reloader: Arc<Mutex<Reloader>>) -> Result<(), ServeError> {
    let look = move || {
        let lock = || lock(&reloader);
        let mut look = Look::new(marks(&lock().certificate_files()));
        loop {
            std::thread::sleep(LOOK_INTERVAL);
            let files = lock().certificate_files();
            if look.has_settled(marks(&files)) {
                lock().reload_certificates();
            }
        }
    };
    std::thread::Builder::new().name("certificates".into()).spawn(look).map_err(ServeError::Certificates)?;
    Ok(())
}

fn marks(files: &[PathBuf]) -> Vec<Mark> {
    files.iter().map(|file| mark(file)).collect()
}

fn mark(file: &Path) -> Mark {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.mtime(), metadata.mtime_nsec(), metadata.len(), metadata.ino()))
}

/// What was seen of the files.
struct Look {
    /// When they were read last.
    read: Vec<Mark>,
    /// At the look before.
    before: Vec<Mark>,
}

impl Look {
    fn new(marks: Vec<Mark>) -> Self {
        Self { read: marks.clone(), before: marks }
    }

    /// Whether they have changed, and not since the look before.
    fn has_settled(&mut self, marks: Vec<Mark>) -> bool {
        let is_calm = self.before == marks;
        self.before = marks;
        if !is_calm || self.read == self.before {
            return false;
        }
        self.read.clone_from(&self.before);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks_at(time: i64) -> Vec<Mark> {
        vec![Some((time, 0, 1, 1)), Some((time, 0, 1, 2))]
    }

    #[test]
    fn files_are_read_once_they_have_changed_and_are_calm() {
        let mut look = Look::new(marks_at(1));
        assert!(!look.has_settled(marks_at(1)), "nothing changed");
        assert!(!look.has_settled(marks_at(2)), "they may still change");
        assert!(!look.has_settled(marks_at(3)), "they did");
        assert!(look.has_settled(marks_at(3)));
        assert!(!look.has_settled(marks_at(3)), "once");
        assert!(!look.has_settled(vec![None, Some((3, 0, 1, 2))]), "one is gone");
        assert!(!look.has_settled(marks_at(3)), "what came back is what was read");
        assert!(!look.has_settled(marks_at(3)));
    }
}
