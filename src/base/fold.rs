//! Texts that are the same whatever their case, by simple Unicode case folding (Unicode standard, section 3.13; the
//! mappings C and S of CaseFolding.txt). Lowercasing is no such thing: it leaves the two small sigmas apart and makes two
//! characters of a dotted capital i. Full folding goes too far: `straße` and `strasse` may be two people.

use std::borrow::Cow;

/// The folded form of a text: two texts are the same whatever their case if their folded forms are equal.
pub fn fold(text: &str) -> Cow<'_, str> {
    match text.chars().all(|character| character == fold_char(character)) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(fold_char).collect()),
    }
}

fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let folded = unicode_case_mapping::case_folded(character);
    folded.and_then(|folded| char::from_u32(folded.get())).unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(a: &str, b: &str) -> bool {
        fold(a) == fold(b)
    }

    #[test]
    fn case_makes_no_difference() {
        for (a, b) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("ΟΔΟΣ", "οδος"),
            ("οδοσ", "οδος"),
            ("STRAẞE", "straße"),
            ("ÉCOLE", "école"),
            ("\u{212a}", "k"),
            ("ſ", "S"),
            ("Ǆ", "ǅ"),
            ("ϐ", "β"),
            ("Ꭰ", "ꭰ"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn letters_that_are_not_one_stay_two() {
        for (a, b) in [
            ("straße", "strasse"),
            ("STRASSE", "straße"),
            ("İ", "i"),
            ("İ", "i\u{307}"),
            ("ı", "i"),
            ("ﬀ", "ff"),
            ("é", "e\u{301}"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
            prop_assert_eq!(once.chars().count(), text.chars().count());
        }
    }
}
