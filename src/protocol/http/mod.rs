//! HTTP/1.1 (RFC 9110, RFC 9112), sans-IO: the request reader, what a request head says, and the response writer.
//!
//! It is strict where two readings of one message are possible (request smuggling): such a request is refused
//! and the connection closed.

mod body;
mod chunked;
mod date;
pub mod forwarded;
mod head;
mod limits;
mod method;
pub mod origin;
mod parse;
mod partial_head;
mod range;
mod reader;
mod refusal;
mod response;
mod scan;
mod target;
#[cfg(test)]
mod tests;

pub use date::DateCache;
pub use head::{Head, Version};
pub use limits::{FIELDS_MAX, HttpLimits};
pub use method::Method;
pub use parse::parse_head;
pub use partial_head::{PartialHead, PartialOrigin};
pub use range::range;
pub use reader::{Event, Reading, RequestReader};
pub use refusal::Refusal;
pub use response::{
    CONTINUE, Connection, Described, Response, ResponseContext, reason_phrase, write_head, write_response,
};
pub(in crate::protocol) use scan::is_token;
pub use target::decode_segment;
