//! What a proxy says of its client before the client's own bytes: read here, as TLS may follow it. Its connection counts for
//! the proxy until then, and for the client afterwards.

use super::socket::Flags;
use super::token::SocketId;
use super::{Core, tls};
use crate::protocol::proxy::{ProxyHeader, read_header};
use crate::runtime::log;
use std::collections::BTreeMap;

/// Headers that are not whole, by the places of their sockets. Each is at most [`crate::protocol::proxy::HEADER_BYTES_MAX`]
/// long.
#[derive(Default)]
pub(super) struct Headers {
    kept: BTreeMap<u32, Vec<u8>>,
}

impl Headers {
    /// The socket at a place is gone.
    pub(super) fn forget(&mut self, id: SocketId) {
        self.kept.remove(&id.index);
    }
}

/// A proxy says first who its client is, then TLS may begin.
pub(super) fn await_header(core: &mut Core, id: SocketId, is_tls: bool) {
    let Some(socket) = core.sockets.get_mut(id) else { return };
    socket.set(Flags::PROXIED);
    if is_tls {
        socket.set(Flags::TLS_NEXT);
    }
}

/// Bytes arrived of a socket whose header is not whole. Says how many of them the header took, once it is.
pub(super) fn receive(core: &mut Core, id: SocketId, buffer: u16, count: usize) -> Option<usize> {
    let mut kept = core.headers.kept.remove(&id.index).unwrap_or_default();
    let before = kept.len();
    let bytes = core.ring.buffers.bytes(buffer, count);
    let header = if before == 0 {
        read_header(bytes)
    } else {
        kept.extend_from_slice(bytes);
        read_header(&kept)
    };
    match header {
        ProxyHeader::Partial => {
            if before == 0 {
                kept.extend_from_slice(bytes);
            }
            core.headers.kept.insert(id.index, kept);
            None
        }
        ProxyHeader::Wrong(reason) => refuse(core, id, reason),
        ProxyHeader::Whole { client, bytes } => {
            let socket = core.sockets.get_mut(id)?;
            let is_tls = socket.has(Flags::TLS_NEXT);
            socket.clear(Flags::PROXIED.and(Flags::TLS_NEXT));
            let connection = socket.connection()?;
            if let Err(reason) = core.shard.speaks_for(core.now, connection, client) {
                return refuse(core, id, reason);
            }
            if is_tls && !tls::begin(core, id) {
                return refuse(core, id, "there is no certificate to show");
            }
            Some(bytes - before)
        }
    }
}

fn refuse(core: &mut Core, id: SocketId, reason: &str) -> Option<usize> {
    log::debug!(core = core.id.0, "a connection of a proxy is closed: {reason}");
    core.broken(id);
    None
}
