//! When a certificate is ordered: at once where there is none, when two thirds of its life are over, and after a try that failed
//! ever later. Never more than some times an hour: authorities shut those out who ask more often.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

/// Tries in an hour.
const TRIES_PER_HOUR_MAX: usize = 5;

const HOUR: Duration = Duration::from_secs(3_600);

/// After the first try that failed.
const AGAIN: Duration = Duration::from_secs(60);

/// After many that failed.
const AGAIN_MAX: Duration = Duration::from_secs(6 * 3_600);

/// What was tried.
#[derive(Default)]
pub(super) struct Schedule {
    /// When, those of the last hour at least, oldest first.
    tries: VecDeque<SystemTime>,
    /// Tries that failed since one did not.
    failures: u32,
}

impl Schedule {
    /// How long it is until the next try, of a certificate that holds from when until when, if there is one.
    pub(super) fn wait(&self, now: SystemTime, validity: Option<(SystemTime, SystemTime)>) -> Duration {
        let due = validity.map_or(now, |(from, until)| {
            let life = until.duration_since(from).unwrap_or_default();
            until.checked_sub(life / 3).unwrap_or(from)
        });
        let last = self.tries.back().copied();
        let after_failure = last.filter(|_| self.failures > 0).map(|last| last + again(self.failures));
        let crowded = self.tries.len().checked_sub(TRIES_PER_HOUR_MAX).map(|index| self.tries[index] + HOUR);
        let next = [after_failure, crowded].into_iter().flatten().fold(due, SystemTime::max);
        next.duration_since(now).unwrap_or_default()
    }

    /// A try begins.
    pub(super) fn tries(&mut self, now: SystemTime) {
        self.tries.push_back(now);
        while self.tries.len() > TRIES_PER_HOUR_MAX {
            self.tries.pop_front();
        }
    }

    /// It ended.
    pub(super) fn ended(&mut self, well: bool) {
        self.failures = if well { 0 } else { self.failures.saturating_add(1) };
    }
}

/// Doubles with each.
fn again(failures: u32) -> Duration {
    let doubled = 1u32.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(u32::MAX);
    AGAIN.saturating_mul(doubled).min(AGAIN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    fn seconds(schedule: &Schedule, now: u64, validity: Option<(u64, u64)>) -> u64 {
        schedule.wait(at(now), validity.map(|(from, until)| (at(from), at(until)))).as_secs()
    }

    #[test]
    fn a_certificate_is_renewed_when_two_thirds_of_its_life_are_over() {
        let schedule = Schedule::default();
        assert_eq!(seconds(&schedule, 1_000, None), 0, "there is none");
        assert_eq!(seconds(&schedule, 1_000, Some((1_000, 1_300))), 200);
        assert_eq!(seconds(&schedule, 1_150, Some((1_000, 1_300))), 50);
        assert_eq!(seconds(&schedule, 1_200, Some((1_000, 1_300))), 0);
        assert_eq!(seconds(&schedule, 9_999, Some((1_000, 1_300))), 0, "it ended");
        assert_eq!(seconds(&schedule, 500, Some((1_300, 1_000))), 500, "one of no life");
    }

    #[test]
    fn tries_that_fail_are_followed_by_others_ever_later() {
        let mut schedule = Schedule::default();
        let mut now = 10_000;
        let mut waits = Vec::new();
        for _ in 0..12 {
            schedule.tries(at(now));
            schedule.ended(false);
            let wait = seconds(&schedule, now, None);
            waits.push(wait);
            now += wait;
        }
        assert_eq!(waits[..3], [60, 120, 240]);
        assert_eq!(waits[11], 6 * 3_600);
        assert!(waits.is_sorted_by(|one, other| one <= other || *other >= 480), "{waits:?}");
        schedule.tries(at(now));
        schedule.ended(true);
        assert_eq!(seconds(&schedule, now, Some((now, now + 300))), 200, "one that succeeds begins anew");
    }

    #[test]
    fn nobody_is_asked_more_often_than_five_times_an_hour() {
        let mut schedule = Schedule::default();
        // An authority that gives certificates which end at once.
        let mut now = 10_000;
        let mut tries = Vec::new();
        while tries.len() < 20 {
            now += seconds(&schedule, now, Some((now, now)));
            schedule.tries(at(now));
            schedule.ended(true);
            tries.push(now);
        }
        for (index, first) in tries.iter().enumerate() {
            let within = tries[index..].iter().filter(|time| **time < first + 3_600).count();
            assert!(within <= TRIES_PER_HOUR_MAX, "{tries:?}");
        }
    }
}
