//! The bytes of answers: each piece of one in the dialect of whoever asked.

use crate::base::ids::ConnectionId;
use crate::model::reply::Reply;
use crate::protocol::framing::Framing;
use crate::shard::connections::expect::{Answering, Expect};
use crate::shard::connections::pending::Answer;
use crate::shard::delivery::subscribing::encode_attachment;
use crate::shard::edge::Edge;
use crate::shard::people;
use crate::shard::transports::http::write_fault;
use crate::surface::Dialect;

/// Encodes the next piece of an answer, or some of it if that is long. Whether it is whole.
pub(super) fn encode_next(edge: &mut Edge, id: ConnectionId, answer: &mut Answer, out: &mut Vec<u8>) -> bool {
    let Answer { expect, reply, written, made, .. } = answer;
    if let (Expect::Message { dialect, .. }, Reply::People(reply)) = (&*expect, &*reply)
        && let Some(shown) = people::shown_at(reply, *written)
    {
        return people::append_shown(edge, id, dialect, shown, made, out);
    }
    encode_piece(edge, id, expect, reply, *written, out);
    true
}

/// Encodes one piece of an answer: the first is the answer itself, the others what it promised.
pub(super) fn encode_piece(
    edge: &mut Edge,
    id: ConnectionId,
    expect: &Expect,
    reply: &Reply,
    at: usize,
    out: &mut Vec<u8>,
) {
    match expect {
        Expect::Response { surface, endpoint, answering } => {
            let secret = answering.secret || reply.has_credentials();
            let answering = Answering { secret, ..answering.clone() };
            match reply {
                Reply::Fault(fault) => {
                    write_fault(edge, out, surface.encode_fault, &answering, fault);
                }
                reply => {
                    edge.write_response(out, &(endpoint.encode)(reply), &answering, &[]);
                }
            }
        }
        Expect::Opening(opening) => opening.encode(edge, reply, out),
        Expect::Parts(_) => {}
        Expect::Message { dialect, correlation, .. } if at == 0 => {
            encode_reply(edge, id, dialect, reply, correlation.as_deref(), out);
        }
        Expect::Message { dialect, .. } => match reply {
            Reply::People(reply) => people::append_after_reply(edge, dialect, reply, at, out),
            reply => encode_attachment(&mut edge.counters, dialect, reply, at, out),
        },
    }
}

/// Appends the frame of a reply to a socket, if its dialect tells this.
fn encode_reply(
    edge: &mut Edge,
    id: ConnectionId,
    dialect: &Dialect,
    reply: &Reply,
    correlation: Option<&str>,
    out: &mut Vec<u8>,
) {
    let Some(session) = edge.connections.get(id).and_then(|connection| connection.session.as_ref()) else {
        return;
    };
    let before = out.len();
    Framing::WebSocket.write(out, |out| (dialect.encode_reply)(out, reply, correlation, session));
    edge.counters.messages_sent += u64::from(out.len() > before);
}
