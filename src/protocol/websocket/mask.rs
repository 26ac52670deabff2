//! Masking (RFC 6455 section 5.3).

/// Bytes that are unmasked at once; the compiler makes vector instructions of it.
const BLOCK: usize = 32;

/// Unmasks in place. `offset` is how many bytes of the payload came before these.
pub fn unmask(bytes: &mut [u8], mask: [u8; 4], offset: usize) {
    let mut key = [0; BLOCK];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = mask[(offset + index) % 4];
    }
    let mut blocks = bytes.chunks_exact_mut(BLOCK);
    for block in &mut blocks {
        for (byte, key) in block.iter_mut().zip(&key) {
            *byte ^= key;
        }
    }
    for (byte, key) in blocks.into_remainder().iter_mut().zip(&key) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_byte_meets_its_mask(
            bytes: Vec<u8>,
            mask: [u8; 4],
            offset in 0_usize..1000,
        ) {
            let expected: Vec<u8> =
                bytes.iter().enumerate().map(|(i, byte)| byte ^ mask[(offset + i) % 4]).collect();
            let mut unmasked = bytes;
            unmask(&mut unmasked, mask, offset);
            prop_assert_eq!(unmasked, expected);
        }
    }
}
