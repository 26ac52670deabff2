//! From bytes to records. Nothing read is trusted: what is not exactly a record is damage, and never a panic.

use super::{Batch, Entry, FRAME_BYTES, HEADER_BYTES, MARK, VERSION, kind, version1};
use crate::model::channel::Position;
use crate::model::record::RecordView;
use std::borrow::Cow;
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
    /// What records borrow from, and batches share.
    block: Arc<Vec<u8>>,
    /// Of `block`, bytes that are done with.
    taken: usize,
    /// Where in the file `block` begins.
    base: u64,
}

impl Decoder {
    /// More bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.base += self.taken as u64;
        match Arc::get_mut(&mut self.block) {
            Some(block) => {
                block.drain(..self.taken);
                block.extend_from_slice(bytes);
            }
            None => self.block = Arc::new([&self.block[self.taken..], bytes].concat()),
        }
        self.taken = 0;
    }

    /// Where in the file the next record begins, in bytes.
    pub fn offset(&self) -> u64 {
        self.base + self.taken as u64
    }

    /// The next record, and its place in the block of this moment; `None` if more bytes are needed for it.
    ///
    /// # Errors
    /// There is no record at [`Decoder::offset`]; the decoder stays there.
    pub fn next_entry(&mut self) -> Result<Option<(usize, Entry<'_>)>, Damage> {
        let place = self.taken;
        Ok(match decode(&self.block[place..])? {
            None => None,
            Some((length, entry)) => {
                self.taken += length;
                Some((place, entry))
            }
        })
    }

    /// The records at these places in the block of this moment, without a copy.
    pub fn batch(&self, places: Vec<usize>) -> Batch {
        Batch::new(self.block.clone(), places)
    }

    /// What is wrong at the end of the file, if [`Decoder::next_entry`] still needs bytes: nothing, if there are none left.
    pub fn end(&self) -> Option<Damage> {
        (self.taken < self.block.len()).then_some(Damage::Cut)
    }
}

/// The record that begins these bytes, and its length; `None` if that is more than there is.
///
/// # Errors
/// No record begins here.
pub fn decode(bytes: &[u8]) -> Result<Option<(usize, Entry<'_>)>, Damage> {
    let Some((framed, checksum)) = framed(bytes)? else { return Ok(None) };
    if crc32fast::hash(framed) != checksum {
        return Err(Damage::Checksum);
    }
    Ok(Some((FRAME_BYTES + framed.len(), entry(framed)?)))
}

/// The record that begins these bytes, which was [decoded](decode) before.
pub fn decode_again(bytes: &[u8]) -> Option<Entry<'_>> {
    let (framed, _) = framed(bytes).ok()??;
    entry(framed).ok()
}

/// What a length and a checksum stand before, and the checksum; `None` if the bytes end within it.
fn framed(bytes: &[u8]) -> Result<Option<(&[u8], u32)>, Damage> {
    let Some((header, rest)) = bytes.split_at_checked(FRAME_BYTES) else { return Ok(None) };
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (length, checksum) = (word(0) as usize, word(4));
    if length < HEADER_BYTES - FRAME_BYTES {
        return Err(Damage::Checksum);
    }
    Ok(rest.get(..length).map(|framed| (framed, checksum)))
}

fn entry(framed: &[u8]) -> Result<Entry<'_>, Damage> {
    let [version, kind, body @ ..] = framed else { return Err(Damage::Senseless) };
    if *version > VERSION {
        return Err(Damage::Newer(*version));
    }
    let mut fields = Fields { rest: body, version: *version };
    let entry = read(*kind, &mut fields).filter(|_| fields.rest.is_empty());
    entry.ok_or(Damage::Senseless)
}

fn read<'a>(kind: u8, fields: &mut Fields<'a>) -> Option<Entry<'a>> {
    let record = match kind {
        kind::BEGIN => {
            let (segment, epoch, before) = (fields.number()?, fields.number()?, fields.number()?);
            return Some(Entry::Begin { segment, epoch, before });
        }
        kind::SYNCED => {
            let mark = fields.take(MARK.len())?;
            let entry = Entry::Synced { segment: fields.number()?, offset: fields.number()? };
            return (mark == MARK).then_some(entry);
        }
        kind::CLEAN => return Some(Entry::Clean),
        kind::APPEND => RecordView::Append {
            channel: fields.text()?,
            position: fields.position()?,
            committed: fields.flag()?,
            key: fields.optional()?.map(std::str::from_utf8).transpose().ok()?,
            bytes: fields.publication()?,
        },
        kind::RING => RecordView::Ring {
            channel: fields.text()?,
            position: fields.position()?,
            committed: fields.flag()?,
            entries: fields.publications()?,
        },
        kind::ENDED => RecordView::Ended { channel: fields.text()?, epoch: fields.number()? },
        kind::KEY => RecordView::Key {
            channel: fields.text()?,
            key: fields.text()?,
            time_ms: fields.number()?,
            position: fields.position()?,
            message: if fields.flag()? { Some(fields.publication()?) } else { None },
        },
        _ => return None,
    };
    Some(Entry::History(record))
}

/// What is left of a body.
struct Fields<'a> {
    rest: &'a [u8],
    /// Of the format.
    version: u8,
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
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

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn position(&mut self) -> Option<Position> {
        Some(Position { epoch: self.number()?, offset: self.number()? })
    }

    /// A publication in the present format.
    fn publication(&mut self) -> Option<Cow<'a, [u8]>> {
        let bytes = self.bytes()?;
        Some(if self.version == 1 { version1::publication(bytes) } else { Cow::Borrowed(bytes) })
    }

    fn publications(&mut self) -> Option<Vec<Cow<'a, [u8]>>> {
        let count = self.length()?;
        // A count is not believed before its publications are there.
        (0..count).map(|_| self.publication()).collect()
    }
}
