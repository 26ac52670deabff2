//! What a query says.

use super::body::wrong;
use crate::model::fault::Fault;
use crate::protocol::http::Head;
use std::ops::RangeInclusive;

/// A number of the query, or what it is where it is not given.
pub fn number(
    head: &Head<'_>,
    name: &'static str,
    default: u32,
    range: RangeInclusive<u32>,
) -> Result<u32, Fault> {
    let Some(text) = head.query_value(name) else { return Ok(default) };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| plain && range.contains(number));
    number.ok_or_else(|| {
        wrong(name, format!("{name} must be a number from {} to {}.", range.start(), range.end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http::Method;
    use crate::surface::testing::with_head;

    #[test]
    fn numbers_have_a_range() {
        let read = |query: &str| {
            with_head(Method::Get, &format!("/x{query}"), &[], |head| number(head, "limit", 20, 1..=100).ok())
        };
        assert_eq!(read(""), Some(20));
        assert_eq!(read("?limit=100"), Some(100));
        for bad in ["0", "101", "-1", "+1", "", "x", "1.5", "4294967296"] {
            assert_eq!(read(&format!("?limit={bad}")), None, "{bad}");
        }
    }
}
