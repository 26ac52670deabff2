//! WebSocket messages of this core's connections.

use super::compressed;
use super::http::rate_limited;
use super::long;
use crate::base::ids::ConnectionId;
use crate::metrics::words::CloseReason;
use crate::model::command::Command;
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::protocol::Flow;
use crate::protocol::framing::Framing;
use crate::protocol::websocket::{MessageLimits, Opcode, SocketMessage, close_code, write_frame};
use crate::shard::Shard;
use crate::shard::connections::allowances::give_way;
use crate::shard::connections::closing::CloseFrame;
use crate::shard::connections::connection::{Due, Phase};
use crate::shard::connections::expect::Expect;
use crate::shard::edge::Edge;
use crate::surface::{Dialect, Incoming, Language, Payload, Unreadable};
use std::sync::Arc;

/// Bytes that are kept unparsed of one connection. All receive buffers of a core are half of it.
const UNPARSED_BYTES_MAX: usize = 8 << 20;

impl Shard {
    /// Reads what arrived, whatever the connection speaks.
    pub(in crate::shard) fn read(&mut self, id: ConnectionId, bytes: &mut [u8]) {
        let Some(connection) = self.edge.connections.get_mut(id) else { return };
        let heard = !bytes.is_empty();
        if heard {
            connection.unheard_bytes = 0;
        }
        let (holds, is_http) = (connection.holds_input(), matches!(connection.phase, Phase::Http(_)));
        if heard && connection.due == Due::Pong {
            // Any sign of life answers a ping.
            self.edge.connections.set_deadline(self.edge.now, id, Due::Ping, self.setup.ping_interval_ms);
        }
        if holds {
            self.edge.connections.stop(id);
            hold(&mut self.edge, id, bytes);
        } else {
            let before = self.edge.connections.allowances.begin(self.edge.now);
            if !is_http {
                self.read_socket(id, bytes);
            } else if let Some(mut rest) = self.read_http(id, bytes) {
                self.read_socket(id, &mut rest);
            }
            self.edge.connections.allowances.end(before);
        }
        self.edge.bound_input(id);
    }

    fn read_socket(&mut self, id: ConnectionId, bytes: &mut [u8]) {
        let Some(connection) = self.edge.connections.get_mut(id) else { return };
        let Phase::Socket { reader, language } = &mut connection.phase else { return };
        let language = *language;
        let mut reader = std::mem::take(reader);
        let limits = MessageLimits {
            message_bytes_max: self.setup.limits.message_bytes_max as usize,
            fragments_max: self.setup.limits.fragments_per_message_max,
            compressed: connection.framing != Framing::WebSocket,
        };
        let mut whole = false;
        let result = reader.read(bytes, &limits, |message| {
            whole |= matches!(
                message,
                SocketMessage::Text(_) | SocketMessage::Binary(_) | SocketMessage::Compressed { .. }
            );
            self.message(id, language, message)
        });
        if let Some(connection) = self.edge.connections.get_mut(id)
            && let Phase::Socket { reader: place, .. } = &mut connection.phase
        {
            *place = reader;
            if whole {
                // What is kept from here on is of another message.
                connection.unfinished_s = 0;
            }
        }
        if let Err(violation) = result {
            compressed::end(&mut self.edge, id, violation);
        }
    }

    fn message(&mut self, id: ConnectionId, language: &'static Language, message: SocketMessage<'_>) -> Flow {
        self.edge.connections.allowances.spend_input(message.bytes(), false);
        match message {
            SocketMessage::Ping(payload) => {
                let mut frame = Vec::new();
                write_frame(&mut frame, Opcode::Pong, payload);
                self.edge.write(id, &frame);
            }
            SocketMessage::Pong(_) => {}
            SocketMessage::Close(close) => {
                // The same code goes back (RFC 6455 section 5.5.1).
                let code = close.map(|(code, _)| code);
                self.edge.close_socket(id, CloseFrame { code, reason: "", why: CloseReason::Peer });
                return Flow::Stop;
            }
            SocketMessage::Text(text) => self.data(id, language, Payload::Text(text)),
            SocketMessage::Binary(bytes) => self.data(id, language, Payload::Binary(bytes)),
            SocketMessage::Compressed { is_text, payload } => {
                compressed::read(self, id, language, is_text, payload);
            }
        }
        match self.edge.connections.get(id) {
            Some(connection) if connection.decoding_bytes > 0 => return Flow::Pause,
            Some(connection) if connection.is_socket() => {}
            _ => return Flow::Stop,
        }
        if self.edge.connections.pause_if_busy(id, &self.setup.limits)
            || give_way(&mut self.edge.connections, id)
        {
            return Flow::Pause;
        }
        Flow::Continue
    }

    pub(super) fn data(&mut self, id: ConnectionId, language: &'static Language, payload: Payload<'_>) {
        self.edge.counters.messages_received += 1;
        let Language::Dialect(dialect) = language else { return echo(&mut self.edge, id, payload) };
        let Some((session, within)) = charge(&mut self.edge, id) else { return };
        if long::is_long(payload.bytes()) {
            let (edge, homes) = (&mut self.edge, &mut self.homes);
            if let Err(fault) = long::leave_message(edge, homes, id, payload, (dialect, session, within)) {
                self.reply_now(id, Expect::unread(dialect), Reply::Fault(fault));
            }
            return;
        }
        let incoming = (dialect.decode)(payload, &session);
        obey(self, id, dialect, &session, within, incoming);
    }
}

/// Says to a client what it said.
fn echo(edge: &mut Edge, id: ConnectionId, payload: Payload<'_>) {
    let opcode = match payload {
        Payload::Text(_) => Opcode::Text,
        Payload::Binary(_) => Opcode::Binary,
    };
    let mut frame = Vec::with_capacity(payload.bytes().len() + 10);
    write_frame(&mut frame, opcode, payload.bytes());
    edge.counters.messages_sent += 1;
    edge.write(id, &frame);
}

/// Takes a message off its connection's quota: says who speaks, and whether the quota allows it. `None` if the connection is at
/// its end.
pub(super) fn charge(edge: &mut Edge, id: ConnectionId) -> Option<(Arc<Session>, bool)> {
    if edge.end_if_expired(id) {
        return None;
    }
    let session = edge.connections.get(id)?.session.clone()?;
    let within = edge.connections.take_quota(edge.now, id, edge.setup.limits.commands_per_second_max);
    Some((session, within))
}

/// Keeps bytes that were on their way when reading was paused: a few receive buffers, for the socket is read again
/// only when none of them are left. More of them are a fault of ours, which may not take the memory of others.
fn hold(edge: &mut Edge, id: ConnectionId, bytes: &[u8]) {
    let Some(connection) = edge.connections.get_mut(id) else { return };
    let held = match &mut connection.phase {
        Phase::Http(reader) => {
            reader.hold(bytes);
            reader.unparsed_bytes()
        }
        Phase::Socket { reader, .. } => {
            reader.hold(bytes);
            reader.unparsed_bytes()
        }
        Phase::Closing => 0,
    };
    if held > UNPARSED_BYTES_MAX {
        edge.give_up(id, CloseReason::Limit);
    }
}

/// Does what a message asks for.
pub(super) fn obey(
    shard: &mut Shard,
    id: ConnectionId,
    dialect: &'static Dialect,
    session: &Arc<Session>,
    within_quota: bool,
    incoming: Incoming,
) {
    if let Some(unreadable) = incoming.unreadable {
        return shard.edge.close_socket(id, end_of(unreadable));
    }
    let command = if within_quota { incoming.command } else { Err(rate_limited()) };
    let subscribes = command.as_ref().ok().and_then(Command::subscribes).cloned();
    let expect = Expect::Message { dialect, correlation: incoming.correlation, subscribes };
    match command {
        Ok(command) => shard.submit(id, session, command, expect),
        Err(fault) => shard.reply_now(id, expect, Reply::Fault(fault)),
    }
}

/// How a connection ends whose message cannot be answered.
fn end_of(unreadable: Unreadable) -> CloseFrame {
    let (code, reason) = match unreadable {
        Unreadable::Malformed => (close_code::INVALID_PAYLOAD, "this is no message of the protocol"),
        Unreadable::TooLarge => {
            (close_code::MESSAGE_TOO_BIG, "the message is longer than the protocol allows")
        }
    };
    CloseFrame { code: Some(code), reason, why: CloseReason::Protocol }
}
