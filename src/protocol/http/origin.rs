//! The `Origin` of a request against a list (RFC 6454, and section 10.2 of RFC 6455): what keeps a page of another
//! site from using a visitor's credentials.

use super::head::Head;

/// What a request's `Origin` amounts to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict<'a> {
    /// None was sent, or an empty one: no browser, or nothing that crosses sites.
    Absent,
    /// It is allowed; this is its text, for `Access-Control-Allow-Origin`.
    Allowed(&'a str),
    /// It is not allowed, malformed, or there is more than one.
    Refused,
}

/// Judges a request. `same_host` also allows the origin that the request itself is for.
pub fn check<'a>(head: &Head<'a>, list: &[String], same_host: bool) -> Verdict<'a> {
    let mut origins = head.header_all("origin");
    let (first, second) = (origins.next(), origins.next());
    let Some(origin) = first.filter(|origin| !origin.is_empty() || second.is_some()) else {
        return Verdict::Absent;
    };
    let host = if same_host { head.host() } else { None };
    match str::from_utf8(origin) {
        Ok(text) if second.is_none() && allowed(origin, list, host) => Verdict::Allowed(text),
        _ => Verdict::Refused,
    }
}

/// Whether an `Origin` is in the list, which has `*` for all or exact origins (`https://app.example:8443`), or is
/// that of `host` (with its port), where one is given. Scheme and host match in any case, a default port is the
/// same as none; nothing else is overlooked. `null` is allowed by `*` only.
pub fn allowed(origin: &[u8], list: &[String], host: Option<&str>) -> bool {
    if list.iter().any(|entry| entry == "*") {
        return true;
    }
    let Some(origin) = str::from_utf8(origin).ok().and_then(Origin::parse) else { return false };
    let listed = list.iter().filter_map(|entry| Origin::parse(entry)).any(|entry| entry.matches(&origin));
    let same = |host| Origin::with_authority(origin.scheme, host).is_some_and(|own| own.matches(&origin));
    listed || host.is_some_and(same)
}

/// Whether a text may stand in a list of allowed origins, for the check of a config.
pub fn is_valid_entry(entry: &str) -> bool {
    entry == "*" || Origin::parse(entry).is_some()
}

/// A serialised origin in parts.
struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    /// 0 for none where the scheme has no default.
    port: u16,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(scheme_byte)
        {
            return None;
        }
        Self::with_authority(scheme, authority)
    }

    fn with_authority(scheme: &'a str, authority: &'a str) -> Option<Self> {
        let host_end = match authority.strip_prefix('[') {
            Some(rest) => rest.find(']')? + 2,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at_checked(host_end)?;
        let literal = host.starts_with('[');
        let host_byte = |byte: u8| match byte {
            b'[' | b']' | b':' => literal,
            b'-' | b'_' => !literal,
            _ => byte.is_ascii_alphanumeric() || byte == b'.',
        };
        if host.is_empty() || !host.bytes().all(host_byte) {
            return None;
        }
        let default = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => 80,
            _ if scheme.eq_ignore_ascii_case("https") => 443,
            _ => 0,
        };
        let port = match port {
            "" => default,
            _ => port
                .strip_prefix(':')
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?
                .parse()
                .ok()?,
        };
        Some(Self { scheme, host, port })
    }

    fn matches(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http::parse_head;

    fn listed(origin: &str) -> bool {
        let list = ["https://app.example".to_owned(), "http://localhost:3000".into(), "app://desktop".into()];
        allowed(origin.as_bytes(), &list, None)
    }

    #[test]
    fn only_the_exact_origin_is_allowed() {
        for good in [
            "https://app.example",
            "HTTPS://App.Example",
            "https://app.example:443",
            "http://localhost:3000",
            "app://desktop",
        ] {
            assert!(listed(good), "{good}");
        }
        for bad in [
            "",
            "null",
            "app.example",
            "http://app.example",
            "https://app.example:8443",
            "https://app.example:",
            "https://app.example:+443",
            "https://app.example:65979",
            "https://app.example.evil.example",
            "https://evilapp.example",
            "https://sub.app.example",
            "https://app.example@evil.example",
            "https://user@app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example https://evil.example",
            "https://app.example, https://evil.example",
            "https://app.example.",
            "https://app_example",
            "http://localhost",
            "https://[::1",
            "://app.example",
            "https://",
        ] {
            assert!(!listed(bad), "{bad}");
        }
    }

    #[test]
    fn a_star_allows_all_and_an_empty_list_none() {
        assert!(allowed(b"null", &["*".into()], None));
        assert!(allowed(b"https://a.example", &["*".into()], None));
        assert!(!allowed(b"https://a.example", &[], None));
        assert!(is_valid_entry("*") && is_valid_entry("http://[::1]:8080") && !is_valid_entry("*.example"));
    }

    #[test]
    fn the_own_host_is_allowed_only_where_it_is_given() {
        assert!(allowed(b"http://127.0.0.1:8080", &[], Some("127.0.0.1:8080")));
        assert!(allowed(b"http://[::1]:8080", &[], Some("[::1]:8080")));
        assert!(allowed(b"https://a.example", &[], Some("A.example:443")));
        assert!(!allowed(b"http://127.0.0.1:8081", &[], Some("127.0.0.1:8080")));
        assert!(!allowed(b"https://a.example", &[], Some("a.example:80")));
    }

    #[test]
    fn several_origin_fields_are_refused() {
        let list = ["https://a.example".to_owned()];
        let verdict = |fields: &str| {
            let text = format!("GET / HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n");
            parse_head(text.as_bytes(), |head| Ok(format!("{:?}", check(head, &list, false)))).unwrap()
        };
        assert_eq!(verdict(""), "Absent");
        assert_eq!(verdict("Origin:\r\n"), "Absent");
        assert_eq!(verdict("Origin: \r\nOrigin: https://a.example\r\n"), "Refused");
        assert_eq!(verdict("Origin: https://a.example\r\n"), "Allowed(\"https://a.example\")");
        assert_eq!(verdict("Origin: https://b.example\r\n"), "Refused");
        assert_eq!(verdict("Origin: https://a.example\r\nOrigin: https://a.example\r\n"), "Refused");
    }
}
