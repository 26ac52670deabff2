//! HTTP/1.1 (RFC 9110, RFC 9112), sans-IO.

/// A request method that some endpoint may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// RFC 9110 section 9.3.1.
    Get,
    /// RFC 9110 section 9.3.2.
    Head,
    /// RFC 9110 section 9.3.3.
    Post,
    /// RFC 9110 section 9.3.4.
    Put,
    /// RFC 5789.
    Patch,
    /// RFC 9110 section 9.3.5.
    Delete,
    /// RFC 9110 section 9.3.7.
    Options,
}

/// A request line and headers.
pub struct Head<'a> {
    _todo: &'a (),
}

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
