//! Responses and how they are written.

use super::date::DateCache;
use std::io::Write;

/// What is written for [`super::Event::Continue`] (RFC 9110 section 10.1.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A response before it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// `Content-Type`; empty sends none.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A JSON body.
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, content_type: "application/json", body }
    }

    /// A plain text body.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into().into_bytes() }
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        Self { status, content_type: "", body: Vec::new() }
    }
}

/// What a response says of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connection {
    /// It stays; HTTP/1.1 need not say so.
    Keep,
    /// It stays, and HTTP/1.0 has to be told.
    KeepStated,
    /// It is closed after this response.
    Close,
}

/// What a response depends on beside itself.
#[derive(Clone, Copy, Debug)]
pub struct ResponseContext<'a> {
    /// The request was HEAD: lengths are those of the body, but no body is sent.
    pub head_only: bool,
    /// What becomes of the connection.
    pub connection: Connection,
    /// Wall clock, seconds since 1970, for `Date`.
    pub unix_s: u64,
    /// More header fields (CORS, `Allow`, `WWW-Authenticate`, `Retry-After`, [`super::Refusal::fields`]). One with a
    /// control character is left out: it would end the field early.
    pub fields: &'a [(&'a str, &'a str)],
}

/// What the head of a response says of its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Described {
    /// Status code.
    pub status: u16,
    /// `Content-Type`; empty sends none.
    pub content_type: &'static str,
    /// Bytes of the body.
    pub length: u64,
}

/// Appends a response: status line, `Date`, the given fields, `Connection` where it matters, `Content-Type`,
/// `Content-Length`, body. 204 and 304 have no body and no length (RFC 9110 sections 8.6, 15.3.5, 15.4.5).
pub fn write_response(
    out: &mut Vec<u8>,
    response: &Response,
    context: &ResponseContext<'_>,
    dates: &mut DateCache,
) {
    let bodiless = matches!(response.status, 204 | 304);
    out.reserve(256 + if context.head_only { 0 } else { response.body.len() });
    let Response { status, content_type, ref body } = *response;
    write_head(out, Described { status, content_type, length: body.len() as u64 }, context, dates);
    if !bodiless && !context.head_only {
        out.extend_from_slice(body);
    }
}

/// Appends a response up to its body, which follows or does not.
pub fn write_head(
    out: &mut Vec<u8>,
    described: Described,
    context: &ResponseContext<'_>,
    dates: &mut DateCache,
) {
    let Described { status, content_type, length } = described;
    // Writing to a vector cannot fail.
    let _ = write!(out, "HTTP/1.1 {status} {}\r\nDate: ", reason_phrase(status));
    out.extend_from_slice(dates.text(context.unix_s));
    out.extend_from_slice(b"\r\n");
    for (name, value) in context.fields {
        push_field(out, name, value);
    }
    match context.connection {
        Connection::Keep => {}
        Connection::KeepStated => push_field(out, "Connection", "keep-alive"),
        Connection::Close => push_field(out, "Connection", "close"),
    }
    if !matches!(status, 204 | 304) {
        if !content_type.is_empty() {
            push_field(out, "Content-Type", content_type);
        }
        let _ = write!(out, "Content-Length: {length}\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn push_field(out: &mut Vec<u8>, name: &str, value: &str) {
    if name.bytes().chain(value.bytes()).any(|byte| byte.is_ascii_control()) {
        return;
    }
    for part in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// The usual phrase of a status; empty for one that this server never sends.
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(response: &Response, context: ResponseContext<'_>) -> String {
        let mut out = Vec::new();
        write_response(&mut out, response, &context, &mut DateCache::default());
        String::from_utf8(out).unwrap()
    }

    const PLAIN: ResponseContext<'static> =
        ResponseContext { head_only: false, connection: Connection::Keep, unix_s: 784_111_777, fields: &[] };

    #[test]
    fn a_body_has_its_date_type_and_length() {
        assert_eq!(
            written(&Response::json(200, b"{}".to_vec()), PLAIN),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }

    #[test]
    fn head_has_the_length_but_not_the_body() {
        let text = written(&Response::text(200, "hello"), ResponseContext { head_only: true, ..PLAIN });
        assert!(text.contains("Content-Length: 5\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    }

    #[test]
    fn no_content_has_neither_length_nor_body() {
        for status in [204, 304] {
            let response = Response { body: b"x".to_vec(), ..Response::empty(status) };
            let text = written(&response, PLAIN);
            assert!(!text.contains("Content-Length") && text.ends_with("\r\n\r\n"), "{text}");
        }
        assert!(written(&Response::empty(200), PLAIN).contains("Content-Length: 0\r\n"));
    }

    #[test]
    fn the_connection_is_spoken_of_where_it_matters() {
        let with = |connection| written(&Response::empty(200), ResponseContext { connection, ..PLAIN });
        assert!(!with(Connection::Keep).contains("Connection"));
        assert!(with(Connection::KeepStated).contains("\r\nConnection: keep-alive\r\n"));
        assert!(with(Connection::Close).contains("\r\nConnection: close\r\n"));
    }

    #[test]
    fn a_field_cannot_split_the_response() {
        let fields = [("Allow", "GET, HEAD"), ("X-Bad", "a\r\nSet-Cookie: b"), ("X\nY", "c")];
        let text = written(&Response::empty(405), ResponseContext { fields: &fields, ..PLAIN });
        assert!(text.contains("\r\nAllow: GET, HEAD\r\n"));
        assert!(!text.contains("Set-Cookie") && !text.contains("X\nY"), "{text}");
    }
}
