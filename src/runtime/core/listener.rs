//! Listening sockets: one for each address and core, so that the kernel spreads connections over the cores.

use crate::runtime::error::RuntimeError;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// How long a killed predecessor may take to let go of a port; milliseconds on a machine that is not overloaded.
const PREDECESSOR_TIME: Duration = Duration::from_secs(2);
/// Between two looks.
const PROBE_PAUSE: Duration = Duration::from_millis(20);

/// Listeners of all cores.
pub struct Listeners {
    /// Where they listen, with the real ports.
    pub addresses: Vec<SocketAddr>,
    /// For each core one socket for each address, in order.
    pub cores: Vec<Vec<OwnedFd>>,
    /// Connections that wait in the kernel at most, for each of them.
    pub backlog: usize,
}

/// Opens all listeners. Connections wait in the kernel until the cores accept them.
///
/// # Errors
/// An address is taken, foreign or forbidden.
pub fn open(addresses: &[SocketAddr], cores: usize) -> Result<Listeners, RuntimeError> {
    let backlog = backlog();
    let mut listeners = Listeners {
        addresses: Vec::new(),
        cores: (0..cores).map(|_| Vec::new()).collect(),
        backlog: usize::try_from(backlog).unwrap_or(0),
    };
    for &wanted in addresses {
        let alone = alone(wanted, addresses);
        if wanted.port() != 0 {
            probe(wanted, alone).map_err(|source| explain(wanted, source))?;
        }
        let mut address = wanted;
        for core in &mut listeners.cores {
            let (socket, bound) =
                listen(address, alone, backlog).map_err(|source| explain(address, source))?;
            address = bound;
            core.push(socket);
        }
        listeners.addresses.push(address);
    }
    Ok(listeners)
}

/// What would keep these addresses from being listened on, but that somebody listens there: that may be the node which
/// is to be started anew.
///
/// # Errors
/// An address is foreign or forbidden.
pub fn check(addresses: &[SocketAddr]) -> Result<(), RuntimeError> {
    for &address in addresses {
        let bound =
            socket(address, alone(address, addresses)).and_then(|socket| socket.bind(&address.into()));
        match bound {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => return Err(explain(address, error)),
            _ => {}
        }
    }
    Ok(())
}

/// Whether an IPv6 address has its port for itself: `[::]` then serves IPv4 as well, as people expect.
fn alone(address: SocketAddr, all: &[SocketAddr]) -> bool {
    !all.iter().any(|other| other.is_ipv4() && other.port() == address.port())
}

/// Several sockets on one port (`SO_REUSEPORT`) would also let a second process of the same user in without
/// a word. A socket that does not share finds such a process.
///
/// The kernel takes the rings of a process that was killed down after the process is gone, and with them its
/// listeners, so a port that is taken is looked at for some time.
fn probe(address: SocketAddr, alone: bool) -> io::Result<()> {
    let until = Instant::now() + PREDECESSOR_TIME;
    loop {
        match socket(address, alone)?.bind(&address.into()) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < until => {
                std::thread::sleep(PROBE_PAUSE);
            }
            bound => return bound,
        }
    }
}

fn listen(address: SocketAddr, alone: bool, backlog: i32) -> io::Result<(OwnedFd, SocketAddr)> {
    let socket = socket(address, alone)?;
    socket.set_reuse_port(true)?;
    // Accepted sockets inherit this, which saves a call for each.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok((socket.into(), bound))
}

fn socket(address: SocketAddr, alone: bool) -> io::Result<Socket> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!alone)?;
    }
    socket.set_reuse_address(true)?;
    Ok(socket)
}

/// What the machine allows; the kernel cuts a larger wish to it anyway.
fn backlog() -> i32 {
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok();
    allowed.and_then(|text| text.trim().parse().ok()).unwrap_or(4096)
}

fn explain(address: SocketAddr, source: io::Error) -> RuntimeError {
    match source.kind() {
        io::ErrorKind::AddrInUse => RuntimeError::AddressInUse { address },
        io::ErrorKind::AddrNotAvailable => RuntimeError::AddressNotHere { address },
        io::ErrorKind::PermissionDenied => RuntimeError::PortForbidden { address },
        _ => RuntimeError::Listen { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cores_share_a_free_port() {
        let free: SocketAddr = ([127, 0, 0, 1], 0).into();
        let listeners = open(&[free, free], 3).expect("loopback is there");
        assert_eq!(listeners.addresses.len(), 2);
        assert_ne!(listeners.addresses[0].port(), 0);
        assert_ne!(listeners.addresses[0], listeners.addresses[1]);
        assert_eq!(listeners.cores.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    }

    #[test]
    fn a_second_server_on_the_port_is_refused() {
        let first = open(&[([127, 0, 0, 1], 0).into()], 2).expect("loopback is there");
        let refused = open(&first.addresses, 1).err();
        assert!(matches!(refused, Some(RuntimeError::AddressInUse { .. })), "{refused:?}");
    }

    #[test]
    fn a_foreign_address_is_named() {
        let foreign = [([192, 0, 2, 1], 0).into()];
        for refused in [open(&foreign, 1).err(), check(&foreign).err()] {
            assert!(matches!(refused, Some(RuntimeError::AddressNotHere { .. })), "{refused:?}");
        }
    }

    #[test]
    fn a_check_minds_no_node_that_runs() {
        let running = open(&[([127, 0, 0, 1], 0).into()], 1).expect("loopback is there");
        check(&running.addresses).expect("only in use");
    }
}
