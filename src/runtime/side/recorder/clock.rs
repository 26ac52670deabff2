//! When something was said, in the time of the recording. Every sender has a clock of its own, which neither agrees with ours
//! nor runs as fast. What reached us soonest shows how far they are apart: everything else was late on its way.

/// Microseconds over which the soonest is looked for.
const WINDOW_US: i64 = 5_000_000;

/// Microseconds by which a clock is put right with each frame: too little to be heard or seen.
const STEP_US: i64 = 500;

/// The same while the clock is young: its first frames may have been later than any others.
const FIRST_STEP_US: i64 = 10_000;

/// Microseconds beyond which clocks are not brought together step by step: the sender's was set.
const JUMP_US: i64 = 500_000;

/// One sender's clock against ours.
#[derive(Default, Debug)]
pub struct Clock {
    /// What is added to the sender's time; `None` before its first frame.
    offset_us: Option<i64>,
    soonest_us: i64,
    soonest_before_us: i64,
    window_began_us: i64,
    began_us: i64,
}

impl Clock {
    /// When a frame of this moment of its sender, which arrived at this moment of ours, was said.
    pub fn ours_us(&mut self, theirs_us: i64, arrived_us: i64) -> i64 {
        let apart_us = arrived_us.saturating_sub(theirs_us);
        let Some(offset_us) = self.offset_us else {
            self.begin(apart_us, arrived_us);
            return arrived_us;
        };
        if arrived_us - self.window_began_us >= WINDOW_US {
            self.soonest_before_us = self.soonest_us;
            self.soonest_us = apart_us;
            self.window_began_us = arrived_us;
        }
        self.soonest_us = self.soonest_us.min(apart_us);
        let wanted_us = self.soonest_us.min(self.soonest_before_us);
        let off_us = wanted_us.saturating_sub(offset_us);
        if off_us.saturating_abs() > JUMP_US {
            self.begin(apart_us, arrived_us);
            return arrived_us;
        }
        let step_us = if arrived_us - self.began_us < WINDOW_US { FIRST_STEP_US } else { STEP_US };
        let offset_us = offset_us + off_us.clamp(-step_us, step_us);
        self.offset_us = Some(offset_us);
        theirs_us.saturating_add(offset_us)
    }

    fn begin(&mut self, apart_us: i64, arrived_us: i64) {
        *self = Self {
            offset_us: Some(apart_us),
            soonest_us: apart_us,
            soonest_before_us: apart_us,
            window_began_us: arrived_us,
            began_us: arrived_us,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the last of so many seconds of frames lies, off where it should, microseconds. Every frame is late by up to
    /// 80 ms, and the sender's clock is wrong by so many parts of a million.
    fn off_us(seconds: i64, skew_ppm: i64) -> i64 {
        let (mut clock, mut off_us) = (Clock::default(), 0);
        for at in 0..seconds * 50 {
            let said_us = at * 20_000;
            let late_us = 1_000 + (at * 7_919 % 80) * 1_000;
            let theirs_us = 9_000_000_000 + said_us + said_us * skew_ppm / 1_000_000;
            off_us = clock.ours_us(theirs_us, said_us + late_us) - said_us;
        }
        off_us
    }

    #[test]
    fn what_is_late_is_put_where_it_was_said() {
        assert!((0..5_000).contains(&off_us(60, 0)), "{}", off_us(60, 0));
    }

    #[test]
    fn a_clock_that_runs_wrong_stays_with_ours() {
        for skew_ppm in [-200, 200] {
            let off_us = off_us(3_600, skew_ppm);
            assert!((-20_000..20_000).contains(&off_us), "{skew_ppm}: {off_us}");
        }
    }

    #[test]
    fn a_clock_that_was_set_begins_again() {
        let mut clock = Clock::default();
        assert_eq!(clock.ours_us(1_000, 5_000), 5_000);
        assert_eq!(clock.ours_us(900_000_000, 25_000), 25_000);
        assert_eq!(clock.ours_us(900_020_000, 45_000), 45_000);
    }
}
