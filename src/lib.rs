//! Corecast: a realtime message broker. ARCHITECTURE.md has the bird's eye view.
//!
//! The modules are floors; a module uses lower floors only (`tests/tidy.rs` checks it):
//!
//! | floor | modules |
//! |---|---|
//! | 5 | `cli`, `config`, `server` |
//! | 4 | `runtime` |
//! | 3 | `shard` |
//! | 2 | `broker`, `surface`, `auth`, `store`, `metrics` |
//! | 1 | `model`, `protocol` |
//! | 0 | `base` |

#![warn(missing_docs)]
#![deny(
    unsafe_code,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used
)]

pub mod auth;
pub mod base;
pub mod broker;
pub mod cli;
pub mod config;
pub mod metrics;
pub mod model;
pub mod protocol;
pub mod runtime;
pub mod server;
pub mod shard;
pub mod store;
pub mod surface;
