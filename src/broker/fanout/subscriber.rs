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
    /// Whether it proved who it is; false for guests.
    pub authenticated: bool,
}

/// Who begins to hear a stream.
#[derive(Clone, Copy, Debug)]
pub struct NewSubscriber {
    /// Whose.
    pub connection: ConnectionId,
    /// Whether it gets nothing until it is released.
    pub held: bool,
    /// Whether it proved who it is.
    pub authenticated: bool,
}

/// Who may see a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Every subscriber.
    All,
    /// Every subscriber but this one: not for its sender.
    Except(ConnectionId),
    /// Every subscriber that proved who it is.
    Authenticated,
    /// This subscriber alone.
    Only(ConnectionId),
}

impl Audience {
    /// Whether a subscriber may see the frame.
    pub fn includes(self, subscriber: &Subscriber) -> bool {
        match self {
            Audience::All => true,
            Audience::Except(other) => other != subscriber.connection,
            Audience::Authenticated => subscriber.authenticated,
            Audience::Only(one) => one == subscriber.connection,
        }
    }
}
