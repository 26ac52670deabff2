//! One socket of the generator.

use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

/// Bytes that may wait for a server that does not read.
const OUT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Connections from one source address: below the number of ports the kernel deals out by default.
const PER_SOURCE: usize = 20_000;

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The TCP handshake is under way.
    Opening,
    /// The upgrade was asked for.
    Upgrading,
    /// The subscription was asked for.
    Subscribing,
    /// It does its work.
    Ready,
}

/// A connection.
pub struct Connection {
    stream: TcpStream,
    /// How far it has come.
    pub state: State,
    /// The channel subscribed to; `usize::MAX` for none.
    pub channel: usize,
    /// Its first cell in the oracle's table.
    pub first_cell: usize,
    /// Where in a message the stamp stood last.
    pub stamp_at: usize,
    /// The start of a frame whose rest is under way.
    partial: Vec<u8>,
    out: Vec<u8>,
    /// Whether the kernel's buffer was full.
    pub blocked: bool,
}

/// What a read brought.
pub enum Arrived {
    /// The buffer holds this many bytes, those kept from before included.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The server closed.
    End,
}

impl Connection {
    /// Begins to connect. `index` chooses a source address where there are more connections than one address has
    /// ports; only loopback has addresses to choose from.
    pub fn open(address: SocketAddr, index: usize) -> io::Result<Connection> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if index >= PER_SOURCE && matches!(address.ip(), IpAddr::V4(ip) if ip.is_loopback()) {
            let source = Ipv4Addr::new(127, 0, 1, (index / PER_SOURCE) as u8);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        Ok(Connection {
            stream: socket.into(),
            state: State::Opening,
            channel: usize::MAX,
            first_cell: 0,
            stamp_at: 0,
            partial: Vec::new(),
            out: Vec::new(),
            blocked: true,
        })
    }

    /// The socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Reads once: kept bytes first, then what the kernel has.
    #[inline]
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Arrived> {
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => Ok(Arrived::End),
            Ok(count) => Ok(Arrived::Bytes(kept + count)),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(Arrived::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the start of a frame for the next read.
    #[inline]
    pub fn keep(&mut self, partial: &[u8]) {
        self.partial.clear();
        self.partial.extend_from_slice(partial);
    }

    /// What waits to be written: append here, then [`Connection::flush`].
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Writes what waits, as far as the kernel takes it. Whether the connection became blocked or free by it.
    pub fn flush(&mut self) -> io::Result<bool> {
        let was_blocked = self.blocked;
        let mut written = 0;
        self.blocked = false;
        while written < self.out.len() {
            match self.stream.write(&self.out[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked = true;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        self.out.drain(..written);
        if self.out.len() > OUT_BYTES_MAX {
            return Err(io::Error::other("the server does not read what it is sent"));
        }
        Ok(was_blocked != self.blocked)
    }
}
