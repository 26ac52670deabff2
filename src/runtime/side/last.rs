//! How far something had come that is on the disk, kept in a small file beside it: if it has less at the next start, some of it is
//! missing, and the start says so instead of going on without a word.
//!
//! The file is written after what it speaks of is on the disk, and is not synced itself. So what it says may be too little after
//! a power cut, and is never too much. A file that cannot be read says nothing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How far: a number that rises, and how much there is of what it numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Far {
    /// Of the newest part.
    pub number: u64,
    /// Bytes of it, where it has any.
    pub bytes: u64,
}

/// How far something had come that is on the disk.
#[derive(Debug)]
pub struct Last {
    path: PathBuf,
    file: File,
}

/// Bytes of the file: two numbers in hexadecimal, their checksum, the spaces and the end of the line.
const BYTES: usize = 16 + 1 + 16 + 1 + 8 + 1;

impl Last {
    /// The file beside something, made (mode 0600) if there is none, and what it says.
    ///
    /// # Errors
    /// It cannot be opened or made.
    pub fn open(beside: &Path) -> io::Result<(Self, Option<Far>)> {
        let path = Self::path(beside);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let mut bytes = [0; BYTES];
        let far = file.read_exact_at(&mut bytes, 0).ok().and_then(|()| parse(&bytes));
        Ok((Self { path, file }, far))
    }

    /// Where the file of something is.
    pub fn path(beside: &Path) -> PathBuf {
        beside.with_extension("last")
    }

    /// Takes note of how far it is. What cannot be written is not missed: the file then says less.
    pub fn note(&self, far: Far) {
        let _ = self.file.write_all_at(&line(far), 0);
    }

    /// Where it is.
    pub fn place(&self) -> &Path {
        &self.path
    }
}

fn line(Far { number, bytes }: Far) -> Vec<u8> {
    let text = format!("{number:016x} {bytes:016x}");
    format!("{text} {:08x}\n", crc32fast::hash(text.as_bytes())).into_bytes()
}

fn parse(bytes: &[u8]) -> Option<Far> {
    let mut words = std::str::from_utf8(bytes).ok()?.split_whitespace();
    let mut next = || u64::from_str_radix(words.next()?, 16).ok();
    let far = Far { number: next()?, bytes: next()? };
    (line(far) == bytes).then_some(far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_last_is_found_and_damage_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let beside = home.path().join("store.redb");
        let (last, none) = Last::open(&beside).unwrap();
        assert_eq!(none, None);
        last.note(Far { number: 7, bytes: u64::MAX });
        last.note(Far { number: 8, bytes: 9 });
        assert_eq!(Last::open(&beside).unwrap().1, Some(Far { number: 8, bytes: 9 }));
        let whole = std::fs::read(last.place()).unwrap();
        assert_eq!(whole.len(), BYTES);
        for at in 0..BYTES {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(last.place(), &damaged).unwrap();
            assert_eq!(Last::open(&beside).unwrap().1, None, "byte {at}");
            std::fs::write(last.place(), &whole[..at]).unwrap();
            assert_eq!(Last::open(&beside).unwrap().1, None, "{at} bytes");
        }
    }
}
