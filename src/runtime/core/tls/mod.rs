//! TLS below the shard: what is received is decrypted before the shard sees it, what the shard writes is encrypted on its
//! way to the kernel. The shard knows nothing of it.
//!
//! A session keeps no buffer. What is kept of a record that is not whole, in either direction, is counted for all sessions
//! of the core; past its bound the session goes that has kept something for the longest time. Handshakes cost a hundred
//! times what a message does, so they wait in a queue of which each turn takes one step.

mod close;
mod handshake;
mod receive;
mod records;
mod session;
mod sessions;
mod transmit;

pub(super) use close::{end, is_finishing, say_last};
pub(super) use handshake::{begin, ended, expire, step};
pub(super) use receive::receive;
pub(super) use sessions::Sessions;
pub(super) use transmit::{transmit, write_owed};
