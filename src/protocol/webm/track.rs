//! What a file says of a track.

use super::ebml::{id, push_binary, push_float, push_master, push_uint};
use super::picture::Picture;

/// Nanoseconds that a decoder of Opus has to hear before what it says is right, after a jump.
const OPUS_PRE_ROLL_NS: u64 = 80_000_000;

/// Samples of Opus in a second, whatever was sampled.
const OPUS_RATE_HZ: u64 = 48_000;

/// How a track is encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Codec {
    /// Opus: channels, and the samples at 48 kHz that its encoder is late.
    Opus {
        /// One or two.
        channels: u8,
        /// Samples that come before the first that was said.
        pre_skip: u16,
    },
    /// VP8.
    Vp8(Picture),
    /// VP9.
    Vp9(Picture),
    /// AV1.
    Av1(Picture),
}

/// A track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// What it is called.
    pub title: Box<str>,
    /// How it is encoded.
    pub codec: Codec,
    /// Whether it is the one of its kind that is played where nobody chooses.
    pub is_default: bool,
}

impl Codec {
    fn name(&self) -> &'static str {
        match self {
            Self::Opus { .. } => "A_OPUS",
            Self::Vp8(_) => "V_VP8",
            Self::Vp9(_) => "V_VP9",
            Self::Av1(_) => "V_AV1",
        }
    }

    /// Whether it is of pictures.
    pub fn is_video(&self) -> bool {
        !matches!(self, Self::Opus { .. })
    }

    fn push(&self, out: &mut Vec<u8>) {
        match self {
            Self::Opus { channels, pre_skip } => {
                push_binary(out, id::CODEC_PRIVATE, &opus_head(*channels, *pre_skip));
                push_uint(out, id::CODEC_DELAY, u64::from(*pre_skip) * 1_000_000_000 / OPUS_RATE_HZ);
                push_uint(out, id::SEEK_PRE_ROLL, OPUS_PRE_ROLL_NS);
                push_master(out, id::AUDIO, |audio| {
                    push_float(audio, id::SAMPLING_FREQUENCY, OPUS_RATE_HZ as f64);
                    push_uint(audio, id::CHANNELS, u64::from(*channels));
                });
            }
            Self::Vp8(picture) | Self::Vp9(picture) | Self::Av1(picture) => {
                if !picture.private.is_empty() {
                    push_binary(out, id::CODEC_PRIVATE, &picture.private);
                }
                push_master(out, id::VIDEO, |video| {
                    push_uint(video, id::PIXEL_WIDTH, picture.width.into());
                    push_uint(video, id::PIXEL_HEIGHT, picture.height.into());
                });
            }
        }
    }
}

/// The head that a decoder of Opus is told (RFC 7845 section 5.1).
fn opus_head(channels: u8, pre_skip: u16) -> [u8; 19] {
    let mut head = *b"OpusHead\x01\x00\x00\x00\x80\xBB\x00\x00\x00\x00\x00";
    head[9] = channels;
    head[10..12].copy_from_slice(&pre_skip.to_le_bytes());
    head
}

impl Track {
    /// Appends its entry under this number.
    pub(super) fn push(&self, out: &mut Vec<u8>, number: u64) {
        push_master(out, id::TRACK_ENTRY, |entry| {
            push_uint(entry, id::TRACK_NUMBER, number);
            push_uint(entry, id::TRACK_UID, number);
            push_uint(entry, id::TRACK_TYPE, if self.codec.is_video() { 1 } else { 2 });
            push_uint(entry, id::FLAG_DEFAULT, self.is_default.into());
            push_uint(entry, id::FLAG_LACING, 0);
            push_binary(entry, id::NAME, self.title.as_bytes());
            push_binary(entry, id::CODEC_ID, self.codec.name().as_bytes());
            self.codec.push(entry);
        });
    }
}
