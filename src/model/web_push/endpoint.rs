//! Where a browser's messages are handed over: a URL of its push service. It comes from a stranger, and this node is to call
//! it, so it is judged by the parser of the client that calls.

use crate::base::address::is_public;
use reqwest::Url;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Bytes of a URL; those of push services have some 200.
const URL_BYTES_MAX: usize = 2_048;

/// Ends of names that only a local network knows, or nobody (RFC 6761, RFC 6762 with its appendix G, RFC 7686, RFC 8375, RFC 9476).
const LOCAL_NAMES: [&str; 14] = [
    "alt",
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// What an endpoint must be at least.
const WANTED: &str = "must be the https:// URL that the browser gave";

/// A URL that is called with messages. Whoever knows it can send some, so it is shown to nobody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(Arc<str>);

impl Endpoint {
    /// The endpoint of a URL. `local_too` also takes http and addresses that only this network has.
    ///
    /// # Errors
    /// The half of a sentence that says what it must be.
    pub fn parse(url: &str, local_too: bool) -> Result<Self, &'static str> {
        if url.len() > URL_BYTES_MAX {
            return Err("must be a URL of at most 2048 bytes");
        }
        // A browser gives it as it would call it. A parser that is made for what people type takes spaces and line ends away.
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WANTED);
        }
        let mut url = Url::parse(url).map_err(|_| WANTED)?;
        let is_secure = url.scheme() == "https" || (local_too && url.scheme() == "http");
        let Some(host) = url.host_str().filter(|_| is_secure && url.port() != Some(0)) else {
            return Err(WANTED);
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not have a user name or a password in it");
        }
        if !local_too && is_local(host) {
            return Err(
                "must lead to a push service that anybody can reach, not to a private or local address",
            );
        }
        url.set_fragment(None);
        Ok(Self(url.as_str().into()))
    }

    /// The endpoint that was stored.
    pub fn restored(url: &str) -> Self {
        Self(url.into())
    }

    /// The whole URL.
    pub fn url(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port: which push service it is.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[host..].find('/').map_or(self.0.len(), |at| host + at);
        &self.0[..end]
    }
}

/// Whether a host's name says already that it is nobody's but this network's. What other names lead to is judged when they
/// are called.
fn is_local(host: &str) -> bool {
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return !is_public(address);
    }
    let host = host.trim_end_matches('.');
    let ends_with =
        |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !host.contains('.') || LOCAL_NAMES.iter().any(|name| ends_with(name))
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}/..)", self.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_https_url_that_anybody_can_reach() {
        let endpoint = Endpoint::parse("HTTPS://Push.Example.com:443/a/b?c#d", false).unwrap();
        assert_eq!(endpoint.url(), "https://push.example.com/a/b?c");
        assert_eq!(endpoint.origin(), "https://push.example.com");
        assert_eq!(format!("{endpoint:?}"), "Endpoint(https://push.example.com/..)");
        assert_eq!(Endpoint::parse("https://1.1.1.1:8443", false).unwrap().origin(), "https://1.1.1.1:8443");
        let long = format!("https://push.example.com/{}", "a".repeat(2_048));
        for url in [
            "",
            "a",
            "/a",
            "push.example.com",
            "http://push.example.com/",
            "ftp://push.example.com/",
            "https://",
            "javascript:1",
            "data:,a",
            "https://u@push.example.com/",
            "https://u:p@push.example.com/",
            "https://localhost/",
            "https://a.localhost./",
            "https://printer/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://１２７.0.0.1/",
            "https://localhost.localdomain/",
            "https://x.test/",
            "https://x.onion/",
            "https://intranet.corp/",
            "https://push.example.com:0/",
            "https://push.example.com:65536/",
            "https://push.example.com/ a",
            "https://push.example.com/\r\nX: y",
            "https://push.exa\tmple.com/",
            "\nhttps://push.example.com/",
            "https://push.example.com/\u{e9}",
            &long,
        ] {
            assert!(Endpoint::parse(url, false).is_err(), "{url}");
        }
        for url in ["http://127.0.0.1:1/a", "https://localhost/", "http://[::1]:8080/"] {
            assert!(Endpoint::parse(url, true).is_ok(), "{url}");
        }
        assert!(Endpoint::parse("ftp://127.0.0.1/", true).is_err());
    }
}
