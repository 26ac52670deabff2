//! permessage-deflate (RFC 7692), the server's side. Each message is compressed for itself, in both directions: so nothing is
//! kept between messages, one compressed frame is good for every connection that agreed to it, and a connection that is
//! idle has no memory for it.

mod agreement;
mod compress;
mod inflate;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, WindowBits, agree};
pub use compress::Compressor;
pub use inflate::Inflater;

/// The first reserved bit of a frame: its message is compressed (RFC 7692 section 6).
pub const COMPRESSED: u8 = 0x40;

/// What a sync flush ends with: it is not sent, and put back by the receiver (RFC 7692 sections 7.2.1 and 7.2.2).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Larger working space came from a rare large message and is not kept.
const SPACE_BYTES_KEPT: usize = 64 << 10;
