//! `/WorldClientAPI/ping`.

use crate::model::command::Command;
use crate::model::reply::Reply;
use crate::protocol::http::{Method, Response};
use crate::surface::Endpoint;
use crate::surface::mdaemon::{READ, faults};

/// Does the session hold?
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/WorldClientAPI/ping",
    access: READ,
    decode: |_| Ok(Command::Ping),
    encode,
};

/// `{"pong":true}`.
pub fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Pong => Response::json(200, b"{\"pong\":true}".to_vec()),
        _ => faults::mismatch(),
    }
}
