//! What the runtime is told at its start.

use super::tls::Acceptor;
use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::path::PathBuf;

/// Settings of one run.
#[derive(Clone, Debug)]
pub struct RuntimeSettings {
    /// Where every core listens. Port 0 takes a free one, the same for all cores.
    pub listen: Vec<Listen>,
    /// Descriptors of sockets that were listened on before the process began, nobody else's. An entry of `listen` takes each.
    pub handed: Vec<RawFd>,
    /// What listeners with TLS are served with.
    pub tls: Option<Acceptor>,
    /// One core of the broker for each entry, pinned to that CPU of Linux.
    pub cpus: Vec<usize>,
    /// Microseconds a core looks for work before it sleeps; 0 sleeps at once. Costs a CPU, saves a wake-up.
    pub busy_poll_us: u64,
    /// Milliseconds over which connections are closed when the process stops.
    pub drain_ms: u64,
    /// Milliseconds a closed socket is still read, so that the last bytes written to it are not lost to a
    /// reset (RFC 9112 section 9.6).
    pub linger_ms: u64,
    /// Sockets that one core may have open, lingering ones included. There are descriptors for them.
    pub sockets_per_core_max: usize,
    /// Effects that one shard may have under way.
    pub effects_in_flight_max: u32,
}

impl Default for RuntimeSettings {
    fn default() -> Self {
        Self {
            listen: vec![Listen::plain(SocketAddr::from(([127, 0, 0, 1], 8080)))],
            handed: Vec::new(),
            tls: None,
            cpus: vec![0],
            busy_poll_us: 0,
            drain_ms: 5_000,
            linger_ms: 1_000,
            sockets_per_core_max: usize::MAX,
            effects_in_flight_max: 1_024,
        }
    }
}

/// Where a core listens, and what is spoken there below HTTP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    /// Where.
    pub address: ListenAddress,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Whether a proxy says first who its client is (the PROXY protocol). Only trusted proxies are let in then.
    pub proxy_protocol: bool,
    /// Whether it is for operators. Where one is, what they may ask is not served on the others.
    pub operators: bool,
}

impl Listen {
    /// Plain HTTP on an address.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address: ListenAddress::Ip(address), tls: false, proxy_protocol: false, operators: false }
    }
}

/// What is listened on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListenAddress {
    /// A port of TCP.
    Ip(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl ListenAddress {
    /// The port of TCP, if it is one.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
