//! Who is behind a proxy, as `X-Forwarded-For` and `Forwarded` (RFC 7239) say.
//!
//! Each proxy adds, at the end, the address that it was spoken to from. So the last address is as true as the proxy that spoke
//! to us, the one before it as true as that last one, and what stands before an address that is not trusted was
//! written by whoever likes. The address that counts is the last one that is not trusted.

use super::Head;
use std::net::IpAddr;

/// The client that a trusted peer speaks for, as the fields of its request say; `None` if they name nobody. Where both fields
/// are there and name different clients, one of them was written by the client, and nothing tells which: that is
/// `None` too.
pub fn client(head: &Head<'_>, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let lists = [addresses(head, "x-forwarded-for", address), addresses(head, "forwarded", forwarded_for)];
    let [listed, forwarded] = lists.map(|list| last_stranger(&list, &is_trusted));
    match (listed, forwarded) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other),
    }
}

/// From the end: the first address that is not trusted, or else the furthest that is known. An element that is no address
/// (`unknown`, an invented name) hides what is before it.
fn last_stranger(list: &[Option<IpAddr>], is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let mut furthest = None;
    for address in list.iter().rev() {
        let Some(address) = *address else { break };
        furthest = Some(address);
        if !is_trusted(address) {
            break;
        }
    }
    furthest
}

/// The elements of a field that is a list, over all its lines.
fn addresses(head: &Head<'_>, field: &str, read: fn(&[u8]) -> Option<IpAddr>) -> Vec<Option<IpAddr>> {
    head.header_all(field).flat_map(|line| outside_quotes(line, b',')).map(read).collect()
}

/// The pieces between separators that stand in no quoted string. Neither has an empty piece a meaning.
fn outside_quotes(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let pieces = text.split(move |&byte| {
        let is_escaped = escaped;
        escaped = quoted && byte == b'\\' && !is_escaped;
        quoted ^= byte == b'"' && !is_escaped;
        byte == separator && !quoted
    });
    pieces.map(<[u8]>::trim_ascii).filter(|piece| !piece.is_empty())
}

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    outside_quotes(element, b';').find_map(|pair| {
        let (name, value) = pair.split_at_checked(4)?;
        let value = name.eq_ignore_ascii_case(b"for=").then(|| value.trim_ascii())?;
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        address(unquoted.unwrap_or(value))
    })
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?;
    let alone = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // A colon alone divides off a port; an IPv6 address has more.
        None => text.split_once(':').filter(|(_, port)| !port.contains(':')).map_or(text, |(host, _)| host),
    };
    alone.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Flow;
    use crate::protocol::http::{Event, HttpLimits, RequestReader};

    /// The client behind a peer, where 10.0.0.0/8 and fd00::/8 are trusted.
    fn client_of(fields: &[&str]) -> Option<String> {
        let text = format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            fields.iter().map(|f| format!("{f}\r\n")).collect::<String>()
        );
        let limits = HttpLimits { head_bytes_max: 1 << 16, headers_max: 64, body_bytes_max: 0 };
        let mut found = None;
        let read = RequestReader::default().read(text.as_bytes(), &limits, |event| {
            if let Event::Request { head, .. } = event {
                let trusted = |address| match address {
                    IpAddr::V4(v4) => v4.octets()[0] == 10,
                    IpAddr::V6(v6) => v6.octets()[0] == 0xfd,
                };
                found = client(head, trusted).map(|address| address.to_string());
            }
            Flow::Continue
        });
        assert!(read.is_ok(), "{fields:?}");
        found
    }

    #[test]
    fn the_last_address_that_is_not_trusted_counts() {
        for (fields, expected) in [
            (&["X-Forwarded-For: 192.0.2.1"][..], "192.0.2.1"),
            (&["X-Forwarded-For: 198.51.100.9, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            (&["X-Forwarded-For: 198.51.100.9", "x-forwarded-for: 192.0.2.1,10.0.0.2"], "192.0.2.1"),
            (&["X-Forwarded-For: 192.0.2.1:4711"], "192.0.2.1"),
            (&["X-Forwarded-For: ::ffff:192.0.2.1"], "192.0.2.1"),
            (&["X-Forwarded-For: 2001:db8::1"], "2001:db8::1"),
            (&["X-Forwarded-For: [2001:db8::1]:80"], "2001:db8::1"),
            (&["X-Forwarded-For: 10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            (&["X-Forwarded-For: 192.0.2.1, unknown, 10.2.2.2"], "10.2.2.2"),
            (&["Forwarded: for=192.0.2.1"], "192.0.2.1"),
            (
                &["Forwarded: for=198.51.100.9, For=\"[2001:db8::1]:80\";proto=https, for=10.0.0.2"],
                "2001:db8::1",
            ),
            (&["Forwarded: by=10.0.0.9;for=\"192.0.2.1:80\";host=\"a,b;for=1.1.1.1\""], "192.0.2.1"),
            (&["Forwarded: for=192.0.2.1", "X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
            (&["Forwarded: proto=https", "X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
        ] {
            assert_eq!(client_of(fields).as_deref(), Some(expected), "{fields:?}");
        }
    }

    #[test]
    fn nobody_is_named_by_nonsense_or_by_fields_that_disagree() {
        for fields in [
            &[][..],
            &["X-Forwarded-For: unknown"],
            &["X-Forwarded-For: ,"],
            &["X-Forwarded-For: 1.2.3"],
            &["X-Forwarded-For: 192.0.2.1, _hidden"],
            &["Forwarded: for=_hidden"],
            &["Forwarded: for=\"[2001:db8::1\""],
            &["Forwarded: proto=https"],
            &["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"],
        ] {
            assert_eq!(client_of(fields), None, "{fields:?}");
        }
    }
}
