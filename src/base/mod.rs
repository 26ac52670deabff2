//! Floor 0: ids, time, hashing, limits, rings, slabs, the timing wheel. Knows nothing of the broker.

pub mod hash;
pub mod ids;
pub mod limits;
pub mod time;
