//! From records to bytes. All numbers are little-endian; texts and publications have their length before them.

use super::{Entry, FRAME_BYTES, MARK, VERSION, kind};
use crate::model::channel::Position;
use crate::model::record::RecordView;

/// Appends a record.
pub fn encode(out: &mut Vec<u8>, entry: &Entry<'_>) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_BYTES]);
    out.push(VERSION);
    match entry {
        Entry::Begin { segment, epoch, before } => {
            out.push(kind::BEGIN);
            number(out, *segment);
            number(out, *epoch);
            number(out, *before);
        }
        Entry::Synced { segment, offset } => {
            out.push(kind::SYNCED);
            out.extend_from_slice(&MARK);
            number(out, *segment);
            number(out, *offset);
        }
        Entry::Clean => out.push(kind::CLEAN),
        Entry::History(record) => history(out, record),
    }
    let length = u32::try_from(out.len() - start - FRAME_BYTES).expect("bounds of histories fit 32 bits");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    let checksum = crc32fast::hash(&out[start + FRAME_BYTES..]);
    out[start + 4..start + FRAME_BYTES].copy_from_slice(&checksum.to_le_bytes());
}

fn history(out: &mut Vec<u8>, record: &RecordView<'_>) {
    match record {
        RecordView::Append { channel, position, committed, key, bytes } => {
            out.push(kind::APPEND);
            text(out, channel.as_bytes());
            place(out, *position);
            out.push(u8::from(*committed));
            optional(out, key.as_ref().map(|key| key.as_bytes()));
            text(out, bytes);
        }
        RecordView::Ring { channel, position, committed, entries } => {
            out.push(kind::RING);
            text(out, channel.as_bytes());
            place(out, *position);
            out.push(u8::from(*committed));
            length(out, entries.len());
            entries.iter().for_each(|bytes| text(out, bytes));
        }
        RecordView::Ended { channel, epoch } => {
            out.push(kind::ENDED);
            text(out, channel.as_bytes());
            number(out, *epoch);
        }
        RecordView::Key { channel, key, time_ms, position, message } => {
            out.push(kind::KEY);
            text(out, channel.as_bytes());
            text(out, key.as_bytes());
            number(out, *time_ms);
            place(out, *position);
            optional(out, message.as_deref());
        }
    }
}

fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn length(out: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("bounds of histories fit 32 bits");
    out.extend_from_slice(&length.to_le_bytes());
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn place(out: &mut Vec<u8>, position: Position) {
    number(out, position.epoch);
    number(out, position.offset);
}

fn optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    out.push(u8::from(bytes.is_some()));
    if let Some(bytes) = bytes {
        text(out, bytes);
    }
}
