//! From when until when a certificate holds (RFC 5280 section 4.1.2.5). Only the way to these two dates is read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// First and last moment of a certificate in DER; `None` if it is not shaped like one.
pub(super) fn of(der: &[u8]) -> Option<(SystemTime, SystemTime)> {
    let (certificate, _) = element(der, 0x30)?;
    let (mut signed, _) = element(certificate, 0x30)?;
    // The version is there in all but those of version 1.
    if signed.first() == Some(&0xa0) {
        signed = element(signed, 0xa0)?.1;
    }
    // Serial number, algorithm, issuer.
    for tag in [0x02, 0x30, 0x30] {
        signed = element(signed, tag)?.1;
    }
    let (validity, _) = element(signed, 0x30)?;
    let (from, rest) = moment(validity)?;
    Some((from, moment(rest)?.0))
}

/// The contents of the element at the start, if it has this tag, and what comes after it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // A length of up to four bytes; certificates have two.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

/// A moment and what comes after it: `UTCTime` with two digits of the year, or `GeneralizedTime` with four.
fn moment(bytes: &[u8]) -> Option<(SystemTime, &[u8])> {
    let (text, rest, century) = match bytes.first()? {
        0x17 => element(bytes, 0x17).map(|(text, rest)| (text, rest, true))?,
        _ => element(bytes, 0x18).map(|(text, rest)| (text, rest, false))?,
    };
    let digits = text.strip_suffix(b"Z")?;
    let (year, digits) = digits.split_at_checked(if century { 2 } else { 4 })?;
    let year = number(year)?;
    let year = match (century, year) {
        (false, year) => year,
        (true, 50..) => 1900 + year,
        (true, year) => 2000 + year,
    };
    let digits = (digits.len() == 10).then_some(digits)?;
    let parts: Vec<u64> = digits.chunks(2).map(number).collect::<Option<_>>()?;
    let [month @ 1..=12, day @ 1..=31, hour @ 0..=23, minute @ 0..=59, second @ 0..=60] = parts[..] else {
        return None;
    };
    let seconds = days_since_1970(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second;
    Some((UNIX_EPOCH + Duration::from_secs(seconds), rest))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?
        .parse()
        .ok()
}

/// Days of the Gregorian calendar. `None` before 1970; a certificate that ended then is as good as none.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let before = year.checked_sub(1)?;
    let is_leap = leap_days(year) > leap_days(before);
    let in_year = DAYS_BEFORE[usize::try_from(month - 1).ok()?] + u64::from(is_leap && month > 2) + day - 1;
    (before * 365 + leap_days(before) + in_year).checked_sub(1969 * 365 + leap_days(1969))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u8::try_from(contents.len()).unwrap();
        [&[tag, 0x81, length], contents].concat()
    }

    fn certificate(from: &[u8], until: &[u8]) -> Vec<u8> {
        let validity = der(0x30, &[from, until].concat());
        let parts = [der(0xa0, b"v"), der(0x02, b"1"), der(0x30, b""), der(0x30, b"issuer"), validity];
        der(0x30, &der(0x30, &parts.concat()))
    }

    #[test]
    fn both_ways_to_write_a_moment_are_read() {
        let http = |moment| httpdate::fmt_http_date(moment);
        let whole = certificate(&der(0x17, b"991231235959Z"), &der(0x18, b"20520229000000Z"));
        let (from, until) = of(&whole).unwrap();
        assert_eq!(http(from), "Fri, 31 Dec 1999 23:59:59 GMT");
        assert_eq!(http(until), "Thu, 29 Feb 2052 00:00:00 GMT");
        for cut in 0..whole.len() {
            assert_eq!(of(&whole[..cut]), None, "{cut}");
        }
        for bad in [&b"99123123595Z"[..], b"991331235959Z", b"991231235959", b"99123123+959Z", b""] {
            assert_eq!(of(&certificate(&der(0x17, bad), &der(0x17, b"991231235959Z"))), None, "{bad:?}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (year, month, day, days) in
            [(1970, 1, 1, 0), (1972, 3, 1, 790), (2000, 2, 29, 11_016), (2038, 1, 19, 24_855)]
        {
            assert_eq!(days_since_1970(year, month, day), Some(days), "{year}-{month}-{day}");
        }
        assert_eq!(days_since_1970(1969, 12, 31), None);
        assert_eq!(days_since_1970(0, 1, 1), None);
    }
}
