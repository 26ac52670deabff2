//! Handshakes: one step a turn, all of them within their time.

use super::receive::{bound_kept, heard};
use crate::runtime::core::Core;
use crate::runtime::core::socket::Flags;
use crate::runtime::core::token::SocketId;
use crate::runtime::log;

/// A socket speaks TLS: its handshake begins. False if there is no certificate to show.
pub(in crate::runtime::core) fn begin(core: &mut Core, id: SocketId) -> bool {
    let Some(socket) = core.sockets.get_mut(id) else { return false };
    socket.set(Flags::TLS);
    core.tls.begin(id, core.now.monotonic_us)
}

/// The handshake has something to go on with.
pub(super) fn await_turn(core: &mut Core, id: SocketId) {
    if let Some(session) = core.tls.get_mut(id).filter(|session| !session.is_queued) {
        session.is_queued = true;
        core.tls.waiting.push_back(id);
    }
}

/// Takes the step of the handshake that waits longest. One costs as much as a hundred messages, so a turn takes one:
/// whatever else there is to do comes between two of them.
pub(in crate::runtime::core) fn step(core: &mut Core) {
    let Some(id) = core.tls.waiting.pop_front() else { return };
    let Some(session) = core.tls.get_mut(id) else { return };
    session.is_queued = false;
    if let Some(read) = core.tls.resume(id) {
        heard(core, id, read);
        bound_kept(core, id);
    }
    if core.tls.get_mut(id).is_some_and(|session| session.has_ended) {
        core.ended(id);
    }
}

/// The socket ended. True if that says nothing to the shard: it was told already, or the handshake went on still. What
/// waits for its turn is looked at before that is an end.
pub(in crate::runtime::core) fn ended(core: &mut Core, id: SocketId) -> bool {
    let Some(session) = core.tls.get_mut(id) else { return true };
    if !session.is_handshaking() {
        return session.is_closed();
    }
    if session.is_queued {
        session.has_ended = true;
    } else {
        fail_handshake(core, id, "the client has left");
    }
    true
}

/// Ends the handshakes whose time is over.
pub(in crate::runtime::core) fn expire(core: &mut Core) {
    while let Some(&(until_us, id)) = core.tls.deadlines.front() {
        let goes_on = core.tls.get_mut(id).is_some_and(|session| session.is_handshaking());
        if goes_on && until_us > core.now.monotonic_us {
            return;
        }
        core.tls.deadlines.pop_front();
        if goes_on {
            fail_handshake(core, id, "limits.tls_handshake_time_ms_max is over");
        }
    }
}

/// The socket of a handshake that came to nothing goes. What the client sent meanwhile is read, or a reset would take the
/// alert that says why away from it.
pub(super) fn fail_handshake(core: &mut Core, id: SocketId, reason: &str) {
    core.tls.counters.handshakes_failed += 1;
    log::debug!(core = core.id.0, "a TLS handshake failed: {reason}");
    core.turned_away(id);
}
