//! The RetroChat API: subscriptions over a WebSocket, and the REST calls that produce its events.
//! See `docs/protocol/retrochat.md`.

mod body;
mod dialect;
mod encode;
mod envelope;
mod faults;
mod fields;
mod message_id;
mod names;
mod payload;
mod routes;

use super::{Dialect, EndpointAccess, Language, Socket, Subprotocol, Surface, bearer};
use crate::model::session::Scopes;
use crate::protocol::http::Head;
use routes::{conversations, messages, publish, rooms, tickets, users};
use std::borrow::Cow;

/// The surface.
pub static SURFACE: Surface = Surface {
    name: "retrochat",
    prefixes: &["/v1"],
    credentials,
    secret_parameters: &["api_key", "ticket"],
    ignores_last_slash: false,
    endpoints: &[
        users::GET_ME,
        users::PATCH_ME,
        users::GET,
        messages::CREATE,
        messages::LIST,
        messages::GET,
        messages::PATCH,
        messages::PUT,
        messages::DELETE,
        publish::CREATE,
        rooms::LIST,
        rooms::CREATE,
        rooms::GET,
        rooms::PATCH,
        rooms::PUT,
        rooms::DELETE,
        rooms::MEMBERS,
        tickets::CREATE,
        conversations::LIST,
        conversations::CREATE,
        conversations::GET,
        conversations::DELETE,
        conversations::MEMBERS,
        conversations::PUT_MEMBERS,
        conversations::PUT_MEMBER,
        conversations::DELETE_MEMBER,
        conversations::LIST_MESSAGES,
        conversations::CREATE_MESSAGE,
    ],
    sockets: &[Socket {
        protocol: Subprotocol::Named("corecast.v1"),
        ..Socket::open("/v1/realtime", EndpointAccess::Scoped(Scopes::READ), Language::Dialect(&DIALECT))
    }],
    encode_fault: faults::encode_http,
};

/// Namespaces of channels whose rules the configuration gives. Meetings have rules of their own.
pub static NAMESPACES: &[&str] = &["room", "conversation", "user"];

/// What is spoken on `/v1/realtime`.
pub static DIALECT: Dialect = Dialect {
    index: 0,
    decode: dialect::decode,
    encode_reply: encode::encode_reply,
    encode_push: encode::encode_push,
    encode_notice: encode::encode_notice,
    closes_at_end: true,
    returns_once: false,
};

/// `Authorization: Bearer …` or, where there is no such field, a subprotocol `bearer.…` or `?ticket=…`, with
/// which sockets are opened, or `?api_key=…`.
fn credentials<'a>(head: &Head<'a>, _: &'a [u8]) -> Option<Cow<'a, str>> {
    match head.header("authorization") {
        Some(_) => head.bearer().map(Cow::Borrowed),
        None => bearer::offered(head)
            .or_else(|| head.header("upgrade").and_then(|_| head.query_value("ticket")))
            .or_else(|| head.query_value("api_key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http::Method;
    use crate::surface::testing::with_head;

    #[test]
    fn credentials_come_from_the_header_first() {
        let found = |target, fields: &[(&str, &str)]| {
            with_head(Method::Get, target, fields, |head| {
                (SURFACE.credentials)(head, b"").map(Cow::into_owned)
            })
        };
        assert_eq!(found("/v1/realtime", &[]), None);
        assert_eq!(found("/v1/realtime?api_key=rc_%41", &[]).as_deref(), Some("rc_A"));
        let bearer = [("Authorization", "Bearer rc_1")];
        assert_eq!(found("/v1/realtime?api_key=rc_2", &bearer).as_deref(), Some("rc_1"));
        assert_eq!(found("/v1/realtime?api_key=rc_2", &[("Authorization", "Basic eA==")]), None);
    }
}
