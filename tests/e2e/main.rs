//! End to end: the real program on loopback, spoken to by clients that share no code with it: tungstenite, raw
//! sockets, a shell. Each test starts servers of its own, on free ports and with data directories of their own;
//! none of them outlives its test.

mod backup;
mod client;
mod crash;
mod damaged;
mod deadlines;
mod descriptors;
mod disk;
mod download;
mod drain;
mod durable;
mod export;
mod fanout;
mod http;
mod http1;
mod ids;
mod log_size;
mod logs;
mod mdaemon;
mod mended;
mod messages;
mod missing;
mod newcomer;
mod operators;
mod pages;
mod process;
mod proxied;
mod push;
mod push_node;
mod push_service;
mod push_speed;
mod quikapp_node;
mod recording;
mod recording_browser;
mod recording_speed;
mod recovery;
mod reload;
mod rest;
mod server;
mod skapi_node;
mod slow;
mod startup;
mod store;
mod storm;
mod systemd;
mod tls;
mod unix;
mod xano;
mod xano_node;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Nothing is expected to be fast: machines of tests are not.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until `look` finds something; fails with `what` after [`PATIENCE`].
#[track_caller]
fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "in vain awaited: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
