//! Where the plain part of a JSON text ends: at a quote, a backslash or a control character. Every text that is read passes
//! through here, so it looks at sixteen bytes at a time.

#![allow(unsafe_code, reason = "vector instructions of the CPU; the block says why they are there")]

/// Bytes that are looked at together.
const BLOCK_BYTES: usize = 16;

/// The place of the first byte, from `from` on, that is a quote, a backslash or a control character; the length if none is.
#[inline]
pub fn end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = special(*block);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += BLOCK_BYTES;
    }
    if at >= bytes.len() {
        return at;
    }
    // What is left is looked at as the end of the last block, or before plain bytes that fill a block up.
    let (block, passed) = match bytes.last_chunk() {
        Some(last) => (*last, at + BLOCK_BYTES - bytes.len()),
        None => (filled(&bytes[at..]), 0),
    };
    let found = special(block) >> passed;
    if found == 0 { bytes.len() } else { at + found.trailing_zeros() as usize }
}

fn filled(few: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [b' '; BLOCK_BYTES];
    block[..few.len()].copy_from_slice(few);
    block
}

/// Which bytes of a block end what is plain, the first one lowest.
#[cfg(target_arch = "x86_64")]
#[inline]
fn special(block: [u8; BLOCK_BYTES]) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let word = u128::from_le_bytes(block);
    // SAFETY: these need SSE2 and nothing else, and every CPU of this architecture has it.
    unsafe {
        let bytes = _mm_set_epi64x((word >> 64) as i64, word as i64);
        let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
        let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)) as u32
    }
}

/// Which bytes of a block end what is plain, the first one lowest.
#[cfg(not(target_arch = "x86_64"))]
fn special(block: [u8; BLOCK_BYTES]) -> u32 {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    block.iter().rev().fold(0, |bits, byte| bits << 1 | u32::from(is_special(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_byte_at_each_place_is_seen() {
        for length in 0..50 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'a'; length];
                    bytes[place] = byte;
                    let is_special = byte < b' ' || byte == b'"' || byte == b'\\';
                    let expected = if is_special { place } else { length };
                    assert_eq!(end(&bytes, 0), expected, "{byte} at {place} of {length}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_what_a_look_at_each_byte_finds(bytes in prop::collection::vec(b' '..b'~', 0..80), from in 0_usize..80) {
            let from = from.min(bytes.len());
            let plain = bytes[from..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(end(&bytes, from), from + plain.count());
        }
    }
}
