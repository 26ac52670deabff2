//! What goes out: the shard's wishes become writes. The bytes are asked for at the moment of writing, so a
//! write carries everything that came up to then.

use super::budget::{Budget, WISHES_US};
use super::socket::Flags;
use super::token::{Kind, SocketId, Token};
use super::{Core, Drain, tls};
use crate::base::ids::ConnectionId;
use crate::shard::{Output, PIECES_MAX};
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;

/// Wishes fulfilled before what arrived is looked at: the chunk of the fan-out. A write costs some 4 us, so
/// what arrives waits about 140 us at most.
const CHUNK: usize = 32;

impl Core {
    /// Fulfils up to a chunk of wishes. True if the shard has none left.
    pub(super) fn fulfil(&mut self) -> bool {
        let time = Budget::of(WISHES_US);
        for _ in 0..CHUNK {
            if !time.is_left() {
                return false;
            }
            match self.shard.poll() {
                Output::Transmit(connection) => self.transmit(connection),
                Output::Pause(connection) => self.pause(connection),
                Output::Resume(connection) => self.resume(connection),
                Output::Close(connection) => self.close(connection),
                Output::Effect(id, effect) => self.effects.ask(id, effect),
                Output::Drained => self.drained(),
                // The next turn does it, when it has looked at what arrived.
                Output::Work => return false,
                Output::Idle { deadline_us } => {
                    self.deadline_us = deadline_us;
                    return true;
                }
            }
        }
        false
    }

    fn transmit(&mut self, connection: ConnectionId) {
        let id = self.sockets.find(connection).expect("the shard writes to living connections only");
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if socket.has(Flags::TLS) {
            return tls::transmit(self, id, connection);
        }
        let slices = self.shard.transmit(connection);
        let wanted = slices.bytes();
        match write(socket.fd, slices.pieces()) {
            Ok(written) => {
                if written < wanted {
                    self.await_room(id);
                }
                self.shard.sent(self.now, connection, written);
            }
            Err(_) => self.broken(id),
        }
    }

    /// The kernel says once when the socket has room.
    pub(super) fn await_room(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if !socket.has(Flags::POLLING) {
            socket.set(Flags::POLLING);
            self.ring.await_room(socket.fd, id);
        }
    }

    fn pause(&mut self, connection: ConnectionId) {
        let Some(id) = self.sockets.find(connection) else { return };
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.set(Flags::PAUSED);
        if socket.has(Flags::RECEIVING) && !socket.has(Flags::CANCELLING) {
            socket.set(Flags::CANCELLING);
            self.ring.cancel(Token::socket(Kind::Receive, id));
        }
    }

    fn resume(&mut self, connection: ConnectionId) {
        let Some(id) = self.sockets.find(connection) else { return };
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.clear(Flags::PAUSED);
        // If the cancelled receive is still on its way out, its end starts the new one.
        self.settle(id);
    }

    fn drained(&mut self) {
        if let Drain::Draining { until_us } = self.drain {
            self.drain = Drain::Drained { until_us };
            if self.common.cores_busy.fetch_sub(1, Ordering::SeqCst) == 1 {
                self.port.ring_all();
            }
        }
    }
}

/// Writes once without waiting. 0 if there is no room.
pub(super) fn write(fd: RawFd, pieces: &[&[u8]]) -> io::Result<usize> {
    loop {
        let written = write_once(fd, pieces);
        match usize::try_from(written) {
            Ok(written) => return Ok(written),
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                error => return Err(error),
            },
        }
    }
}

fn write_once(fd: RawFd, pieces: &[&[u8]]) -> isize {
    // The system calls themselves: libc's `send` and `sendmsg` are points of cancellation, which no thread of
    // this process uses and every write would pay for.
    const FLAGS: i32 = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    if let [piece] = pieces {
        let nowhere = std::ptr::null::<libc::sockaddr>();
        // SAFETY: the piece is readable for its length, and the kernel has copied it when the call returns. A
        // connected socket needs no address.
        let sent = unsafe {
            libc::syscall(libc::SYS_sendto, fd, piece.as_ptr(), piece.len(), FLAGS, nowhere, 0_usize)
        };
        return sent as isize;
    }
    let mut vector = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; PIECES_MAX];
    for (entry, piece) in vector.iter_mut().zip(pieces) {
        *entry = libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() };
    }
    // SAFETY: an all-zero msghdr is a message without address, control data or pieces.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vector.as_mut_ptr();
    message.msg_iovlen = pieces.len().min(PIECES_MAX);
    // SAFETY: the vector names readable pieces, which the kernel only reads, and lives through the call.
    let sent = unsafe { libc::syscall(libc::SYS_sendmsg, fd, &raw const message, FLAGS) };
    sent as isize
}
