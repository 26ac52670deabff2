//! A token bucket: so many per second, a burst of one second's worth allowed.

/// The state of one bucket; its rate is an argument, so that a connection pays eight bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// Tokens used of the allowance, in thousandths, as of `at_ms`.
    used_milli: u32,
    /// When `used_milli` was true; wraps after 49 days, which refills the bucket early at worst.
    at_ms: u32,
}

impl Bucket {
    /// Takes one token. False if none is left. `per_second_max` of 0 is no limit, more than 4,000,000 is too.
    pub fn take(&mut self, now_ms: u64, per_second_max: u32) -> bool {
        if per_second_max == 0 || per_second_max > 4_000_000 {
            return true;
        }
        let now_ms = now_ms as u32;
        // `per_second_max` tokens a second are as many thousandths a millisecond.
        let refilled = u64::from(now_ms.wrapping_sub(self.at_ms)) * u64::from(per_second_max);
        let used = u64::from(self.used_milli).saturating_sub(refilled) + 1000;
        self.at_ms = now_ms;
        if used > u64::from(per_second_max) * 1000 {
            self.used_milli = (used - 1000) as u32;
            return false;
        }
        self.used_milli = used as u32;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_a_burst_and_then_the_rate() {
        let mut bucket = Bucket::default();
        assert_eq!((0..20).filter(|_| bucket.take(1_000, 10)).count(), 10);
        assert_eq!((0..20).filter(|_| bucket.take(1_500, 10)).count(), 5);
        assert_eq!((0..20).filter(|_| bucket.take(60_000, 10)).count(), 10);
    }

    #[test]
    fn zero_is_no_limit() {
        let mut bucket = Bucket::default();
        assert!((0..100_000).all(|_| bucket.take(0, 0)));
    }
}
