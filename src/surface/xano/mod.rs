//! The Xano API: realtime channels whose rules are declared in XanoScript ([`script`]), and the socket that its clients
//! speak. See `docs/protocol/xano.md`.

mod body;
mod client;
mod definition;
mod dialect;
mod encode;
mod faults;
mod names;
mod payload;
mod query;
mod routes;
pub mod script;
#[cfg(test)]
mod testing;

use super::{Dialect, Endpoint, EndpointAccess, Language, Socket, Subprotocol, Surface};
use crate::model::session::Scopes;
use crate::protocol::http::Head;
use crate::protocol::websocket::upgrade::protocols;
use routes::{channels, events};
use std::borrow::Cow;

/// The surface. Each endpoint is served twice: the published base of its paths ends with `/api:meta`, and the pages leave
/// that out.
pub static SURFACE: Surface = Surface {
    name: "xano",
    prefixes: &["/workspace", "/api:meta", "/rt"],
    credentials,
    secret_parameters: &[],
    ignores_last_slash: false,
    endpoints: &[
        channels::LIST,
        channels::CREATE,
        channels::GET,
        channels::UPDATE,
        channels::DELETE,
        events::CREATE,
        at(META_CHANNELS, channels::LIST),
        at(META_CHANNELS, channels::CREATE),
        at(META_CHANNEL, channels::GET),
        at(META_CHANNEL, channels::UPDATE),
        at(META_CHANNEL, channels::DELETE),
        at(META_EVENT, events::CREATE),
    ],
    sockets: &[Socket {
        realm: Some("hash"),
        // A token that does not hold opens the socket all the same: its client is anonymous.
        guests: true,
        protocol: Subprotocol::First,
        ..Socket::open("/rt/{hash}", EndpointAccess::Scoped(Scopes::READ), Language::Dialect(&DIALECT))
    }],
    encode_fault: faults::encode_http,
};

/// What is spoken on `/rt/{hash}`.
pub static DIALECT: Dialect = Dialect {
    index: 1,
    decode: dialect::decode,
    encode_reply: encode::encode_reply,
    encode_push: encode::encode_push,
    encode_notice: encode::encode_notice,
    closes_at_end: true,
    returns_once: false,
};

const META_CHANNELS: &str = "/api:meta/workspace/{workspace_id}/realtime/channel";
const META_CHANNEL: &str = "/api:meta/workspace/{workspace_id}/realtime/channel/{channel_id}";
const META_EVENT: &str = "/api:meta/workspace/{workspace_id}/realtime/event";

/// Where the sockets of all workspaces begin.
const SOCKETS: &str = "/rt/";

const fn at(path: &'static str, endpoint: Endpoint) -> Endpoint {
    Endpoint { path, ..endpoint }
}

/// REST has `Authorization: Bearer …`. A browser cannot set that on a socket: there the token is the subprotocol that is
/// offered first.
fn credentials<'a>(head: &Head<'a>, _: &'a [u8]) -> Option<Cow<'a, str>> {
    if !head.path.starts_with(SOCKETS) {
        return head.bearer().map(Cow::Borrowed);
    }
    protocols(head).next().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http::Method;
    use crate::surface::testing::with_head;

    fn found(target: &str, fields: &[(&str, &str)]) -> Option<String> {
        with_head(Method::Get, target, fields, |head| (SURFACE.credentials)(head, b"").map(Cow::into_owned))
    }

    #[test]
    fn a_socket_has_its_token_as_subprotocol_and_rest_as_bearer() {
        let fields = [("Authorization", "Bearer a.b.c"), ("Sec-WebSocket-Protocol", "d.e.f")];
        assert_eq!(found("/rt/hash", &fields).as_deref(), Some("d.e.f"));
        assert_eq!(found("/rt/hash", &[("Sec-WebSocket-Protocol", "a.b.c , x")]).as_deref(), Some("a.b.c"));
        assert_eq!(found("/rt/hash", &fields[..1]), None);
        assert_eq!(found("/workspace/1/realtime/channel", &fields).as_deref(), Some("a.b.c"));
        assert_eq!(found("/api:meta/workspace/1/realtime/channel", &fields[1..]), None);
    }

    #[test]
    fn every_endpoint_is_served_below_the_prefix_too() {
        let served = |method, path: &str| {
            SURFACE.endpoints.iter().any(|endpoint| endpoint.method == method && endpoint.path == path)
        };
        let plain = SURFACE.endpoints.iter().filter(|endpoint| !endpoint.path.starts_with("/api:meta"));
        for endpoint in plain.clone() {
            let path = format!("/api:meta{}", endpoint.path);
            assert!(served(endpoint.method, &path), "{:?} {path}", endpoint.method);
        }
        assert_eq!(plain.count() * 2, SURFACE.endpoints.len());
    }
}
