//! The Skapi API, as far as it is about what is live: groups of connections, private messages, and what programs say to
//! each other to reach one another. See `docs/protocol/skapi.md`.

mod dialect;
mod encode;
mod faults;
mod names;
mod routes;

use super::{Dialect, EndpointAccess, Language, Socket, Surface};
use crate::model::session::Scopes;
use crate::protocol::http::Head;
use routes::{documents, groups, others, push};
use std::borrow::Cow;

/// The surface. Everything is below one path of our own, since the published addresses are the vendor's.
pub static SURFACE: Surface = Surface {
    name: "skapi",
    prefixes: &["/skapi"],
    credentials,
    secret_parameters: &["token"],
    ignores_last_slash: false,
    endpoints: &[
        documents::CDN,
        documents::ADMIN,
        documents::RECORD,
        documents::SERVICE,
        groups::LIST,
        push::GET_KEY,
        push::SUBSCRIBE,
        push::UNSUBSCRIBE,
        push::NOTIFY,
        others::POST,
        others::GET,
    ],
    sockets: &[Socket {
        reachable: true,
        ..Socket::open(SOCKET, EndpointAccess::Scoped(Scopes::READ), Language::Dialect(&DIALECT))
    }],
    encode_fault: faults::encode_http,
};

/// What is spoken on the socket.
pub static DIALECT: Dialect = Dialect {
    index: 4,
    decode: dialect::decode,
    encode_reply: encode::encode_reply,
    encode_push: encode::encode_push,
    // The library knows no frame for it.
    encode_notice: |_, _| {},
    closes_at_end: false,
    returns_once: true,
};

/// Where the socket is.
const SOCKET: &str = "/skapi/ws";

/// REST has the bare token in `Authorization`, with or without `Bearer`. A browser cannot set that on a socket: there the
/// token is a parameter.
fn credentials<'a>(head: &Head<'a>, _: &'a [u8]) -> Option<Cow<'a, str>> {
    if head.path == SOCKET {
        return head.query_value("token").filter(|token| !token.is_empty());
    }
    let field = head.header_str("authorization")?.trim();
    let bare = !field.is_empty() && !field.contains(' ');
    head.bearer().or(bare.then_some(field)).map(Cow::Borrowed)
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
    fn a_socket_has_its_token_as_parameter_and_rest_as_field() {
        let bare = [("Authorization", "a.b.c")];
        let bearer = [("Authorization", "Bearer a.b.c")];
        for fields in [&bare, &bearer] {
            assert_eq!(found("/skapi/api/x?token=d.e.f", fields).as_deref(), Some("a.b.c"));
            assert_eq!(found("/skapi/ws?token=d.e.f", fields).as_deref(), Some("d.e.f"));
            assert_eq!(found("/skapi/ws?token=", fields), None);
        }
        assert_eq!(found("/skapi/api/x?token=d.e.f", &[]), None);
        assert_eq!(found("/skapi/api/x", &[("Authorization", "Basic a.b.c")]), None);
        assert_eq!(found("/skapi/api/x", &[("Authorization", "")]), None);
    }
}
