//! Why a request is refused.

/// A request that is not served. It is answered with this status and the connection is closed, because what
/// follows on it can no longer be told apart from its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Status code of the answer.
    pub status: u16,
    /// What is wrong, for the person who meets it.
    pub reason: &'static str,
}

impl Refusal {
    /// 411: the request seems to have a body but does not say how long it is (RFC 9110 section 15.5.12).
    pub const LENGTH_REQUIRED: Self =
        Self::new(411, "a request with a body must say its length: send Content-Length or a chunked body");
    /// 413: the body is over the limit (RFC 9110 section 15.5.14).
    pub const BODY_TOO_LARGE: Self = Self::new(413, "the body is larger than this server accepts");
    /// 414: the request line alone is over the limit of the head (RFC 9110 section 15.5.15).
    pub const TARGET_TOO_LONG: Self = Self::new(414, "the request line is longer than this server accepts");
    /// 415: the body is encoded (RFC 9110 section 15.5.16).
    pub const CONTENT_ENCODED: Self =
        Self::new(415, "a body is taken only as it is: send it without a Content-Encoding");
    /// 417: an expectation other than 100-continue (RFC 9110 section 10.1.1).
    pub const EXPECTATION_FAILED: Self = Self::new(417, "the only expectation that is met is 100-continue");
    /// 426: not a WebSocket upgrade of version 13 (RFC 6455 section 4.2.2).
    pub const UPGRADE_REQUIRED: Self = Self::new(426, "this path speaks WebSocket, version 13");
    /// 431: the head is over a limit (RFC 6585 section 5).
    pub const HEAD_TOO_LARGE: Self = Self::new(431, "the header fields are larger than this server accepts");
    /// 431: too many header fields.
    pub const TOO_MANY_FIELDS: Self =
        Self::new(431, "the request has more header fields than this server accepts");
    /// 501: a transfer coding other than chunked (RFC 9112 section 6.1).
    pub const CODING_NOT_IMPLEMENTED: Self =
        Self::new(501, "the only transfer coding that is understood is chunked");
    /// 505: neither HTTP/1.0 nor HTTP/1.1.
    pub const VERSION_NOT_SUPPORTED: Self = Self::new(505, "this server speaks HTTP/1.1");

    /// A refusal.
    pub const fn new(status: u16, reason: &'static str) -> Self {
        Self { status, reason }
    }

    /// 400 with its reason.
    pub const fn bad_request(reason: &'static str) -> Self {
        Self::new(400, reason)
    }

    /// Header fields that the answer must carry beside the usual ones.
    pub fn fields(&self) -> &'static [(&'static str, &'static str)] {
        match self.status {
            // RFC 9110 section 15.5.22 and RFC 6455 section 4.4.
            426 => &[("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")],
            // Only the upgrade refuses a method here, and it has one.
            405 => &[("Allow", "GET")],
            // RFC 9110 section 12.5.3: the codings that would have been taken.
            415 => &[("Accept-Encoding", "identity")],
            _ => &[],
        }
    }
}
