//! What comes in: decrypted, then the shard's.

use super::handshake::{await_turn, fail_handshake};
use super::session::Heard;
use super::transmit::write_records;
use crate::runtime::core::Core;
use crate::runtime::core::token::SocketId;
use crate::runtime::log;
use rustls::Error;
use std::ops::Range;

/// Bytes arrived in a receive buffer. Those of a handshake wait for their turn.
pub(in crate::runtime::core) fn receive(core: &mut Core, id: SocketId, buffer: u16, range: Range<usize>) {
    let bytes = &mut core.ring.buffers.bytes(buffer, range.end)[range.start..];
    let Some(session) = core.tls.get_mut(id) else { return };
    if session.is_handshaking() {
        if session.keep(bytes) {
            await_turn(core, id);
        } else {
            fail_handshake(core, id, "it does not end");
        }
    } else if let Some(read) = core.tls.read(id, bytes) {
        heard(core, id, read);
    }
    bound_kept(core, id);
}

/// Goes on with what was read: answers are written, plain bytes are the shard's.
pub(super) fn heard(core: &mut Core, id: SocketId, read: Result<Heard, Error>) {
    if !write_records(core, id) {
        return;
    }
    if let Ok(Heard { completed: Some(kind), .. }) = read {
        core.tls.count_completed(id, kind);
    }
    let connection = core.sockets.get_mut(id).and_then(|socket| socket.connection());
    if let Some(connection) = connection.filter(|_| !core.tls.plain.is_empty()) {
        core.shard.receive(core.now, connection, &mut core.tls.plain);
    }
    match read {
        Ok(heard) => {
            connection.filter(|_| heard.closed).into_iter().for_each(|it| core.shard.ended(core.now, it))
        }
        Err(error) => fail(core, id, &error),
    }
}

/// The peer broke the rules of TLS, or its certificate does not hold.
fn fail(core: &mut Core, id: SocketId, error: &Error) {
    if core.tls.get_mut(id).is_some_and(|session| session.is_handshaking()) {
        return fail_handshake(core, id, &error.to_string());
    }
    log::debug!(core = core.id.0, "a TLS connection is closed: {error}");
    core.broken(id);
}

/// A session keeps more or less than before: whoever is too much goes.
pub(super) fn bound_kept(core: &mut Core, id: SocketId) {
    if let Some(over) = core.tls.count(id) {
        log::debug!(
            core = core.id.0,
            "a TLS connection is closed: too much is kept of records that are not whole"
        );
        core.broken(over);
    }
}
