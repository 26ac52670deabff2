//! What comes in: completions of the ring become calls of the shard.

use super::budget::{Budget, SOCKETS_US};
use super::ring::Completion;
use super::socket::Flags;
use super::token::{Kind, SocketId, Token};
use super::{Core, Drain, proxy, tls};
use crate::base::ids::ConnectionId;
use crate::runtime::settings::Listen;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Microseconds until a failed accept is tried again when no descriptor becomes free before.
const ACCEPT_PAUSE_US: u64 = 50_000;

/// Places for sockets, of which what lingers must make room for those that come. The kernel lets go of a socket some turns later.
const PLACES_FEW: usize = 4;

impl Core {
    /// Handles the collected completions, as many as there is time for.
    pub(super) fn handle_batch(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let mut buffers = false;
        let time = Budget::of(SOCKETS_US);
        let mut handled = 0;
        for completion in batch.iter().copied() {
            if !time.is_left() {
                break;
            }
            if let Some(buffer) = completion.buffer() {
                buffers = true;
                self.ring.buffers.take(buffer);
            }
            self.handle(completion);
            handled += 1;
        }
        if buffers {
            self.ring.buffers.publish();
        }
        batch.drain(..handled);
        self.batch = batch;
    }

    fn handle(&mut self, completion: Completion) {
        match completion.token.kind() {
            Some(Kind::Receive) => self.received(completion),
            Some(Kind::Accept) => self.accepted(completion),
            Some(Kind::Writable) => self.writable(completion.token.socket_id()),
            Some(Kind::Doorbell) if !completion.more() => self.ring.watch(self.port.doorbell().as_raw_fd()),
            Some(Kind::Doorbell | Kind::Cancel) | None => {}
        }
    }

    fn received(&mut self, completion: Completion) {
        let id = completion.token.socket_id();
        let Some(socket) = self.sockets.get_mut(id) else {
            // Cannot be: a place is given away only when nothing is pending. The buffer must not be lost.
            completion.buffer().into_iter().for_each(|buffer| self.ring.buffers.give_back(buffer));
            debug_assert!(false, "a completion for a socket that is gone");
            return;
        };
        if !completion.more() {
            socket.clear(Flags::RECEIVING.and(Flags::CANCELLING));
        }
        let connection = socket.connection();
        if let Some(buffer) = completion.buffer() {
            let is_proxied = socket.has(Flags::PROXIED);
            if let (Some(connection), Ok(count @ 1..)) = (connection, usize::try_from(completion.result)) {
                let header = if is_proxied { proxy::receive(self, id, buffer, count) } else { Some(0) };
                if let Some(start) = header.filter(|start| *start < count) {
                    self.arrived(id, connection, buffer, start..count);
                }
            }
            self.ring.buffers.give_back(buffer);
        }
        match -completion.result {
            ..0 => {}
            0 => self.ended(id),
            // Out of buffers, or ended by us: nothing is wrong with the socket.
            libc::ENOBUFS | libc::ECANCELED | libc::EINTR | libc::EAGAIN => {}
            _ => self.broken(id),
        }
        if !completion.more() {
            self.settle(id);
        }
    }

    /// Bytes of a client are in a receive buffer.
    fn arrived(&mut self, id: SocketId, connection: ConnectionId, buffer: u16, range: Range<usize>) {
        if self.sockets.get_mut(id).is_some_and(|socket| socket.has(Flags::TLS)) {
            tls::receive(self, id, buffer, range);
        } else {
            let bytes = &mut self.ring.buffers.bytes(buffer, range.end)[range.start..];
            self.shard.receive(self.now, connection, bytes);
        }
    }

    /// The peer has sent its FIN.
    pub(super) fn ended(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.set(Flags::ENDED);
        let (connection, is_tls) = (socket.connection(), socket.has(Flags::TLS));
        match connection {
            Some(_) if is_tls && tls::ended(self, id) => {}
            Some(connection) => self.shard.ended(self.now, connection),
            None if is_tls && tls::is_finishing(self, id) => {}
            None => self.doom(id),
        }
    }

    /// There is room again, or the socket is broken and the next write will say so.
    fn writable(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.clear(Flags::POLLING);
        let (connection, is_tls) = (socket.connection(), socket.has(Flags::TLS));
        let finishes = is_tls && tls::is_finishing(self, id);
        if !is_tls || tls::write_owed(self, id) {
            match connection {
                Some(connection) => self.shard.writable(self.now, connection),
                None if finishes => self.finish(id),
                None => {}
            }
        }
        self.settle(id);
    }

    fn accepted(&mut self, completion: Completion) {
        let listener = completion.token.index() as u32;
        if completion.result >= 0 {
            // SAFETY: the kernel made this descriptor for this completion; nobody else knows it.
            self.admit(unsafe { OwnedFd::from_raw_fd(completion.result) }, listener);
        }
        if completion.more() {
            return;
        }
        if self.drain != Drain::No {
            // The cancelled accept was the last to use the listener.
            self.listeners[listener as usize] = None;
        } else if completion.result >= 0 || completion.result == -libc::ECANCELED {
            self.accept_on(listener);
        } else {
            self.accept_failed.push(listener);
            self.accept_again_us = self.now.monotonic_us + ACCEPT_PAUSE_US;
        }
    }

    /// A new socket: the shard decides whether it becomes a connection.
    fn admit(&mut self, fd: OwnedFd, listener: u32) {
        if self.places() <= PLACES_FEW {
            self.end_oldest_lingering();
        }
        if self.places() == 0 {
            return self.shard.turned_away();
        }
        let peer = (self.drain == Drain::No).then(|| peer_address(&fd)).flatten();
        let connection = peer.and_then(|peer| self.shard.accept(self.now, peer));
        // A socket that was refused, or has left already, closes here.
        let Some(connection) = connection else { return };
        let id = self.sockets.insert(fd, connection);
        let Listen { tls, proxy_protocol, operators, .. } = self.common.settings.listen[listener as usize];
        if operators {
            self.shard.is_for_operators(connection);
        }
        if proxy_protocol {
            proxy::await_header(self, id, tls);
        } else if tls && !tls::begin(self, id) {
            return self.broken(id);
        }
        self.receive_on(id);
        if self.accepts_many && !self.has_room_for_many() {
            self.accepts_many = false;
            for listener in 0..self.listeners.len() as u32 {
                self.ring.cancel(Token::plain(Kind::Accept, listener));
            }
        }
    }

    /// Sockets for which there are descriptors.
    fn places(&self) -> usize {
        self.common.settings.sockets_per_core_max.saturating_sub(self.sockets.len())
    }

    /// An accept without end takes all that wait in the kernel at once, before anybody can say that it is enough. It would
    /// take the descriptors that the store and the history log need.
    fn has_room_for_many(&self) -> bool {
        self.places() > self.common.backlog * self.listeners.len()
    }

    pub(super) fn receive_on(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.set(Flags::RECEIVING);
        self.ring.receive(socket.fd, id);
    }

    /// Accepts again where it failed: an accept that finds no free descriptor ends, and asking at once again
    /// would spin until one is free.
    pub(super) fn accept_again(&mut self) {
        for listener in std::mem::take(&mut self.accept_failed) {
            self.accept_on(listener);
        }
    }

    pub(super) fn accept_on(&mut self, listener: u32) {
        let many = self.has_room_for_many();
        if let Some(Some(fd)) = self.listeners.get(listener as usize) {
            if many {
                self.ring.accept(fd.as_raw_fd(), listener);
            } else {
                self.ring.accept_one(fd.as_raw_fd(), listener);
            }
            self.accepts_many |= many;
        }
    }
}

/// Who is at the other end; an IPv4 client of an IPv6 listener under its IPv4 address, whoever comes by a Unix socket under
/// that of this host. `None` if it has left already.
fn peer_address(fd: &OwnedFd) -> Option<IpAddr> {
    let address = socket2::SockRef::from(fd).peer_addr().ok()?;
    if address.is_unix() {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    Some(address.as_socket()?.ip().to_canonical())
}
