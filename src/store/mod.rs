//! Floor 2: what survives the process, as formats and decisions. Reading and writing is the runtime's.

pub mod log;
