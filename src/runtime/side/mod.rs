//! Threads beside the cores: what may wait for a disk, or takes its time. The cores speak with them through queues and are
//! woken by their doorbells; no thread touches a core's world.

pub mod history;
pub(in crate::runtime) mod passwords;
pub mod store;
