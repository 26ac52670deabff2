//! `/admin/stats`: the node in figures.

use super::shown;
use crate::model::command::NodeCommand;
use crate::model::node::NodeState;
use crate::model::reply::{NodeReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::node::faults::mismatch;
use crate::surface::{Endpoint, EndpointAccess};
use serde::Serialize;

/// The figures of all cores together at this moment.
pub const STATS: Endpoint = Endpoint {
    method: Method::Get,
    path: "/admin/stats",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |_| Ok(NodeCommand::GetStats.into()),
    encode,
};

#[derive(Serialize)]
struct Stats<'a> {
    node: &'a str,
    version: &'a str,
    uptime_s: u64,
    draining: bool,
    silent_cores: u32,
    connections: u64,
    websockets: u64,
    online_users: u64,
    channels: u64,
    publications: u64,
    active_calls: u64,
    active_huddles: u64,
}

fn encode(reply: &Reply) -> Response {
    let Reply::Node(NodeReply::State(NodeState { info, uptime_s, total, draining, silent_cores })) = reply
    else {
        return mismatch();
    };
    shown(&Stats {
        node: &info.name,
        version: info.version,
        uptime_s: *uptime_s,
        draining: *draining,
        silent_cores: *silent_cores,
        connections: total.connections,
        websockets: total.websocket_connections,
        online_users: total.online_users,
        channels: total.channels,
        publications: total.publications,
        active_calls: total.active_calls,
        active_huddles: total.active_huddles,
    })
}
