//! Threads beside the cores: what may wait for a disk, or takes its time. The cores speak with each of them through a port; no
//! thread touches a core's world.

pub mod acme;
mod bell;
pub(in crate::runtime) mod decoding;
pub(in crate::runtime) mod effects;
pub(in crate::runtime) mod heap;
pub mod history;
mod last;
pub mod operator;
pub mod outbound;
pub(in crate::runtime) mod passwords;
pub(in crate::runtime) mod port;
mod priority;
pub mod recorder;
pub mod store;
