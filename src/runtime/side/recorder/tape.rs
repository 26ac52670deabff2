//! One recording as it grows: which tracks there are, what waits to be put in order, and the bytes for the file.

use super::mixer::Mixer;
use crate::protocol::webm::{Block, Codec, FRAME_BYTES_MAX, Piece, Track, Writer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Milliseconds that frames wait for others that were said before and come later, some of them sent again.
const ORDER_MS: u64 = 2_500;

/// Milliseconds between two clusters: what is lost with the process at most, besides what waits.
const CLUSTER_MS: u64 = 1_000;

/// Bytes that may wait; frames beyond are dropped.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// What the mixed track is called.
const MIX: &str = "mix";

/// A recording on its way to a file.
pub struct Tape {
    writer: Writer,
    mixer: Option<Mixer>,
    /// The number of each person's track of each codec.
    tracks: BTreeMap<(Arc<str>, &'static str), u64>,
    /// The time of the last frame of each track.
    last_ms: BTreeMap<u64, u64>,
    /// Default tracks of pictures: the first is.
    has_video: bool,
    waiting: BTreeMap<(u64, u64, u64), Block>,
    waiting_bytes: usize,
    /// Frames so far.
    frames: u64,
    /// Up to where it is written, milliseconds.
    written_ms: u64,
    pieces: Vec<Piece>,
}

impl Tape {
    /// A recording that begins at this moment, milliseconds since 1970.
    pub fn begin(started_ms: u64) -> Self {
        let (writer, head) = Writer::begin(started_ms);
        Self {
            writer,
            mixer: None,
            tracks: BTreeMap::new(),
            last_ms: BTreeMap::new(),
            has_video: false,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            frames: 0,
            written_ms: 0,
            pieces: vec![Piece::Append(head)],
        }
    }

    /// A frame of somebody, said at this moment of the recording. `kind` names the codec, `track` says what a track of it is
    /// told: nothing if that is not known yet, and the frame is dropped then. Whether it was taken.
    pub fn take(
        &mut self,
        user: &Arc<str>,
        kind: &'static str,
        (time_us, is_key_frame): (u64, bool),
        data: Vec<u8>,
        codec: impl FnOnce(&[u8]) -> Option<Codec>,
    ) -> bool {
        if data.len() > FRAME_BYTES_MAX || self.waiting_bytes + data.len() > WAITING_BYTES_MAX {
            return false;
        }
        let track = match self.tracks.get(&(user.clone(), kind)) {
            Some(track) => *track,
            None => {
                let Some(track) = codec(&data).and_then(|codec| self.add(time_us, user, kind, codec)) else {
                    return false;
                };
                track
            }
        };
        if kind == OPUS
            && let Some(mixer) = &mut self.mixer
        {
            mixer.say(track, time_us, &data);
        }
        let last_ms = self.last_ms.entry(track).or_default();
        // A track's frames are in their order, whatever a clock says.
        let time_ms = (time_us / 1_000).max(*last_ms).max(self.written_ms);
        *last_ms = time_ms;
        self.frames += 1;
        self.waiting_bytes += data.len();
        self.waiting.insert((time_ms, track, self.frames), Block { track, time_ms, is_key_frame, data });
        true
    }

    fn add(&mut self, time_us: u64, user: &Arc<str>, kind: &'static str, codec: Codec) -> Option<u64> {
        if self.mixer.is_none() {
            let mixer = Mixer::new(time_us)?;
            let codec = Codec::Opus { channels: 1, pre_skip: mixer.pre_skip() };
            let track = Track { title: MIX.into(), codec, is_default: true };
            self.pieces.push(self.writer.add(track)?.1);
            self.mixer = Some(mixer);
        }
        let is_default = codec.is_video() && !self.has_video;
        self.has_video |= codec.is_video();
        let (number, piece) = self.writer.add(Track { title: (**user).into(), codec, is_default })?;
        self.pieces.push(piece);
        self.tracks.insert((user.clone(), kind), number);
        Some(number)
    }

    /// Time passed: writes what is in order by now.
    pub fn pass(&mut self, now_us: u64) {
        let until_ms = (now_us / 1_000).saturating_sub(ORDER_MS);
        if until_ms >= self.written_ms + CLUSTER_MS {
            self.write(until_ms);
        }
    }

    fn write(&mut self, until_ms: u64) {
        let later = self.waiting.split_off(&(until_ms, 0, 0));
        let mut blocks: Vec<Block> = std::mem::replace(&mut self.waiting, later).into_values().collect();
        self.waiting_bytes -= blocks.iter().map(|block| block.data.len()).sum::<usize>();
        if let Some(mixer) = &mut self.mixer {
            let mixed = mixer.take(until_ms * 1_000);
            blocks.extend(mixed.into_iter().map(|one| Block {
                track: 1,
                time_ms: one.time_ms,
                is_key_frame: true,
                data: one.packet,
            }));
        }
        blocks.sort_by_key(|block| (block.time_ms, block.track));
        if !blocks.is_empty() {
            self.pieces.push(self.writer.append(&blocks));
        }
        self.written_ms = until_ms;
    }

    /// It is over at this moment. Whether anything was said in it; if not, there is no file to keep.
    pub fn finish(&mut self, now_us: u64) -> bool {
        let last_ms = self.waiting.last_key_value().map_or(0, |((time_ms, ..), _)| time_ms + 1);
        self.write((now_us / 1_000).max(last_ms));
        if self.writer.is_empty() {
            return false;
        }
        let pieces = self.writer.finish(now_us / 1_000);
        self.pieces.extend(pieces);
        true
    }

    /// Bytes of the file when all that waits is in it, but for the mix of that.
    pub fn length(&self) -> u64 {
        self.writer.length() + self.waiting_bytes as u64
    }

    /// What is to be written since the last time.
    pub fn pieces(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }
}

/// The codec of voices.
pub const OPUS: &str = "opus";
