//! One subscriber of a stream: a cursor. Lives on the edge core, in the stream's dense list.

use super::encoding::Encoding;
use crate::base::ids::ConnectionId;

/// A connection's place in a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subscriber {
    /// Whose.
    pub connection: ConnectionId,
    /// Ring position of the first byte not yet sent.
    pub cursor: u64,
    /// Its number in [`super::subscriptions::Subscriptions`].
    pub subscription: u32,
    /// Whether it must wait: the answer to its subscribe is not written yet.
    pub paused: bool,
}

/// Who begins to hear a channel.
#[derive(Clone, Copy, Debug)]
pub struct NewSubscriber {
    /// Whose.
    pub connection: ConnectionId,
    /// What bytes it is sent.
    pub encoding: Encoding,
    /// Whether it did not prove who it is.
    pub guest: bool,
    /// Whether it gets nothing until it is released.
    pub paused: bool,
}

/// Who may see a frame. What one subscriber alone may see goes to its connection, not through a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Every subscriber.
    All,
    /// Every subscriber but this one: not for its sender.
    Except(ConnectionId),
    /// Every subscriber that proved who it is.
    Authenticated,
}
