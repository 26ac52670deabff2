//! Which part of something a request asks for (RFC 9110 section 14.2).

use super::head::Head;
use super::method::Method;
use crate::base::byte_range::ByteRange;

/// The part that a request asks for; `None` is all of it. What is malformed, is of another unit or names several parts asks for all,
/// as the RFC allows; so does a part of something else than what has this entity tag (section 13.1.5).
pub fn range(head: &Head<'_>, tag: &str) -> Option<ByteRange> {
    if head.method != Some(Method::Get)
        || head.header("if-range").is_some_and(|known| known != tag.as_bytes())
    {
        return None;
    }
    let mut values = head.header_all("range");
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    parse(str::from_utf8(value).ok()?)
}

fn parse(value: &str) -> Option<ByteRange> {
    let (unit, part) = value.split_once('=')?;
    let (first, last) = part.trim_matches([' ', '\t']).split_once('-')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", last) => Some(ByteRange::Last(position(last)?)),
        (first, "") => Some(ByteRange::From(position(first)?, None)),
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            (first <= last).then_some(ByteRange::From(first, Some(last)))
        }
    }
}

/// One too large for a number is beyond every end.
fn position(digits: &str) -> Option<u64> {
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_understood_and_everything_else_asks_for_all() {
        for (value, asked) in [
            ("bytes=0-", Some(ByteRange::From(0, None))),
            ("Bytes=5-5", Some(ByteRange::From(5, Some(5)))),
            ("bytes=-7", Some(ByteRange::Last(7))),
            ("bytes= 1-2 ", Some(ByteRange::From(1, Some(2)))),
            ("bytes=99999999999999999999999-", Some(ByteRange::From(u64::MAX, None))),
            ("bytes=2-1", None),
            ("bytes=0-1,3-4", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("bytes=1", None),
            ("bytes", None),
            ("lines=1-2", None),
            ("", None),
        ] {
            assert_eq!(parse(value), asked, "{value}");
        }
    }
}
