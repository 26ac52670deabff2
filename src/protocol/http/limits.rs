//! Bounds of one request.

use crate::base::limits::Limits;

/// Header fields that a head can have at all, whatever the limit says: they are listed on the stack.
pub const FIELDS_MAX: usize = 128;

/// Bounds of one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpLimits {
    /// Bytes of the request line and the header fields together; also of the trailer fields and chunk extensions
    /// of one chunked body.
    pub head_bytes_max: usize,
    /// Header fields; more than [`FIELDS_MAX`] counts as that.
    pub headers_max: usize,
    /// Bytes of the decoded body.
    pub body_bytes_max: usize,
}

impl From<&Limits> for HttpLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            head_bytes_max: limits.header_bytes_max as usize,
            headers_max: limits.headers_max as usize,
            body_bytes_max: limits.message_bytes_max as usize,
        }
    }
}
