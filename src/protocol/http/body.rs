//! How long a body is, and its bytes as they arrive (RFC 9112 section 6).

use super::chunked::Chunked;
use super::head::{Head, Version};
use super::limits::HttpLimits;
use super::method::Method;
use super::refusal::Refusal;

/// How the end of a body is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// There is none.
    Empty,
    /// So many bytes, at least one.
    Length(usize),
    /// Chunks.
    Chunked,
}

impl Framing {
    /// What the head says.
    ///
    /// # Errors
    /// 400 for everything that two readers could understand differently: both or several lengths, a coding in
    /// HTTP/1.0, codings that do not end in chunked; 411, 413 and 501 as their constants say.
    pub fn of(head: &Head<'_>, limits: &HttpLimits) -> Result<Self, Refusal> {
        let mut lengths = head.header_all("content-length");
        let length = lengths.next();
        if lengths.next().is_some() {
            return Err(Refusal::bad_request("the request has more than one Content-Length"));
        }
        let mut codings = head.header_all("transfer-encoding");
        let coding = codings.next();
        if codings.next().is_some() {
            return Err(Refusal::bad_request("the request has more than one Transfer-Encoding"));
        }
        match (length, coding) {
            (Some(_), Some(_)) => {
                Err(Refusal::bad_request("the request has a Content-Length and a Transfer-Encoding"))
            }
            (None, Some(_)) if head.version == Version::Http10 => {
                Err(Refusal::bad_request("HTTP/1.0 has no Transfer-Encoding"))
            }
            (None, Some(coding)) => check_coding(coding).map(|()| Self::Chunked),
            (Some(length), None) => match parse_length(length)? {
                0 => Ok(Self::Empty),
                length => match usize::try_from(length) {
                    Ok(length) if length <= limits.body_bytes_max => Ok(Self::Length(length)),
                    _ => Err(Refusal::BODY_TOO_LARGE),
                },
            },
            (None, None) => {
                let claims_body =
                    head.method.is_some_and(Method::expects_body) && head.header("content-type").is_some();
                if claims_body { Err(Refusal::LENGTH_REQUIRED) } else { Ok(Self::Empty) }
            }
        }
    }
}

/// Digits only: no sign, no space, no list of equal values (RFC 9112 section 6.3 would allow that one, but a proxy
/// in front that reads it otherwise is a door).
fn parse_length(value: &[u8]) -> Result<u64, Refusal> {
    const MALFORMED: Refusal = Refusal::bad_request("the Content-Length is malformed");
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(MALFORMED);
    }
    str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).ok_or(MALFORMED)
}

/// Exactly `chunked`; another coding below it is not implemented, and everything else has no known end.
fn check_coding(value: &[u8]) -> Result<(), Refusal> {
    const UNDELIMITED: Refusal =
        Refusal::bad_request("the Transfer-Encoding does not end in one chunked coding");
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let mut codings = value.rsplit(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let chunked_last = codings.next().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
    let others_known = codings.all(|coding| {
        !coding.is_empty()
            && coding.iter().all(|&byte| super::scan::is_token(byte))
            && !coding.eq_ignore_ascii_case(b"chunked")
            && !coding.eq_ignore_ascii_case(b"identity")
    });
    Err(if chunked_last && others_known { Refusal::CODING_NOT_IMPLEMENTED } else { UNDELIMITED })
}

/// A body of which a part is still to come.
#[derive(Debug)]
pub struct PartialBody {
    /// What arrived, decoded. Grows with it, never from a declared length.
    pub bytes: Vec<u8>,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    Length(usize),
    Chunked(Chunked),
}

impl PartialBody {
    /// A body of so many bytes.
    pub fn length(bytes: usize) -> Self {
        Self { bytes: Vec::new(), rest: Rest::Length(bytes) }
    }

    /// A body in chunks.
    pub fn chunked() -> Self {
        Self { bytes: Vec::new(), rest: Rest::Chunked(Chunked::default()) }
    }

    /// Takes what arrived: how many bytes belonged to the body, and whether it is whole now.
    pub fn feed(&mut self, bytes: &[u8], limits: &HttpLimits) -> Result<(usize, bool), Refusal> {
        match &mut self.rest {
            Rest::Length(missing) => {
                let taken = &bytes[..bytes.len().min(*missing)];
                self.bytes.extend_from_slice(taken);
                *missing -= taken.len();
                Ok((taken.len(), *missing == 0))
            }
            Rest::Chunked(chunked) => chunked.feed(bytes, &mut self.bytes, limits),
        }
    }
}
