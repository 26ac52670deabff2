//! Compressed messages. A few bytes can be the beginning of much work, so only what is sure to be little is inflated on the core;
//! the rest goes with the long messages.

use super::long;
use crate::base::ids::ConnectionId;
use crate::metrics::words::CloseReason;
use crate::model::reply::Reply;
use crate::protocol::websocket::Violation;
use crate::protocol::websocket::deflate::Inflater;
use crate::shard::Shard;
use crate::shard::connections::closing::CloseFrame;
use crate::shard::connections::expect::Expect;
use crate::shard::edge::Edge;
use crate::surface::{Language, Payload};

/// Compressed bytes that are inflated on the core. The worst of them, all tables and no data, take some milliseconds.
const SHORT_BYTES_MAX: usize = 8 << 10;

/// How much more a compressed byte costs than another one.
const COST: usize = 4;

/// A compressed message came.
pub(super) fn read(
    shard: &mut Shard,
    id: ConnectionId,
    language: &'static Language,
    is_text: bool,
    payload: &[u8],
) {
    shard.edge.connections.allowances.spend_input(payload.len().saturating_mul(COST), false);
    let message_bytes_max = shard.setup.limits.message_bytes_max as usize;
    let mut inflater = std::mem::take(&mut shard.edge.connections.inflater);
    let short = match inflate_short(message_bytes_max, language, payload, &mut inflater) {
        Ok(Some(message)) => Payload::of(is_text, message).map(Some).ok_or(Violation::INVALID_UTF8),
        other => other.map(|_| None),
    };
    match (short, language) {
        (Ok(Some(message)), _) => {
            shard.edge.connections.allowances.spend_input(message.bytes().len(), false);
            shard.data(id, language, message);
        }
        (Ok(None), Language::Dialect(dialect)) => {
            let (edge, homes) = (&mut shard.edge, &mut shard.homes);
            if let Err(fault) = long::leave_compressed(edge, homes, id, dialect, (is_text, payload)) {
                shard.reply_now(id, Expect::unread(dialect), Reply::Fault(fault));
            }
        }
        (Ok(None), Language::Echo) => end(&mut shard.edge, id, Violation::MESSAGE_TOO_BIG),
        (Err(violation), _) => end(&mut shard.edge, id, violation),
    }
    shard.edge.connections.inflater = inflater;
}

/// The message if it is short enough for the core. What is only echoed may be as long as any.
fn inflate_short<'a>(
    message_bytes_max: usize,
    language: &Language,
    payload: &[u8],
    inflater: &'a mut Inflater,
) -> Result<Option<&'a [u8]>, Violation> {
    match language {
        Language::Echo => inflater.inflate(payload, message_bytes_max),
        Language::Dialect(_) if payload.len() > SHORT_BYTES_MAX => Ok(None),
        Language::Dialect(_) => inflater.inflate(payload, long::SHORT_BYTES_MAX.min(message_bytes_max)),
    }
}

/// Ends the connection of who sent what is none.
pub(super) fn end(edge: &mut Edge, id: ConnectionId, violation: Violation) {
    let (code, reason) = (Some(violation.close_code), violation.reason);
    edge.close_socket(id, CloseFrame { code, reason, why: CloseReason::Protocol });
}
