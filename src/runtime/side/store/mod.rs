//! What outlives the process: one file, and one thread that works on it. The cores hand it their effects and are
//! woken by their doorbells; the thread never touches a core's world.

mod backup;
mod database;
mod error;
mod fill;
mod port;
mod thread;

pub use database::Database;
pub use error::StoreError;
pub use fill::Unfilled;
pub(in crate::runtime) use port::{Desk, Port, ports};
pub(in crate::runtime) use thread::start;

#[cfg(test)]
mod tests;
