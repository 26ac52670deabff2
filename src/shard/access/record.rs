//! What the access log has of a request: when it was read, and when it was answered.

use std::net::IpAddr;
use std::sync::Arc;

/// A request that was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessRecord {
    /// An address of the host that it counts for.
    pub address: Option<IpAddr>,
    /// Who asked, if that is known.
    pub user: Option<Arc<str>>,
    /// Its method, as it was written.
    pub method: Box<str>,
    /// Its path and query, without credentials.
    pub target: Box<str>,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the answer, with its head.
    pub bytes: usize,
    /// Microseconds from the whole request to its answer.
    pub took_us: u64,
}

/// What is known of a request when it was read.
#[derive(Clone, Debug)]
pub(in crate::shard) struct Asked {
    pub address: Option<IpAddr>,
    pub user: Option<Arc<str>>,
    pub method: Box<str>,
    pub target: Box<str>,
    pub at_us: u64,
}
