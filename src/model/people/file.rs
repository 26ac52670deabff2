//! Files of recordings, as they are asked for and read.

use crate::base::byte_range::ByteRange;
use std::sync::Arc;

/// Where a recording can be fetched for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The address of the node as clients see it; empty where it is not known.
    pub base: Box<str>,
    /// The call.
    pub call: Arc<str>,
    /// The recording.
    pub recording: Arc<str>,
    /// What the link is signed with.
    pub token: Box<str>,
}

/// Somebody who has a link wants a recording, or a part of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetch {
    /// The call that the link names.
    pub call: Arc<str>,
    /// The recording.
    pub recording: Arc<str>,
    /// What the link is signed with.
    pub token: Box<str>,
    /// Which part; `None` is all of it.
    pub range: Option<ByteRange>,
}

/// What of a file is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileAnswer {
    /// The recording.
    pub recording: Arc<str>,
    /// Bytes of its file.
    pub length: u64,
    /// Which part; `None` is all of it.
    pub range: Option<ByteRange>,
}

impl FileAnswer {
    /// Its entity tag (RFC 9110 section 8.8.3): a file that is over never changes.
    pub fn tag(recording: &str) -> String {
        format!("\"{recording}\"")
    }
}

/// What is done with a file that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileJob {
    /// Read so many bytes from a place on.
    Read {
        /// Of which recording.
        recording: Arc<str>,
        /// Where they begin.
        from: u64,
        /// How many.
        bytes: u32,
    },
    /// Delete it.
    Delete {
        /// Of which recording.
        recording: Arc<str>,
    },
}
