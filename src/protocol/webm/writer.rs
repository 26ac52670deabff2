//! A file as it grows.

use super::ebml::{
    UNKNOWN_SIZE, id, push_binary, push_float, push_id, push_master, push_size, push_uint, push_void,
};
use super::scan::ClusterSeen;
use super::track::Track;

/// Where the first cluster begins: what is before it is reserved, so that tracks can come later.
pub const FIRST_CLUSTER: u64 = 64 << 10;

/// Bytes of one cluster with its head; what has no place in it is in the next.
pub const CLUSTER_BYTES_MAX: usize = 8 << 20;

/// Bytes of a frame, which is in one cluster.
pub const FRAME_BYTES_MAX: usize = CLUSTER_BYTES_MAX - CLUSTER_HEAD_BYTES - BLOCK_HEAD_BYTES;

/// Bytes of a cluster besides its blocks at most: its id and size, and its time.
const CLUSTER_HEAD_BYTES: usize = 32;

/// Bytes of a block besides its frame at most: its id and size, the track's number, the time and the flags.
const BLOCK_HEAD_BYTES: usize = 16;

/// Places to play from of one file; where there would be more, only every second cluster has some, then every fourth, and so on.
const CUES_MAX: usize = 1 << 16;

/// Milliseconds that a cluster is long at most: its blocks say their time in 16 bits.
const CLUSTER_MS_MAX: u64 = 30_000;

/// Bytes reserved for the table of what is where.
const SEEK_HEAD_BYTES: usize = 96;

/// Milliseconds from 1970 to 2001, from which a file's date is counted.
const EPOCH_2001_MS: u64 = 978_307_200_000;

/// Bytes that go to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// At its end.
    Append(Vec<u8>),
    /// In place of what is there.
    At(u64, Vec<u8>),
}

/// A frame of a track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The track's number.
    pub track: u64,
    /// Milliseconds since the recording began.
    pub time_ms: u64,
    /// Whether it can be decoded without those before it.
    pub is_key_frame: bool,
    /// The frame.
    pub data: Vec<u8>,
}

/// A place to begin to play from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cue {
    time_ms: u64,
    track: u64,
    cluster: u64,
    /// The how manieth cluster that is.
    number: u64,
}

/// The parts of a file before its clusters.
struct Layout {
    segment_data: u64,
    info: u64,
    duration: u64,
    tracks: u64,
}

/// Makes the bytes of one file.
#[derive(Debug)]
pub struct Writer {
    tracks: Vec<Track>,
    length: u64,
    cues: Vec<Cue>,
    /// Every how manieth cluster has cues.
    cues_every: u64,
    clusters: u64,
    end_ms: u64,
}

impl Writer {
    /// A file of a recording that began at this moment, in milliseconds since 1970, and the bytes that it begins with.
    pub fn begin(started_ms: u64) -> (Self, Vec<u8>) {
        let mut head = head(started_ms);
        let left = FIRST_CLUSTER as usize - head.len();
        push_void(&mut head, left);
        (Self::resume(), head)
    }

    /// A file that was begun by another process: its clusters are told by [`Writer::saw`], then it can be finished.
    pub fn resume() -> Self {
        Self {
            tracks: Vec::new(),
            length: FIRST_CLUSTER,
            cues: Vec::new(),
            cues_every: 1,
            clusters: 0,
            end_ms: 0,
        }
    }

    /// Adds a track. Its number and the bytes that say so; nothing if there is no room for one more.
    pub fn add(&mut self, track: Track) -> Option<(u64, Piece)> {
        self.tracks.push(track);
        let at = layout().tracks;
        let room = (FIRST_CLUSTER - at) as usize;
        let mut out = Vec::with_capacity(room);
        push_master(&mut out, id::TRACKS, |tracks| {
            self.tracks.iter().zip(1..).for_each(|(track, number)| track.push(tracks, number));
        });
        // A void takes two bytes at least.
        if out.len() + 2 > room {
            self.tracks.pop();
            return None;
        }
        let left = room - out.len();
        push_void(&mut out, left);
        Some((self.tracks.len() as u64, Piece::At(at, out)))
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether anything was said in it.
    pub fn is_empty(&self) -> bool {
        self.length == FIRST_CLUSTER
    }

    /// Appends frames in the order of their times, each of [`FRAME_BYTES_MAX`] at most.
    pub fn append(&mut self, blocks: &[Block]) -> Piece {
        let mut out = Vec::new();
        let mut rest = blocks;
        while let Some(first) = rest.first() {
            let mut bytes = CLUSTER_HEAD_BYTES;
            let fits = |block: &&Block| {
                bytes += BLOCK_HEAD_BYTES + block.data.len();
                block.time_ms.saturating_sub(first.time_ms) <= CLUSTER_MS_MAX && bytes <= CLUSTER_BYTES_MAX
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (these, others) = rest.split_at(count);
            self.push_cluster(&mut out, first.time_ms, these);
            rest = others;
        }
        Piece::Append(out)
    }

    fn push_cluster(&mut self, out: &mut Vec<u8>, time_ms: u64, blocks: &[Block]) {
        let before = out.len();
        let mut seen = ClusterSeen { length: 0, time_ms, end_ms: time_ms, starts: Vec::new() };
        push_master(out, id::CLUSTER, |cluster| {
            push_uint(cluster, id::TIMESTAMP, time_ms);
            for block in blocks {
                push_block(cluster, time_ms, block);
                seen.note(block.track, block.time_ms, block.is_key_frame);
            }
        });
        seen.length = (out.len() - before) as u64;
        self.saw(&seen);
    }

    /// A cluster follows those that are there.
    pub fn saw(&mut self, cluster: &ClusterSeen) {
        let (at, number) = (self.length, self.clusters);
        self.clusters += 1;
        if number.is_multiple_of(self.cues_every) {
            let starts = cluster.starts.iter();
            self.cues.extend(starts.map(|(track, time_ms)| Cue {
                time_ms: *time_ms,
                track: *track,
                cluster: at,
                number,
            }));
        }
        while self.cues.len() > CUES_MAX {
            self.cues_every *= 2;
            self.cues.retain(|cue| cue.number.is_multiple_of(self.cues_every));
        }
        self.end_ms = self.end_ms.max(cluster.end_ms);
        self.length += cluster.length;
    }

    /// Completes the file: the index at its end, then what its begin says of it.
    pub fn finish(&mut self, duration_ms: u64) -> Vec<Piece> {
        let Layout { segment_data, info, duration, tracks } = layout();
        let cues_at = self.length;
        let mut index = Vec::new();
        self.cues.sort_by_key(|cue| (cue.time_ms, cue.track));
        if !self.cues.is_empty() {
            push_master(&mut index, id::CUES, |out| {
                self.cues.iter().for_each(|cue| push_cue(out, cue, segment_data));
            });
        }
        self.length += index.len() as u64;
        let mut places = vec![(id::INFO, info), (id::TRACKS, tracks)];
        places.extend((!index.is_empty()).then_some((id::CUES, cues_at)));
        let mut seek_head = Vec::with_capacity(SEEK_HEAD_BYTES);
        push_master(&mut seek_head, id::SEEK_HEAD, |out| {
            places.iter().for_each(|(id, at)| push_seek(out, *id, at - segment_data));
        });
        let left = SEEK_HEAD_BYTES - seek_head.len();
        push_void(&mut seek_head, left);
        let mut says_duration = Vec::new();
        push_float(&mut says_duration, id::DURATION, duration_ms.max(self.end_ms) as f64);
        let size = (self.length - segment_data) | 1 << 56;
        vec![
            Piece::Append(index),
            Piece::At(segment_data, seek_head),
            Piece::At(duration, says_duration),
            Piece::At(segment_data - 8, size.to_be_bytes().to_vec()),
        ]
    }
}

/// The bytes of a file up to its tracks.
fn head(started_ms: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(FIRST_CLUSTER as usize);
    push_master(&mut out, id::EBML, |ebml| {
        push_uint(ebml, id::EBML_VERSION, 1);
        push_uint(ebml, id::EBML_READ_VERSION, 1);
        push_uint(ebml, id::EBML_MAX_ID_LENGTH, 4);
        push_uint(ebml, id::EBML_MAX_SIZE_LENGTH, 8);
        push_binary(ebml, id::DOC_TYPE, b"webm");
        push_uint(ebml, id::DOC_TYPE_VERSION, 4);
        push_uint(ebml, id::DOC_TYPE_READ_VERSION, 2);
    });
    push_id(&mut out, id::SEGMENT);
    out.extend_from_slice(&UNKNOWN_SIZE);
    push_void(&mut out, SEEK_HEAD_BYTES);
    push_master(&mut out, id::INFO, |info| {
        push_uint(info, id::TIMESTAMP_SCALE, 1_000_000);
        let since_ns = started_ms.saturating_sub(EPOCH_2001_MS).saturating_mul(1_000_000);
        push_binary(info, id::DATE_UTC, &since_ns.to_be_bytes());
        push_binary(info, id::MUXING_APP, b"Corecast");
        push_binary(info, id::WRITING_APP, b"Corecast");
        // Where the duration will be.
        push_void(info, DURATION_BYTES);
    });
    out
}

/// Bytes of the element that says the duration.
const DURATION_BYTES: usize = 11;

fn layout() -> Layout {
    let tracks = head(0).len() as u64;
    let ebml = {
        let head = head(0);
        let size = super::ebml::read_head(&head).and_then(|one| Some(one.length as u64 + one.size?));
        size.expect("the head begins with an element that says its size")
    };
    let segment_data = ebml + 4 + UNKNOWN_SIZE.len() as u64;
    Layout {
        segment_data,
        info: segment_data + SEEK_HEAD_BYTES as u64,
        duration: tracks - DURATION_BYTES as u64,
        tracks,
    }
}

fn push_block(out: &mut Vec<u8>, cluster_ms: u64, block: &Block) {
    push_id(out, id::SIMPLE_BLOCK);
    let number_length = if block.track < 127 { 1 } else { 2 };
    push_size(out, (number_length + 3 + block.data.len()) as u64);
    push_size(out, block.track);
    let relative = i16::try_from(block.time_ms.saturating_sub(cluster_ms)).unwrap_or(i16::MAX);
    out.extend_from_slice(&relative.to_be_bytes());
    out.push(if block.is_key_frame { 0x80 } else { 0 });
    out.extend_from_slice(&block.data);
}

fn push_cue(out: &mut Vec<u8>, cue: &Cue, segment_data: u64) {
    push_master(out, id::CUE_POINT, |point| {
        push_uint(point, id::CUE_TIME, cue.time_ms);
        push_master(point, id::CUE_TRACK_POSITIONS, |place| {
            push_uint(place, id::CUE_TRACK, cue.track);
            push_uint(place, id::CUE_CLUSTER_POSITION, cue.cluster - segment_data);
        });
    });
}

fn push_seek(out: &mut Vec<u8>, id: u32, position: u64) {
    push_master(out, id::SEEK, |seek| {
        push_binary(seek, id::SEEK_ID, &id.to_be_bytes());
        push_uint(seek, id::SEEK_POSITION, position);
    });
}
