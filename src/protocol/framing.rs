//! How a message becomes bytes of a stream of bytes, and how long a frame is that was written so.

use super::websocket::Opcode;
use super::websocket::deflate::{Compressor, WindowBits};
use super::websocket::writer::write_frame_with;

/// A way to write messages one after another, so that their ends are seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// Text messages of a WebSocket (RFC 6455), unmasked and unfragmented.
    WebSocket,
    /// The same, compressed where that is worth it (RFC 7692).
    Deflate(WindowBits),
}

impl Framing {
    /// First bytes of a frame that are enough to tell its length; fewer are enough for a shorter frame.
    pub const HEAD_BYTES_MAX: usize = super::websocket::writer::HEADER_BYTES_MAX;

    /// Appends the message that `write` appends, as it is sent before [`Framing::pack`]; nothing where it appends nothing.
    #[inline]
    pub fn write(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        match self {
            Self::WebSocket | Self::Deflate(_) => write_frame_with(out, Opcode::Text, write),
        }
    }

    /// Makes one written message as small as it is sent.
    #[inline]
    pub fn pack(self, compressor: &mut Compressor, message: &mut Vec<u8>) {
        if let Self::Deflate(window) = self {
            compressor.pack(message, window);
        }
    }

    /// Length of the whole frame that these bytes begin.
    pub fn frame_bytes(self, first: &[u8]) -> usize {
        match self {
            Self::WebSocket | Self::Deflate(_) => super::websocket::writer::frame_bytes(first),
        }
    }
}
