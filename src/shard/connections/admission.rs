//! Who may connect: counts per address, so that one address cannot take all there is.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::host::host;
use crate::base::limits::Limits;
use std::net::IpAddr;

struct Counts {
    /// The first address of this host that came.
    address: IpAddr,
    connections: u32,
    unauthenticated: u32,
    /// Bytes kept of its input that is not whole.
    kept_bytes: usize,
}

/// Connections per address on this core.
pub(in crate::shard) struct Admission {
    addresses: KeyedMap<u64, Counts>,
    hash: KeyedState,
    /// Bytes kept of all of them.
    kept_bytes: usize,
}

/// Why a connection was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::shard) enum Refused {
    /// The address has too many connections.
    Address,
    /// The address has too many connections that did not say who they are.
    Unauthenticated,
}

impl Admission {
    pub fn new(seed: u64) -> Self {
        let hash = KeyedState::new(seed, 0xadd7);
        Self { addresses: KeyedMap::with_hasher(hash), hash, kept_bytes: 0 }
    }

    fn key(&self, address: IpAddr) -> u64 {
        match host(address) {
            IpAddr::V4(v4) => self.hash.hash_bytes(&v4.octets()),
            IpAddr::V6(v6) => self.hash.hash_bytes(&v6.octets()),
        }
    }

    /// Counts a new connection, unauthenticated for now; says the key of its address.
    pub fn accept(&mut self, address: IpAddr, limits: &Limits) -> Result<u64, Refused> {
        self.check(self.key(address), true, limits)?;
        Ok(self.enter(address))
    }

    /// Counts a new connection, unauthenticated for now, whatever the limits are; says the key of its address.
    pub fn enter(&mut self, address: IpAddr) -> u64 {
        self.count(address, true)
    }

    /// Whether a host may have one more connection.
    fn check(&self, key: u64, unauthenticated: bool, limits: &Limits) -> Result<(), Refused> {
        let Some(counts) = self.addresses.get(&key) else { return Ok(()) };
        if counts.connections >= limits.connections_per_address_max {
            return Err(Refused::Address);
        }
        if unauthenticated && counts.unauthenticated >= limits.unauthenticated_per_address_max {
            return Err(Refused::Unauthenticated);
        }
        Ok(())
    }

    fn count(&mut self, address: IpAddr, unauthenticated: bool) -> u64 {
        let key = self.key(address);
        let none = Counts { address, connections: 0, unauthenticated: 0, kept_bytes: 0 };
        let counts = self.addresses.entry(key).or_insert(none);
        counts.connections += 1;
        counts.unauthenticated += u32::from(unauthenticated);
        key
    }

    /// Counts a connection, with so much of its input that is kept, for another address than the one of this key; says the
    /// key of that.
    pub fn pass_on(
        &mut self,
        from: u64,
        to: IpAddr,
        unauthenticated: bool,
        kept_bytes: u32,
        limits: &Limits,
    ) -> Result<u64, Refused> {
        let key = self.key(to);
        if key != from {
            self.check(key, unauthenticated, limits)?;
            self.count(to, unauthenticated);
            self.keep(from, kept_bytes, 0);
            self.keep(key, 0, kept_bytes);
            self.gone(from, unauthenticated);
        }
        Ok(key)
    }

    /// An address of the host that has this key, while it has a connection.
    pub fn address(&self, key: u64) -> Option<IpAddr> {
        self.addresses.get(&key).map(|counts| counts.address)
    }

    /// A connection said who it is.
    pub fn authenticated(&mut self, key: u64) {
        if let Some(counts) = self.addresses.get_mut(&key) {
            counts.unauthenticated -= 1;
        }
    }

    /// A connection is gone.
    pub fn gone(&mut self, key: u64, unauthenticated: bool) {
        if let Some(counts) = self.addresses.get_mut(&key) {
            counts.connections -= 1;
            counts.unauthenticated -= u32::from(unauthenticated);
            if counts.connections == 0 {
                self.addresses.remove(&key);
            }
        }
    }

    /// A connection keeps `after` bytes of input that is not whole, instead of `before`, on the account of its address.
    pub fn keep(&mut self, key: u64, before: u32, after: u32) {
        if before != after
            && let Some(counts) = self.addresses.get_mut(&key)
        {
            counts.kept_bytes = counts.kept_bytes + after as usize - before as usize;
            self.kept_bytes = self.kept_bytes + after as usize - before as usize;
        }
    }

    /// Bytes kept of the input of an address, and how many connections it has.
    pub fn kept_of(&self, key: u64) -> (usize, usize) {
        self.addresses.get(&key).map_or((0, 0), |counts| (counts.kept_bytes, counts.connections as usize))
    }

    /// Bytes kept of all input that is not whole.
    pub fn kept(&self) -> usize {
        self.kept_bytes
    }

    /// Connections counted, for the invariants.
    pub fn total(&self) -> usize {
        self.addresses.values().map(|counts| counts.connections as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_bounded_and_forgotten_when_it_leaves() {
        let limits = Limits {
            connections_per_address_max: 2,
            unauthenticated_per_address_max: 1,
            ..Limits::default()
        };
        let mut admission = Admission::new(1);
        let host: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        let key = admission.accept(host, &limits).unwrap();
        assert_eq!(admission.accept(neighbour, &limits), Err(Refused::Unauthenticated));
        admission.authenticated(key);
        assert_eq!(admission.accept(neighbour, &limits), Ok(key));
        admission.authenticated(key);
        assert_eq!(admission.accept(host, &limits), Err(Refused::Address));
        assert!(admission.accept("::ffff:10.0.0.1".parse().unwrap(), &limits).is_ok());
        assert_eq!(admission.accept("10.0.0.1".parse().unwrap(), &limits), Err(Refused::Unauthenticated));
        admission.gone(key, false);
        admission.gone(key, false);
        assert_eq!(admission.total(), 1);
    }

    #[test]
    fn what_is_passed_on_counts_where_it_goes() {
        let limits = Limits { connections_per_address_max: 1, ..Limits::default() };
        let mut admission = Admission::new(1);
        let [proxy, one, other] =
            ["10.0.0.1", "192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        let keys = [admission.enter(proxy), admission.enter(proxy)];
        let first = admission.pass_on(keys[0], one, true, 0, &limits).unwrap();
        assert_eq!(admission.address(first), Some(one));
        assert_eq!(admission.pass_on(first, one, true, 0, &limits), Ok(first));
        assert_eq!(admission.pass_on(keys[1], one, true, 0, &limits), Err(Refused::Address));
        let second = admission.pass_on(keys[1], other, true, 0, &limits).unwrap();
        assert_eq!((admission.total(), admission.address(keys[0])), (2, None));
        admission.gone(first, true);
        assert_eq!(admission.pass_on(second, one, true, 0, &limits), Ok(first));
        admission.gone(first, true);
        assert_eq!(admission.total(), 0);
    }
}
