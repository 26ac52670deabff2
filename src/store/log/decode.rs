//! From bytes to records. Nothing read is trusted: what is not exactly a record is damage, and never a panic.

use super::{Entry, FRAME_BYTES, HEADER_BYTES, MARK, VERSION, kind};
use crate::model::channel::{ChannelName, Position};
use crate::model::publication::PublicationBytes;
use crate::model::record::HistoryRecord;
use std::sync::Arc;

/// What is wrong where a record should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Damage {
    /// The file ends within the record.
    Cut,
    /// The bytes are not those that were written.
    Checksum,
    /// The bytes are those that were written, and make no sense: a fault of who wrote them.
    Senseless,
    /// A newer version of the format.
    Newer(u8),
}

/// Takes records off the bytes of one file, which come in pieces.
#[derive(Default)]
pub struct Decoder {
    pending: Vec<u8>,
    /// Of `pending`, bytes that are done with.
    taken: usize,
    /// Where in the file `pending` begins.
    base: u64,
}

impl Decoder {
    /// More bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.drain(..self.taken);
        self.base += self.taken as u64;
        self.taken = 0;
        self.pending.extend_from_slice(bytes);
    }

    /// Where in the file the next record begins, in bytes.
    pub fn offset(&self) -> u64 {
        self.base + self.taken as u64
    }

    /// The next record; `None` if more bytes are needed for it.
    ///
    /// # Errors
    /// There is no record at [`Decoder::offset`]; the decoder stays there.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Damage> {
        let bytes = &self.pending[self.taken..];
        let Some((header, rest)) = bytes.split_at_checked(FRAME_BYTES) else { return Ok(None) };
        let word =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (length, checksum) = (word(0) as usize, word(4));
        if length < HEADER_BYTES - FRAME_BYTES {
            return Err(Damage::Checksum);
        }
        let Some(framed) = rest.get(..length) else { return Ok(None) };
        if crc32fast::hash(framed) != checksum {
            return Err(Damage::Checksum);
        }
        let entry = entry(framed)?;
        self.taken += FRAME_BYTES + length;
        Ok(Some(entry))
    }

    /// What is wrong at the end of the file, if [`Decoder::next_entry`] still needs bytes: nothing, if there are none left.
    pub fn end(&self) -> Option<Damage> {
        (self.taken < self.pending.len()).then_some(Damage::Cut)
    }
}

fn entry(framed: &[u8]) -> Result<Entry, Damage> {
    let [version, kind, body @ ..] = framed else { return Err(Damage::Senseless) };
    if *version > VERSION {
        return Err(Damage::Newer(*version));
    }
    let mut fields = Fields(body);
    let entry = read(*kind, &mut fields).filter(|_| fields.0.is_empty());
    entry.ok_or(Damage::Senseless)
}

fn read(kind: u8, fields: &mut Fields<'_>) -> Option<Entry> {
    let record = match kind {
        kind::BEGIN => return Some(Entry::Begin { segment: fields.number()?, epoch: fields.number()? }),
        kind::SYNCED => {
            let mark = fields.take(MARK.len())?;
            let entry = Entry::Synced { segment: fields.number()?, offset: fields.number()? };
            return (mark == MARK).then_some(entry);
        }
        kind::CLEAN => return Some(Entry::Clean),
        kind::APPEND => HistoryRecord::Append {
            channel: fields.channel()?,
            position: fields.position()?,
            committed: fields.flag()?,
            key: fields.optional()?.map(|key| std::str::from_utf8(key).map(Arc::from)).transpose().ok()?,
            bytes: fields.publication()?,
        },
        kind::RING => HistoryRecord::Ring {
            channel: fields.channel()?,
            position: fields.position()?,
            committed: fields.flag()?,
            entries: fields.publications()?,
        },
        kind::ENDED => HistoryRecord::Ended { channel: fields.channel()?, epoch: fields.number()? },
        kind::KEY => HistoryRecord::Key {
            channel: fields.channel()?,
            key: std::str::from_utf8(fields.bytes()?).ok()?.into(),
            time_ms: fields.number()?,
            position: fields.position()?,
            message: fields.optional()?.map(PublicationBytes::from),
        },
        _ => return None,
    };
    Some(Entry::History(record))
}

/// What is left of a body.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        self.take(4)?.try_into().ok().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.take(1)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    fn optional(&mut self) -> Option<Option<&'a [u8]>> {
        if self.flag()? { self.bytes().map(Some) } else { Some(None) }
    }

    fn channel(&mut self) -> Option<ChannelName> {
        std::str::from_utf8(self.bytes()?).ok().map(ChannelName::new)
    }

    fn position(&mut self) -> Option<Position> {
        Some(Position { epoch: self.number()?, offset: self.number()? })
    }

    fn publication(&mut self) -> Option<PublicationBytes> {
        self.bytes().map(PublicationBytes::from)
    }

    fn publications(&mut self) -> Option<Vec<PublicationBytes>> {
        let count = self.length()?;
        // A count is not believed before its publications are there.
        (0..count).map(|_| self.publication()).collect()
    }
}
