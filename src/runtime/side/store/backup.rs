//! A copy of the store, of one moment, made piece by piece between the writes that go on. Each piece is on the disk
//! before the next: syncing all of a large copy at once would hold up whoever writes then.
//!
//! It has a name of its own until it is whole. What a killed process left under that name is replaced.

use super::database::{commit, definition, open};
use crate::store::{BACKUP_PREFIX, BACKUP_SUFFIX, Table, Write};
use redb::{ReadTransaction, ReadableDatabase};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// Bytes of a piece, and at most one record more: some milliseconds of a disk.
const PIECE_BYTES: usize = 256 << 10;

/// Where a copy grows.
const UNFINISHED: &str = "backup.unfinished";

/// A copy of the store that is being made.
pub struct Backup {
    from: ReadTransaction,
    to: redb::Database,
    unfinished: Unfinished,
    place: PathBuf,
    /// The tables that are not copied yet; the first one is so up to `after`.
    tables: &'static [Table],
    after: Option<Vec<u8>>,
}

/// A file that goes unless it gets its place.
struct Unfinished(PathBuf);

impl Backup {
    /// A copy of what is stored now.
    pub fn begin(from: &redb::Database, place: &Path) -> Result<Self, redb::Error> {
        let from = from.begin_read()?;
        let path = place.with_file_name(UNFINISHED);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(redb::Error::Io(error)),
            _ => {}
        }
        let unfinished = Unfinished(path);
        let to = open(&unfinished.0, true)?;
        Ok(Self { from, to, unfinished, place: place.to_owned(), tables: &Table::ALL, after: None })
    }

    /// Copies some records; false if there are none left.
    pub fn copy_piece(&mut self) -> Result<bool, redb::Error> {
        let Some((table, others)) = self.tables.split_first() else { return Ok(false) };
        let start = self.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut writes = Vec::new();
        let mut bytes = 0;
        for entry in self.from.open_table(definition(*table))?.range::<&[u8]>((start, Bound::Unbounded))? {
            let (key, value) = entry?;
            let (key, value) = (key.value().to_vec(), value.value().to_vec());
            bytes += key.len() + value.len();
            writes.push(Write { table: *table, key, value: Some(value) });
            if bytes >= PIECE_BYTES {
                break;
            }
        }
        commit(&self.to, std::iter::once((&[][..], writes.as_slice())), &mut Vec::new())?;
        self.after = writes.pop().map(|last| last.key);
        if self.after.is_none() {
            self.tables = others;
        }
        Ok(true)
    }

    /// Gives the copy its name, after everything else of it is on the disk; its length in bytes.
    pub fn finish(self) -> Result<u64, redb::Error> {
        // Closing writes once more.
        drop(self.to);
        publish(&self.unfinished.0, &self.place).map_err(redb::Error::Io)
    }
}

/// Backups in the directory in which one would get this place.
pub fn count(place: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(place.parent().unwrap_or(place))? {
        let name = entry?.file_name();
        let name = name.as_encoded_bytes();
        count += usize::from(
            name.starts_with(BACKUP_PREFIX.as_bytes()) && name.ends_with(BACKUP_SUFFIX.as_bytes()),
        );
    }
    Ok(count)
}

fn publish(unfinished: &Path, place: &Path) -> io::Result<u64> {
    let file = File::open(unfinished)?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    // Unlike a rename this never replaces anything.
    fs::hard_link(unfinished, place)?;
    place.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())?;
    Ok(bytes)
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it cannot be removed, the next backup replaces it.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use crate::runtime::side::store::Database;
    use crate::shard::Failure;
    use crate::store::{Range, Table, Write};
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn put(n: u32, size: usize) -> Write {
        Write { table: Table::Rooms, key: n.to_be_bytes().into(), value: Some(vec![n as u8; size]) }
    }

    fn keys(path: &Path) -> Vec<Vec<u8>> {
        let range = Range {
            table: Table::Rooms,
            from: Vec::new(),
            to: vec![255; 5],
            reverse: false,
            records_max: 10_000,
            bytes_max: 1 << 30,
        };
        let found = Database::open(path).unwrap().read(&range).unwrap();
        found.records.into_iter().map(|record| record.key).collect()
    }

    fn files(path: &Path) -> BTreeSet<String> {
        let entries = std::fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_copy_is_of_one_moment_whatever_is_written_meanwhile() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("backup.unfinished"), "of a process that was killed").unwrap();
        let mut database = Database::open(&home.path().join("store")).unwrap();
        let before: Vec<_> = (0..1_000).step_by(2).map(|n| put(n, 4_000)).collect();
        let counter = Write { table: Table::Counters, key: b"last".into(), value: Some(vec![7]) };
        database.write(before.iter().chain([&counter])).unwrap();
        database.begin_backup("copy", 9).unwrap();
        let mut pieces = 0;
        let bytes = loop {
            if let Some(done) = database.continue_backup() {
                break done.unwrap();
            }
            pieces += 1;
            // Before and after what is copied already, and over it.
            let gone = Write { value: None, ..put(pieces * 4, 0) };
            database.write([put(pieces * 2 + 1, 9), put(999 - pieces * 2, 9), gone].iter()).unwrap();
        };
        assert!(pieces > 7, "2 MB in {pieces} pieces");
        let copy = home.path().join("copy");
        let metadata = std::fs::metadata(&copy).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (bytes, 0o600));
        assert_eq!(files(home.path()), BTreeSet::from(["copy", "store", "store.last"].map(str::to_owned)));
        assert_eq!(keys(&copy), before.iter().map(|write| write.key.clone()).collect::<Vec<_>>());
        let counters = Range {
            table: Table::Counters,
            from: Vec::new(),
            to: vec![255],
            reverse: false,
            records_max: 9,
            bytes_max: 99,
        };
        let found = Database::open(&copy).unwrap().read(&counters).unwrap();
        assert_eq!(found.records.len(), 2, "every table is copied");
    }

    #[test]
    fn backups_have_a_number() {
        let home = tempfile::tempdir().unwrap();
        let mut database = Database::open(&home.path().join("store")).unwrap();
        for name in ["backup-1.redb", "backup-2.redb"] {
            database.begin_backup(name, 2).unwrap();
            while database.continue_backup().is_none() {}
        }
        assert_eq!(database.begin_backup("backup-3.redb", 2), Err(Failure::TooManyBackups));
        std::fs::remove_file(home.path().join("backup-1.redb")).unwrap();
        assert_eq!(database.begin_backup("backup-3.redb", 2), Ok(()));
    }

    #[test]
    fn nothing_is_replaced_and_nothing_is_left_of_a_copy_that_failed() {
        let home = tempfile::tempdir().unwrap();
        let mut database = Database::open(&home.path().join("store")).unwrap();
        std::fs::write(home.path().join("copy"), "another").unwrap();
        database.begin_backup("copy", 9).unwrap();
        let done = std::iter::repeat_with(|| database.continue_backup()).flatten().next();
        assert_eq!(done, Some(Err(Failure::Broken)));
        assert_eq!(std::fs::read(home.path().join("copy")).unwrap(), b"another");
        // A process that ends in the middle of one has made none.
        database.begin_backup("other", 9).unwrap();
        drop(database);
        assert_eq!(files(home.path()), BTreeSet::from(["copy", "store", "store.last"].map(str::to_owned)));
    }
}
