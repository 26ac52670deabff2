//! Which addresses are one host's.

use std::net::{IpAddr, Ipv6Addr};

/// The first address of a host: an IPv4 address, or the /64 of an IPv6 address, for whoever has one address of a /64 has
/// them all. This machine, as `::1`, shares no /64 with anybody.
pub fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {

    #[test]
    fn an_ipv6_host_has_its_prefix() {
        let host = |text: &str| super::host(text.parse().unwrap()).to_string();
        assert_eq!(host("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(host("::ffff:10.0.0.1"), "10.0.0.1");
        assert_ne!(host("::1"), host("::"), "no address is what unknown clients have");
        assert_eq!(host("10.0.0.1"), "10.0.0.1");
    }
}
