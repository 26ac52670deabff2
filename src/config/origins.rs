//! The origins of `auth.allowed_origins`.

use super::reader::Reader;

/// Reads the list.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<String> {
    let texts = reader.texts("allowed_origins").unwrap_or_default();
    let mut origins = Vec::new();
    for (text, place) in texts {
        if text == "*" || is_origin(&text) {
            origins.push(text);
        } else {
            let wanted =
                r#"must hold "*" or origins as browsers send them, such as "https://app.example.com""#;
            let reason = format!("{wanted} (lower case, no path, no default port); one is {text:?}");
            reader.refuse(&place, "allowed_origins", &reason);
        }
    }
    origins
}

/// Whether a browser could send this as an Origin (RFC 6454 section 6.2): another spelling would never match.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let default_port = match scheme {
        "http" => Some("80"),
        "https" => Some("443"),
        _ => None,
    };
    let port_fits = port.is_none_or(|port| {
        !port.starts_with('0') && port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit())
    });
    let scheme_char = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    let host_char = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_fits = match bracketed {
        Some(address) => {
            address.parse::<std::net::Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address)
        }
        None => !host.is_empty() && host.bytes().all(host_char),
    };
    let scheme_fits =
        scheme.starts_with(|first: char| first.is_ascii_lowercase()) && scheme.bytes().all(scheme_char);
    scheme_fits && host_fits && port_fits && (port.is_none() || port != default_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_would_send_is_an_origin() {
        for good in [
            "https://app.example.com",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:3000",
            "https://[2001:db8::1]",
            "capacitor://localhost",
            "https://example.com:80",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "null",
            "example.com",
            "https://",
            "https://Example.com",
            "HTTPS://example.com",
            "https://example.com/",
            "https://example.com:443",
            "http://example.com:80",
            "https://example.com:",
            "https://example.com:+1",
            "https://example.com:080",
            "https://example.com:99999",
            "https://user@example.com",
            "https://*.example.com",
            "https://exa mple.com",
            "https://[::1",
            "https://[0:0::1]",
            "https://::1",
            "1https://a",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
