//! Floor 1: wire bytes. HTTP/1.1 and WebSocket framing, and the files of recordings, sans-IO; knows nothing of channels or surfaces.
//!
//! A reader is given what arrived, in pieces of any size, and calls back for each whole request or message.
//! Where the pieces are cut changes nothing: the same bytes give the same calls and the same refusal. What is
//! whole in one piece is read in place; only a partial request or message is kept, in a box that goes when it ends.

pub mod framing;
pub mod http;
pub mod proxy;
mod unparsed;
pub mod webm;
pub mod websocket;

/// What a reader does after a callback.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Keep the bytes that are not parsed yet inside; the next read parses them first, also with empty input.
    Pause,
    /// Nothing more is read: the protocol changes, or the connection ends.
    Stop,
}
