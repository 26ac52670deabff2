//! What an answer of a push service means for a delivery.

use crate::model::web_push::{Called, PushEnd};

/// Calls for one delivery at most, if none succeeds.
pub const TRIES_MAX: u8 = 8;

/// Milliseconds between the first call and the second; four times as many before each further one, at most
/// [`PAUSE_MS_MAX`].
const PAUSE_MS: u64 = 1_000;

/// Milliseconds between two calls at most, where the service does not ask for more.
const PAUSE_MS_MAX: u64 = 3_600_000;

/// What comes after a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushOutcome {
    /// Nothing.
    Ended(PushEnd),
    /// Another call, so many milliseconds later.
    Again {
        /// From now.
        after_ms: u64,
    },
}

/// What comes after the `tries`-th call of a delivery that is worth sending for `ttl_left_ms` more.
pub fn outcome(called: Called, tries: u8, ttl_left_ms: u64) -> PushOutcome {
    let pause_ms =
        PAUSE_MS.saturating_mul(4u64.saturating_pow(u32::from(tries.saturating_sub(1)))).min(PAUSE_MS_MAX);
    let after_ms = match called {
        Called::Answered { status: 200..=299, .. } => return PushOutcome::Ended(PushEnd::Accepted),
        Called::Answered { status: 404 | 410, .. } => return PushOutcome::Ended(PushEnd::Gone),
        Called::Answered { status: 408 | 425 | 429 | 500..=599, retry_after_s } => {
            pause_ms.max(u64::from(retry_after_s.unwrap_or_default()) * 1_000)
        }
        Called::Answered { .. } | Called::Forbidden => return PushOutcome::Ended(PushEnd::Refused),
        Called::Unanswered => pause_ms,
    };
    if tries >= TRIES_MAX {
        PushOutcome::Ended(PushEnd::Failed)
    } else if after_ms > ttl_left_ms {
        PushOutcome::Ended(PushEnd::Expired)
    } else {
        PushOutcome::Again { after_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(called: Called, tries: u8) -> PushOutcome {
        outcome(called, tries, 86_400_000)
    }

    fn answered(status: u16, retry_after_s: Option<u32>) -> Called {
        Called::Answered { status, retry_after_s }
    }

    #[test]
    fn each_answer_ends_a_delivery_or_has_it_tried_again() {
        for (end, statuses) in [
            (PushEnd::Accepted, &[200, 201, 202, 204][..]),
            (PushEnd::Gone, &[404, 410]),
            (PushEnd::Refused, &[100, 301, 307, 400, 401, 403, 413]),
        ] {
            for status in statuses {
                assert_eq!(after(answered(*status, Some(1)), 1), PushOutcome::Ended(end), "{status}");
            }
        }
        assert_eq!(after(Called::Forbidden, 1), PushOutcome::Ended(PushEnd::Refused));
        for status in [408, 425, 429, 500, 502, 503, 599] {
            assert_eq!(after(answered(status, None), 1), PushOutcome::Again { after_ms: 1_000 }, "{status}");
        }
    }

    #[test]
    fn pauses_grow_and_end_and_are_never_shorter_than_the_service_asks() {
        let pauses = [1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, 3_600_000];
        for (tries, after_ms) in (1..).zip(pauses) {
            assert_eq!(after(Called::Unanswered, tries), PushOutcome::Again { after_ms }, "{tries}");
        }
        assert_eq!(after(Called::Unanswered, TRIES_MAX), PushOutcome::Ended(PushEnd::Failed));
        assert_eq!(after(answered(429, Some(30)), 1), PushOutcome::Again { after_ms: 30_000 });
        assert_eq!(after(answered(503, Some(2)), 3), PushOutcome::Again { after_ms: 16_000 });
        assert_eq!(after(answered(503, Some(86_401)), 1), PushOutcome::Ended(PushEnd::Expired));
        assert_eq!(outcome(Called::Unanswered, 1, 999), PushOutcome::Ended(PushEnd::Expired));
    }
}
