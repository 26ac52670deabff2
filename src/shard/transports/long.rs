//! Long messages and bodies: while one is decoded beside the cores, nothing more of its connection is read, so what a
//! connection asks stays in order, and no connection has more than one there.

use crate::base::ids::ConnectionId;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::shard::connections::account;
use crate::shard::connections::allowances::wait_for_turn;
use crate::shard::connections::connection::Phase;
use crate::shard::connections::expect::{Answering, Expect};
use crate::shard::edge::Edge;
use crate::shard::effects::{Class, Decoded, Long};
use crate::shard::home::HomeSide;
use crate::shard::requests::Then;
use crate::shard::transports::compressed;
use crate::shard::transports::http::{anonymous, expect};
use crate::shard::transports::websocket::{charge, obey};
use crate::shard::{Effect, Resolution, Shard};
use crate::surface::{Dialect, Endpoint, Payload, Surface};
use std::sync::Arc;

/// Bytes that are decoded on the core: the worst of them take about a millisecond.
pub(super) const SHORT_BYTES_MAX: usize = 64 << 10;

/// What is known of long input before it is decoded.
pub(in crate::shard) enum Undecoded {
    Message { dialect: &'static Dialect, session: Arc<Session>, within_quota: bool },
    Request(UndecodedRequest),
}

pub(in crate::shard) struct UndecodedRequest {
    pub surface: &'static Surface,
    pub endpoint: &'static Endpoint,
    pub answering: Answering,
    pub session: Option<Arc<Session>>,
}

/// Whether a message or a body is decoded elsewhere.
pub(super) fn is_long(bytes: &[u8]) -> bool {
    bytes.len() > SHORT_BYTES_MAX
}

/// Leaves a message to be decoded.
///
/// # Errors
/// It cannot be.
pub(super) fn leave_message(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    payload: Payload<'_>,
    asked: (&'static Dialect, Arc<Session>, bool),
) -> Result<(), Fault> {
    let long = |dialect, session: &_| Long::message(dialect, payload, session);
    leave_unread(edge, homes, id, long, asked)
}

/// Leaves a compressed message to be inflated and decoded.
///
/// # Errors
/// It cannot be.
pub(super) fn leave_compressed(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    dialect: &'static Dialect,
    (is_text, payload): (bool, &[u8]),
) -> Result<(), Fault> {
    edge.counters.messages_received += 1;
    let Some((session, within_quota)) = charge(edge, id) else { return Ok(()) };
    let bytes_max = edge.setup.limits.message_bytes_max as usize;
    let long = |dialect, session: &_| Long::compressed(dialect, is_text, payload, bytes_max, session);
    leave_unread(edge, homes, id, long, (dialect, session, within_quota))
}

fn leave_unread(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    long: impl FnOnce(&'static Dialect, &Arc<Session>) -> Long,
    (dialect, session, within_quota): (&'static Dialect, Arc<Session>, bool),
) -> Result<(), Fault> {
    let account = admit(edge, homes, id, Some(&session))?;
    let long = long(dialect, &session);
    leave(edge, homes, id, long, &account, Undecoded::Message { dialect, session, within_quota });
    Ok(())
}

/// Leaves a request to be decoded.
pub(super) fn leave_request(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    long: Long,
    asked: UndecodedRequest,
) {
    match admit(edge, homes, id, asked.session.as_deref()) {
        Ok(account) => leave(edge, homes, id, long, &account, Undecoded::Request(asked)),
        Err(fault) => edge.respond_fault(id, asked.surface, &asked.answering, &fault),
    }
}

/// Whether long input of somebody can be decoded; says in whose account: whoever is not known has that of its address.
fn admit(
    edge: &Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    session: Option<&Session>,
) -> Result<Arc<str>, Fault> {
    let account = match session {
        Some(session) => account(&edge.connections, id, session),
        None => account(&edge.connections, id, &Session::guest(None)),
    };
    homes.effects.admit_user(Class::Decode, &account)?;
    homes.effects.admit(Class::Decode)?;
    Ok(account)
}

fn leave(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    long: Long,
    account: &Arc<str>,
    asked: Undecoded,
) {
    if let Some(connection) = edge.connections.get_mut(id) {
        connection.decoding_bytes = u32::try_from(long.bytes()).unwrap_or(u32::MAX);
    }
    homes.start_effect(Effect::Decode(Arc::new(long)), None, Some(Then::Long(id, Box::new(asked))));
    homes.effects.take_place(account);
}

/// It is known what long input asks for.
pub(in crate::shard) fn go_on(shard: &mut Shard, id: ConnectionId, asked: Undecoded, resolution: Resolution) {
    let Some(connection) = shard.edge.connections.get_mut(id) else { return };
    connection.decoding_bytes = 0;
    connection.unfinished_s = 0;
    let is_last = matches!(&asked, Undecoded::Request(asked) if asked.answering.is_last());
    let decoded = match resolution {
        Resolution::Decoded(decoded) => Ok(*decoded),
        _ => Err(Fault::new(FaultCode::Unavailable, "This could not be read. Try again shortly.")),
    };
    match (&connection.phase, asked) {
        (Phase::Socket { .. }, Undecoded::Message { dialect, session, within_quota }) => match decoded {
            Ok(Decoded::Message(incoming)) => obey(shard, id, dialect, &session, within_quota, incoming),
            Ok(Decoded::Violation(violation)) => compressed::end(&mut shard.edge, id, violation),
            Ok(Decoded::Request(_)) => {}
            Err(fault) => shard.reply_now(id, Expect::unread(dialect), Reply::Fault(fault)),
        },
        (Phase::Http(_), Undecoded::Request(asked)) => {
            if let Some((session, command, expect)) = read_request(&mut shard.edge, id, asked, decoded) {
                shard.submit(id, &session, command, expect);
            }
        }
        // It ended meanwhile.
        _ => {}
    }
    if is_last {
        shard.edge.ignore_input_if_http(id);
    }
    let may_go_on = shard.edge.connections.get(id).is_some_and(|connection| !connection.is_closing());
    if may_go_on && !shard.edge.connections.pause_if_busy(id, &shard.setup.limits) {
        wait_for_turn(&mut shard.edge.connections, id);
    }
    shard.edge.bound_input(id);
}

/// Who asks for what in a request that was decoded. Where it asks for nothing that can be done, it is answered.
fn read_request(
    edge: &mut Edge,
    id: ConnectionId,
    asked: UndecodedRequest,
    decoded: Result<Decoded, Fault>,
) -> Option<(Arc<Session>, Command, Expect)> {
    let UndecodedRequest { surface, endpoint, answering, session } = asked;
    let command = match decoded {
        Ok(Decoded::Request(command)) => command,
        Ok(Decoded::Message(_) | Decoded::Violation(_)) => return None,
        Err(fault) => Err(fault),
    };
    match command {
        Err(fault) => {
            edge.respond_fault(id, surface, &answering, &fault);
            None
        }
        Ok(command) => {
            Some((session.unwrap_or_else(anonymous), command, expect(surface, endpoint, answering)))
        }
    }
}
