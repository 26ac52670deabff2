//! Durations as people write them.

use std::time::Duration;

/// Seconds of `90`, `90s`, `15m`, `1h`, `7d`, `1h 30m`; at least one, at most ten years.
pub(super) fn parse_seconds(text: &str) -> Result<u64, String> {
    const MOST: u64 = 10 * 365 * 86_400;
    let bare = text.parse().map(Duration::from_secs);
    let time = bare.or_else(|_| humantime::parse_duration(text));
    let time = time.map_err(|error| format!("it must be a time such as 90, 15m, 1h or 7d: {error}"))?;
    match time.as_secs() {
        seconds if time.subsec_nanos() > 0 || !(1..=MOST).contains(&seconds) => {
            Err("it must be in whole seconds, from 1 second to 3650 days".into())
        }
        seconds => Ok(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_multiply() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("1h", 3600),
            ("1h 30m", 5400),
            ("7d", 604_800),
            ("3650d", 315_360_000),
        ] {
            assert_eq!(parse_seconds(text), Ok(seconds));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "h",
            "0",
            "0d",
            "-1",
            "soon",
            "10ms",
            "1500ms",
            "99999999999999999999",
            "3651d",
            "1é",
            "1h soon",
        ] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
