//! One connection of this core. Small on purpose: an idle one is little more than this record.

use super::outbox::Outbox;
use super::pending::Pending;
use crate::base::bucket::Bucket;
use crate::broker::fanout::{Fanout, StreamId};
use crate::metrics::words::CloseReason;
use crate::model::session::Session;
use crate::protocol::http::RequestReader;
use crate::protocol::websocket;
use crate::surface::{Dialect, Language};
use std::sync::Arc;

/// See the module.
pub(in crate::shard) struct Connection {
    pub phase: Phase,
    /// Who speaks, once known. Always there on a WebSocket of a dialect.
    pub session: Option<Arc<Session>>,
    pub outbox: Outbox,
    pub subscriptions: Vec<Subscription>,
    pub pending: Option<Box<Pending>>,
    /// Key of the address in the admission table.
    pub address: u64,
    /// When `due` is due, monotonic milliseconds.
    pub deadline_ms: u64,
    /// Earliest entry in the timing wheel, monotonic microseconds; `u64::MAX` is none.
    pub wheel_us: u64,
    pub due: Due,
    pub commands: Bucket,
    pub flags: Flags,
    /// Why it ends, once that is decided.
    pub why: Option<CloseReason>,
}

/// What the bytes of the connection are.
pub(in crate::shard) enum Phase {
    /// HTTP requests.
    Http(RequestReader),
    /// WebSocket messages.
    Socket { reader: websocket::Reader, language: &'static Language },
    /// Nothing is read any more; what is owed is written, then the connection closes.
    Closing,
}

/// A subscription of a connection: the other end of a [`crate::broker::fanout::Subscriber`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) struct Subscription {
    pub stream: StreamId,
    pub place: u32,
}

/// What happens at a connection's deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) enum Due {
    /// No request came: close.
    KeepAlive,
    /// The request's head is not complete: 408, close.
    Header,
    /// The request's body is not complete: 408, close.
    Body,
    /// Send a ping.
    Ping,
    /// Nothing came since the ping: close.
    Pong,
    /// The peer does not take its last bytes: close anyway.
    Closed,
}

/// Small facts of a connection.
#[derive(Clone, Copy, Default)]
pub(in crate::shard) struct Flags {
    /// The socket takes no bytes until `writable`.
    pub blocked: bool,
    /// In the queue of connections that have something to write.
    pub queued: bool,
    /// Not read at present.
    pub paused: bool,
    /// The peer sent its FIN.
    pub ended: bool,
    /// Its [`crate::shard::Output::Close`] waits to be polled.
    pub given_up: bool,
    /// Counted as unauthenticated in the admission table.
    pub unauthenticated: bool,
}

impl Connection {
    pub fn new(address: u64) -> Self {
        Self {
            phase: Phase::Http(RequestReader::default()),
            session: None,
            outbox: Outbox::default(),
            subscriptions: Vec::new(),
            pending: None,
            address,
            deadline_ms: 0,
            wheel_us: u64::MAX,
            due: Due::Header,
            commands: Bucket::default(),
            flags: Flags { unauthenticated: true, ..Flags::default() },
            why: None,
        }
    }

    pub fn is_socket(&self) -> bool {
        matches!(self.phase, Phase::Socket { .. })
    }

    pub fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing)
    }

    /// The dialect of a WebSocket that speaks one.
    pub fn dialect(&self) -> Option<&'static Dialect> {
        match &self.phase {
            Phase::Socket { language: Language::Dialect(dialect), .. } => Some(dialect),
            _ => None,
        }
    }

    /// Whether nothing more may be read until an answer has come.
    pub fn holds_reading(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.holds_reading())
    }

    /// Whether something may be written: bytes of its own, or of a channel that it hears.
    pub fn has_output(&self, fanout: &Fanout) -> bool {
        !self.outbox.is_empty()
            || self.subscriptions.iter().any(|one| fanout.stream(one.stream).pending(one.place))
    }

    /// Requests whose answers have not left.
    pub fn in_flight(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_stays_small() {
        assert!(size_of::<Connection>() <= 160, "{}", size_of::<Connection>());
    }
}
