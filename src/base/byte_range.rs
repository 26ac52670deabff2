//! A part of something long, as it is asked for before its length is known.

use std::ops::Range;

/// Some of the bytes of something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteRange {
    /// From this one on, up to the other one, which is in it, or to the end.
    From(u64, Option<u64>),
    /// So many of the last.
    Last(u64),
}

impl ByteRange {
    /// Which bytes that is of so many; `None` if it is none of them.
    pub fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_the_thing_does() {
        for (asked, of_ten) in [
            (ByteRange::From(0, None), Some(0..10)),
            (ByteRange::From(3, Some(3)), Some(3..4)),
            (ByteRange::From(9, Some(u64::MAX)), Some(9..10)),
            (ByteRange::From(10, None), None),
            (ByteRange::From(u64::MAX, Some(u64::MAX)), None),
            (ByteRange::Last(4), Some(6..10)),
            (ByteRange::Last(u64::MAX), Some(0..10)),
            (ByteRange::Last(0), None),
        ] {
            assert_eq!(asked.within(10), of_ten, "{asked:?}");
            assert_eq!(asked.within(0), None, "{asked:?} of nothing");
        }
    }
}
