//! What a key frame says of the pictures that follow it.

use super::track::Codec;

/// How large pictures are, and what else their decoder is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `CodecPrivate`; empty if there is none.
    pub private: Vec<u8>,
}

/// Whether a frame can be decoded without those before it. `codec` is one of pictures; only its kind matters.
pub fn is_key_frame(codec: &Codec, frame: &[u8]) -> bool {
    match codec {
        Codec::Opus { .. } => true,
        Codec::Vp8(_) => vp8(frame).is_some(),
        Codec::Vp9(_) => vp9(frame).is_some(),
        Codec::Av1(_) => av1(frame).is_some(),
    }
}

/// What a key frame says; `None` if it is none. `codec` is one of pictures; only its kind matters.
pub fn picture(codec: &Codec, frame: &[u8]) -> Option<Picture> {
    match codec {
        Codec::Opus { .. } => None,
        Codec::Vp8(_) => vp8(frame),
        Codec::Vp9(_) => vp9(frame),
        Codec::Av1(_) => av1(frame),
    }
    .filter(|picture| picture.width > 0 && picture.height > 0)
}

/// RFC 6386 section 9.1.
fn vp8(frame: &[u8]) -> Option<Picture> {
    let head: &[u8; 10] = frame.first_chunk()?;
    if head[0] & 1 != 0 || head[3..6] != [0x9D, 0x01, 0x2A] {
        return None;
    }
    // The two upper bits scale what is shown.
    let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    Some(Picture { width: side(head[6], head[7]), height: side(head[8], head[9]), private: Vec::new() })
}

/// Section 6.2 of VP9's bitstream specification. The private data is that of webmproject.org's page on VP9 in WebM.
fn vp9(frame: &[u8]) -> Option<Picture> {
    let mut bits = Bits::new(frame);
    if bits.take(2)? != 2 {
        return None;
    }
    let (low, high) = (bits.take(1)?, bits.take(1)?);
    let profile = high << 1 | low;
    if profile == 3 {
        bits.take(1)?;
    }
    let (shows_existing, is_inter) = (bits.take(1)?, bits.take(1)?);
    if shows_existing != 0 || is_inter != 0 {
        return None;
    }
    bits.take(2)?;
    if bits.take(24)? != 0x0049_8342 {
        return None;
    }
    let depth = if profile >= 2 { 10 + 2 * bits.take(1)? } else { 8 };
    let mut subsampling = 1;
    let is_rgb = bits.take(3)? == 7;
    if !is_rgb {
        bits.take(1)?;
    }
    if profile == 1 || profile == 3 {
        if !is_rgb {
            let (x, y) = (bits.take(1)?, bits.take(1)?);
            subsampling = if x == 0 { 3 } else { 2 - y };
        } else {
            subsampling = 3;
        }
        bits.take(1)?;
    }
    let (width, height) = (bits.take(16)? + 1, bits.take(16)? + 1);
    let private = vec![1, 1, profile as u8, 3, 1, depth as u8, 4, 1, subsampling as u8];
    Some(Picture { width, height, private })
}

/// OBU types of AV1 (section 6.2.2 of its specification).
const SEQUENCE_HEADER: u8 = 1;

/// The sequence header, which every key frame of a stream comes with; `av1C` is made of it (section 2.3 of AV1 in ISOBMFF,
/// which WebM takes over).
fn av1(frame: &[u8]) -> Option<Picture> {
    let mut rest = frame;
    while let Some((obu, payload, after)) = next_obu(rest) {
        if obu[0] >> 3 & 15 == SEQUENCE_HEADER {
            return sequence_header(obu, payload);
        }
        rest = after;
    }
    None
}

/// The next OBU with its head, its payload, and what comes after it. Without a size it takes all there is.
fn next_obu(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let first = *bytes.first()?;
    let mut at = 1 + usize::from(first >> 2 & 1);
    let mut size = bytes.len().checked_sub(at)?;
    if first & 2 != 0 {
        size = 0;
        for shift in 0..8 {
            let byte = *bytes.get(at)?;
            at += 1;
            size |= usize::from(byte & 0x7F) << (7 * shift);
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    let end = at.checked_add(size)?;
    Some((bytes.get(..end)?, bytes.get(at..end)?, bytes.get(end..)?))
}

/// Section 5.5.1, as far as the size of the pictures. Streams with timing information are of no camera in a browser; they
/// are read as far as their profile.
fn sequence_header(obu: &[u8], payload: &[u8]) -> Option<Picture> {
    let mut bits = Bits::new(payload);
    let profile = bits.take(3)?;
    bits.take(1)?;
    let (level, tier);
    if bits.take(1)? != 0 {
        (level, tier) = (bits.take(5)?, 0);
    } else {
        if bits.take(1)? != 0 {
            return None;
        }
        let shows_delay = bits.take(1)?;
        let points = bits.take(5)? + 1;
        let mut first = None;
        for _ in 0..points {
            bits.take(12)?;
            let level = bits.take(5)?;
            let tier = if level > 7 { bits.take(1)? } else { 0 };
            first.get_or_insert((level, tier));
            if shows_delay != 0 && bits.take(1)? != 0 {
                bits.take(4)?;
            }
        }
        (level, tier) = first?;
    }
    let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
    let (width, height) = (bits.take(width_bits)? + 1, bits.take(height_bits)? + 1);
    // 8 bits a sample, 4:2:0 in its usual place, which is what browsers send in profile 0.
    let subsampling = if profile == 1 { 0 } else { 0b1100 };
    let mut private = vec![0x81, (profile << 5 | level) as u8, (tier << 7) as u8 | subsampling, 0];
    private.extend_from_slice(obu);
    Some(Picture { width, height, private })
}

/// Bits from the highest on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits, 32 at most.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> Picture {
        Picture { width: 0, height: 0, private: Vec::new() }
    }

    fn sides(found: Option<Picture>) -> Option<(u32, u32)> {
        found.map(|picture| (picture.width, picture.height))
    }

    #[test]
    fn a_key_frame_of_vp8_says_its_size() {
        let frame = [0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0xE0, 0x01, 0x00];
        let codec = Codec::Vp8(unknown());
        assert_eq!(sides(picture(&codec, &frame)), Some((640, 480)));
        let mut inter = frame;
        inter[0] |= 1;
        assert_eq!(picture(&codec, &inter), None);
        assert_eq!(picture(&codec, &frame[..9]), None);
    }

    #[test]
    fn a_key_frame_of_vp9_says_its_size_and_profile() {
        // Profile 0, shown, error resilient off; the sync code; BT.601, studio; 640 by 360.
        let frame = [0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xF0, 0x16, 0x70];
        let codec = Codec::Vp9(unknown());
        let found = picture(&codec, &frame).expect("a key frame");
        assert_eq!((found.width, found.height), (640, 360));
        assert_eq!(found.private, [1, 1, 0, 3, 1, 8, 4, 1, 1]);
        assert_eq!(picture(&codec, &[0x86, 0x49, 0x83, 0x42]), None, "an inter frame");
        for length in 0..frame.len() {
            assert_eq!(picture(&codec, &frame[..length]), None);
        }
    }

    #[test]
    fn a_key_frame_of_av1_comes_with_its_sequence() {
        // A temporal delimiter, a sequence header of profile 0, level 8, 640 by 360, and the begin of a frame.
        let sequence = [0x0A, 0x08, 0x00, 0x00, 0x00, 0x42, 0x62, 0x7F, 0xB3, 0x80];
        let frame = [&[0x12, 0x00][..], &sequence, &[0x32, 0x01, 0x10]].concat();
        let codec = Codec::Av1(unknown());
        let found = picture(&codec, &frame).expect("a key frame");
        assert_eq!(found.private[..4], [0x81, 0x08, 0x0C, 0x00]);
        assert_eq!(found.private[4..], sequence);
        assert_eq!((found.width, found.height), (640, 360));
        assert!(!is_key_frame(&codec, &[0x12, 0x00, 0x32, 0x01, 0x10]));
    }
}
