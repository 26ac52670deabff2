//! Answers on their way to the client: encoded in its dialect, released in the order of the requests.

use super::Shard;
use super::connections::expect::Expect;
use super::connections::pending::{Opens, Released};
use super::mesh::message::Ticket;
use super::transports::http::fault_fields;
use crate::base::ids::ConnectionId;
use crate::metrics::words::CloseReason;
use crate::model::reply::Reply;
use crate::protocol::websocket::{Opcode, write_frame};
use crate::surface::Dialect;

impl Shard {
    /// Answers the newest request of a connection. It leaves at once if no earlier one waits.
    pub(super) fn reply_now(&mut self, id: ConnectionId, expect: Expect, reply: Reply) {
        let Some(connection) = self.connections.get(id) else { return };
        if connection.pending.is_some() {
            let sequence = self.connections.open_slot(id, expect);
            return self.fill_slot(id, sequence, reply);
        }
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        let encoded = self.encode_answer(id, expect, reply, false, &mut bytes);
        self.write(id, &bytes);
        self.keep_scratch(bytes);
        if encoded.last {
            self.close_when_written(id, CloseReason::Finished);
        }
    }

    /// An answer came from the core that was asked, or from all of them.
    pub(super) fn answer(&mut self, ticket: Ticket, reply: Reply) {
        let alive =
            self.connections.get(ticket.connection).is_some_and(|connection| connection.pending.is_some());
        if !alive {
            // The connection is gone; the home counted a subscriber that is none.
            if let Reply::Subscribed { channel, position, .. } = reply {
                self.say_unsubscribed(channel, position.epoch, ticket.session);
            }
            return;
        }
        self.fill_slot(ticket.connection, ticket.sequence, reply);
        self.release_answers(ticket.connection);
        self.resume_if_calm(ticket.connection);
    }

    fn fill_slot(&mut self, id: ConnectionId, sequence: u32, reply: Reply) {
        let Some(pending) = self.connections.pending_mut(id) else { return };
        let first = pending.is_first(sequence);
        let Some(expect) = pending.take(sequence) else { return };
        let mut bytes = Vec::new();
        let encoded = self.encode_answer(id, expect, reply, !first, &mut bytes);
        if let Some(pending) = self.connections.pending_mut(id) {
            pending.fill(sequence, bytes, encoded.opens, encoded.last);
        }
    }

    /// Writes every answer whose turn it is.
    fn release_answers(&mut self, id: ConnectionId) {
        while let Some(released) = self.next_answer(id) {
            self.write(id, &released.bytes);
            if let Some(opens) = released.opens {
                self.open_subscription(id, &opens);
            }
            if released.last {
                self.close_when_written(id, CloseReason::Finished);
            }
        }
        if let Some(connection) = self.connections.get_mut(id)
            && connection.in_flight() == 0
        {
            connection.pending = None;
            self.close_if_ended(id);
        }
    }

    fn next_answer(&mut self, id: ConnectionId) -> Option<Released> {
        let pending = self.connections.pending_mut(id)?;
        if let Some((sequence, command)) = pending.take_turn() {
            let reply = self.answer_of_connection(id, command);
            self.fill_slot(id, sequence, reply);
        }
        self.connections.pending_mut(id)?.release()
    }

    /// Appends bytes that answer the newest request: written now, or after the answers that still wait.
    pub(super) fn write_in_turn(&mut self, id: ConnectionId, bytes: Vec<u8>, last: bool) {
        if let Some(pending) = self.connections.pending_mut(id) {
            return pending.append(bytes, last);
        }
        self.write(id, &bytes);
        if last {
            self.close_when_written(id, CloseReason::Finished);
        }
    }

    /// Encodes one answer. `held` says that it does not leave at once.
    fn encode_answer(
        &mut self,
        id: ConnectionId,
        expect: Expect,
        reply: Reply,
        held: bool,
        out: &mut Vec<u8>,
    ) -> Encoded {
        if let Reply::Fault(fault) = &reply {
            self.counters.note_fault(fault.code);
        }
        match expect {
            Expect::Response { surface, endpoint, answering } => {
                let (response, fields) = match &reply {
                    Reply::Fault(fault) => ((surface.encode_fault)(fault), fault_fields(fault.code)),
                    reply => ((endpoint.encode)(reply), &[][..]),
                };
                self.write_response(out, &response, &answering, fields);
                Encoded { opens: None, last: answering.is_last() }
            }
            Expect::Message { dialect, correlation, .. } => {
                let correlation = correlation.as_deref();
                if matches!(reply, Reply::Subscribed { .. }) {
                    let opens = self.subscribed(id, dialect, correlation, held, reply, out);
                    return Encoded { opens, last: false };
                }
                if let Reply::Unsubscribed { channel } = &reply {
                    self.unsubscribed(id, channel, out);
                }
                self.encode_reply(id, dialect, &reply, correlation, out);
                Encoded { opens: None, last: false }
            }
        }
    }

    /// Appends the frame of a reply to a socket, if its dialect tells this.
    pub(super) fn encode_reply(
        &mut self,
        id: ConnectionId,
        dialect: &Dialect,
        reply: &Reply,
        correlation: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let Some(session) = self.connections.get(id).and_then(|connection| connection.session.as_ref())
        else {
            return;
        };
        let mut text = Vec::with_capacity(128);
        (dialect.encode_reply)(&mut text, reply, correlation, session);
        if !text.is_empty() {
            write_frame(out, Opcode::Text, &text);
            self.counters.messages_sent += 1;
        }
    }

    pub(super) fn keep_scratch(&mut self, scratch: Vec<u8>) {
        if scratch.capacity() <= SCRATCH_BYTES_KEPT {
            self.scratch = scratch;
        }
    }
}

/// What follows from an answer once it leaves.
struct Encoded {
    opens: Option<Opens>,
    last: bool,
}

/// A larger working space came from a rare large message and is not kept.
const SCRATCH_BYTES_KEPT: usize = 64 << 10;
