//! Answers on their way to the client: encoded in its dialect, released in the order of the requests.

use crate::base::ids::ConnectionId;
use crate::metrics::words::CloseReason;
use crate::model::reply::{ChannelReply, ConnectionReply, RelayReply, Reply};
use crate::shard::Shard;
use crate::shard::connections::expect::Expect;
use crate::shard::connections::pending::{Answer, Made, Opens, Released, Turn};
use crate::shard::delivery::encoding::{encode_next, encode_piece};
use crate::shard::delivery::files;
use crate::shard::delivery::pacing;
use crate::shard::delivery::subscribing::pieces;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::Ticket;
use crate::shard::mesh::post_unsubscribed;
use crate::shard::people;
use crate::shard::relay::{self, RelaySide};
use crate::shard::requests::vouchers::open_or_close;
use crate::shard::requests::{answer_of_connection, send_in_turn};

impl Edge {
    /// Appends bytes that answer the newest request: written now, or after the answers that still wait.
    pub(in crate::shard) fn write_in_turn(&mut self, id: ConnectionId, bytes: Vec<u8>, last: bool) {
        if let Some(pending) = self.connections.pending_mut(id) {
            return pending.append(bytes, last);
        }
        self.write(id, &bytes);
        if last {
            self.close_when_written(id, CloseReason::Finished);
        }
    }
}

impl Shard {
    /// Answers the newest request of a connection. It leaves at once if no earlier one waits and there is room.
    pub(in crate::shard) fn reply_now(&mut self, id: ConnectionId, expect: Expect, mut reply: Reply) {
        if release_before(&mut self.edge, &mut self.homes, id, &reply) {
            return;
        }
        let Some(connection) = self.edge.connections.get(id) else { return };
        let at_once = connection.pending.is_none() && connection.has_room(&self.setup.limits);
        if !at_once || pieces(&reply) > 1 || reply.takes_turns() {
            let sequence = self.edge.connections.open_slot(id, expect);
            self.fill_slot(id, sequence, reply);
            return self.release_answers(id);
        }
        let mut bytes = self.edge.scratch.take();
        self.prepare(id, &expect, &mut reply, false, &mut bytes);
        encode_piece(&mut self.edge, id, &expect, &reply, 0, &mut bytes);
        self.edge.write(id, &bytes);
        self.edge.scratch.keep(bytes);
        if expect.is_last() {
            self.edge.close_when_written(id, CloseReason::Finished);
        }
    }

    /// An answer came from a home core or from all cores.
    pub(in crate::shard) fn answer(&mut self, ticket: Ticket, reply: Reply) {
        let id = ticket.connection;
        if let Reply::Channel(ChannelReply::Subscribed { channel, .. }) = &reply {
            pacing::release(&mut self.edge, channel);
        }
        if self.edge.connections.pending_mut(id).is_none() {
            // The connection is gone; the home counted a subscriber that is none.
            if let Reply::Channel(ChannelReply::Subscribed { channel, position, .. }) = reply {
                post_unsubscribed(&mut self.edge, &mut self.homes, channel, position.epoch, ticket.session);
            } else if let Reply::People(reply) = reply {
                people::answer_nobody(&mut self.people_side(), &ticket, &reply);
            } else if let Reply::Relay(RelayReply::Joined { group }) = reply {
                relay::join_answered(&mut self.relay_side(), &ticket, group);
            }
            return;
        }
        let part = self
            .edge
            .connections
            .pending_mut(id)
            .map(|pending| pending.take_part(ticket.sequence, ticket.part, reply));
        let Some(Some(reply)) = part else { return };
        match take_alone(&mut self.edge, id, ticket.sequence, &reply) {
            Some(expect) => {
                self.reply_now(id, expect, reply);
                self.edge.close_if_ended(id);
            }
            None => {
                self.fill_slot(id, ticket.sequence, reply);
                self.release_answers(id);
            }
        }
        self.resume_if_calm(id);
    }

    fn fill_slot(&mut self, id: ConnectionId, sequence: u32, mut reply: Reply) {
        let Some(expect) = self.edge.connections.pending_mut(id).and_then(|pending| pending.take(sequence))
        else {
            return;
        };
        if let Some(file) = files::of(&reply) {
            return files::queue(&mut self.edge, id, sequence, expect, file);
        }
        let mut before = Vec::new();
        let opens = self.prepare(id, &expect, &mut reply, true, &mut before);
        if let Some(pending) = self.edge.connections.pending_mut(id) {
            let (after, made) = (Vec::new(), Made::default());
            let answer = Answer { expect, reply, before, after, opens, written: 0, made };
            pending.fill(sequence, answer);
        }
    }

    /// Writes every answer whose turn it is, while there is room.
    pub(in crate::shard) fn release_answers(&mut self, id: ConnectionId) {
        while let Some(released) = self.next_answer(id) {
            match released {
                Released::Bytes { bytes, last } => {
                    self.edge.write(id, &bytes);
                    if last {
                        self.edge.close_when_written(id, CloseReason::Finished);
                    }
                }
                Released::Answer(answer) => {
                    if write_answer(&mut self.relay_side(), id, answer) {
                        break;
                    }
                }
                Released::File(sending) => files::go_on(&mut self.edge, &mut self.homes, id, sending),
            }
        }
        if let Some(connection) = self.edge.connections.get_mut(id)
            && connection.in_flight() == 0
        {
            connection.pending = None;
            self.edge.close_if_ended(id);
        }
    }

    fn next_answer(&mut self, id: ConnectionId) -> Option<Released> {
        if !self.edge.connections.get(id)?.has_room(&self.setup.limits) {
            return None;
        }
        if let Some((sequence, turn)) = self.edge.connections.pending_mut(id)?.take_turn() {
            match turn {
                Turn::Own(command) => {
                    let reply = answer_of_connection(&mut self.edge, &self.homes, id, command);
                    self.fill_slot(id, sequence, reply);
                }
                Turn::Move(command) => {
                    let sent = send_in_turn(&mut self.edge, &mut self.homes, (id, sequence), *command);
                    if let Err(fault) = sent {
                        self.fill_slot(id, sequence, Reply::Fault(fault));
                    }
                }
            }
        }
        self.edge.connections.pending_mut(id)?.release()
    }

    /// Does what an answer means for its connection when it comes: a subscription begins or ends. `paused` says that
    /// the answer may not leave at once. What is told before it is appended to `before`.
    fn prepare(
        &mut self,
        id: ConnectionId,
        expect: &Expect,
        reply: &mut Reply,
        paused: bool,
        before: &mut Vec<u8>,
    ) -> Option<Opens> {
        if let Reply::Fault(fault) = reply {
            self.edge.note_fault(id, fault.code);
        }
        let Expect::Message { dialect, .. } = expect else { return None };
        match reply {
            Reply::Channel(ChannelReply::Subscribed { .. }) => {
                self.edge.subscribed(id, dialect, paused, reply, before)
            }
            Reply::People(reply) => {
                people::prepare_person(&mut self.people_side(), id, dialect, paused, reply, before)
            }
            Reply::Relay(RelayReply::Joined { group }) => {
                relay::joined(&mut self.relay_side(), id, dialect, paused, group, before)
            }
            Reply::Connection(ConnectionReply::GroupLeft) => {
                relay::leave(&mut self.relay_side(), id, before);
                None
            }
            Reply::Connection(ConnectionReply::Unsubscribed { channel }) => {
                self.edge.unsubscribed(id, channel, before);
                None
            }
            _ => None,
        }
    }
}

/// Writes as much of an answer as there is room for; the rest of it stays the next that leaves. Whether it gives way
/// to others, because it is long to make.
fn write_answer(side: &mut RelaySide<'_>, id: ConnectionId, mut answer: Box<Answer>) -> bool {
    let Some(connection) = side.edge.connections.get(id) else { return false };
    let room_bytes = connection.room_bytes(&side.edge.setup.limits);
    let mut bytes = side.edge.scratch.take();
    if answer.written == 0 {
        bytes.append(&mut answer.before);
    }
    let pieces = pieces(&answer.reply);
    let mut gives_way = false;
    while !gives_way && answer.written < pieces && (answer.written == 0 || bytes.len() < room_bytes) {
        gives_way = !encode_next(side.edge, id, &mut answer, &mut bytes);
        answer.written += usize::from(!gives_way);
    }
    let whole = answer.written == pieces;
    if whole {
        bytes.append(&mut answer.after);
    }
    side.edge.write(id, &bytes);
    side.edge.scratch.keep(bytes);
    if !whole {
        if let Some(pending) = side.edge.connections.pending_mut(id) {
            pending.put_back(answer);
        }
        return gives_way;
    }
    if let Some(opens) = &answer.opens {
        side.edge.open_subscription(id, opens);
    }
    if answer.expect.is_last() {
        side.edge.close_when_written(id, CloseReason::Finished);
    }
    if let Expect::Opening(opening) = &answer.expect {
        open_or_close(side, id, opening, &answer.reply);
    }
    false
}

/// How an answer is to be written that nothing stands before, if it may leave as one that never waited.
fn take_alone(edge: &mut Edge, id: ConnectionId, sequence: u32, reply: &Reply) -> Option<Expect> {
    let connection = edge.connections.get_mut(id)?;
    if pieces(reply) > 1 || reply.takes_turns() || !connection.has_room(&edge.setup.limits) {
        return None;
    }
    let expect = connection.pending.as_mut()?.take_alone(sequence)?;
    connection.pending = None;
    Some(expect)
}

/// Whoever comes to a channel hears what is published from here on, so what waits of it leaves. Where that closes the very
/// connection that is answered, nobody is to be answered, and the home counted a subscriber that is none. Whether it does.
fn release_before(edge: &mut Edge, homes: &mut HomeSide, id: ConnectionId, reply: &Reply) -> bool {
    let Reply::Channel(ChannelReply::Subscribed { channel, position, .. }) = reply else { return false };
    let session = edge.connections.get(id).and_then(|connection| connection.session.clone());
    pacing::release(edge, channel);
    let is_over = edge.connections.get(id).is_none_or(|connection| connection.is_closing());
    if let Some(session) = session.filter(|_| is_over) {
        post_unsubscribed(edge, homes, channel.clone(), position.epoch, session);
    }
    is_over
}
