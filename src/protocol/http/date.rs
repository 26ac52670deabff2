//! The `Date` of responses (RFC 9110 section 6.6.1).

use std::io::Write;
use std::time::{Duration, SystemTime};

/// Bytes of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
const DATE_BYTES: usize = 29;

/// The last second of the year 9999; the format has no room for more.
const UNIX_S_MAX: u64 = 253_402_300_799;

/// The text of one second, so that it is formatted once per second and not per response.
#[derive(Clone, Debug)]
pub struct DateCache {
    unix_s: u64,
    text: [u8; DATE_BYTES],
}

impl Default for DateCache {
    fn default() -> Self {
        Self { unix_s: 0, text: *b"Thu, 01 Jan 1970 00:00:00 GMT" }
    }
}

impl DateCache {
    /// The date of this second since 1970.
    pub fn text(&mut self, unix_s: u64) -> &[u8] {
        if unix_s != self.unix_s {
            self.unix_s = unix_s;
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(unix_s.min(UNIX_S_MAX));
            let written = write!(&mut self.text[..], "{}", httpdate::HttpDate::from(time));
            debug_assert!(written.is_ok(), "an HTTP date has {DATE_BYTES} bytes");
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_second() {
        let mut cache = DateCache::default();
        assert_eq!(cache.text(0), b"Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(cache.text(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(cache.text(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(cache.text(784_111_778), b"Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(cache.text(u64::MAX), b"Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
