//! The receive buffers of one core, shared by all its sockets: the kernel takes one when bytes are there, the
//! core gives it back when it has read them. An idle connection has none.

use io_uring::types::BufRingEntry;
use io_uring::{IoUring, types};
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

/// Buffers of a core; a power of two. When all are taken, the kernel ends a receive with `ENOBUFS` and it is
/// asked again.
pub const BUFFERS: u16 = 256;
/// Bytes of a buffer. Small messages touch one page of each, so the resident size is a quarter of the whole
/// unless large messages come, and these cost few completions.
pub const BUFFER_BYTES: usize = 16 << 10;

/// The one buffer group of a ring.
pub const GROUP: u16 = 0;

/// A pool of equal buffers, registered with one ring.
pub struct Buffers {
    memory: Mapping,
    entries: Mapping,
    tail: u16,
    out: Out,
}

/// The buffers that the core has: the kernel gave them out, and they were not given back. A buffer that were given back
/// twice would be filled for two sockets at once, and one client would read another's bytes.
#[derive(Clone)]
struct Out([u64; BUFFERS as usize / 64]);

impl Out {
    /// Every buffer, as before the first is given to the kernel.
    fn all() -> Self {
        Self([u64::MAX; BUFFERS as usize / 64])
    }

    /// The core has this one from now on.
    fn take(&mut self, id: u16) {
        assert!(id < BUFFERS, "the kernel names only buffers it was given");
        let bit = 1 << (id % 64);
        let word = &mut self.0[usize::from(id / 64)];
        assert!(*word & bit == 0, "the kernel fills a buffer once before it is given back");
        *word |= bit;
    }

    /// The core has it no more.
    fn give_back(&mut self, id: u16) {
        let bit = 1 << (id % 64);
        let word = &mut self.0[usize::from(id / 64)];
        assert!(*word & bit != 0, "a buffer is given back once");
        *word &= !bit;
    }
}

impl Buffers {
    /// Bytes of the ring through which buffers are given to the kernel.
    pub fn ring_bytes() -> u64 {
        u64::from(BUFFERS) * size_of::<BufRingEntry>() as u64
    }

    /// Maps the buffers and registers them with `ring`. They must be unregistered before they are dropped.
    pub fn register(ring: &IoUring) -> io::Result<Self> {
        let memory = Mapping::new(usize::from(BUFFERS) * BUFFER_BYTES)?;
        let entries = Mapping::new(usize::from(BUFFERS) * size_of::<BufRingEntry>())?;
        let address = entries.start.as_ptr() as u64;
        // SAFETY: the mapping is page-aligned, has room for BUFFERS entries, and lives in `Self`, which is
        // dropped only after `unregister`.
        unsafe { ring.submitter().register_buf_ring_with_flags(address, BUFFERS, GROUP, 0)? };
        let mut buffers = Self { memory, entries, tail: 0, out: Out::all() };
        for id in 0..BUFFERS {
            buffers.give_back(id);
        }
        buffers.publish();
        Ok(buffers)
    }

    /// Ends the registration: the kernel takes no buffer after this.
    pub fn unregister(&self, ring: &IoUring) {
        // A failure means that there was no registration, which is what is wanted.
        let _ = ring.submitter().unregister_buf_ring(GROUP);
    }

    /// A completion names this buffer: it is the core's until it is given back.
    pub fn take(&mut self, id: u16) {
        self.out.take(id);
    }

    /// The first `count` bytes of a buffer that a completion named and that was not given back yet.
    pub fn bytes(&mut self, id: u16, count: usize) -> &mut [u8] {
        assert!(id < BUFFERS && count <= BUFFER_BYTES, "the kernel names only buffers it was given");
        // SAFETY: the range lies within the mapping. The kernel wrote the buffer before it posted the completion
        // and does not touch it again until it is given back, which needs `&mut self`.
        unsafe {
            let start = self.memory.start.as_ptr().add(usize::from(id) * BUFFER_BYTES);
            std::slice::from_raw_parts_mut(start, count)
        }
    }

    /// The core has read this buffer. The kernel learns of it with the next `publish`.
    ///
    /// # Panics
    /// The core does not have it.
    pub fn give_back(&mut self, id: u16) {
        assert!(id < BUFFERS, "the kernel names only buffers it was given");
        self.out.give_back(id);
        let slot = usize::from(self.tail & (BUFFERS - 1));
        // SAFETY: `slot` is below BUFFERS, so the entry lies within the mapping, and the kernel reads it only
        // after the tail was published past it. Only its address, length and id are written: the last two
        // bytes of entry 0 are the tail itself.
        unsafe {
            let entry = &mut *self.entries.start.as_ptr().cast::<BufRingEntry>().add(slot);
            entry.set_addr(self.memory.start.as_ptr().add(usize::from(id) * BUFFER_BYTES) as u64);
            entry.set_len(BUFFER_BYTES as u32);
            entry.set_bid(id);
        }
        self.tail = self.tail.wrapping_add(1);
    }

    /// Shows the kernel all buffers given back so far.
    pub fn publish(&mut self) {
        // SAFETY: the start of the mapping is the first entry of the registered ring, whose reserved field is
        // the tail, aligned for 16 bits; the kernel only reads it.
        unsafe {
            let tail = types::BufRingEntry::tail(self.entries.start.as_ptr().cast());
            (*tail.cast::<AtomicU16>()).store(self.tail, Ordering::Release);
        }
    }
}

/// Anonymous memory of the kernel's own page size, in small pages: what was never touched is not resident.
struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    fn new(bytes: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice overlaps nothing.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // Huge pages would make a buffer of which 64 bytes are used cost 2 MiB. Kernels without them refuse
        // the advice, which is as good.
        // SAFETY: the range is the mapping just made.
        unsafe { libc::madvise(start, bytes, libc::MADV_NOHUGEPAGE) };
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Self { start, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `new` and nobody holds a reference into it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::core::ring::Ring;

    #[test]
    #[should_panic(expected = "given back once")]
    fn a_buffer_given_back_twice_is_noticed() {
        let mut ring = Ring::new().expect("io_uring is allowed where the tests run");
        ring.buffers.take(7);
        ring.buffers.give_back(7);
        ring.buffers.give_back(7);
    }

    #[test]
    #[should_panic(expected = "fills a buffer once")]
    fn a_buffer_filled_twice_is_noticed() {
        let mut out = Out([0; BUFFERS as usize / 64]);
        out.take(BUFFERS - 1);
        out.take(BUFFERS - 1);
    }
}
