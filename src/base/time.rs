//! Time as an argument. Nothing below the runtime reads a clock: every call brings one [`Now`].

/// One clock reading, taken once per turn of a core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Monotonic microseconds since an arbitrary start; never goes back. Deadlines and ages use it.
    pub monotonic_us: u64,
    /// Wall clock, milliseconds since 1970. May jump; only shown to people, never used for deadlines
    /// (except the expiry of tokens, which is defined on it).
    pub unix_ms: u64,
}

impl Now {
    /// Seconds of the clock that only rises.
    pub fn monotonic_s(self) -> u64 {
        self.monotonic_us / 1_000_000
    }

    /// Monotonic milliseconds, the resolution of deadlines.
    pub fn monotonic_ms(self) -> u64 {
        self.monotonic_us / 1000
    }

    /// Whole seconds to wait for a moment, in microseconds of the clock that only rises; 1 at least.
    pub fn seconds_to(self, due_us: u64) -> u32 {
        let seconds = due_us.saturating_sub(self.monotonic_us).div_ceil(1_000_000);
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
    }

    /// Wall clock in whole seconds since 1970.
    pub fn unix_s(self) -> u64 {
        self.unix_ms / 1000
    }
}

/// The earliest of some deadlines, monotonic microseconds; `None` if there is none.
#[inline]
pub fn earliest<const COUNT: usize>(deadlines: [Option<u64>; COUNT]) -> Option<u64> {
    // The end of time stands for no deadline: no clock reaches it.
    let first = deadlines.iter().fold(u64::MAX, |first, next| first.min(next.unwrap_or(u64::MAX)));
    (first < u64::MAX).then_some(first)
}

/// `2025-01-01T00:00:00Z`, or with milliseconds where they are not zero (RFC 3339, UTC).
pub fn rfc3339(unix_ms: u64) -> String {
    let (days, ms_of_day) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (ms_of_day / 3_600_000, ms_of_day / 60_000 % 60, ms_of_day / 1000 % 60);
    let ms = ms_of_day % 1000;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |at: usize, number: u64| {
        let [tens, ones] = PAIRS[(number % 100) as usize];
        (text[at], text[at + 1]) = (tens, ones);
    };
    put(0, year / 100);
    put(2, year);
    put(5, month);
    put(8, day);
    put(11, hour);
    put(14, minute);
    put(17, second);
    put(20, ms / 10);
    text[22] = b'0' + (ms % 10) as u8;
    let text = if ms == 0 {
        text[19] = b'Z';
        &text[..20]
    } else {
        &text[..]
    };
    let text = str::from_utf8(text).expect("digits are ASCII");
    // The ten thousandth year and those after it have more digits.
    match year / 10_000 {
        0 => text.to_owned(),
        more => format!("{more}{text}"),
    }
}

/// The two digits of each number below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Gregorian date of a day count since 1970-01-01, by the era arithmetic of proleptic calendars:
/// years start in March, so the leap day is the last of its year.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_735_689_600_000), "2025-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(rfc3339(4_107_542_399_999), "2100-02-28T23:59:59.999Z");
        assert_eq!(rfc3339(4_107_542_400_000), "2100-03-01T00:00:00Z");
        assert_eq!(rfc3339(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
        assert_eq!(rfc3339(253_402_300_800_000), "10000-01-01T00:00:00Z");
        assert!(rfc3339(u64::MAX).ends_with('Z'));
    }
}
