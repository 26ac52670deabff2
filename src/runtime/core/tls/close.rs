//! How a session ends: with a last word, and not before the kernel has taken what is owed.

use super::receive::bound_kept;
use super::transmit::write_records;
use crate::runtime::core::Core;
use crate::runtime::core::token::SocketId;

/// Microseconds for which what a closed socket owes is still written to a client that reads slowly.
const FINISH_US: u64 = 30_000_000;

/// The shard has nothing more to say: tells the peer. Whether the socket owes records still.
pub(in crate::runtime::core) fn say_last(core: &mut Core, id: SocketId) -> bool {
    if core.tls.say_last(id) && !write_records(core, id) {
        return false;
    }
    let until_us = core.now.monotonic_us + FINISH_US;
    let Some(session) = core.tls.get_mut(id).filter(|session| session.owes()) else { return false };
    session.finish_until_us = Some(until_us);
    bound_kept(core, id);
    true
}

/// Whether a closed socket owes records, and there is time to write them.
pub(in crate::runtime::core) fn is_finishing(core: &mut Core, id: SocketId) -> bool {
    let until_us = core.tls.get_mut(id).and_then(|session| session.finish_until_us);
    until_us.is_some_and(|until_us| until_us > core.now.monotonic_us)
}

/// The socket goes, and its session before it.
pub(in crate::runtime::core) fn end(core: &mut Core, id: SocketId) {
    core.tls.remove(id);
}
