//! Request targets (RFC 9112 section 3.2) and their decoding.

use super::refusal::Refusal;
use crate::base::split::split_at_byte;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// A target in parts, all as they were sent.
pub struct Target<'a> {
    /// From the first `/` to before the `?`; `*` for the asterisk form, empty for the authority form.
    pub path: &'a str,
    /// After the `?`; empty without one.
    pub query: &'a str,
    /// The host of an absolute or authority form.
    pub authority: Option<&'a str>,
}

/// Takes a target apart: origin form and absolute form for every method, `*` for OPTIONS only, an authority for
/// CONNECT only.
pub fn split_target<'a>(method_name: &str, target: &'a str) -> Result<Target<'a>, Refusal> {
    const MALFORMED: Refusal = Refusal::bad_request("the request target is malformed");
    if target.bytes().any(|byte| !matches!(byte, b'!'..=b'~') || byte == b'#') {
        return Err(MALFORMED);
    }
    if method_name == "CONNECT" {
        return match is_authority(target) {
            true => Ok(Target { path: "", query: "", authority: Some(target) }),
            false => Err(MALFORMED),
        };
    }
    if target == "*" {
        return match method_name {
            "OPTIONS" => Ok(Target { path: target, query: "", authority: None }),
            _ => Err(MALFORMED),
        };
    }
    if target.starts_with('/') {
        let (path, query) = split_at_byte(target, b'?').unwrap_or((target, ""));
        return Ok(Target { path, query, authority: None });
    }
    let (scheme, rest) = target.split_once("://").ok_or(MALFORMED)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(MALFORMED);
    }
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(authority_end);
    if authority.is_empty() || !is_authority(authority) {
        return Err(MALFORMED);
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok(Target { path: if path.is_empty() { "/" } else { path }, query, authority: Some(authority) })
}

/// Whether this is a host with an optional port and nothing else; user information is refused
/// (RFC 9110 section 4.2.4). An empty host passes, as the grammar has it.
pub fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, after)) => match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None => return false,
            },
            None => return false,
        },
        None => match split_at_byte(text, b':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let literal = text.starts_with('[');
    let host_byte = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' => true,
        b':' => literal,
        b'-' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';'
        | b'=' => !literal,
        _ => false,
    };
    let port_fits = port.is_none_or(|port| {
        port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    host.bytes().all(host_byte) && (!literal || host.contains(':')) && port_fits
}

/// One path segment, percent-decoded once. Borrowed where nothing is encoded.
///
/// # Errors
/// 400 for `%` without two hex digits, and for what is not UTF-8 or has a control character after decoding.
pub fn decode_segment(raw: &str) -> Result<Cow<'_, str>, Refusal> {
    if raw.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut rest = raw.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        match &rest[at..] {
            [_, high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest = after,
            _ => return Err(Refusal::bad_request("the path has a percent sign without two hex digits")),
        }
    }
    let decoded = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| Refusal::bad_request("the path is not UTF-8 after percent-decoding"))?;
    if decoded.chars().any(char::is_control) {
        return Err(Refusal::bad_request("the path has a control character"));
    }
    Ok(decoded)
}
