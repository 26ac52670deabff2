//! Files on their way to clients: read beside the cores, one piece of each after the other, and the next one only when there is room
//! for it, so that a client that reads slowly makes nobody wait and nothing grow.

use crate::base::ids::ConnectionId;
use crate::metrics::words::CloseReason;
use crate::model::fault::{Fault, FaultCode};
use crate::model::people::file::{FileAnswer, FileJob};
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::protocol::http::{Described, Response};
use crate::shard::connections::expect::{Answering, Expect};
use crate::shard::connections::pending::Sending;
use crate::shard::edge::Edge;
use crate::shard::effects::Class;
use crate::shard::home::HomeSide;
use crate::shard::people::not_there;
use crate::shard::requests::Then;
use crate::shard::transports::http::{write_fault, write_head_of};
use crate::shard::{Effect, Resolution};
use crate::surface::Surface;
use std::sync::Arc;

/// Bytes of one piece.
const PIECE_BYTES_MAX: u32 = 256 << 10;

/// What files are.
const CONTENT_TYPE: &str = "video/webm";

/// The file that a reply is.
pub(super) fn of(reply: &Reply) -> Option<FileAnswer> {
    let Reply::People(reply) = reply else { return None };
    match &**reply {
        PeopleReply::File(file) => Some(file.clone()),
        _ => None,
    }
}

/// A file is the answer to a request that was taken.
pub(super) fn queue(edge: &mut Edge, id: ConnectionId, sequence: u32, expect: Expect, file: FileAnswer) {
    if let Some(pending) = edge.connections.pending_mut(id) {
        pending.fill_file(sequence, Sending { expect, file, left: None, is_read: false, place: None });
    }
}

/// It is a file's turn, and there is room: its head is written, or its next piece is read.
pub(super) fn go_on(edge: &mut Edge, homes: &mut HomeSide, id: ConnectionId, mut sending: Box<Sending>) {
    let Expect::Response { surface, answering, .. } = &sending.expect else { return };
    let (surface, answering) = (*surface, answering.clone());
    if sending.left.is_none() {
        let FileAnswer { recording, length, range } = &sending.file;
        let part = range.map_or(Some(0..*length), |range| range.within(*length));
        let Some(part) = part else { return beyond(edge, id, &answering, *length) };
        if answering.head_only {
            write_head(edge, id, &answering, &sending.file, None);
            return end(edge, id, &answering);
        }
        match place(edge) {
            Ok(place) => sending.place = Some(place),
            Err(fault) => return refuse(edge, id, surface, &answering, &fault),
        }
        let recording = recording.clone();
        let job = FileJob::Read { recording, from: part.start, bytes: piece(&part) };
        return read(edge, homes, id, sending, job);
    }
    let Some(left) = sending.left.clone() else { return };
    let recording = sending.file.recording.clone();
    let job = FileJob::Read { recording, from: left.start, bytes: piece(&left) };
    read(edge, homes, id, sending, job);
}

/// A place among the files that this core sends.
fn place(edge: &Edge) -> Result<Arc<()>, Fault> {
    let limits = &edge.setup.limits;
    // As many as can be read at once, and room for others beside them.
    let count_max = limits.people.downloads_max.min((limits.effects_in_flight_max / 2).max(1)) as usize;
    let places = &edge.connections.files;
    if Arc::strong_count(places) <= count_max {
        return Ok(places.clone());
    }
    let message = "As many recordings are fetched from this node as may be at a time (limits.downloads_max). Try again shortly.";
    Err(Fault::new(FaultCode::Overloaded, message))
}

/// Bytes of the next piece of what is left.
fn piece(left: &std::ops::Range<u64>) -> u32 {
    u32::try_from(left.end - left.start).unwrap_or(u32::MAX).min(PIECE_BYTES_MAX)
}

fn read(edge: &mut Edge, homes: &mut HomeSide, id: ConnectionId, mut sending: Box<Sending>, job: FileJob) {
    if let Err(fault) = homes.effects.admit(Class::File) {
        return fail(edge, id, &sending, &fault);
    }
    sending.is_read = true;
    if let Some(pending) = edge.connections.pending_mut(id) {
        pending.put_back_file(sending);
        homes.start_effect(Effect::File(job), None, Some(Then::File(id)));
    }
}

/// A piece was read. Whether anybody still waits for it: then its connection goes on.
pub(in crate::shard) fn hear(edge: &mut Edge, id: ConnectionId, resolution: Resolution) -> bool {
    let taken = edge.connections.pending_mut(id).and_then(|pending| pending.take_file());
    let Some(mut sending) = taken else { return false };
    sending.is_read = false;
    match resolution {
        Resolution::Piece(bytes) if !bytes.is_empty() => write(edge, id, sending, &bytes),
        _ => fail(edge, id, &sending, &not_there()),
    }
    true
}

fn write(edge: &mut Edge, id: ConnectionId, mut sending: Box<Sending>, bytes: &[u8]) {
    let Expect::Response { answering, .. } = &sending.expect else { return };
    let answering = answering.clone();
    let FileAnswer { length, range, .. } = sending.file;
    let left = match sending.left.take() {
        Some(left) => left,
        None => {
            let Some(part) = range.map_or(Some(0..length), |range| range.within(length)) else { return };
            write_head(edge, id, &answering, &sending.file, range.map(|_| part.clone()));
            part
        }
    };
    let written = bytes.len().min((left.end - left.start) as usize);
    edge.write(id, &bytes[..written]);
    let left = left.start + written as u64..left.end;
    if left.is_empty() {
        return end(edge, id, &answering);
    }
    sending.left = Some(left);
    if let Some(pending) = edge.connections.pending_mut(id) {
        pending.put_back_file(sending);
    }
}

/// Writes the head of a file, or of a part of it.
fn write_head(
    edge: &mut Edge,
    id: ConnectionId,
    answering: &Answering,
    file: &FileAnswer,
    part: Option<std::ops::Range<u64>>,
) {
    let (tag, name) =
        (FileAnswer::tag(&file.recording), format!("inline; filename=\"{}.webm\"", file.recording));
    let mut fields = vec![("Accept-Ranges", "bytes"), ("ETag", &*tag), ("Content-Disposition", &*name)];
    let (status, length, range) = match part {
        None => (200, file.length, None),
        Some(part) => {
            let range = format!("bytes {}-{}/{}", part.start, part.end - 1, file.length);
            (206, part.end - part.start, Some(range))
        }
    };
    fields.extend(range.as_deref().map(|range| ("Content-Range", range)));
    let mut out = Vec::new();
    let described = Described { status, content_type: CONTENT_TYPE, length };
    write_head_of(edge, &mut out, described, answering, &fields);
    edge.write(id, &out);
}

/// The part that is asked for begins beyond the end.
fn beyond(edge: &mut Edge, id: ConnectionId, answering: &Answering, length: u64) {
    let sentence = format!("The file has {length} bytes, and the part that was asked for is none of them.");
    let range = format!("bytes */{length}");
    let mut out = Vec::new();
    let response = Response::text(416, sentence);
    edge.write_response(&mut out, &response, answering, &[("Content-Range", &range)]);
    edge.write(id, &out);
    end(edge, id, answering);
}

/// A file cannot be sent on. One of which the client knows the length already ends with its connection.
fn fail(edge: &mut Edge, id: ConnectionId, sending: &Sending, fault: &Fault) {
    let Expect::Response { surface, answering, .. } = &sending.expect else { return };
    if sending.left.is_none() {
        return refuse(edge, id, surface, answering, fault);
    }
    edge.close_when_written(id, CloseReason::Finished);
}

fn refuse(
    edge: &mut Edge,
    id: ConnectionId,
    surface: &'static Surface,
    answering: &Answering,
    fault: &Fault,
) {
    edge.note_fault(id, fault.code);
    let mut out = Vec::new();
    write_fault(edge, &mut out, surface.encode_fault, answering, fault);
    edge.write(id, &out);
    end(edge, id, answering);
}

/// An answer is whole.
fn end(edge: &mut Edge, id: ConnectionId, answering: &Answering) {
    if answering.is_last() {
        edge.close_when_written(id, CloseReason::Finished);
    }
}
