//! `trusted_proxies`.

use super::reader::{Context, Reader};
use crate::runtime::Listen;
use ipnet::IpNet;
use std::net::IpAddr;

/// Reads the list.
pub(super) fn read(root: &mut Reader<'_>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (text, place) in root.texts("trusted_proxies").unwrap_or_default() {
        match parse(&text) {
            Some(network) => networks.push(network),
            None => {
                let wanted = r#"must hold addresses or networks, such as "10.0.0.1" or "10.0.0.0/8""#;
                root.refuse(&place, "trusted_proxies", &format!("{wanted}; one is {text:?}"));
            }
        }
    }
    networks
}

/// Whether somebody is let in where proxies say who their clients are.
pub(super) fn check(listen: &[Listen], trusted: &[IpNet], context: &Context) {
    if trusted.is_empty() && listen.iter().any(|one| one.proxy_protocol) {
        let message = "listen asks for the PROXY protocol, and no proxy is trusted, so nobody would be let in: give the \
                       addresses of your proxies as trusted_proxies";
        context.findings.add(&context.latest(&["listen"]), message);
    }
}

fn parse(text: &str) -> Option<IpNet> {
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    address.ok().or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_read() {
        let holds = |text: &str, address: &str| {
            parse(text).map(|net| net.contains(&address.parse::<IpAddr>().unwrap()))
        };
        assert_eq!(holds("10.0.0.1", "10.0.0.1"), Some(true));
        assert_eq!(holds("10.0.0.1", "10.0.0.2"), Some(false));
        assert_eq!(holds("::ffff:10.0.0.1", "10.0.0.1"), Some(true));
        assert_eq!(holds("10.0.0.7/8", "10.255.0.1"), Some(true));
        assert_eq!(holds("fd00::/8", "fd12::1"), Some(true));
        for bad in ["", "proxy", "10.0.0.0/33", "10.0.0.1:80", "10.0.0"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
