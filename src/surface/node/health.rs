//! `/health`, `/health/ready`, `/health/live`.

use super::faults::mismatch;
use crate::model::command::NodeCommand;
use crate::model::node::NodeState;
use crate::model::reply::{NodeReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess, json};
use serde::Serialize;

/// Does the node work? 503 while it reads what it kept, a core does not turn, or the disk takes nothing.
pub const HEALTH: Endpoint = Endpoint {
    method: Method::Get,
    path: "/health",
    access: EndpointAccess::Open,
    decode: |_| Ok(NodeCommand::GetState.into()),
    encode: |reply| answer(reply, health),
};

/// Should the node get new connections? 503 while it starts or drains, a core does not turn, nothing can be stored, or
/// histories are lost.
pub const READY: Endpoint = Endpoint {
    method: Method::Get,
    path: "/health/ready",
    access: EndpointAccess::Open,
    decode: |_| Ok(NodeCommand::GetState.into()),
    encode: |reply| answer(reply, ready),
};

/// Is the process alive? 200 whenever it can answer: a restart would cost every connection of the node.
pub const LIVE: Endpoint = Endpoint {
    method: Method::Get,
    path: "/health/live",
    access: EndpointAccess::Open,
    decode: |_| Ok(NodeCommand::GetState.into()),
    encode: |reply| answer(reply, live),
};

fn answer(reply: &Reply, encode: fn(&NodeState) -> Response) -> Response {
    match reply {
        Reply::Node(NodeReply::State(state)) => encode(state),
        _ => mismatch(),
    }
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    version: &'a str,
    uptime: u64,
    node: &'a str,
    cluster: Cluster<'a>,
    dependencies: Dependencies,
    stats: Stats,
}

#[derive(Serialize)]
struct Cluster<'a> {
    nodes: [&'a str; 1],
    connected: bool,
}

/// What the node needs, each in a word.
#[derive(Serialize)]
struct Dependencies {
    store: &'static str,
    history: &'static str,
    /// Programs reach it themselves, so it is not known how it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<&'static str>,
}

impl Dependencies {
    fn of(state: &NodeState) -> Self {
        let word = |fails| if fails { "unhealthy" } else { "healthy" };
        Self {
            store: word(state.total.disk_fails),
            history: word(state.total.history_lost),
            turn: state.total.has_turn.then_some("configured"),
        }
    }
}

#[derive(Serialize)]
struct Stats {
    websocket_connections: u64,
    online_users: u64,
    active_calls: u64,
    active_huddles: u64,
}

fn health(state: &NodeState) -> Response {
    let degraded = state.silent_cores > 0 || state.total.disk_fails || state.total.history_lost;
    let (status, word) = match state.draining {
        _ if degraded => (503, "degraded"),
        _ if state.total.starting => (503, "starting"),
        true => (200, "draining"),
        false => (200, "healthy"),
    };
    json_of(
        status,
        &Health {
            status: word,
            version: state.info.version,
            uptime: state.uptime_s,
            node: &state.info.name,
            cluster: Cluster { nodes: [&state.info.name], connected: true },
            dependencies: Dependencies::of(state),
            stats: Stats {
                websocket_connections: state.total.websocket_connections,
                online_users: state.total.online_users,
                active_calls: state.total.active_calls,
                active_huddles: state.total.active_huddles,
            },
        },
    )
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    cores: bool,
    accepting: bool,
    storage: bool,
    history: bool,
}

fn ready(state: &NodeState) -> Response {
    let checks = Checks {
        cores: state.silent_cores == 0,
        accepting: !state.draining && !state.total.starting,
        storage: !state.total.disk_fails,
        history: !state.total.history_lost,
    };
    let ready = checks.cores && checks.accepting && checks.storage && checks.history;
    json_of(if ready { 200 } else { 503 }, &Ready { ready, checks })
}

#[derive(Serialize)]
struct Live {
    alive: bool,
    stats: LiveStats,
}

#[derive(Serialize)]
struct LiveStats {
    connected_users: u64,
    active_calls: u64,
    active_huddles: u64,
    uptime_seconds: u64,
}

fn live(state: &NodeState) -> Response {
    let stats = LiveStats {
        connected_users: state.total.online_users,
        active_calls: state.total.active_calls,
        active_huddles: state.total.active_huddles,
        uptime_seconds: state.uptime_s,
    };
    json_of(200, &Live { alive: true, stats })
}

fn json_of<T: Serialize>(status: u16, value: &T) -> Response {
    let mut body = Vec::new();
    json::push_value(&mut body, value);
    Response::json(status, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::{CoreState, NodeInfo};
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing::{decode, shown};

    fn state(draining: bool, silent_cores: u32, disk_fails: bool) -> Reply {
        Reply::Node(NodeReply::State(NodeState {
            info: NodeInfo {
                name: "corecast@a".into(),
                version: "0.1.0",
                started_unix_ms: 0,
                started_monotonic_us: 0,
            },
            uptime_s: 61,
            total: CoreState {
                connections: 5,
                websocket_connections: 4,
                online_users: 3,
                disk_fails,
                ..CoreState::default()
            },
            draining,
            silent_cores,
        }))
    }

    fn body(endpoint: &Endpoint, draining: bool, silent_cores: u32) -> (u16, String) {
        assert_eq!(decode(endpoint, endpoint.path, &[], ""), Ok(NodeCommand::GetState.into()));
        shown(&(endpoint.encode)(&state(draining, silent_cores, false)))
    }

    #[test]
    fn health_has_the_shape_of_the_page() {
        let expected = concat!(
            r#"{"status":"healthy","version":"0.1.0","uptime":61,"node":"corecast@a","#,
            r#""cluster":{"nodes":["corecast@a"],"connected":true},"dependencies":{"store":"healthy","history":"healthy"},"#,
            r#""stats":{"websocket_connections":4,"online_users":3,"active_calls":0,"active_huddles":0}}"#
        );
        assert_eq!(body(&HEALTH, false, 0), (200, expected.into()));
        assert_eq!(body(&HEALTH, true, 0), (200, expected.replacen("healthy", "draining", 1)));
        let is = |word: &str| expected.replacen("healthy", word, 1);
        assert_eq!(body(&HEALTH, true, 1), (503, is("degraded")));
        let full = shown(&(HEALTH.encode)(&state(true, 0, true)));
        assert_eq!(full, (503, is("degraded").replace(r#""store":"healthy""#, r#""store":"unhealthy""#)));
    }

    #[test]
    fn readiness_names_the_check_that_fails() {
        let shape = |ready, cores, accepting, storage| {
            let checks =
                format!(r#"{{"cores":{cores},"accepting":{accepting},"storage":{storage},"history":true}}"#);
            format!(r#"{{"ready":{ready},"checks":{checks}}}"#)
        };
        assert_eq!(body(&READY, false, 0), (200, shape(true, true, true, true)));
        assert_eq!(body(&READY, true, 0), (503, shape(false, true, false, true)));
        assert_eq!(body(&READY, false, 2), (503, shape(false, false, true, true)));
        assert_eq!(shown(&(READY.encode)(&state(false, 0, true))), (503, shape(false, true, true, false)));
    }

    #[test]
    fn a_node_that_starts_or_lost_its_history_is_not_ready() {
        let with = |starting, history_lost| {
            let Reply::Node(NodeReply::State(mut state)) = state(false, 0, false) else {
                unreachable!("made here")
            };
            state.total = CoreState { starting, history_lost, ..state.total };
            Reply::Node(NodeReply::State(state))
        };
        let (status, text) = shown(&(READY.encode)(&with(true, false)));
        assert!(
            status == 503 && text.contains(r#""accepting":false,"storage":true,"history":true"#),
            "{text}"
        );
        let (status, text) = shown(&(READY.encode)(&with(false, true)));
        assert!(
            status == 503 && text.contains(r#""accepting":true,"storage":true,"history":false"#),
            "{text}"
        );
        let (status, text) = shown(&(HEALTH.encode)(&with(false, true)));
        assert!(status == 503 && text.starts_with(r#"{"status":"degraded""#), "{text}");
        let (status, text) = shown(&(HEALTH.encode)(&with(true, false)));
        assert!(status == 503 && text.starts_with(r#"{"status":"starting""#), "{text}");
        assert_eq!(shown(&(LIVE.encode)(&with(true, true))).0, 200);
    }

    #[test]
    fn liveness_holds_while_the_node_answers() {
        let expected = concat!(
            r#"{"alive":true,"stats":{"connected_users":3,"active_calls":0,"active_huddles":0,"#,
            r#""uptime_seconds":61}}"#
        );
        assert_eq!(body(&LIVE, true, 1), (200, expected.into()));
    }

    #[test]
    fn a_reply_of_another_kind_is_not_shown() {
        assert_eq!((HEALTH.encode)(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }
}
