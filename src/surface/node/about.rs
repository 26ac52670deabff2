//! `/`: what answers here, for whoever opens the address in a browser.

use super::faults::mismatch;
use crate::model::command::ConnectionCommand;
use crate::model::reply::{ConnectionReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess, json};
use serde::Serialize;

/// Name and version, and where the rest is.
pub const ABOUT: Endpoint = Endpoint {
    method: Method::Get,
    path: "/",
    access: EndpointAccess::Open,
    decode: |_| Ok(ConnectionCommand::Ping.into()),
    encode: |reply| match reply {
        Reply::Connection(ConnectionReply::Pong) => about(),
        _ => mismatch(),
    },
};

#[derive(Serialize)]
struct About {
    name: &'static str,
    version: &'static str,
    description: &'static str,
    health: &'static str,
    metrics: &'static str,
    openapi: &'static str,
}

fn about() -> Response {
    let about = About {
        name: "Corecast",
        version: env!("CARGO_PKG_VERSION"),
        description: env!("CARGO_PKG_DESCRIPTION"),
        health: "/health",
        metrics: "/metrics",
        openapi: "/openapi.json",
    };
    let mut body = Vec::new();
    json::push_value(&mut body, &about);
    Response::json(200, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::{decode, shown};

    #[test]
    fn the_root_says_what_this_is() {
        assert_eq!(decode(&ABOUT, "/", &[], ""), Ok(ConnectionCommand::Ping.into()));
        let (status, text) = shown(&(ABOUT.encode)(&Reply::Connection(ConnectionReply::Pong)));
        let start =
            format!(r#"{{"name":"Corecast","version":"{}","description":"#, env!("CARGO_PKG_VERSION"));
        assert!(status == 200 && text.starts_with(&start), "{text}");
        assert_eq!((ABOUT.encode)(&Reply::Done).status, 500);
    }
}
