//! One connection of this core. Small on purpose: an idle one is little more than this record.

use super::outbox::Outbox;
use super::pending::Pending;
use crate::base::bucket::Bucket;
use crate::base::limits::Limits;
use crate::base::time::Now;
use crate::metrics::words::CloseReason;
use crate::model::session::Session;
use crate::protocol::framing::Framing;
use crate::protocol::http::RequestReader;
use crate::protocol::websocket;
use crate::surface::{Dialect, Language};
use std::sync::Arc;

/// Bytes of answers that are encoded ahead of what the peer takes: enough to fill a socket, and few enough that
/// encoding them takes well under a millisecond.
const ANSWERS_BYTES_MAX: usize = 256 << 10;

/// Bytes that count as taken at most at one time. The kernels of both sides hold about as many, so a peer that is gone
/// has not read them.
const EARNING_BYTES_MAX: u32 = 4 << 20;

/// One connection of this core.
pub(in crate::shard) struct Connection {
    pub phase: Phase,
    /// Who speaks, once known. Always there on a WebSocket of a dialect.
    pub session: Option<Arc<Session>>,
    pub outbox: Outbox,
    pub pending: Option<Box<Pending>>,
    /// Key of the address in the admission table.
    pub address: u64,
    /// When `due` is due, monotonic milliseconds.
    pub deadline_ms: u64,
    /// Earliest entry in the timing wheel, monotonic microseconds; `u64::MAX` is none.
    pub wheel_us: u64,
    /// Second of the monotonic clock in which its credentials are looked at; `u32::MAX` is never.
    pub watched_s: u32,
    pub due: Due,
    /// Bytes that its socket took since the peer was last heard, or since they last earned it time.
    pub unheard_bytes: u32,
    /// Bytes that its reader keeps of input that is not whole or not parsed, as they are counted.
    pub kept_bytes: u32,
    /// Bytes of its long input that is decoded elsewhere; zero is none.
    pub decoding_bytes: u32,
    /// Second of the monotonic clock since which a message has not been whole; zero is none.
    pub unfinished_s: u32,
    pub commands: Bucket,
    pub flags: Flags,
    /// How what its channels say is framed on a WebSocket, where they may be compressed.
    pub framing: Framing,
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
    /// Nothing came since the ping, and little was taken: close.
    Pong,
    /// The peer does not take its last bytes: close anyway.
    Closed,
}

/// Small facts of a connection.
#[derive(Clone, Copy, Default)]
pub(in crate::shard) struct Flags {
    /// The socket takes no bytes until `writable`.
    pub blocked: bool,
    /// It lost something and is closed soon: nothing is written to it until then.
    pub silent: bool,
    /// In the queue of connections that have something to write.
    pub queued: bool,
    /// Nothing of it is parsed at present.
    pub paused: bool,
    /// It has used up its allowance of what is read, and the rest waits for its turn.
    pub waits: bool,
    /// Its socket is not read: what is kept unparsed is read before the socket is again.
    pub stopped: bool,
    /// The client was told that its credentials end.
    pub warned: bool,
    /// The peer sent its FIN.
    pub ended: bool,
    /// Its [`crate::shard::Output::Close`] waits to be polled.
    pub given_up: bool,
    /// Of a proxy that says for whom it speaks.
    pub proxied: bool,
    /// Counted as unauthenticated in the admission table.
    pub unauthenticated: bool,
    /// It came by a listener for operators.
    pub operators: bool,
}

impl Connection {
    pub fn new(address: u64) -> Self {
        Self {
            phase: Phase::Http(RequestReader::default()),
            session: None,
            outbox: Outbox::default(),
            pending: None,
            address,
            deadline_ms: 0,
            wheel_us: u64::MAX,
            watched_s: u32::MAX,
            due: Due::Header,
            unheard_bytes: 0,
            kept_bytes: 0,
            decoding_bytes: 0,
            unfinished_s: 0,
            commands: Bucket::default(),
            flags: Flags { unauthenticated: true, ..Flags::default() },
            framing: Framing::WebSocket,
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

    /// Whether what comes is kept unparsed: answers are owed, others have their turn, or what came before is decoded.
    pub fn holds_input(&self) -> bool {
        self.flags.paused || self.flags.waits || self.decoding_bytes > 0
    }

    /// Whether nothing more may be read until an answer has come.
    pub fn holds_reading(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.holds_reading())
    }

    /// Bytes of answers that may be written before some of what is owed was taken.
    pub fn room_bytes(&self, limits: &Limits) -> usize {
        ANSWERS_BYTES_MAX
            .min((limits.outbox_bytes_max as usize).div_ceil(2))
            .saturating_sub(self.outbox.len())
    }

    /// Whether an answer may be written.
    pub fn has_room(&self, limits: &Limits) -> bool {
        self.room_bytes(limits) > 0
    }

    /// Milliseconds that the bytes which its socket took are worth: a peer that reads is alive, however slowly, and
    /// what it says waits behind what it has to read. Each byte counts once. Zero if that is less than a second.
    pub fn earn_ms(&mut self, per_second_min: u32) -> u64 {
        let bytes = std::mem::take(&mut self.unheard_bytes).min(EARNING_BYTES_MAX);
        let ms = u64::from(bytes) * 1000 / u64::from(per_second_min.max(1));
        if ms < 1000 { 0 } else { ms }
    }

    /// Milliseconds that its credentials still hold; `None` is for ever.
    pub fn token_left_ms(&self, now: Now) -> Option<u64> {
        let ends_ms = self.session.as_ref()?.expires_unix_s?.saturating_mul(1000);
        Some(ends_ms.saturating_sub(now.unix_ms))
    }

    /// Whether an answer is there and waits for room.
    pub fn waits_for_room(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.waits_for_room())
    }

    /// Whether something of it waits for its bytes to be written: an answer, its end, or what it says next.
    pub fn awaits_writes(&self) -> bool {
        self.pending.is_some() || self.flags.ended || self.flags.paused || self.is_closing()
    }

    /// Whether something may be written to its socket.
    pub fn takes_bytes(&self) -> bool {
        !self.flags.blocked && !self.flags.silent
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
        assert!(size_of::<Connection>() <= 136, "{}", size_of::<Connection>());
    }
}
