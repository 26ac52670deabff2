//! How connections end, and when they are not read.

use super::connection::{Due, Phase};
use super::outbox::Outbox;
use crate::base::ids::ConnectionId;
use crate::metrics::words::CloseReason;
use crate::protocol::websocket::close_code;
use crate::protocol::websocket::writer::{write_close, write_close_empty};
use crate::shard::edge::{Departure, Edge};
use crate::shard::{IncidentKind, Shard};

/// What a close frame says (RFC 6455 section 7.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) struct CloseFrame {
    /// `None` is a close frame without a code, the answer to one.
    pub code: Option<u16>,
    pub reason: &'static str,
    /// How it is counted.
    pub why: CloseReason,
}

impl CloseFrame {
    /// A subscriber owed more than its channel keeps.
    pub const SLOW_CONSUMER: Self = Self {
        code: Some(close_code::TRY_AGAIN_LATER),
        reason: "slow consumer: you read slower than your channels publish; reconnect and recover",
        why: CloseReason::Slow,
    };
    /// Nothing came after a ping, and nothing was read. A code after which clients come back by themselves: the way
    /// between may be what failed.
    pub const PING_TIMEOUT: Self = Self {
        code: Some(close_code::IDLE),
        reason: "no answer to a ping; reconnect",
        why: CloseReason::Timeout,
    };
    /// The token that opened the connection ended.
    pub const TOKEN_EXPIRED: Self = Self {
        code: Some(close_code::POLICY_VIOLATION),
        reason: "the token expired; reconnect with a new one",
        why: CloseReason::Unauthenticated,
    };
    /// The key, account or secret under which the connection was opened was removed or changed.
    pub const REVOKED: Self = Self {
        code: Some(close_code::POLICY_VIOLATION),
        reason: "the key or account of this connection was removed or changed; reconnect with one that holds",
        why: CloseReason::Unauthenticated,
    };
    /// An operator revoked what its user was given.
    pub const TOKENS_REVOKED: Self = Self {
        code: Some(close_code::POLICY_VIOLATION),
        reason: "the tokens of this user were revoked; reconnect with a new one",
        why: CloseReason::Unauthenticated,
    };
    /// An operator closed it.
    pub const REMOVED: Self = Self {
        code: Some(close_code::POLICY_VIOLATION),
        reason: "an operator of this node closed the connection",
        why: CloseReason::Removed,
    };
    /// A channel that it heard is over. Not a code after which clients come back by themselves.
    pub const ENDED: Self =
        Self { code: Some(4404), reason: "a channel that you heard is over", why: CloseReason::Ended };
    /// A channel that it heard as a guest is not for guests any more.
    pub const GUEST: Self = Self {
        code: Some(4403),
        reason: "a channel that you heard is only for those who prove who they are now",
        why: CloseReason::Ended,
    };
    /// A channel that it heard is for others by the rules that the operator put in force. Clients come back and are judged by them.
    pub const RULES_CHANGED: Self = Self {
        code: Some(close_code::SERVICE_RESTART),
        reason: "the rules of a channel that you hear have changed; reconnect",
        why: CloseReason::Ended,
    };
    /// A message did not come in the time that its bytes give it.
    pub const DAWDLING: Self = Self {
        code: Some(close_code::IDLE),
        reason: "a message took too long; reconnect",
        why: CloseReason::Timeout,
    };
    /// Its message, or those of its address, take too much memory.
    pub const UNFINISHED: Self = Self {
        code: Some(close_code::POLICY_VIOLATION),
        reason: "too much unfinished input; send whole messages",
        why: CloseReason::Limit,
    };
    /// The node goes away.
    pub const RESTART: Self = Self {
        code: Some(close_code::SERVICE_RESTART),
        reason: "this node restarts; reconnect",
        why: CloseReason::Drain,
    };
}

/// Milliseconds a peer has to take its last bytes.
const CLOSING_MS_MAX: u64 = 5_000;

impl Edge {
    /// Starts the closing of a WebSocket: a close frame after what is owed, nothing is read any more.
    pub(in crate::shard) fn close_socket(&mut self, id: ConnectionId, reason: CloseFrame) {
        let Some(connection) = self.connections.get(id) else { return };
        if !connection.is_socket() {
            return;
        }
        let mut frame = Vec::new();
        match reason.code {
            Some(code) => write_close(&mut frame, code, reason.reason),
            None => write_close_empty(&mut frame),
        }
        // Answers that still wait are given up: the peer may not see anything after the close.
        self.connections.get_mut(id).expect("looked up above").pending = None;
        self.connections.write(id, &frame);
        self.close_when_written(id, reason.why);
    }

    /// Ends a WebSocket whose peer reads too slowly. It owes so much that only the close frame is still written, after
    /// the frame that was begun.
    pub(in crate::shard) fn close_slow(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id).filter(|connection| connection.is_socket()) {
            connection.outbox.cut();
            self.close_socket(id, CloseFrame::SLOW_CONSUMER);
        }
    }

    /// No more input; the connection closes when its last bytes are written.
    pub(in crate::shard) fn close_when_written(&mut self, id: ConnectionId, why: CloseReason) {
        self.leave_phase(id);
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.why.get_or_insert(why);
        connection.phase = Phase::Closing;
        connection.pending = None;
        let empty = connection.outbox.is_empty();
        self.connections.note_kept(self.now, id);
        self.connections.set_deadline(self.now, id, Due::Closed, CLOSING_MS_MAX);
        if empty {
            self.give_up(id, why);
        }
    }

    /// Gives up what the connection was: subscriptions, the user's presence.
    fn leave_phase(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(id) else { return };
        if !connection.is_socket() {
            return;
        }
        self.counters.websockets_open -= 1;
        self.drop_subscriptions(id);
        let session = self.connections.get_mut(id).and_then(|connection| {
            connection.flags.silent = false;
            connection.session.take()
        });
        self.depart(Departure::Socket { id, session });
    }

    /// Drops a connection and all that belongs to it; its id is dead.
    pub(in crate::shard) fn forget(&mut self, id: ConnectionId, why: CloseReason) {
        self.leave_phase(id);
        let why = self.connections.get(id).and_then(|connection| connection.why).unwrap_or(why);
        match why {
            CloseReason::Slow => self.connections.note(IncidentKind::SlowConsumer, id),
            CloseReason::Limit => self.connections.note(IncidentKind::Oversized, id),
            _ => {}
        }
        if self.connections.remove(id).is_some() {
            self.counters.connections_open -= 1;
            self.counters.note_close(why);
        }
    }

    /// Ends a connection, with or without its last bytes. Its id lives until [`crate::shard::Output::Close`] is polled.
    pub(in crate::shard) fn give_up(&mut self, id: ConnectionId, why: CloseReason) {
        self.leave_phase(id);
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.why.get_or_insert(why);
        connection.phase = Phase::Closing;
        connection.outbox = Outbox::default();
        connection.pending = None;
        self.connections.note_kept(self.now, id);
        self.connections.wish_close(id);
    }

    /// The peer sent its FIN. A WebSocket ends when all that came before it is read; HTTP answers that are owed are
    /// still written.
    pub(in crate::shard) fn end_of_input(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.flags.ended = true;
        if connection.is_socket() && !connection.holds_input() {
            self.close_when_written(id, CloseReason::Peer);
        } else {
            self.close_if_ended(id);
        }
    }

    pub(in crate::shard) fn close_if_ended(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(id) else { return };
        let all_read = !connection.holds_input();
        if connection.flags.ended && all_read && connection.in_flight() == 0 && !connection.is_closing() {
            self.close_when_written(id, CloseReason::Peer);
        }
    }

    /// Whatever still comes is dropped; answers that wait are still written, the last of them closes.
    pub(in crate::shard) fn ignore_input_if_http(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(id)
            && matches!(connection.phase, Phase::Http(_))
        {
            self.ignore_input(id);
        }
    }

    /// Ends a connection that is closing, if all that was owed to it is written. Whether it did.
    pub(in crate::shard) fn end_if_finished(&mut self, id: ConnectionId) -> bool {
        let is_finished = self.connections.get(id).is_some_and(|connection| {
            connection.is_closing() && connection.outbox.is_empty() && connection.in_flight() == 0
        });
        if is_finished {
            self.give_up(id, CloseReason::Finished);
        }
        is_finished
    }

    pub(in crate::shard) fn ignore_input(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id)
            && let Phase::Http(_) = connection.phase
        {
            connection.phase = Phase::Closing;
            self.connections.note_kept(self.now, id);
        }
        self.connections.set_deadline(self.now, id, Due::Closed, CLOSING_MS_MAX);
    }
}

impl Shard {
    /// Reads a paused connection on when it has caught up.
    pub(in crate::shard) fn resume_if_calm(&mut self, id: ConnectionId) {
        if self.edge.connections.may_resume(id, &self.setup.limits)
            && let Some(connection) = self.edge.connections.get_mut(id)
        {
            connection.flags.paused = false;
            self.read(id, &mut []);
            self.edge.connections.restart(id);
            // What was held back may have been no whole request.
            self.edge.close_if_ended(id);
        }
    }
}
