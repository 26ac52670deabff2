//! The form of a value: one byte that says the version, then an rkyv archive, which is validated before it is read.
//!
//! A format lists a reader for every version that ever was. What an older program wrote is read by that version's
//! reader, which makes today's value of it; it is written in today's version when it changes next. What a newer
//! program wrote is refused, because whatever this one made of it would lose something.

use super::write::Table;
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;
use thiserror::Error;

/// Reads the archive of one version; `None` if the bytes are no such archive, or say what cannot be.
pub type Reader<T> = fn(&[u8]) -> Option<T>;

/// How values of one kind are read. The index of a version's reader is the version less one.
pub struct Format<T: 'static>(pub &'static [Reader<T>]);

/// Why a record cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RecordError {
    /// A newer program wrote it.
    #[error(
        "{record} was written in format version {found}, and this program knows versions up to {known}: a newer corecast \
         has used this file; start that one, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Which record.
        record: String,
        /// Its version.
        found: u8,
        /// The newest version that is known here.
        known: u8,
    },
    /// The bytes are not what was written.
    #[error("{0} is damaged; restore a backup of the file")]
    Damaged(String),
}

impl<T> Format<T> {
    /// The version that is written.
    const fn version(&self) -> u8 {
        self.0.len() as u8
    }

    /// Reads a value of whatever version. The table and the key are for the error.
    ///
    /// # Errors
    /// The version is newer than this program, or the bytes are damaged.
    pub fn read(&self, table: Table, key: &[u8], value: &[u8]) -> Result<T, RecordError> {
        let record = || format!("the record \"{}\" of the table \"{}\"", key.escape_ascii(), table.name());
        let Some((&found, archive)) = value.split_first() else {
            return Err(RecordError::Damaged(record()));
        };
        let known = self.version();
        if found > known {
            return Err(RecordError::Newer { record: record(), found, known });
        }
        let reader = usize::from(found).checked_sub(1).map(|index| self.0[index]);
        reader.and_then(|read| read(archive)).ok_or_else(|| RecordError::Damaged(record()))
    }

    /// A value in today's version from its archive.
    pub fn write(&self, archive: &AlignedVec) -> Vec<u8> {
        let mut value = Vec::with_capacity(1 + archive.len());
        value.push(self.version());
        value.extend_from_slice(archive);
        value
    }
}

/// Archives a stored form.
pub(super) fn archive<F>(form: &F) -> AlignedVec
where
    F: for<'a> rkyv::Serialize<
            rkyv::api::high::HighSerializer<AlignedVec, rkyv::ser::allocator::ArenaHandle<'a>, Error>,
        >,
{
    rkyv::to_bytes::<Error>(form).expect("archiving into memory fails only when memory ends")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first version of a made-up kind: a number without its unit.
    #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
    struct LengthV1 {
        meters: u32,
    }

    #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
    struct LengthV2 {
        millimeters: u64,
        label: String,
    }

    fn first(archive: &[u8]) -> Option<(u64, String)> {
        let form = rkyv::from_bytes::<LengthV1, Error>(archive).ok()?;
        Some((u64::from(form.meters) * 1_000, String::new()))
    }

    fn second(archive: &[u8]) -> Option<(u64, String)> {
        let form = rkyv::from_bytes::<LengthV2, Error>(archive).ok()?;
        Some((form.millimeters, form.label))
    }

    const OLD: Format<(u64, String)> = Format(&[first]);
    const NEW: Format<(u64, String)> = Format(&[first, second]);

    fn read(format: &Format<(u64, String)>, value: &[u8]) -> Result<(u64, String), RecordError> {
        format.read(Table::Rooms, b"a\xff", value)
    }

    #[test]
    fn an_older_version_is_migrated_and_a_newer_one_refused() {
        let old = OLD.write(&archive(&LengthV1 { meters: 7 }));
        let new = NEW.write(&archive(&LengthV2 { millimeters: 5, label: "a long label".into() }));
        assert_eq!(read(&OLD, &old), Ok((7_000, String::new())));
        assert_eq!(read(&NEW, &old), Ok((7_000, String::new())));
        assert_eq!(read(&NEW, &new), Ok((5, "a long label".into())));
        let refused = read(&OLD, &new).expect_err("newer");
        assert_eq!(
            refused,
            RecordError::Newer {
                record: r#"the record "a\xff" of the table "rooms""#.into(),
                found: 2,
                known: 1
            }
        );
        let said = refused.to_string();
        assert!(said.contains("version 2") && said.contains("up to 1") && said.contains("newer"), "{said}");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let value = NEW.write(&archive(&LengthV2 { millimeters: 5, label: "a long label".into() }));
        for damaged in [&[][..], &[0], &[2], &[1, 1, 2, 3], &value[..value.len() - 1], &value[..9]] {
            assert!(matches!(read(&NEW, damaged), Err(RecordError::Damaged(_))), "{damaged:?}");
        }
        let mut zero = value;
        zero[0] = 0;
        assert!(matches!(read(&NEW, &zero), Err(RecordError::Damaged(_))));
    }
}
