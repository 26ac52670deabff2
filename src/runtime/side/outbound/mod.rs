//! The thread that calls servers outside: one client for all of it, on a runtime that is this thread's alone. A call has its
//! time; what hangs holds up no other call, and no core.
//!
//! Whom it calls is often a stranger's choice. So every address that a name leads to is judged before it is connected to
//! (`resolver`), no redirection is followed, and of an answer the head is read and no more.

mod client;
mod encryption;
mod push;
mod resolver;
mod thread;
mod vapid;

pub(in crate::runtime::side) use client::builder;
pub use thread::start;
pub use vapid::{VapidKey, new_vapid_key};

use std::sync::Arc;

/// How servers outside are called.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// By which key push services know this node.
    pub vapid_key: Arc<VapidKey>,
    /// How a push service reaches whoever operates this node: a URL.
    pub subject: Option<Arc<str>>,
    /// Whether http and addresses that only this network has may be called.
    pub local_too: bool,
    /// Authorities besides those of the system, as PEM.
    pub authorities: Arc<[u8]>,
    /// Milliseconds that a call may take.
    pub time_ms_max: u32,
    /// Calls that may be under way.
    pub in_flight_max: u32,
}
