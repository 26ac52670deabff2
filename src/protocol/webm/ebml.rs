//! Elements of EBML (RFC 8794): an id, a size, the data.

/// Ids of the elements that are written, with their markers.
pub(super) mod id {
    pub const EBML: u32 = 0x1A45_DFA3;
    pub const EBML_VERSION: u32 = 0x4286;
    pub const EBML_READ_VERSION: u32 = 0x42F7;
    pub const EBML_MAX_ID_LENGTH: u32 = 0x42F2;
    pub const EBML_MAX_SIZE_LENGTH: u32 = 0x42F3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const DOC_TYPE_VERSION: u32 = 0x4287;
    pub const DOC_TYPE_READ_VERSION: u32 = 0x4285;
    pub const VOID: u32 = 0xEC;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const SEEK_HEAD: u32 = 0x114D_9B74;
    pub const SEEK: u32 = 0x4DBB;
    pub const SEEK_ID: u32 = 0x53AB;
    pub const SEEK_POSITION: u32 = 0x53AC;
    pub const INFO: u32 = 0x1549_A966;
    pub const TIMESTAMP_SCALE: u32 = 0x2AD7B1;
    pub const DURATION: u32 = 0x4489;
    pub const DATE_UTC: u32 = 0x4461;
    pub const MUXING_APP: u32 = 0x4D80;
    pub const WRITING_APP: u32 = 0x5741;
    pub const TRACKS: u32 = 0x1654_AE6B;
    pub const TRACK_ENTRY: u32 = 0xAE;
    pub const TRACK_NUMBER: u32 = 0xD7;
    pub const TRACK_UID: u32 = 0x73C5;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const FLAG_DEFAULT: u32 = 0x88;
    pub const FLAG_LACING: u32 = 0x9C;
    pub const NAME: u32 = 0x536E;
    pub const CODEC_ID: u32 = 0x86;
    pub const CODEC_PRIVATE: u32 = 0x63A2;
    pub const CODEC_DELAY: u32 = 0x56AA;
    pub const SEEK_PRE_ROLL: u32 = 0x56BB;
    pub const VIDEO: u32 = 0xE0;
    pub const PIXEL_WIDTH: u32 = 0xB0;
    pub const PIXEL_HEIGHT: u32 = 0xBA;
    pub const AUDIO: u32 = 0xE1;
    pub const SAMPLING_FREQUENCY: u32 = 0xB5;
    pub const CHANNELS: u32 = 0x9F;
    pub const CLUSTER: u32 = 0x1F43_B675;
    pub const TIMESTAMP: u32 = 0xE7;
    pub const SIMPLE_BLOCK: u32 = 0xA3;
    pub const CUES: u32 = 0x1C53_BB6B;
    pub const CUE_POINT: u32 = 0xBB;
    pub const CUE_TIME: u32 = 0xB3;
    pub const CUE_TRACK_POSITIONS: u32 = 0xB7;
    pub const CUE_TRACK: u32 = 0xF7;
    pub const CUE_CLUSTER_POSITION: u32 = 0xF1;
}

/// The size of an element that ends where its parent ends or the file does, in eight bytes.
pub(super) const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// Appends an id.
pub(super) fn push_id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(3);
    out.extend_from_slice(&bytes[first..]);
}

/// Appends a size in as few bytes as it takes.
pub(super) fn push_size(out: &mut Vec<u8>, size: u64) {
    let length = (1..8).find(|length| size < (1 << (7 * length)) - 1).unwrap_or(8);
    let marked = size | 1 << (7 * length);
    out.extend_from_slice(&marked.to_be_bytes()[8 - length..]);
}

/// Appends an element with these bytes.
pub(super) fn push_binary(out: &mut Vec<u8>, id: u32, data: &[u8]) {
    push_id(out, id);
    push_size(out, data.len() as u64);
    out.extend_from_slice(data);
}

/// Appends an element with this number, in as few bytes as it takes.
pub(super) fn push_uint(out: &mut Vec<u8>, id: u32, value: u64) {
    let bytes = value.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    push_binary(out, id, &bytes[first..]);
}

/// Appends an element with this number as eight bytes of a float.
pub(super) fn push_float(out: &mut Vec<u8>, id: u32, value: f64) {
    push_binary(out, id, &value.to_be_bytes());
}

/// Appends an element whose data `fill` makes.
pub(super) fn push_master(out: &mut Vec<u8>, id: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut data = Vec::new();
    fill(&mut data);
    push_binary(out, id, &data);
}

/// Appends an element that says nothing and takes exactly this many bytes, of which there are two at least.
pub(super) fn push_void(out: &mut Vec<u8>, length: usize) {
    push_id(out, id::VOID);
    let data = if length < 9 {
        push_size(out, length as u64 - 2);
        length - 2
    } else {
        // Eight bytes of size, so that every length can be said.
        out.extend_from_slice(&((length as u64 - 9) | 1 << 56).to_be_bytes());
        length - 9
    };
    out.resize(out.len() + data, 0);
}

/// An element's head as it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub id: u32,
    /// Bytes of its data; `None` is not known.
    pub size: Option<u64>,
    /// Bytes of the head itself.
    pub length: usize,
}

/// Reads the head at the begin of these bytes; `None` if it is not whole or is none.
pub(super) fn read_head(bytes: &[u8]) -> Option<Head> {
    let id_length = bytes.first()?.leading_zeros() as usize + 1;
    let id_bytes = bytes.get(..id_length).filter(|_| id_length <= 4)?;
    let id = id_bytes.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let (size, size_length) = read_size(&bytes[id_length..])?;
    Some(Head { id, size, length: id_length + size_length })
}

/// Reads a size, or a track's number, which is written alike; `None` in it is not known.
pub(super) fn read_size(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let read = bytes.get(..length).filter(|_| length <= 8)?;
    let marked = read.iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
    let all = (1 << (7 * length)) - 1;
    let size = marked & all;
    Some(((size != all).then_some(size), length))
}

/// The elements in these bytes, each with its data, as long as they are whole.
pub(super) fn children(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let head = read_head(bytes)?;
        let end = usize::try_from(head.size?).ok()?.checked_add(head.length)?;
        let data = bytes.get(head.length..end)?;
        bytes = &bytes[end..];
        Some((head.id, data))
    })
}

/// A number of up to eight bytes.
pub(super) fn read_uint(data: &[u8]) -> u64 {
    data.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_short_as_they_can_be_and_are_read_back() {
        for (size, length) in [(0, 1), (126, 1), (127, 2), (16_382, 2), (16_383, 3), (1 << 40, 6)] {
            let mut out = Vec::new();
            push_size(&mut out, size);
            assert_eq!((out.len(), read_size(&out)), (length, Some((Some(size), length))));
        }
        assert_eq!(read_size(&UNKNOWN_SIZE), Some((None, 8)));
        assert_eq!(read_size(&[0xFF]), Some((None, 1)));
    }

    #[test]
    fn a_void_takes_exactly_what_it_is_told() {
        for length in (2..300).chain([16_384, 65_000]) {
            let mut out = Vec::new();
            push_void(&mut out, length);
            let head = read_head(&out).expect("an element");
            assert_eq!(out.len(), length);
            assert_eq!((head.id, head.size), (id::VOID, Some((length - head.length) as u64)), "{length}");
        }
    }

    #[test]
    fn heads_that_are_cut_off_or_none_are_not_read() {
        assert_eq!(read_head(&[]), None);
        assert_eq!(read_head(&[0x1F, 0x43, 0xB6]), None);
        assert_eq!(read_head(&[0x00, 0x81]), None);
        assert_eq!(read_head(&[0xA3, 0x40]), None);
    }
}
