//! What the bytes of a stream are. One push is encoded once for each encoding that somebody on this core hears.

use crate::protocol::framing::Framing;

/// In which words and in which frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Encoding {
    /// Number of the dialect that spells the messages; the broker does not know it.
    pub dialect: u8,
    /// How messages are told apart on the wire.
    pub framing: Framing,
}
