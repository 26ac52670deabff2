//! What a value takes of the heap.

/// Bytes in front of what an `Arc` shares.
const COUNTS_BYTES: usize = 2 * size_of::<usize>();

/// Bytes that the allocator takes for so many: it has four sizes from a power of two to the next (mimalloc).
pub const fn allocated(bytes: usize) -> usize {
    if bytes <= 64 {
        bytes.next_multiple_of(16)
    } else {
        bytes.next_multiple_of(bytes.next_power_of_two() / 8)
    }
}

/// Bytes that a shared text or slice of so many takes.
pub const fn shared(bytes: usize) -> usize {
    allocated(COUNTS_BYTES + bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_a_quarter_of_a_power_apart() {
        let sizes = [0, 1, 16, 17, 64, 65, 80, 81, 128, 129, 4_096, 4_097].map(allocated);
        assert_eq!(sizes, [0, 16, 16, 32, 64, 80, 80, 96, 128, 160, 4_096, 5_120]);
        assert_eq!(shared(1), 32);
    }
}
