//! One socket of the generator.

use super::layout::Role;
use crate::wire::frame;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

/// Bytes that may wait for a server that does not read.
const OUT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Connections from one source address: below the number of ports the kernel deals out by default.
const PER_SOURCE: usize = 20_000;
/// Bytes that a slow reader lets the kernel hold for it: its server is to notice.
const SLOW_BUFFER_BYTES: usize = 16 * 1024;

/// How far a connection has come, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub enum State {
    /// The TCP handshake is under way.
    Opening,
    /// The upgrade was asked for.
    Upgrading,
    /// The greeting was said.
    Greeting,
    /// The subscription was asked for.
    Subscribing,
    /// It does its work.
    Ready,
    /// It asked to leave its channel.
    Leaving,
    /// The server closed it, and was in its right to.
    Closed,
}

impl State {
    /// What a connection that is not ready waits for, in words.
    pub fn awaited(self) -> &'static str {
        match self {
            State::Opening => "the TCP handshake",
            State::Upgrading => "the answer to its upgrade",
            State::Greeting => "the answer to its greeting",
            State::Subscribing => "the answer to its subscription",
            State::Ready | State::Leaving | State::Closed => "nothing",
        }
    }
}

/// A connection.
pub struct Connection {
    stream: TcpStream,
    /// Its number in the whole run.
    pub number: usize,
    /// What it is for.
    pub role: Role,
    /// How far it has come.
    pub state: State,
    /// Whether it stood at some time.
    pub stood: bool,
    /// When it was due to be opened, or to join: what its being ready is measured from.
    pub due_ns: u64,
    /// The channel subscribed to; `usize::MAX` for none.
    pub channel: usize,
    /// Its first cell in the oracle's table.
    pub first_cell: usize,
    /// Where in a unit the stamp stood last.
    pub stamp_at: usize,
    /// Which life of the connection this is: reports of an earlier one are stale.
    pub life: u32,
    /// Cut off, and not yet where the traffic is.
    pub catching_up: bool,
    /// It reads slowly: nothing is owed to it any more.
    pub slow: bool,
    /// The last unit with a position, where that is kept.
    pub last: Vec<u8>,
    /// The start of a unit whose rest is under way.
    partial: Vec<u8>,
    /// The same of the stream inside WebSocket messages.
    pub inner: Vec<u8>,
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

/// Begins to connect. `number` chooses a source address where there are more connections than one address has ports;
/// only loopback has addresses to choose from.
fn connect(address: SocketAddr, number: usize, small_buffer: bool) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if small_buffer {
        socket.set_recv_buffer_size(SLOW_BUFFER_BYTES)?;
    }
    if number >= PER_SOURCE && matches!(address.ip(), IpAddr::V4(ip) if ip.is_loopback()) {
        let [_, _, high, low] = ((number / PER_SOURCE) as u32).to_be_bytes();
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0)).into())?;
    }
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

impl Connection {
    /// Begins to open connection `number`. `small_buffer` is for one that will read slowly.
    pub fn open(
        address: SocketAddr,
        number: usize,
        role: Role,
        small_buffer: bool,
    ) -> io::Result<Connection> {
        Ok(Connection {
            stream: connect(address, number, small_buffer)?,
            number,
            role,
            state: State::Opening,
            stood: false,
            due_ns: 0,
            channel: if let Role::Client(channel) = role { channel } else { usize::MAX },
            first_cell: usize::MAX / 2,
            stamp_at: 0,
            life: 0,
            catching_up: false,
            slow: false,
            last: Vec::new(),
            partial: Vec::new(),
            inner: Vec::new(),
            out: Vec::new(),
            blocked: true,
        })
    }

    /// Drops the socket and begins to connect anew; who it is stays.
    pub fn reopen(&mut self, address: SocketAddr) -> io::Result<()> {
        self.stream = connect(address, self.number, false)?;
        self.state = State::Opening;
        self.life = self.life.wrapping_add(1);
        self.partial.clear();
        self.inner.clear();
        self.out.clear();
        self.blocked = true;
        Ok(())
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

    /// Keeps the start of a unit for the next read.
    #[inline]
    pub fn keep(&mut self, partial: &[u8]) {
        self.partial.clear();
        self.partial.extend_from_slice(partial);
    }

    /// The bytes kept.
    pub fn kept(&self) -> usize {
        self.partial.len()
    }

    /// What waits to be written: append here, then [`Connection::flush`].
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Appends a message: in a frame with this opcode, or as it is.
    pub fn write(&mut self, opcode: Option<u8>, message: &[u8]) {
        match opcode {
            Some(opcode) => frame::write_masked(&mut self.out, opcode, message),
            None => self.out.extend_from_slice(message),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn past_the_ports_of_one_source_there_are_others() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        for (number, source) in
            [(19_999, [127, 0, 0, 1]), (20_000, [127, 1, 0, 1]), (6_000_000, [127, 1, 1, 44])]
        {
            let _connection = Connection::open(address, number, Role::Publisher, false).unwrap();
            assert_eq!(listener.accept().unwrap().1.ip(), IpAddr::from(source), "{number}");
        }
    }
}
