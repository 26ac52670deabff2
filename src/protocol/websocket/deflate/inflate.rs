//! Messages of clients, as they were before they were compressed.

use super::{SPACE_BYTES_KEPT, TAIL};
use crate::protocol::websocket::Violation;
use flate2::{Decompress, FlushDecompress, Status};

/// Ends of a stream within one message (RFC 7692 section 7.2.3.4): each makes a new beginning, which costs more than its bytes.
const ENDS_MAX: u32 = 16;

/// Room for a message at first.
const ROOM_BYTES_MIN: usize = 1 << 10;

/// Inflates messages, one after the other and each for itself. Its memory, some 40 KiB, is made for the first one.
#[derive(Default)]
pub struct Inflater {
    state: Option<Decompress>,
    /// The message, kept between messages.
    pub(super) message: Vec<u8>,
}

impl Inflater {
    /// The message whose compressed payload this is; `None` if it has more than `bytes_max` bytes, of which
    /// no more is made than fits into the room that there is.
    ///
    /// # Errors
    /// The payload is not DEFLATE.
    pub fn inflate(&mut self, payload: &[u8], bytes_max: usize) -> Result<Option<&[u8]>, Violation> {
        let state = self.state.get_or_insert_with(|| Decompress::new(false));
        state.reset(false);
        self.message.clear();
        self.message.shrink_to(SPACE_BYTES_KEPT);
        let room = payload.len().saturating_mul(4).max(ROOM_BYTES_MIN);
        self.message.reserve(room.min(bytes_max.saturating_add(1)));
        let mut ends = 0;
        for mut input in [payload, &TAIL] {
            // What is full may be owed something though all of the input is used.
            while !input.is_empty() || self.message.len() == self.message.capacity() {
                if self.message.len() > bytes_max {
                    return Ok(None);
                }
                if self.message.len() == self.message.capacity() {
                    let left = bytes_max + 1 - self.message.len();
                    self.message.reserve_exact(left.min(self.message.capacity().max(ROOM_BYTES_MIN)));
                }
                let (before, had) = (state.total_in(), self.message.len());
                let status = state.decompress_vec(input, &mut self.message, FlushDecompress::Sync);
                let status = status.map_err(|_| Violation::NOT_DEFLATE)?;
                let used = (state.total_in() - before) as usize;
                input = input.get(used..).unwrap_or_default();
                if status == Status::StreamEnd {
                    ends += 1;
                    if ends > ENDS_MAX {
                        return Err(Violation::NOT_DEFLATE);
                    }
                    state.reset(false);
                } else if used == 0 && self.message.len() == had {
                    break;
                }
            }
        }
        Ok((self.message.len() <= bytes_max).then_some(&self.message))
    }
}
