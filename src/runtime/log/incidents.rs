//! Incidents of the shards as lines.

use super::{info, warn};
use crate::base::ids::{ConnectionId, CoreId};
use crate::shard::{Incident, IncidentKind};

/// Logs what a core's shard notes.
pub fn incident(core: CoreId, incident: &Incident) {
    let Incident { kind, count, connection, address } = incident;
    let connection = connection.map(|id| shown(core, id));
    let address = address.map(|address| address.to_string());
    let sentence = sentence(*kind);
    match kind {
        IncidentKind::LoginRefused
        | IncidentKind::CredentialsRefused
        | IncidentKind::SlowConsumer
        | IncidentKind::HandshakeFailed => {
            info!(core = core.0, count, connection, address, "{sentence}");
        }
        _ => warn!(core = core.0, count, connection, address, "{sentence}"),
    }
}

/// A connection's name, unique among those that are open.
fn shown(core: CoreId, id: ConnectionId) -> String {
    format!("{}-{}-{}", core.0, id.index, id.generation)
}

/// What happened; fields say how often since it was last told, and to whom last.
fn sentence(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::LoginRefused => "a login was refused: no such user, or another password",
        IncidentKind::CredentialsRefused => "a key, token or session was refused: it does not hold",
        IncidentKind::TooManyTries => "a request was refused: more of its kind came than may; see [limits]",
        IncidentKind::ConnectionRefused => {
            "a connection was refused: connections_max or a limit of its address is reached"
        }
        IncidentKind::LimitReached => "a request was refused: a table is full; see [limits] and /metrics",
        IncidentKind::Overloaded => "a request was refused: a queue is full",
        IncidentKind::Unavailable => {
            "a request was refused: the node starts or goes away, or the disk takes nothing"
        }
        IncidentKind::SlowConsumer => "a subscriber was closed: it read slower than its channels publish",
        IncidentKind::Oversized => {
            "a connection was closed: what it, or its address, sent without finishing or reading is more than a limit \
             lets it keep; see [limits]"
        }
        IncidentKind::HandshakeFailed => {
            "a TLS handshake failed: the client left, took too long or refuses what is offered; log.level = \"debug\" says why"
        }
    }
}
