//! Which groups a search is for: a value and a condition, or a value and the end of a range.

use crate::model::channel::ChannelName;
use crate::model::relay::{GroupRange, group_channel};
use std::ops::Bound;

/// How what is found is to be to the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Greater.
    Greater,
    /// Greater or equal; of names, those that begin with it.
    AtLeast,
    /// Equal.
    Equal,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Not equal.
    Other,
}

impl Condition {
    /// By its sign or its word.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            ">" | "gt" => Self::Greater,
            ">=" | "gte" => Self::AtLeast,
            "=" | "eq" => Self::Equal,
            "<" | "lt" => Self::Less,
            "<=" | "lte" => Self::AtMost,
            "!=" | "ne" => Self::Other,
            _ => return None,
        })
    }
}

/// Groups by name. Without a value all are meant, with one and no condition that one. A range counts before a condition.
pub fn by_name(value: Option<String>, condition: Option<Condition>, range: Option<String>) -> GroupRange {
    let value = value.unwrap_or_default();
    let at = || group_channel(&value);
    let (from, to) = if let Some(range) = range {
        (Bound::Included(at()), Bound::Included(group_channel(&range)))
    } else {
        let usual = if value.trim().is_empty() { Condition::Greater } else { Condition::Equal };
        match condition.unwrap_or(usual) {
            Condition::Greater => (Bound::Excluded(at()), Bound::Unbounded),
            Condition::AtLeast => (Bound::Included(at()), after_prefix(&value)),
            Condition::Equal => (Bound::Included(at()), Bound::Included(at())),
            Condition::Less => (Bound::Unbounded, Bound::Excluded(at())),
            Condition::AtMost => (Bound::Unbounded, Bound::Included(at())),
            Condition::Other => {
                let (from, to) = (Bound::Unbounded, Bound::Unbounded);
                return GroupRange::Names { from, to, except: Some(at()) };
            }
        }
    };
    GroupRange::Names { from, to, except: None }
}

/// What is after all names that begin with this: its last character that has a next one is that.
fn after_prefix(prefix: &str) -> Bound<ChannelName> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        // A range of characters has no surrogates in it.
        if let Some(next) = (last..=char::MAX).nth(1) {
            rest.push(next);
            return Bound::Excluded(group_channel(&rest));
        }
    }
    Bound::Unbounded
}

/// Groups by their number of connections. Without a value all are meant, with one and no condition that one. A range counts
/// before a condition.
pub fn by_size(value: Option<f64>, condition: Option<Condition>, range: Option<f64>) -> GroupRange {
    let value = value.unwrap_or(0.0);
    // A cast of a float stops at the ends, so what is out of the numbers' range is before or after all groups.
    let size = |number: f64| number as u32;
    let (from, to) = if let Some(range) = range {
        (value.ceil(), range.floor())
    } else {
        let usual = if value == 0.0 { Condition::Greater } else { Condition::Equal };
        match condition.unwrap_or(usual) {
            Condition::Greater => (value.floor() + 1.0, f64::MAX),
            Condition::AtLeast => (value.ceil(), f64::MAX),
            Condition::Equal => (value.ceil(), value.floor()),
            Condition::Less => (0.0, value.ceil() - 1.0),
            Condition::AtMost => (0.0, value.floor()),
            Condition::Other => {
                let except = (value.fract() == 0.0 && value >= 0.0).then(|| size(value));
                return GroupRange::Sizes { from: 0, to: u32::MAX, except };
            }
        }
    };
    if to < 0.0 || from > to || from > f64::from(u32::MAX) {
        return GroupRange::Sizes { from: 1, to: 0, except: None };
    }
    GroupRange::Sizes { from: size(from), to: size(to), except: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str, Condition); 6] = [
        (">", "gt", Condition::Greater),
        (">=", "gte", Condition::AtLeast),
        ("=", "eq", Condition::Equal),
        ("<", "lt", Condition::Less),
        ("<=", "lte", Condition::AtMost),
        ("!=", "ne", Condition::Other),
    ];

    /// Which of these names a range has, by a look at each.
    fn names(range: &GroupRange) -> String {
        let GroupRange::Names { from, to, except } = range else { panic!("{range:?}") };
        let has = |name: &&str| {
            let group = group_channel(name);
            std::ops::RangeBounds::contains(&(from.clone(), to.clone()), &group)
                && except.as_ref() != Some(&group)
        };
        ["a", "b", "ba", "b\u{10ffff}", "c", "\u{10ffff}", "\u{10ffff}x"]
            .iter()
            .filter(|name| has(name))
            .map(|name| format!("{name:?} "))
            .collect()
    }

    fn sizes(range: &GroupRange) -> Vec<u32> {
        let GroupRange::Sizes { from, to, except } = range else { panic!("{range:?}") };
        (0..6).filter(|size| (from..=to).contains(&size) && *except != Some(*size)).collect()
    }

    #[test]
    fn conditions_have_a_sign_and_a_word() {
        for (sign, word, condition) in ALL {
            assert_eq!((Condition::parse(sign), Condition::parse(word)), (Some(condition), Some(condition)));
        }
        for none in ["", "==", "GT", ">  "] {
            assert_eq!(Condition::parse(none), None);
        }
    }

    #[test]
    fn names_are_found_by_every_condition() {
        let found = |value: &str, condition| names(&by_name(Some(value.into()), condition, None));
        let last = r#""\u{10ffff}" "\u{10ffff}x" "#;
        for (condition, wanted) in [
            (Condition::Greater, format!(r#""ba" "b\u{{10ffff}}" "c" {last}"#)),
            (Condition::AtLeast, r#""b" "ba" "b\u{10ffff}" "#.into()),
            (Condition::Equal, r#""b" "#.into()),
            (Condition::Less, r#""a" "#.into()),
            (Condition::AtMost, r#""a" "b" "#.into()),
            (Condition::Other, format!(r#""a" "ba" "b\u{{10ffff}}" "c" {last}"#)),
        ] {
            assert_eq!(found("b", Some(condition)), wanted, "{condition:?}");
        }
        assert_eq!(found("b", None), r#""b" "#);
        assert_eq!(found("\u{10ffff}", Some(Condition::AtLeast)), last);
        assert_eq!(names(&by_name(None, None, None)), found(" ", None));
        assert_eq!(
            names(&by_name(Some("b".into()), Some(Condition::Less), Some("c".into()))),
            r#""b" "ba" "b\u{10ffff}" "c" "#
        );
        assert_eq!(names(&by_name(Some("c".into()), None, Some("b".into()))), "");
    }

    #[test]
    fn sizes_are_found_by_every_condition() {
        let found = |value: f64, condition| sizes(&by_size(Some(value), Some(condition), None));
        for (value, condition, wanted) in [
            (2.0, Condition::Greater, &[3, 4, 5][..]),
            (2.0, Condition::AtLeast, &[2, 3, 4, 5]),
            (2.0, Condition::Equal, &[2]),
            (2.0, Condition::Less, &[0, 1]),
            (2.0, Condition::AtMost, &[0, 1, 2]),
            (2.0, Condition::Other, &[0, 1, 3, 4, 5]),
            (1.5, Condition::Greater, &[2, 3, 4, 5]),
            (1.5, Condition::AtLeast, &[2, 3, 4, 5]),
            (1.5, Condition::Equal, &[]),
            (1.5, Condition::Less, &[0, 1]),
            (1.5, Condition::AtMost, &[0, 1]),
            (1.5, Condition::Other, &[0, 1, 2, 3, 4, 5]),
            (-1.0, Condition::Greater, &[0, 1, 2, 3, 4, 5]),
            (-1.0, Condition::Less, &[]),
            (-1.0, Condition::Equal, &[]),
            (-1.0, Condition::Other, &[0, 1, 2, 3, 4, 5]),
            (0.0, Condition::Less, &[]),
            (1e300, Condition::Greater, &[]),
            (1e300, Condition::Equal, &[]),
            (1e300, Condition::AtMost, &[0, 1, 2, 3, 4, 5]),
        ] {
            assert_eq!(found(value, condition), wanted, "{condition:?} {value}");
        }
        assert_eq!(sizes(&by_size(None, None, None)), [1, 2, 3, 4, 5]);
        assert_eq!(sizes(&by_size(Some(2.0), Some(Condition::Less), Some(3.0))), [2, 3]);
        assert!(sizes(&by_size(Some(3.0), None, Some(2.0))).is_empty());
        assert_eq!(sizes(&by_size(Some(0.0), None, Some(0.0))), [0]);
    }
}
