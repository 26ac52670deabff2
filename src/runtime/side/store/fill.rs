//! Filling a store that has nothing, with however much there is.

use super::Database;
use super::database::{clear, failure, put};
use crate::shard::Failure;
use crate::store::{Span, Table, Write};
use redb::Durability;

/// Why a store was not filled. It is as before.
#[derive(Debug)]
pub enum Unfilled<E> {
    /// Whoever gives the writes gave this up.
    Given(E),
    /// The last write that was given is of a record that is there already.
    Twice(Table),
    /// The disk failed.
    Failed(Failure),
}

impl Database {
    /// Deletes what is in spans and writes what comes, in one transaction, which is on the disk when this returns. No
    /// more of it is in memory than the cache has. Each record comes once; only a number that rises may be there.
    ///
    /// # Errors
    /// None of it was written.
    pub fn fill<E>(
        &mut self,
        spans: &[Span],
        writes: impl Iterator<Item = Result<Vec<Write>, E>>,
    ) -> Result<(), Unfilled<E>> {
        let failed = |error: redb::Error| Unfilled::Failed(failure(&error));
        let file = self.file().map_err(failed)?;
        let mut transaction = file.begin_write().map_err(|error| failed(error.into()))?;
        transaction.set_durability(Durability::Immediate).map_err(|error| failed(error.into()))?;
        clear(&transaction, spans).map_err(failed)?;
        for some in writes {
            for write in some.map_err(Unfilled::Given)? {
                let was = put(&transaction, &write).map_err(failed)?;
                if was.is_some() && write.table != Table::Counters {
                    return Err(Unfilled::Twice(write.table));
                }
            }
        }
        transaction.commit().map_err(|error| failed(error.into()))
    }
}
