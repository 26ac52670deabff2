//! Who is in a circle, as whoever comes there is told: thousands of cards, which are encoded some at a time.

use crate::base::ids::ConnectionId;
use crate::model::people::circle::Circle;
use crate::model::people::reply::PeopleReply;
use crate::model::people::shown::Shown;
use crate::model::reply::Push;
use crate::protocol::websocket::Opcode;
use crate::protocol::websocket::writer::{HEADER_BYTES_MAX, write_header_before};
use crate::shard::connections::pending::Made;
use crate::shard::connections::transmit::write_long;
use crate::shard::edge::Edge;
use crate::surface::Dialect;

/// Cards encoded in one call: a hundred microseconds, several times that where nothing of them is in a cache.
const CARDS_AT_ONCE: usize = 64;

/// Bytes that a card may have more than the first ones have: ids and names count up.
const SPARE_BYTES: usize = 16;

/// The circle and its cards, if that is the piece of an answer which comes next.
pub(in crate::shard) fn shown_at(reply: &PeopleReply, piece: usize) -> Option<(&Circle, &Shown)> {
    match reply {
        PeopleReply::Joined { circle, cards: Some(cards), .. } if piece == 1 => Some((circle, cards)),
        _ => None,
    }
}

/// Encodes some more of the cards. When it has them all, the frame leaves, after what is in `out`;
/// whether that is so.
pub(in crate::shard) fn append_shown(
    edge: &mut Edge,
    id: ConnectionId,
    dialect: &Dialect,
    (circle, cards): (&Circle, &Shown),
    made: &mut Made,
    out: &mut Vec<u8>,
) -> bool {
    let from = made.cards;
    let to = cards.len().min(from + CARDS_AT_ONCE);
    let goes_on = to < cards.len();
    if !goes_on || edge.connections.making.admits(id) {
        made.text.resize(made.text.len().max(HEADER_BYTES_MAX), 0);
        (dialect.encode_push)(&mut made.text, &circle.channel(), Push::Shown { cards, from, to });
        made.cards = to;
        if from == 0 {
            // The other cards are about as long, a little more at most. Growing bit by bit would copy all that is there, again and
            // again, and so would growing once at the end.
            made.text.reserve((made.text.len() / to.max(1) + SPARE_BYTES) * (cards.len() - to));
        }
    }
    if goes_on {
        if !std::mem::replace(&mut made.waits, true) {
            edge.connections.making.wait(id);
        }
        return false;
    }
    if std::mem::take(&mut made.waits) {
        edge.connections.making.end(id);
    }
    let mut frame = std::mem::take(&mut made.text);
    if frame.len() > HEADER_BYTES_MAX {
        write_header_before(&mut frame, Opcode::Text);
        edge.counters.messages_sent += 1;
        edge.write(id, out);
        out.clear();
        if edge.connections.get(id).is_some_and(|connection| !connection.is_closing()) {
            write_long(edge, id, frame);
        }
    }
    true
}
