//! What a node says of itself: health checks in a published shape, metrics, and an echo socket
//! to measure a path with, and what answers at `/`; and what an operator sees and does, a backup too. It also answers for the paths that no surface covers. See `docs/protocol/node.md`.

mod about;
mod acme;
mod admin;
mod backup;
mod faults;
pub(super) mod health;
mod metrics;
pub mod openapi;

use super::{EndpointAccess, Language, Socket, Surface};
use admin::{channels, connections, settings, stats, users};
use std::borrow::Cow;

/// The node's own endpoints. Only those of operators ask for credentials: probes and scrapers have none.
pub static SURFACE: Surface = Surface {
    name: "node",
    prefixes: &["/", "/.well-known", "/health", "/metrics", "/openapi.json", "/debug", "/admin"],
    credentials: |head, _| head.bearer().map(Cow::Borrowed),
    // Not understood anywhere, but what people try.
    secret_parameters: &["token", "access_token"],
    ignores_last_slash: false,
    endpoints: &[
        about::ABOUT,
        acme::CHALLENGE,
        health::HEALTH,
        health::READY,
        health::LIVE,
        metrics::METRICS,
        openapi::OPENAPI,
        backup::BACKUP,
        connections::LIST,
        connections::DELETE,
        channels::LIST,
        channels::GET,
        channels::MEMBERS,
        channels::HISTORY,
        channels::PURGE,
        users::DISCONNECT,
        users::REVOKE,
        stats::STATS,
        settings::RELOAD,
        settings::SHOW,
    ],
    sockets: &[Socket::open("/debug/echo", EndpointAccess::Open, Language::Echo)],
    encode_fault: faults::encode,
};
