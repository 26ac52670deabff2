//! The sockets of one core. A socket outlives its connection: the shard forgets a connection at once, the
//! kernel may still hold requests on the file descriptor, and a number that were closed before they ended
//! could come back as another client's. So a place in this table is given away only when nothing is pending.

use super::token::SocketId;
use crate::base::ids::ConnectionId;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// What is true of a socket: a small set of the constants below.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(u16);

impl Flags {
    /// The shard knows it: `connection` is valid.
    pub const OPEN: Self = Self(1);
    /// A multishot receive is in the kernel.
    pub const RECEIVING: Self = Self(2);
    /// A wait for room is in the kernel.
    pub const POLLING: Self = Self(4);
    /// The shard does not want to hear it.
    pub const PAUSED: Self = Self(8);
    /// A cancellation of the receive is under way.
    pub const CANCELLING: Self = Self(16);
    /// The peer has sent its FIN.
    pub const ENDED: Self = Self(32);
    /// To be closed as soon as nothing is pending.
    pub const DOOMED: Self = Self(64);
    /// It speaks TLS.
    pub const TLS: Self = Self(128);
    /// A proxy says first who its client is, and has not said it whole.
    pub const PROXIED: Self = Self(256);
    /// It speaks TLS once that is said.
    pub const TLS_NEXT: Self = Self(512);

    /// Both sets together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One socket: 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Socket {
    /// The file descriptor, or -1 in a free place.
    pub fd: RawFd,
    generation: u16,
    flags: Flags,
    connection: ConnectionId,
}

const _: () = assert!(size_of::<Socket>() <= 16, "paid for every idle connection");

impl Socket {
    /// Whether any of `flags` holds.
    pub fn has(&self, flags: Flags) -> bool {
        self.flags.0 & flags.0 != 0
    }

    /// Makes `flags` hold.
    pub fn set(&mut self, flags: Flags) {
        self.flags.0 |= flags.0;
    }

    /// Makes `flags` hold no more.
    pub fn clear(&mut self, flags: Flags) {
        self.flags.0 &= !flags.0;
    }

    /// The shard's name of it, while the shard knows it.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.has(Flags::OPEN).then_some(self.connection)
    }

    /// Whether the kernel holds a request on it.
    pub fn pending(&self) -> bool {
        self.has(Flags::RECEIVING.and(Flags::POLLING))
    }
}

/// All sockets of a core, found by place and by connection.
#[derive(Debug, Default)]
pub struct SocketTable {
    sockets: Vec<Socket>,
    free: Vec<u32>,
    /// Place of a connection, by the index of its id; [`NOWHERE`] if it has none.
    by_connection: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl SocketTable {
    /// Takes a file descriptor that the shard knows as `connection`.
    pub fn insert(&mut self, fd: OwnedFd, connection: ConnectionId) -> SocketId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.sockets.push(Socket { fd: -1, generation: 0, flags: Flags::default(), connection });
            (self.sockets.len() - 1) as u32
        });
        let socket = &mut self.sockets[index as usize];
        socket.fd = fd.into_raw_fd();
        socket.flags = Flags::OPEN;
        socket.connection = connection;
        let place = connection.index as usize;
        if self.by_connection.len() <= place {
            self.by_connection.resize(place + 1, NOWHERE);
        }
        assert_eq!(self.by_connection[place], NOWHERE, "the shard gave the id of a living connection");
        self.by_connection[place] = index;
        SocketId { index, generation: socket.generation }
    }

    /// The socket with this id, unless its place was given away since.
    pub fn get_mut(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.sockets
            .get_mut(id.index as usize)
            .filter(|socket| socket.generation == id.generation && socket.fd >= 0)
    }

    /// Where a connection's socket is.
    pub fn find(&self, connection: ConnectionId) -> Option<SocketId> {
        let index = *self.by_connection.get(connection.index as usize)?;
        let socket = self.sockets.get(index as usize)?;
        let known = socket.connection() == Some(connection);
        known.then_some(SocketId { index, generation: socket.generation })
    }

    /// The shard has forgotten the connection; the socket stays.
    pub fn unlink(&mut self, id: SocketId) {
        let Some(socket) = self.get_mut(id) else { return };
        if let Some(connection) = socket.connection() {
            socket.clear(Flags::OPEN);
            self.by_connection[connection.index as usize] = NOWHERE;
        }
    }

    /// Gives the place away. The caller has made sure that nothing is pending; closing is dropping.
    pub fn remove(&mut self, id: SocketId) -> Option<OwnedFd> {
        self.unlink(id);
        let socket = self.get_mut(id)?;
        assert!(!socket.pending(), "a socket must not be closed while the kernel works on it");
        let fd = std::mem::replace(&mut socket.fd, -1);
        socket.generation = socket.generation.wrapping_add(1);
        self.free.push(id.index);
        // SAFETY: `insert` took this descriptor out of an OwnedFd and the place has just let go of it.
        Some(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Sockets in the table.
    pub fn len(&self) -> usize {
        self.sockets.len() - self.free.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for SocketTable {
    fn drop(&mut self) {
        for socket in self.sockets.iter().filter(|socket| socket.fd >= 0) {
            // SAFETY: the table owns the descriptors of its filled places and is itself going away.
            drop(unsafe { OwnedFd::from_raw_fd(socket.fd) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor() -> OwnedFd {
        std::fs::File::open("/dev/null").expect("every Linux has it").into()
    }

    fn connection(index: u32, generation: u32) -> ConnectionId {
        ConnectionId { index, generation }
    }

    #[test]
    fn a_connection_finds_its_socket_until_it_is_unlinked() {
        let mut table = SocketTable::default();
        let id = table.insert(descriptor(), connection(5, 1));
        assert_eq!(table.find(connection(5, 1)), Some(id));
        assert_eq!(table.find(connection(5, 2)), None, "another generation is another connection");
        assert_eq!(table.find(connection(4, 1)), None);
        assert_eq!(table.find(connection(6, 1)), None);
        table.unlink(id);
        assert_eq!(table.find(connection(5, 1)), None);
        assert!(table.get_mut(id).is_some(), "the socket outlives the connection");
    }

    #[test]
    fn the_shard_may_reuse_an_index_while_the_old_socket_lingers() {
        let mut table = SocketTable::default();
        let old = table.insert(descriptor(), connection(0, 1));
        table.unlink(old);
        let new = table.insert(descriptor(), connection(0, 2));
        assert_ne!(old.index, new.index);
        assert_eq!(table.find(connection(0, 2)), Some(new));
        drop(table.remove(old));
        assert_eq!(table.find(connection(0, 2)), Some(new), "removing the old one leaves the new one alone");
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_late_id_does_not_reach_the_successor() {
        let mut table = SocketTable::default();
        let old = table.insert(descriptor(), connection(0, 0));
        drop(table.remove(old));
        let new = table.insert(descriptor(), connection(0, 1));
        assert_eq!(old.index, new.index, "the place is used again");
        assert!(table.get_mut(old).is_none());
        assert!(table.remove(old).is_none());
        assert!(table.get_mut(new).is_some());
    }

    #[test]
    #[should_panic(expected = "while the kernel works on it")]
    fn a_socket_with_a_pending_request_is_not_given_away() {
        let mut table = SocketTable::default();
        let id = table.insert(descriptor(), connection(0, 0));
        table.get_mut(id).expect("just inserted").set(Flags::POLLING);
        table.remove(id);
    }

    #[test]
    fn dropping_the_table_closes_what_is_in_it() {
        use std::io::Read;
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
        let mut table = SocketTable::default();
        table.insert(ours.into(), connection(0, 0));
        drop(table);
        assert_eq!(theirs.read(&mut [0; 1]).expect("an end, not an error"), 0);
    }
}
