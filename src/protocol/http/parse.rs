//! From the bytes of a whole head to what it says.

use super::head::{Head, Version};
use super::limits::{FIELDS_MAX, HttpLimits};
use super::method::Method;
use super::refusal::Refusal;
use super::scan::Scan;
use super::target::{Target, split_target};
use crate::base::split::split_at_byte;

/// Header fields for which there is a place before it is known that there are more.
const FIELDS_USUAL: usize = 16;

/// Parses the bytes of one whole head, its empty line included, and hands it to `visit`.
///
/// # Errors
/// What is malformed, 400; another major version, 505; over [`FIELDS_MAX`] fields, 431; bytes that are not
/// exactly one head, 400; and what `visit` says.
pub fn parse_head<R>(
    bytes: &[u8],
    visit: impl FnOnce(&Head<'_>) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    let unbounded = HttpLimits { head_bytes_max: usize::MAX, headers_max: FIELDS_MAX, body_bytes_max: 0 };
    if Scan::default().advance(bytes, &unbounded)? != Some(bytes.len()) {
        return Err(Refusal::bad_request("this is not one whole request head"));
    }
    parse_scanned(bytes, visit)
}

/// The same for bytes that a [`Scan`] has passed as one whole head.
pub fn parse_scanned<R>(
    bytes: &[u8],
    visit: impl FnOnce(&Head<'_>) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    const MALFORMED: Refusal = Refusal::bad_request("the request line is malformed");
    let bytes = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    let line_end = bytes.iter().position(|&byte| byte == b'\r').ok_or(MALFORMED)?;
    let (line, fields) = bytes.split_at(line_end);
    let line = str::from_utf8(line).map_err(|_| MALFORMED)?;
    let fields = fields.strip_prefix(b"\r\n").ok_or(MALFORMED)?;

    let (method_name, rest) = split_at_byte(line, b' ').ok_or(MALFORMED)?;
    let (target, version) = split_at_byte(rest, b' ').ok_or(MALFORMED)?;
    if version.contains(' ') {
        return Err(MALFORMED);
    }
    if method_name.is_empty() || !method_name.bytes().all(super::scan::is_token) {
        return Err(MALFORMED);
    }
    let version = parse_version(version.as_bytes())?;
    let Target { path, query, authority } = split_target(method_name, target)?;

    let (mut few, mut all);
    few = [httparse::EMPTY_HEADER; FIELDS_USUAL];
    let parsed = match httparse::parse_headers(fields, &mut few) {
        Err(httparse::Error::TooManyHeaders) => {
            all = [httparse::EMPTY_HEADER; FIELDS_MAX];
            httparse::parse_headers(fields, &mut all)
        }
        parsed => parsed,
    };
    let headers = match parsed {
        Ok(httparse::Status::Complete((_, headers))) => headers,
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TOO_MANY_FIELDS),
        Ok(httparse::Status::Partial) | Err(_) => {
            return Err(Refusal::bad_request("a header field is malformed"));
        }
    };
    let method = Method::from_name(method_name);
    let head = Head { method, method_name, target, path, query, version, bytes, authority, headers };
    head.check_host()?;
    visit(&head)
}

/// `HTTP/1.0`, or `HTTP/1.1` and above, which is spoken to as 1.1 (RFC 9110 section 2.5).
///
/// # Errors
/// 505 for another major version, [`NO_VERSION`] for what is none.
pub fn parse_version(text: &[u8]) -> Result<Version, Refusal> {
    match text.strip_prefix(b"HTTP/") {
        Some(b"1.1") => Ok(Version::Http11),
        Some(b"1.0") => Ok(Version::Http10),
        Some([b'1', b'.', b'2'..=b'9']) => Ok(Version::Http11),
        Some([b'0'..=b'9', b'.', b'0'..=b'9']) => Err(Refusal::VERSION_NOT_SUPPORTED),
        _ => Err(NO_VERSION),
    }
}

/// A request line without a version is one of HTTP/0.9, which is not spoken here, or none.
pub const NO_VERSION: Refusal = Refusal::bad_request("the request line does not end in an HTTP version");
