//! The PROXY protocol, versions 1 and 2: what a proxy says of its client before the client's own bytes. Sans-IO; where the
//! bytes are cut changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of a header at most. Version 1 has 107 at most; version 2 has 16, the addresses, and what proxies add to them.
pub const HEADER_BYTES_MAX: usize = 1_024;

/// Bytes of a line of version 1 at most, with its end.
const LINE_BYTES_MAX: usize = 107;

/// How version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes of version 2 before the addresses.
const FIXED_BYTES: usize = 16;

/// How far a header has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyHeader {
    /// More is to come.
    Partial,
    /// All of it is there.
    Whole {
        /// Who the client is; `None` where the proxy speaks for itself, or says that it does not know.
        client: Option<IpAddr>,
        /// Bytes that the header takes.
        bytes: usize,
    },
    /// It is none, and why.
    Wrong(&'static str),
}

/// Reads what has come of a header.
pub fn read_header(bytes: &[u8]) -> ProxyHeader {
    let both = |start: &[u8]| bytes.iter().zip(start).all(|(one, other)| one == other);
    if both(SIGNATURE) && !bytes.is_empty() {
        return read_binary(bytes);
    }
    if both(b"PROXY ") {
        return read_line(bytes);
    }
    ProxyHeader::Wrong("it begins with no PROXY header")
}

fn read_line(bytes: &[u8]) -> ProxyHeader {
    let searched = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    let Some(end) = searched.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LINE_BYTES_MAX {
            ProxyHeader::Partial
        } else {
            ProxyHeader::Wrong("its PROXY line does not end")
        };
    };
    let wrong = ProxyHeader::Wrong("its PROXY line is malformed");
    let Ok(line) = std::str::from_utf8(&bytes[..end]) else { return wrong };
    let mut words = line.split(' ').skip(1);
    let family = words.next();
    let client = match family {
        // Whatever follows is not looked at.
        Some("UNKNOWN") => return ProxyHeader::Whole { client: None, bytes: end + 2 },
        Some("TCP4") => addresses::<Ipv4Addr>(&mut words),
        Some("TCP6") => addresses::<Ipv6Addr>(&mut words),
        _ => None,
    };
    match client {
        Some(client) if words.next().is_none() => ProxyHeader::Whole { client: Some(client), bytes: end + 2 },
        _ => wrong,
    }
}

/// The source of `source destination port port`.
fn addresses<'a, A: std::str::FromStr + Into<IpAddr>>(
    words: &mut impl Iterator<Item = &'a str>,
) -> Option<IpAddr> {
    let source: A = words.next()?.parse().ok()?;
    let _: A = words.next()?.parse().ok()?;
    for _ in 0..2 {
        let port = words.next()?;
        port.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
        let _: u16 = port.parse().ok()?;
    }
    Some(source.into().to_canonical())
}

fn read_binary(bytes: &[u8]) -> ProxyHeader {
    let Some((fixed, _)) = bytes.split_at_checked(FIXED_BYTES) else { return ProxyHeader::Partial };
    let is_local = match fixed[12] {
        0x20 => true,
        0x21 => false,
        _ => return ProxyHeader::Wrong("its PROXY header is of a version or command that is not known"),
    };
    let length = FIXED_BYTES + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > HEADER_BYTES_MAX {
        return ProxyHeader::Wrong("its PROXY header is too long");
    }
    // The client of a stream over IPv4 and IPv6, before its destination; what else there may be names no client's host.
    let source = match fixed[13] {
        0x11 => Some((4, 12)),
        0x21 => Some((16, 36)),
        0x00 | 0x31 => None,
        _ => return ProxyHeader::Wrong("its PROXY header is not of a stream"),
    };
    let source = source.filter(|_| !is_local);
    if source.is_some_and(|(_, needed)| length < FIXED_BYTES + needed) {
        return ProxyHeader::Wrong("its PROXY header is too short for its addresses");
    }
    if bytes.len() < length {
        return ProxyHeader::Partial;
    }
    let client = source.and_then(|(count, _)| address(&bytes[FIXED_BYTES..FIXED_BYTES + count]));
    ProxyHeader::Whole { client, bytes: length }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        _ => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend((rest.len() as u16).to_be_bytes());
        bytes.extend(rest);
        bytes
    }

    /// IPv4 from 192.0.2.7, with something added.
    fn version_2() -> Vec<u8> {
        binary(0x21, 0x11, &[192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 1, 0xbb, 4, 0, 1, 0])
    }

    #[test]
    fn a_header_is_read_wherever_it_is_cut() {
        let version_1 = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n".to_vec();
        let version_6 = b"PROXY TCP6 2001:db8::7 ::1 12345 443\r\n".to_vec();
        let mut long = [0; 36];
        long[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().expect("an address").octets());
        for (header, client) in [
            (version_1, Some("192.0.2.7")),
            (version_6, Some("2001:db8::7")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 ? 1\r\n".to_vec(), None),
            (version_2(), Some("192.0.2.7")),
            (binary(0x21, 0x21, &long), Some("2001:db8::7")),
            (binary(0x20, 0x00, &[]), None),
            (binary(0x20, 0x11, &[1, 2]), None),
            (binary(0x21, 0x31, &[0; 216]), None),
        ] {
            let whole = header.len();
            for cut in 0..whole {
                assert_eq!(read_header(&header[..cut]), ProxyHeader::Partial, "{header:?} cut at {cut}");
            }
            let client = client.map(|text| text.parse().expect("an address"));
            let expected = ProxyHeader::Whole { client, bytes: whole };
            assert_eq!(read_header(&header), expected);
            assert_eq!(read_header(&[&header[..], b"GET / HTTP/1.1\r\n"].concat()), expected, "what follows");
        }
    }

    #[test]
    fn what_is_no_header_is_told_at_once() {
        let is_wrong = |bytes: &[u8]| matches!(read_header(bytes), ProxyHeader::Wrong(_));
        for line in [
            "GET / HTTP/1.1\r\n",
            "PROXZ",
            "proxy ",
            "PROXY TCP4 192.0.2.7 10.0.0.1 12345\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 12345 443 1\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 12345 +443\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 12345 65536\r\n",
            "PROXY TCP4 ::1 ::1 1 1\r\n",
            "PROXY TCP4  192.0.2.7 10.0.0.1 1 1\r\n",
            "PROXY UDP4 192.0.2.7 10.0.0.1 1 1\r\n",
            "PROXY \r\n",
            "\x16\x03\x01",
        ] {
            assert!(is_wrong(line.as_bytes()), "{line}");
        }
        assert!(
            is_wrong(format!("PROXY UNKNOWN {}", "x".repeat(LINE_BYTES_MAX)).as_bytes()),
            "an endless line"
        );
        assert!(is_wrong(&binary(0x22, 0x11, &[0; 12])), "another command");
        assert!(is_wrong(&binary(0x11, 0x11, &[0; 12])), "another version");
        assert!(is_wrong(&binary(0x21, 0x12, &[0; 12])), "datagrams");
        assert!(is_wrong(&binary(0x21, 0x11, &[0; 11])), "too short");
        assert!(is_wrong(&binary(0x21, 0x00, &[0; 2_000])[..16]), "longer than is kept");
    }

    #[test]
    fn an_ipv4_client_of_an_ipv6_proxy_has_its_ipv4_address() {
        let header = b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1\r\n";
        let ProxyHeader::Whole { client, .. } = read_header(header) else { panic!("whole") };
        assert_eq!(client, Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))));
    }
}
