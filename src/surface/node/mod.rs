//! What a node says of itself: health checks in the shape of the QuikApp page, metrics, and an echo socket
//! to measure a path with. It also answers for the paths that no surface covers. See `docs/protocol/node.md`.

mod faults;
mod health;
mod metrics;

use super::{Access, Language, Socket, Surface};

/// The node's own endpoints. They ask for no credentials: probes and scrapers have none.
pub static SURFACE: Surface = Surface {
    name: "node",
    prefixes: &["/health", "/metrics", "/debug"],
    credentials: |_, _| None,
    endpoints: &[health::HEALTH, health::READY, health::LIVE, metrics::METRICS],
    sockets: &[Socket::open("/debug/echo", Access::Open, Language::Echo)],
    encode_fault: faults::encode,
};
