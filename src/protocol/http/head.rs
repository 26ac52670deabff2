//! What a request head says.

use super::method::Method;
use super::refusal::Refusal;
use super::response::Connection;
use super::target::{decode_segment, is_authority};
use std::borrow::Cow;
use std::fmt;

/// The version that a request is answered in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1, or a later minor version.
    Http11,
}

/// A request line and its header fields, borrowed from the bytes that arrived.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// The method, if it is one that an endpoint may have.
    pub method: Option<Method>,
    /// The method as it was sent.
    pub method_name: &'a str,
    /// The target as it was sent. May contain credentials in its query: never log it.
    pub target: &'a str,
    /// The path as it was sent, still percent-encoded, without the query. `*` for the asterisk form.
    pub path: &'a str,
    /// The query as it was sent, after the `?`; empty without one.
    pub query: &'a str,
    /// The version.
    pub version: Version,
    pub(super) bytes: &'a [u8],
    pub(super) authority: Option<&'a str>,
    pub(super) headers: &'a [httparse::Header<'a>],
}

impl<'a> Head<'a> {
    /// The head as it was sent, its empty line included. May contain credentials: never log it.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first value of a header field; names match in any case. The bytes have no control characters but may
    /// be other than ASCII.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.header_all(name).next()
    }

    /// The same as text; `None` also where it is not UTF-8.
    pub fn header_str(&self, name: &str) -> Option<&'a str> {
        self.header(name).and_then(|value| str::from_utf8(value).ok())
    }

    /// Every value of a header field, in order.
    pub fn header_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let named = move |header: &&httparse::Header<'a>| header.name.eq_ignore_ascii_case(name);
        self.headers.iter().filter(named).map(|header| header.value)
    }

    /// Every header field, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.headers.iter().map(|header| (header.name, header.value))
    }

    /// The elements of a field that is a list, which may come in several lines that are one list in their order
    /// (RFC 9110 section 5.3); empty elements say nothing (section 5.6.1.2). Not for lists whose elements have
    /// quoted strings.
    pub fn list<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let elements = self.header_all(name).flat_map(|value| value.split(|&byte| byte == b','));
        elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
    }

    /// Whether a list (`Connection`, `Upgrade`) has this token, in any case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Host and port that the request is for: of the target where it has one, else of `Host`
    /// (RFC 9112 section 3.2.2). `None` only in HTTP/1.0.
    pub fn host(&self) -> Option<&'a str> {
        self.authority.or_else(|| self.header_str("host"))
    }

    /// The first value of a query parameter, decoded as a form is: `+` is a space, and what is not UTF-8 is
    /// replaced.
    pub fn query_value(&self, name: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The segments of the path, each percent-decoded once; `/` gives one empty segment.
    pub fn segments(&self) -> impl Iterator<Item = Result<Cow<'a, str>, Refusal>> + use<'a> {
        self.path.strip_prefix('/').unwrap_or(self.path).split('/').map(decode_segment)
    }

    /// Whether the connection may serve another request after this one (RFC 9112 section 9.3).
    pub fn keep_alive(&self) -> bool {
        self.connection() != Connection::Close
    }

    /// What the answer says of the connection.
    pub fn connection(&self) -> Connection {
        if self.has_token("connection", "close") {
            return Connection::Close;
        }
        match self.version {
            Version::Http11 => Connection::Keep,
            Version::Http10 if self.has_token("connection", "keep-alive") => Connection::KeepStated,
            Version::Http10 => Connection::Close,
        }
    }

    /// The token of `Authorization: Bearer` (RFC 6750 section 2.1). `None` too where the field is there twice or is
    /// not one word of visible ASCII.
    pub fn bearer(&self) -> Option<&'a str> {
        let mut values = self.header_all("authorization");
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let (scheme, token) = str::from_utf8(value).ok()?.split_once(' ')?;
        let token = token.trim_start_matches(' ');
        let whole = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        (scheme.eq_ignore_ascii_case("bearer") && whole).then_some(token)
    }

    /// One valid `Host`; HTTP/1.0 may leave it out (RFC 9112 section 3.2).
    pub(super) fn check_host(&self) -> Result<(), Refusal> {
        let mut values = self.header_all("host");
        match (values.next(), values.next()) {
            (None, _) if self.version == Version::Http10 => Ok(()),
            (None, _) => Err(Refusal::bad_request("the request has no Host")),
            (Some(_), Some(_)) => Err(Refusal::bad_request("the request has more than one Host")),
            (Some(value), None) => match str::from_utf8(value) {
                Ok(host) if is_authority(host) => Ok(()),
                _ => Err(Refusal::bad_request("the Host is malformed")),
            },
        }
    }
}

/// Method, path and version only: the query and the fields may have credentials, which belong in no log.
impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.method_name, self.path, self.version)
    }
}
