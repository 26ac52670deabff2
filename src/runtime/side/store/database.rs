//! The file and what is done with it. Only the store's thread has it.
//!
//! A commit that fails may have reached the disk all the same: nobody can know. So the values that it replaced are
//! kept, and put back before anything else is done when the file can be opened again. What was said to have failed
//! turns up only if the process ends before that.

use super::backup::{Backup, count};
use super::error::StoreError;
use crate::runtime::log;
use crate::runtime::side::last::{Far, Last};
use crate::shard::Failure;
use crate::store::counters::{self, COUNTERS};
use crate::store::{Range, RangeRead, Span, StoreRecord, Stored, Table, Write};
use redb::{
    Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle,
};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of pages kept in memory. What is read again and again is in the shards; this is for paging through more.
const CACHE_BYTES: usize = 16 << 20;

/// An open store.
pub struct Database {
    path: PathBuf,
    /// Closed after a failure, and opened anew for the next effect: the disk may be well again by then.
    file: Option<redb::Database>,
    /// The copy under way. It keeps the file open, so it is given up where the file is closed.
    backup: Option<Backup>,
    /// Puts back what a failed commit may have replaced.
    undo: Vec<Write>,
    /// The last effect failed, and that was said.
    failed: bool,
    /// How often it was written.
    commits: u64,
    /// Where that is noted, for the next start.
    last: Option<Last>,
    /// Device and number of the file, by which it is noticed if it is not where it was.
    identity: Option<(u64, u64)>,
}

type Bytes = &'static [u8];

/// What is deleted and then written.
pub type Step<'a> = (&'a [Span], &'a [Write]);

pub(super) fn definition(table: Table) -> TableDefinition<'static, Bytes, Bytes> {
    TableDefinition::new(table.name())
}

impl Database {
    /// Opens the file, made (mode 0600) if there is none. Every page of it is checked, which reads all of it.
    ///
    /// # Errors
    /// What keeps it from being used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // On a disk that is full it may not be made; then the next start is warned less well.
        let (last, far) = Last::open(path).ok().unzip();
        let written = far.flatten().unwrap_or_default().number;
        let lost =
            |missing| StoreError::Lost { path: path.to_owned(), missing, written, last: Last::path(path) };
        if written > 0 && !path.exists() {
            return Err(lost(written));
        }
        let file = open(path, true).map_err(|error| explain(path, error))?;
        if let Some(table) = unknown_table(&file).map_err(|error| explain(path, error))? {
            return Err(StoreError::UnknownTable { path: path.to_owned(), table });
        }
        let commits = commits(&file).map_err(|error| explain(path, error))?;
        if commits < written {
            return Err(lost(written - commits));
        }
        let mut database = Self {
            path: path.to_owned(),
            file: Some(file),
            backup: None,
            undo: Vec::new(),
            failed: false,
            commits,
            last,
            identity: None,
        };
        database.identity = database.look();
        Ok(database)
    }

    /// All that is read at the start.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it cannot be used.
    pub fn load(&mut self) -> Result<Stored, StoreError> {
        let records = self.records().map_err(|error| explain(&self.path, error))?;
        Stored::read(records).map_err(|source| StoreError::Record { path: self.path.clone(), source })
    }

    fn records(&mut self) -> Result<Vec<StoreRecord>, redb::Error> {
        let transaction = self.file()?.begin_read()?;
        let mut records = Vec::new();
        for table in Table::LOADED {
            for entry in transaction.open_table(definition(table))?.iter()? {
                let (key, value) = entry?;
                records.push(StoreRecord { table, key: key.value().to_vec(), value: value.value().to_vec() });
            }
        }
        Ok(records)
    }

    /// Writes all of it in one transaction, which is on the disk when this returns.
    ///
    /// # Errors
    /// None of it was written; or, if the disk failed in the middle, all of it may turn up at the next start.
    pub fn write<'a>(&mut self, writes: impl Iterator<Item = &'a Write>) -> Result<(), Failure> {
        self.replace(writes.map(|write| (&[][..], std::slice::from_ref(write))))
    }

    /// Deletes what is in spans and writes, step by step in one transaction, which is on the disk when this returns.
    ///
    /// # Errors
    /// As [`Database::write`], but what is in spans may be deleted: nobody reads it any more.
    pub fn replace<'a>(&mut self, steps: impl Iterator<Item = Step<'a>>) -> Result<(), Failure> {
        let written = self.try_replace(steps);
        self.note(written)
    }

    fn try_replace<'a>(&mut self, steps: impl Iterator<Item = Step<'a>>) -> Result<(), redb::Error> {
        let mut undo = Vec::new();
        let count = [counters::commits(self.commits + 1)];
        let counted = std::iter::once((&[][..], count.as_slice()));
        let steps = steps.map(shorten).chain(counted);
        let written = commit(self.file()?, steps, &mut undo);
        if written.is_err() {
            undo.reverse();
            self.undo = undo;
        } else {
            self.commits += 1;
            let far = Far { number: self.commits, bytes: 0 };
            self.last.iter().for_each(|last| last.note(far));
        }
        written
    }

    /// Device and number of the file where it should be.
    fn look(&self) -> Option<(u64, u64)> {
        std::fs::metadata(&self.path).ok().map(|found| (found.dev(), found.ino()))
    }

    /// Looks keys up.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn find(&mut self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        let found = self.try_find(table, keys);
        self.note(found)
    }

    fn try_find(&mut self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, redb::Error> {
        let table = self.file()?.begin_read()?.open_table(definition(table))?;
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(table.get(key.as_slice())?.map(|value| value.value().to_vec()));
        }
        Ok(values)
    }

    /// Reads a part of a table.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn read(&mut self, range: &Range) -> Result<RangeRead, Failure> {
        let found = self.try_read(range);
        self.note(found)
    }

    fn try_read(&mut self, range: &Range) -> Result<RangeRead, redb::Error> {
        let mut found = RangeRead::default();
        if range.from >= range.to {
            return Ok(found);
        }
        let table = self.file()?.begin_read()?.open_table(definition(range.table))?;
        let mut entries = table.range(range.from.as_slice()..range.to.as_slice())?;
        while let Some(entry) = if range.reverse { entries.next_back() } else { entries.next() } {
            let (key, value) = entry?;
            if !found.take(range, key.value(), value.value()) {
                break;
            }
        }
        Ok(found)
    }

    /// Begins a copy of all that is stored now, in a new file of this name beside the store, where there may be `count_max` then.
    ///
    /// # Errors
    /// Either file cannot be used, or there are as many.
    pub fn begin_backup(&mut self, name: &str, count_max: u32) -> Result<(), Failure> {
        let place = self.path.with_file_name(name);
        if count(&place).map_err(|error| backup_failed(&redb::Error::Io(error)))? >= count_max as usize {
            return Err(Failure::TooManyBackups);
        }
        let begun = self.file().and_then(|file| Backup::begin(file, &place));
        begun.map(|backup| self.backup = Some(backup)).map_err(|error| backup_failed(&error))
    }

    /// Copies a piece more; its length in bytes when the copy is whole and on the disk.
    ///
    /// # Errors
    /// Either file cannot be used; nothing is left of the copy.
    pub fn continue_backup(&mut self) -> Option<Result<u64, Failure>> {
        // It was given up with the file.
        let Some(backup) = &mut self.backup else { return Some(Err(Failure::Broken)) };
        let done = match backup.copy_piece() {
            Ok(true) => return None,
            Ok(false) => self.backup.take().map_or(Ok(0), Backup::finish),
            Err(error) => Err(error),
        };
        self.backup = None;
        Some(done.map_err(|error| backup_failed(&error)))
    }

    /// The open file.
    pub(super) fn file(&mut self) -> Result<&redb::Database, redb::Error> {
        if self.look() != self.identity {
            // What were written to it now would be lost at the next start.
            let gone = "it was removed or moved away while it was in use; put it back, or stop the node";
            return Err(redb::Error::Io(io::Error::new(ErrorKind::NotFound, gone)));
        }
        let file = match self.file.take() {
            Some(file) => file,
            // Never a new one: an empty store in the place of the one that is in force would lose it.
            None => open(&self.path, false)?,
        };
        if !self.undo.is_empty() {
            commit(&file, std::iter::once((&[][..], self.undo.as_slice())), &mut Vec::new())?;
            self.undo.clear();
        }
        Ok(self.file.insert(file))
    }

    /// Tells the operator when the store begins to fail, and when it is well again.
    fn note<T>(&mut self, result: Result<T, redb::Error>) -> Result<T, Failure> {
        let failed = std::mem::replace(&mut self.failed, result.is_err());
        match result {
            Ok(done) => {
                if failed {
                    log::info!("the store {} works again", self.path.display());
                }
                Ok(done)
            }
            Err(error) => {
                self.backup = None;
                self.file = None;
                if !failed {
                    log::error!(
                        "the store {} fails: {error}; changes of what is stored are refused until \
                         it works again",
                        self.path.display()
                    );
                }
                Err(failure(&error))
            }
        }
    }
}

pub(super) fn open(path: &Path, make: bool) -> Result<redb::Database, redb::Error> {
    let file = OpenOptions::new().read(true).write(true).create(make).truncate(false).mode(0o600).open(path);
    let backend = redb::backends::FileBackend::new(file.map_err(redb::Error::Io)?)?;
    let mut builder = redb::Database::builder();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    let file = builder.create_with_backend(backend)?;
    // A disk that is full takes no transaction, and what is there needs none.
    if !has_all_tables(&file)? {
        let made = file.begin_write()?;
        for table in Table::ALL {
            made.open_table(definition(table))?;
        }
        made.commit()?;
    }
    Ok(file)
}

fn has_all_tables(file: &redb::Database) -> Result<bool, redb::Error> {
    let names: Vec<String> = file.begin_read()?.list_tables()?.map(|table| table.name().to_owned()).collect();
    Ok(Table::ALL.iter().all(|table| names.iter().any(|name| name == table.name())))
}

/// A table with records that no table of this program is: whatever they say would be left out silently.
fn unknown_table(file: &redb::Database) -> Result<Option<String>, redb::Error> {
    let transaction = file.begin_read()?;
    let unknown = |name: &str| Table::ALL.iter().all(|table| table.name() != name);
    for table in transaction.list_tables()?.filter(|table| unknown(table.name())) {
        let name = table.name().to_owned();
        if transaction.open_untyped_table(table)?.len()? > 0 {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// A step for as long as another one lives.
fn shorten<'short, 'long: 'short>((spans, writes): Step<'long>) -> Step<'short> {
    (spans, writes)
}

/// How often a store was written.
fn commits(file: &redb::Database) -> Result<u64, redb::Error> {
    let table = file.begin_read()?.open_table(definition(Table::Counters))?;
    let value = table.get(counters::COMMITS)?;
    // One that cannot be read is told when all records are.
    let read = |value: &[u8]| COUNTERS.read(Table::Counters, counters::COMMITS, value).unwrap_or(0);
    Ok(value.map_or(0, |value| read(value.value())))
}

/// One transaction. `undo` gets what puts everything back that was written, in the order of the writes.
pub(super) fn commit<'a>(
    file: &redb::Database,
    steps: impl Iterator<Item = Step<'a>>,
    undo: &mut Vec<Write>,
) -> Result<(), redb::Error> {
    let mut transaction = file.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    for (spans, writes) in steps {
        clear(&transaction, spans)?;
        for write in writes {
            let value = put(&transaction, write)?;
            undo.push(Write { table: write.table, key: write.key.clone(), value });
        }
    }
    Ok(transaction.commit()?)
}

/// Deletes what is in spans.
pub(super) fn clear(transaction: &redb::WriteTransaction, spans: &[Span]) -> Result<(), redb::Error> {
    for Span { table, from, to } in spans {
        let mut place = transaction.open_table(definition(*table))?;
        place.retain_in(from.as_slice()..to.as_slice(), |_, _| false)?;
    }
    Ok(())
}

/// Does one write; what was there before.
pub(super) fn put(
    transaction: &redb::WriteTransaction,
    Write { table, key, value }: &Write,
) -> Result<Option<Vec<u8>>, redb::Error> {
    let mut place = transaction.open_table(definition(*table))?;
    let old = match value {
        Some(value) => place.insert(key.as_slice(), value.as_slice())?,
        None => place.remove(key.as_slice())?,
    };
    Ok(old.map(|old| old.value().to_vec()))
}

fn backup_failed(error: &redb::Error) -> Failure {
    log::error!("a backup failed: {error}");
    failure(error)
}

pub(super) fn failure(error: &redb::Error) -> Failure {
    match error {
        redb::Error::Io(error) => match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Failure::DiskFull,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Failure::ReadOnly,
            _ => Failure::Broken,
        },
        _ => Failure::Broken,
    }
}

fn explain(path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_owned();
    match error {
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse(path),
        redb::Error::Corrupted(reason) => StoreError::Damaged { path, reason },
        redb::Error::UpgradeRequired(version) => StoreError::Version { path, version },
        redb::Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
            StoreError::Damaged { path, reason: error.to_string() }
        }
        error => StoreError::Unusable { path, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests;
