//! What goes out: encrypted, then the kernel's. A record cannot be taken back, so what the kernel does not take is kept,
//! and nothing more is encrypted for the socket until it is gone.

use super::handshake::fail_handshake;
use super::receive::bound_kept;
use crate::base::ids::ConnectionId;
use crate::runtime::core::Core;
use crate::runtime::core::egress::write;
use crate::runtime::core::token::SocketId;

/// Writes what the shard has for a connection.
pub(in crate::runtime::core) fn transmit(core: &mut Core, id: SocketId, connection: ConnectionId) {
    let Some(session) = core.tls.get_mut(id) else { return };
    if session.is_handshaking() {
        // Nothing can be said to a client before the handshake, not even why it is closed.
        return fail_handshake(core, id, "the connection was closed before it was done");
    }
    if session.owes() {
        core.await_room(id);
        return core.shard.sent(core.now, connection, 0);
    }
    let Some(taken) = encrypt_and_write(core, id, connection) else { return core.broken(id) };
    core.shard.sent(core.now, connection, taken);
    bound_kept(core, id);
}

/// Says how many plain bytes are written or kept encrypted: all, or the socket owes some. `None` if it is broken.
fn encrypt_and_write(core: &mut Core, id: SocketId, connection: ConnectionId) -> Option<usize> {
    let fd = core.sockets.get_mut(id)?.fd;
    let slices = core.shard.transmit(connection);
    let wanted = slices.bytes();
    let mut taken = 0;
    while taken < wanted {
        taken += core.tls.encrypt(id, &slices, taken)?;
        let records = core.tls.records.filled();
        let written = write(fd, &[records]).ok()?;
        if written < records.len() {
            core.tls.keep_unwritten(id, written);
            core.await_room(id);
            break;
        }
    }
    Some(taken)
}

/// Writes the records that were made, after those that the socket owes still. False if it is broken by that.
pub(super) fn write_records(core: &mut Core, id: SocketId) -> bool {
    if core.tls.records.filled().is_empty() {
        return true;
    }
    let Some(fd) = core.sockets.get_mut(id).map(|socket| socket.fd) else { return false };
    let owes = core.tls.get_mut(id).is_some_and(|session| session.owes());
    let written = if owes { Ok(0) } else { write(fd, &[core.tls.records.filled()]) };
    let Ok(written) = written else {
        core.broken(id);
        return false;
    };
    if written < core.tls.records.filled().len() {
        core.tls.keep_unwritten(id, written);
        core.await_room(id);
    }
    true
}

/// There is room again: writes what the socket owes. Whether it owes nothing any more.
pub(in crate::runtime::core) fn write_owed(core: &mut Core, id: SocketId) -> bool {
    let Some(fd) = core.sockets.get_mut(id).map(|socket| socket.fd) else { return false };
    let Some(session) = core.tls.get_mut(id).filter(|session| session.owes()) else { return true };
    match write(fd, &[session.owed()]) {
        Ok(written) => session.take(written),
        Err(_) => {
            core.broken(id);
            return false;
        }
    }
    let owes = session.owes();
    if owes {
        core.await_room(id);
    }
    bound_kept(core, id);
    !owes
}
