//! `/WorldClientAPI/ping`.

use crate::model::command::ConnectionCommand;
use crate::model::reply::{ConnectionReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::Endpoint;
use crate::surface::mdaemon::{READ, faults};

/// Does the session hold?
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/WorldClientAPI/ping",
    access: READ,
    decode: |_| Ok(ConnectionCommand::Ping.into()),
    encode,
};

/// `{"pong":true}`.
pub fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Connection(ConnectionReply::Pong) => Response::json(200, b"{\"pong\":true}".to_vec()),
        _ => faults::mismatch(),
    }
}
