//! Requests that come with credentials of their own, beside those that opened the connection.

use crate::base::ids::ConnectionId;
use crate::base::secret::Secret;
use crate::model::fault::{Fault, FaultCode};
use crate::model::session::{Scopes, Session};
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::relay::Relay;
use std::sync::Arc;

/// The session of a request whose credentials hold and are the connection's own user's. With some that end later the
/// connection goes on for as long. Those that came with the connection's last such request are known again, and not verified.
///
/// # Errors
/// They do not hold, or are another user's.
pub(in crate::shard) fn proven(
    edge: &mut Edge,
    (homes, relay): (&HomeSide, &mut Relay),
    id: ConnectionId,
    session: &Arc<Session>,
    token: &Secret,
) -> Result<Arc<Session>, Fault> {
    let fingerprints = &homes.logins.fingerprints;
    let taken = relay.here.get(id).and_then(|reached| reached.shown);
    if taken.is_some_and(|taken| fingerprints.know(taken, token.expose(), homes.now)) {
        return Ok(session.clone());
    }
    relay.counts.proofs += 1;
    let text = std::str::from_utf8(token.expose()).unwrap_or_default();
    let (shown, _) = homes.verify(text)?;
    if shown.user != session.user {
        let sentence = "The token is another user's. Open a connection of its own for that user.";
        return Err(Fault::new(FaultCode::Forbidden, sentence));
    }
    if let Some(reached) = relay.here.get_mut(id) {
        reached.shown = Some(fingerprints.take(token.expose(), &shown));
    }
    let ends_s = |session: &Session| session.expires_unix_s.unwrap_or(u64::MAX);
    if ends_s(&shown) <= ends_s(session) || !shown.scopes.contains(Scopes::READ) {
        return Ok(session.clone());
    }
    let renewed = Arc::new(session.renewed_as(&shown));
    if let Some(connection) = edge.connections.get_mut(id) {
        connection.session = Some(renewed.clone());
    }
    edge.watch_token(id);
    Ok(renewed)
}
