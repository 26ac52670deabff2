//! One subscriber of a stream: a cursor. Lives on the edge core, in the stream's dense list.

use crate::base::ids::ConnectionId;

/// A connection's place in a stream.
#[derive(Clone, Copy, Debug)]
pub struct Subscriber {
    /// Whose.
    pub connection: ConnectionId,
    /// Ring position of the first byte not yet sent.
    pub cursor: u64,
    /// Whether it must wait: the answer to its subscribe is not written yet.
    pub held: bool,
}

/// Who may see a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Every subscriber.
    All,
    /// Every subscriber but this one: not for its sender.
    Except(ConnectionId),
}

impl Audience {
    /// Whether a connection may see the frame.
    pub fn includes(self, connection: ConnectionId) -> bool {
        match self {
            Audience::All => true,
            Audience::Except(other) => other != connection,
        }
    }
}
