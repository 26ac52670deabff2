//! Listening sockets: one for each address and core, so that the kernel spreads connections over the cores. A Unix socket
//! is one for all cores, of which whoever is awake accepts.

use super::handed::Handed;
use super::unix;
use crate::runtime::error::RuntimeError;
use crate::runtime::settings::{Listen, ListenAddress};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// How long a killed predecessor may take to let go of a port; milliseconds on a machine that is not overloaded.
const PREDECESSOR_TIME: Duration = Duration::from_secs(2);
/// Between two looks.
const PROBE_PAUSE: Duration = Duration::from_millis(20);

/// Listeners of all cores.
pub struct Listeners {
    /// Where they listen, with the real ports.
    pub served: Vec<Listen>,
    /// For each core one socket for each address, in order.
    pub cores: Vec<Vec<OwnedFd>>,
    /// Those that were handed over, whose names are not this process'.
    pub handed: Vec<ListenAddress>,
    /// Connections that wait in the kernel at most, for each of them.
    pub backlog: usize,
}

/// Opens all listeners. Connections wait in the kernel until the cores accept them.
///
/// # Errors
/// An address is taken, foreign or forbidden, or what was handed over is of no use.
pub fn open(wanted: &[Listen], handed: &[RawFd], cores: usize) -> Result<Listeners, RuntimeError> {
    let backlog = backlog();
    let mut listeners = Listeners {
        served: Vec::new(),
        handed: Vec::new(),
        cores: (0..cores).map(|_| Vec::new()).collect(),
        backlog: usize::try_from(backlog).unwrap_or(0),
    };
    let mut handed = Handed::new(handed)?;
    for listen in wanted {
        let mut served = listen.clone();
        if let Some(socket) = handed.take(&listen.address) {
            share(&socket, &listen.address, &mut listeners.cores)?;
            listeners.handed.push(listen.address.clone());
            listeners.served.push(served);
            continue;
        }
        match &listen.address {
            ListenAddress::Ip(address) => {
                let alone = alone(*address, wanted);
                let bound = open_port(*address, alone, backlog, &mut listeners.cores)?;
                served.address = ListenAddress::Ip(bound);
            }
            ListenAddress::Unix(path) => {
                let socket = unix::listen(path, backlog)?;
                share(&socket, &listen.address, &mut listeners.cores)?;
            }
        }
        listeners.served.push(served);
    }
    handed.finish()?;
    Ok(listeners)
}

/// One socket for all cores, of which whoever is awake accepts.
fn share(socket: &Socket, address: &ListenAddress, cores: &mut [Vec<OwnedFd>]) -> Result<(), RuntimeError> {
    for core in cores {
        let clone = socket.try_clone();
        let clone = clone.map_err(|source| RuntimeError::Listen { address: address.clone(), source })?;
        core.push(clone.into());
    }
    Ok(())
}

/// Opens a port for every core; says which it is.
fn open_port(
    wanted: SocketAddr,
    alone: bool,
    backlog: i32,
    cores: &mut [Vec<OwnedFd>],
) -> Result<SocketAddr, RuntimeError> {
    if wanted.port() != 0 {
        probe(wanted, alone).map_err(|source| explain(wanted, source))?;
    }
    let mut address = wanted;
    for core in cores {
        let (socket, bound) = listen(address, alone, backlog).map_err(|source| explain(address, source))?;
        address = bound;
        core.push(socket);
    }
    Ok(address)
}

/// What would keep these addresses from being listened on, but that somebody listens there: that may be the node which
/// is to be started anew.
///
/// # Errors
/// An address is foreign or forbidden.
pub fn check(wanted: &[Listen]) -> Result<(), RuntimeError> {
    for listen in wanted {
        let address = match &listen.address {
            ListenAddress::Ip(address) => *address,
            ListenAddress::Unix(path) => {
                unix::check(path)?;
                continue;
            }
        };
        let bound = socket(address, alone(address, wanted)).and_then(|socket| socket.bind(&address.into()));
        match bound {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => return Err(explain(address, error)),
            _ => {}
        }
    }
    Ok(())
}

/// The names of Unix sockets go with the node, but for those that were handed over.
pub fn remove_names(served: &[Listen], handed: &[ListenAddress]) {
    for Listen { address, .. } in served {
        if let ListenAddress::Unix(path) = address
            && !handed.contains(address)
        {
            unix::remove(path);
        }
    }
}

/// Whether an IPv6 address has its port for itself: `[::]` then serves IPv4 as well, as people expect.
fn alone(address: SocketAddr, all: &[Listen]) -> bool {
    let mut others = all.iter().filter_map(|listen| listen.address.ip());
    !others.any(|other| other.is_ipv4() && other.port() == address.port())
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
    let address = ListenAddress::Ip(address);
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

    fn free() -> Listen {
        Listen::plain(([127, 0, 0, 1], 0).into())
    }

    #[test]
    fn all_cores_share_a_free_port() {
        let listeners = open(&[free(), free()], &[], 3).expect("loopback is there");
        let ports: Vec<u16> = listeners.served.iter().map(|one| one.address.ip().unwrap().port()).collect();
        assert!(ports.len() == 2 && ports[0] != 0 && ports[0] != ports[1], "{ports:?}");
        assert_eq!(listeners.cores.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    }

    #[test]
    fn a_second_server_on_the_port_is_refused() {
        let first = open(&[free()], &[], 2).expect("loopback is there");
        let refused = open(&first.served, &[], 1).err();
        assert!(matches!(refused, Some(RuntimeError::AddressInUse { .. })), "{refused:?}");
    }

    #[test]
    fn a_foreign_address_is_named() {
        let foreign = [Listen::plain(([192, 0, 2, 1], 0).into())];
        for refused in [open(&foreign, &[], 1).err(), check(&foreign).err()] {
            assert!(matches!(refused, Some(RuntimeError::AddressNotHere { .. })), "{refused:?}");
        }
    }

    #[test]
    fn a_check_minds_no_node_that_runs() {
        let running = open(&[free()], &[], 1).expect("loopback is there");
        check(&running.served).expect("only in use");
    }
}
