//! Encrypted records on their way to the kernel: one buffer for all sockets of a core, empty between two of them.

use rustls::unbuffered::{EncodeError, EncryptError};

/// Bytes of plain text that are encrypted before the kernel is asked to take them: four of the largest records.
pub(super) const PLAIN_BYTES_MAX: usize = 64 << 10;

/// What encryption adds to that at most: each record has a head, a type and a tag, and TLS 1.2 a nonce.
const OVERHEAD_BYTES: usize = 256;

/// The one buffer of a core in which records are made.
pub(super) struct Records {
    bytes: Vec<u8>,
    filled: usize,
}

impl Records {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), filled: 0 }
    }

    /// What is to be written.
    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Nothing is to be written any more.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Appends the records that a step of a handshake gives.
    pub(super) fn encode(&mut self, mut step: impl FnMut(&mut [u8]) -> Result<usize, EncodeError>) {
        loop {
            match step(self.room()) {
                Ok(count) => return self.filled += count,
                Err(EncodeError::InsufficientSize(needed)) => self.make_room(needed.required_size),
                // It was taken before, so nothing is left to do.
                Err(EncodeError::AlreadyEncoded) => return,
            }
        }
    }

    /// Appends what an encryption gives. False if the session's keys are used up.
    pub(super) fn encrypt(&mut self, mut step: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>) -> bool {
        loop {
            match step(self.room()) {
                Ok(count) => {
                    self.filled += count;
                    return true;
                }
                Err(EncryptError::InsufficientSize(needed)) => self.make_room(needed.required_size),
                Err(EncryptError::EncryptExhausted) => return false,
            }
        }
    }

    fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    fn make_room(&mut self, bytes: usize) {
        self.bytes.resize(self.filled + bytes.max(PLAIN_BYTES_MAX + OVERHEAD_BYTES), 0);
    }
}
