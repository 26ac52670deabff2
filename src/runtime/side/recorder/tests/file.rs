//! The file, written in memory, and read back by a demuxer that shares nothing with the writer.

use crate::protocol::webm::Piece;
use matroska_demuxer::{Frame, MatroskaFile};
use std::io::Cursor;

/// Writes to a file in memory.
pub fn put(file: &mut Vec<u8>, piece: Piece) {
    match piece {
        Piece::Append(bytes) => file.extend(bytes),
        Piece::At(at, bytes) => file[at as usize..at as usize + bytes.len()].copy_from_slice(&bytes),
    }
}

/// The titles and codecs of a file's tracks, and the frames of each: their times and what they are.
pub type Read = (Vec<(String, String)>, Vec<Vec<(u64, Vec<u8>)>>);

/// Reads one back.
pub fn read(file: &[u8]) -> Read {
    let mut file = MatroskaFile::open(Cursor::new(file)).expect("a file");
    let named = |track: &matroska_demuxer::TrackEntry| {
        (track.name().unwrap_or_default().to_owned(), track.codec_id().to_owned())
    };
    let tracks: Vec<_> = file.tracks().iter().map(named).collect();
    let mut frames = vec![Vec::new(); tracks.len()];
    let mut frame = Frame::default();
    while file.next_frame(&mut frame).expect("frames") {
        frames[frame.track as usize - 1].push((frame.timestamp, frame.data.clone()));
    }
    (tracks, frames)
}
