//! Durations as people write them.

/// Seconds of `90`, `90s`, `15m`, `1h` or `7d`; at least one, at most ten years.
pub(super) fn parse_seconds(text: &str) -> Result<u64, String> {
    const MOST: u64 = 10 * 365 * 86_400;
    let digits = text.trim_end_matches(|last: char| !last.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("the unit must be s, m, h or d".into()),
    };
    let number = digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.ok_or("it must be a number such as 90, 15m, 1h or 7d")?;
    match number.checked_mul(unit) {
        Some(seconds) if (1..=MOST).contains(&seconds) => Ok(seconds),
        _ => Err("it must be from 1 second to 3650 days".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_multiply() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800)] {
            assert_eq!(parse_seconds(text), Ok(seconds));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["", "h", "0", "0d", "-1", "1w", "1 h", "1.5h", "99999999999999999999", "3651d", "1é", "+1"]
        {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
