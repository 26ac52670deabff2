//! Frames made smaller.

use super::{COMPRESSED, SPACE_BYTES_KEPT, TAIL, WindowBits};
use crate::protocol::websocket::writer;
use flate2::{Compress, Compression, FlushCompress};

/// A message below this is hardly made smaller.
const WORTH_BYTES_MIN: usize = 64;

/// A message above this is sent as it is: to compress it would take a turn more than a millisecond.
const WORTH_BYTES_MAX: usize = 64 << 10;

/// The quickest level: a frame costs some ten microseconds for 1 KiB, which one subscriber has to be worth.
const LEVEL: u32 = 1;

/// The least window that the library knows for raw DEFLATE.
const LIBRARY_BITS_MIN: u8 = 9;

/// Windows that the library knows.
const WINDOWS: usize = (WindowBits::MAX.get() - LIBRARY_BITS_MIN + 1) as usize;

/// Compresses frames, one after the other and each for itself. Its memory, some 300 KiB for each window that anybody
/// asked for, is made when the first frame needs it.
#[derive(Default)]
pub struct Compressor {
    windows: [Option<Compress>; WINDOWS],
    /// The compressed payload, kept between frames.
    packed: Vec<u8>,
}

impl Compressor {
    /// Puts the compressed frame into the place of the one in `frame`, whole and unmasked as [`writer`] writes it. Leaves it as
    /// it is, which every client understands, where compression is not worth it.
    pub fn pack(&mut self, frame: &mut Vec<u8>, window: WindowBits) {
        let Some((&first, payload)) = frame.first().zip(writer::payload(frame)) else { return };
        // With a window of 256 bytes a message that is no longer has nothing further back to refer to.
        let fits = window > WindowBits::MIN || payload.len() <= 1 << WindowBits::MIN.get();
        if !fits || !(WORTH_BYTES_MIN..=WORTH_BYTES_MAX).contains(&payload.len()) {
            return;
        }
        let bits = window.get().max(LIBRARY_BITS_MIN);
        let compress = self.windows[usize::from(bits - LIBRARY_BITS_MIN)]
            .get_or_insert_with(|| Compress::new_with_window_bits(Compression::new(LEVEL), false, bits));
        compress.reset();
        self.packed.clear();
        self.packed.reserve(payload.len());
        let done = compress.compress_vec(payload, &mut self.packed, FlushCompress::Sync).is_ok()
            && compress.total_in() == payload.len() as u64;
        // A flush that found too little room is not at its end.
        if let Some(packed) =
            self.packed.strip_suffix(&TAIL).filter(|packed| done && packed.len() < payload.len())
        {
            frame.clear();
            writer::write_header(frame, first | COMPRESSED, packed.len());
            frame.extend_from_slice(packed);
        }
        if self.packed.capacity() > SPACE_BYTES_KEPT {
            self.packed = Vec::new();
        }
    }
}
