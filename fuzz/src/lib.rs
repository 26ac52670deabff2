//! What the fuzz targets share.

pub mod node;

/// Splits an input into the lengths of pieces and the bytes that arrive in them. The lengths are at the end, so that
/// the start of an input stays what a dictionary or a corpus of real bytes says.
pub fn lengths_and_bytes(input: &[u8]) -> (Vec<usize>, &[u8]) {
    const LENGTHS: usize = 8;
    let (bytes, lengths) = input.split_at(input.len().saturating_sub(LENGTHS));
    (lengths.iter().map(|length| 1 + usize::from(*length)).collect(), bytes)
}

/// The bytes in pieces of these lengths, again and again; whole if there are none.
pub fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min(*length));
        pieces.push(piece);
        bytes = rest;
    }
    if !bytes.is_empty() {
        pieces.push(bytes);
    }
    pieces
}
