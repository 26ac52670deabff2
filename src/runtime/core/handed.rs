//! Sockets that were listened on before this process began (systemd's socket activation), so that nobody is refused while
//! it starts. The entry of `listen` with the same address takes one, for all cores.

use crate::runtime::error::RuntimeError;
use crate::runtime::settings::ListenAddress;
use socket2::{SockAddr, Socket};
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// Those that no entry has taken yet.
pub(super) struct Handed(Vec<(ListenAddress, Socket)>);

impl Handed {
    /// Takes these descriptors, each of which must be nobody else's.
    ///
    /// # Errors
    /// One is no socket with an address.
    pub(super) fn new(descriptors: &[RawFd]) -> Result<Self, RuntimeError> {
        let sockets = descriptors.iter().map(|descriptor| {
            // SAFETY: the process was started with this descriptor, and reads what it was given once.
            let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(*descriptor) });
            let address = socket.local_addr().ok().and_then(|address| name(&address));
            address.map(|address| (address, socket)).ok_or(RuntimeError::HandedUnknown(*descriptor))
        });
        Ok(Self(sockets.collect::<Result<_, _>>()?))
    }

    /// The socket of an address, made ready to be accepted from.
    pub(super) fn take(&mut self, wanted: &ListenAddress) -> Option<Socket> {
        let at = self.0.iter().position(|(address, _)| is_same(address, wanted))?;
        let (address, socket) = self.0.swap_remove(at);
        // What cannot be set costs latency, nothing else.
        if address.ip().is_some() {
            let _ = socket.set_tcp_nodelay(true);
        }
        let _ = socket.set_nonblocking(true).and_then(|()| socket.set_cloexec(true));
        Some(socket)
    }

    /// All were taken.
    ///
    /// # Errors
    /// One was not: whoever connects there would wait for ever.
    pub(super) fn finish(self) -> Result<(), RuntimeError> {
        self.0.into_iter().next().map_or(Ok(()), |(address, _)| Err(RuntimeError::HandedLeft { address }))
    }
}

fn name(address: &SockAddr) -> Option<ListenAddress> {
    let path = || address.as_pathname().map(|path| ListenAddress::Unix(path.into()));
    address.as_socket().map(ListenAddress::Ip).or_else(path)
}

/// `[::]` of a port is every address, as `0.0.0.0` is to whoever wrote that.
fn is_same(one: &ListenAddress, other: &ListenAddress) -> bool {
    let everywhere = |address: &SocketAddr| address.ip().is_unspecified();
    match (one, other) {
        (ListenAddress::Ip(one), ListenAddress::Ip(other)) => {
            one == other || (one.port() == other.port() && everywhere(one) && everywhere(other))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::IntoRawFd;

    fn ip(text: &str) -> ListenAddress {
        ListenAddress::Ip(text.parse().expect("an address"))
    }

    #[test]
    fn an_entry_takes_the_socket_of_its_address() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let address = ListenAddress::Ip(listener.local_addr().expect("bound"));
        let mut handed = Handed::new(&[listener.into_raw_fd()]).expect("a socket");
        assert!(handed.take(&ip("127.0.0.1:1")).is_none());
        assert!(handed.take(&address).is_some());
        assert!(handed.take(&address).is_none(), "once");
        handed.finish().expect("all taken");
    }

    #[test]
    fn what_nobody_wants_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let handed = Handed::new(&[listener.into_raw_fd()]).expect("a socket");
        assert!(matches!(handed.finish(), Err(RuntimeError::HandedLeft { .. })));
        let file = std::fs::File::open("/dev/null").expect("every Linux has it");
        let refused = Handed::new(&[file.into_raw_fd()]).err();
        assert!(matches!(refused, Some(RuntimeError::HandedUnknown(_))));
    }

    #[test]
    fn every_address_is_one_whatever_its_family() {
        assert!(is_same(&ip("[::]:443"), &ip("0.0.0.0:443")));
        assert!(!is_same(&ip("[::]:443"), &ip("0.0.0.0:80")));
        assert!(!is_same(&ip("127.0.0.1:443"), &ip("0.0.0.0:443")));
        assert!(!is_same(&ListenAddress::Unix("/run/x".into()), &ListenAddress::Unix("/run/y".into())));
    }
}
