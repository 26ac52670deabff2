//! The MDaemon WorldClient API, as far as it is about real-time communication: rooms with messages that only their
//! members can read, and the logins they need. A room is a meeting of the broker. See `docs/protocol/mdaemon.md`.

mod body;
mod faults;
mod form;
mod parameters;
mod payload;
mod routes;

use super::{Endpoint, EndpointAccess, Surface};
use crate::protocol::http::Head;
use routes::{authenticate, messages, ping, query, rooms};
use std::borrow::Cow;

/// The surface. Every call is served in the path form and in the query form, where `route=` and its like say what the
/// path would.
pub static SURFACE: Surface = Surface {
    name: "mdaemon",
    prefixes: &["/WorldClientAPI"],
    credentials,
    // The last one is an object that may have the others.
    secret_parameters: &["session", "password", "request"],
    ignores_last_slash: true,
    endpoints: &[
        query::GET,
        query::PUT,
        query::DELETE,
        query::POST,
        authenticate::BASIC,
        authenticate::LOGOUT,
        ping::GET,
        rooms::LIST,
        rooms::PUT,
        at("/WorldClientAPI/rtc/rooms", rooms::DELETE),
        rooms::GET,
        rooms::DELETE,
        messages::GET,
        messages::PUT,
        messages::DELETE,
        at("/WorldClientAPI/rtc/messages", messages::GET),
        at("/WorldClientAPI/rtc/messages", messages::PUT),
        at("/WorldClientAPI/rtc/messages", messages::DELETE),
    ],
    sockets: &[],
    encode_fault: faults::encode,
};

const fn at(path: &'static str, endpoint: Endpoint) -> Endpoint {
    Endpoint { path, ..endpoint }
}

/// Who reads.
const READ: EndpointAccess = EndpointAccess::Scoped(crate::model::session::Scopes::READ);

/// Who changes.
const WRITE: EndpointAccess = EndpointAccess::Scoped(crate::model::session::Scopes::WRITE);

/// `Authorization: Bearer …` or, where there is no such field, `session` of the query, or of a form.
fn credentials<'a>(head: &Head<'a>, body: &'a [u8]) -> Option<Cow<'a, str>> {
    if head.header("authorization").is_some() {
        return head.bearer().map(Cow::Borrowed);
    }
    head.query_value("session").or_else(|| body::form_value(head, body, "session"))
}

#[cfg(test)]
mod tests;
