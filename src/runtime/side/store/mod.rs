//! What outlives the process: one file, and one thread that works on it. The cores hand it their effects.

mod backup;
mod database;
mod error;
mod fill;
mod thread;

pub use database::Database;
pub use error::StoreError;
pub use fill::Unfilled;
pub(in crate::runtime) use thread::start;

#[cfg(test)]
mod tests;
