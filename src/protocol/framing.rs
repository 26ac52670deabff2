//! How a message becomes bytes of a stream of bytes, and how long a frame is that was written so.

use super::websocket::Opcode;
use super::websocket::writer::write_frame_with;

/// A way to write messages one after another, so that their ends are seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// Text messages of a WebSocket (RFC 6455), unmasked and unfragmented.
    WebSocket,
}

impl Framing {
    /// First bytes of a frame that are enough to tell its length; fewer are enough for a shorter frame.
    pub const HEAD_BYTES_MAX: usize = super::websocket::writer::HEADER_BYTES_MAX;

    /// Appends the message that `write` appends; nothing where it appends nothing.
    #[inline]
    pub fn write(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        match self {
            Self::WebSocket => write_frame_with(out, Opcode::Text, write),
        }
    }

    /// Length of the whole frame that these bytes begin.
    pub fn frame_bytes(self, first: &[u8]) -> usize {
        match self {
            Self::WebSocket => super::websocket::writer::frame_bytes(first),
        }
    }
}
