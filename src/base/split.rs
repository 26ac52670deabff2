//! Short texts, cut at a byte.

/// What stands before the first of an ASCII byte, and what stands after it. The bytes are looked at one by one: for names
/// and lines of a few bytes that is less work than to begin a search that is made for long texts.
#[inline]
pub fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    debug_assert!(byte.is_ascii(), "only such a byte is a character by itself");
    let at = text.bytes().position(|other| other == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_cuts_where_the_library_does(text in "[a-c:é]{0,12}") {
            prop_assert_eq!(split_at_byte(&text, b':'), text.split_once(':'));
        }
    }
}
