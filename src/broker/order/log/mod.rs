//! The home side of the history log: what goes there, what waits for it, what came of it, and what it gives back at the
//! start.

pub(in crate::broker) mod checkpoint;
pub(in crate::broker) mod outcome;
pub(in crate::broker) mod restore;
pub(in crate::broker) mod staged;
