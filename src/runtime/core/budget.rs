//! How long a turn may take: each kind of input has its share of it, so that a flood of one kind delays the others by no more.
//! What a share has no time for waits for the next turn. One step may overrun its share, so the shards keep steps short.

use crate::runtime::clock;

/// Microseconds for what the sockets brought.
pub const SOCKETS_US: u64 = 1_000;
/// Microseconds for what each peer, the history log and each thread beside the cores said.
pub const PEERS_US: u64 = 500;
/// Microseconds for what the shard left for later.
pub const WORK_US: u64 = 500;
/// Microseconds for the shard's wishes.
pub const WISHES_US: u64 = 500;

/// A share that has begun.
#[derive(Clone, Copy)]
pub struct Budget {
    until_us: u64,
}

impl Budget {
    /// So many microseconds from here on.
    pub fn of(us: u64) -> Self {
        Self { until_us: clock::monotonic_us() + us }
    }

    /// Whether there is time for one more step.
    pub fn is_left(self) -> bool {
        clock::monotonic_us() < self.until_us
    }
}
