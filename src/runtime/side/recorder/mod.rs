//! The recorder: a thread that joins calls as a peer that only listens, and keeps what it hears and sees.
//!
//! What it decides is in `engine`, `peer`, `tape`, `mixer` and `clock`, without sockets, files and clocks; `thread` has its
//! UDP sockets and waits, `files` has its files, `reconcile` mends them at the start, and `reader` is the thread that reads them for
//! whoever fetches them.

mod clock;
pub mod engine;
mod figures;
mod files;
mod mixer;
mod peer;
pub(in crate::runtime) mod reader;
mod reconcile;
mod tape;
#[cfg(test)]
mod tests;
mod thread;
mod words;

pub use figures::RecorderFigures;
pub use reconcile::reconcile;
pub use thread::start;

use crate::model::people::recorder::{RecorderNews, RecorderWord};
use crate::runtime::side::port::{Desk, Port};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Places of each queue between a core and the recorder.
pub(in crate::runtime) const PLACES: usize = 1_024;

/// A core's way to say something to the recorder.
pub(in crate::runtime) type RecorderPort = Port<RecorderWord, RecorderNews>;

/// The recorder's end.
pub(in crate::runtime) type RecorderDesk = Desk<RecorderWord, RecorderNews>;

/// How calls are recorded.
#[derive(Clone, Debug)]
pub struct RecorderSettings {
    /// Where people's programs reach it, by UDP; port 0 is a free one. Nowhere is no recorder.
    pub addresses: Vec<SocketAddr>,
    /// Where its files are.
    pub directory: PathBuf,
}
