//! How a socket ends. Two rules: a descriptor is closed only when the kernel holds no request on it, so that
//! its number cannot reach another client's completions; and a graceful end goes on reading for a while,
//! because closing a socket with unread bytes resets it and takes the last words written to it away.

use super::socket::Flags;
use super::token::{Kind, SocketId, Token};
use super::{Core, tls};
use crate::base::ids::ConnectionId;
use socket2::SockRef;
use std::net::Shutdown;
use std::os::fd::BorrowedFd;

/// Sockets of a core that linger at the same time. Past it the oldest goes early.
const LINGERING_MAX: usize = 8192;

/// A socket that the shard has closed and that is still read.
#[derive(Clone, Copy, Debug)]
pub struct Lingering {
    id: SocketId,
    until_us: u64,
}

impl Core {
    /// The shard has written all it owes: no more is sent, what still comes is thrown away.
    pub(super) fn close(&mut self, connection: ConnectionId) {
        let Some(id) = self.sockets.find(connection) else { return };
        self.sockets.unlink(id);
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.clear(Flags::PAUSED);
        if socket.has(Flags::TLS) && tls::say_last(self, id) {
            return self.linger(id);
        }
        self.finish(id);
    }

    /// All is written: tells the peer so, and reads on for a while.
    pub(super) fn finish(&mut self, id: SocketId) {
        tls::end(self, id);
        let Some(socket) = self.sockets.get_mut(id) else { return };
        // SAFETY: the table owns the descriptor and it stays there during this call.
        let fd = unsafe { BorrowedFd::borrow_raw(socket.fd) };
        if socket.has(Flags::ENDED) || SockRef::from(&fd).shutdown(Shutdown::Write).is_err() {
            return self.doom(id);
        }
        self.linger(id);
    }

    /// The socket stays for a while, though the shard has forgotten it.
    fn linger(&mut self, id: SocketId) {
        let until_us = self.now.monotonic_us + self.common.settings.linger_ms * 1000;
        self.lingering.push_back(Lingering { id, until_us });
        if self.lingering.len() > LINGERING_MAX {
            self.end_oldest_lingering();
        }
        self.settle(id);
    }

    /// Closes the socket that has lingered longest.
    pub(super) fn end_oldest_lingering(&mut self) {
        if let Some(oldest) = self.lingering.pop_front() {
            self.doom(oldest.id);
        }
    }

    /// The socket failed: the shard forgets it and it goes.
    pub(super) fn broken(&mut self, id: SocketId) {
        self.forget(id);
        self.doom(id);
    }

    /// The peer was told why it cannot stay: the shard forgets it, and it goes when that was read.
    pub(super) fn turned_away(&mut self, id: SocketId) {
        self.forget(id);
        self.finish(id);
    }

    fn forget(&mut self, id: SocketId) {
        let connection = self.sockets.get_mut(id).and_then(|socket| socket.connection());
        self.sockets.unlink(id);
        if let Some(connection) = connection {
            self.shard.disconnected(self.now, connection);
        }
    }

    /// The socket is to be closed as soon as the kernel holds no request on it.
    pub(super) fn doom(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if !socket.has(Flags::DOOMED) {
            socket.set(Flags::DOOMED);
            tls::end(self, id);
            let Some(socket) = self.sockets.get_mut(id) else { return };
            if socket.has(Flags::RECEIVING) && !socket.has(Flags::CANCELLING) {
                socket.set(Flags::CANCELLING);
                self.ring.cancel(Token::socket(Kind::Receive, id));
            }
            if socket.has(Flags::POLLING) {
                self.ring.cancel(Token::socket(Kind::Writable, id));
            }
        }
        self.settle(id);
    }

    /// A request on the socket has ended, or what is wanted of it has changed: closes it if it is doomed and
    /// free, receives again if it should.
    pub(super) fn settle(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if socket.has(Flags::DOOMED) {
            if !socket.pending() {
                self.headers.forget(id);
                drop(self.sockets.remove(id));
                self.accept_again();
            }
        } else if !socket.has(Flags::RECEIVING.and(Flags::PAUSED).and(Flags::ENDED)) {
            self.receive_on(id);
        }
    }

    /// Closes what has lingered long enough.
    pub(super) fn end_lingering(&mut self) {
        while let Some(oldest) = self.lingering.front() {
            if oldest.until_us > self.now.monotonic_us {
                break;
            }
            let id = oldest.id;
            self.lingering.pop_front();
            if tls::is_finishing(self, id) {
                let until_us = self.now.monotonic_us + self.common.settings.linger_ms.max(1) * 1000;
                self.lingering.push_back(Lingering { id, until_us });
            } else {
                self.doom(id);
            }
        }
    }

    /// When the next lingering socket has lingered long enough.
    pub(super) fn linger_deadline_us(&self) -> Option<u64> {
        self.lingering.front().map(|oldest| oldest.until_us)
    }
}
