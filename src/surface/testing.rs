//! Requests for the tests of surfaces, written as they stand on the wire.

use super::{Endpoint, Request};
use crate::base::limits::Limits;
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::session::{Scopes, Session};
use crate::protocol::http::{Head, Method, Response, decode_segment, parse_head};
use std::borrow::Cow;

/// The number that [`decode`] gives as [`Request::fresh`]: `zz` in base 36.
pub const FRESH: u64 = 1295;

/// A session of user `user_1`.
pub fn session(scopes: Scopes) -> Session {
    Session::of("user_1", scopes)
}

/// What an endpoint makes of a request of `user_1` with the scopes that the endpoint asks for.
pub fn decode(
    endpoint: &Endpoint,
    target: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> Result<Command, Fault> {
    let session = session(Scopes::ADMIN);
    with_head(endpoint.method, target, fields, |head| {
        (endpoint.decode)(&Request {
            head,
            parameters: &parameters(endpoint.path, head.path),
            body: body.as_bytes(),
            session: Some(&session),
            limits: &Limits::default(),
            public_url: "",
            words: &[("a-token".into(), "a-token.proof".into())],
            fresh: FRESH,
        })
    })
}

/// Calls `visit` with the head of a request.
pub fn with_head<R>(
    method: Method,
    target: &str,
    fields: &[(&str, &str)],
    visit: impl FnOnce(&Head<'_>) -> R,
) -> R {
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let text = format!("{} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n", method.name());
    parse_head(text.as_bytes(), |head| Ok(visit(head))).expect("a well-formed head")
}

fn parameters<'a>(template: &'static str, path: &'a str) -> Vec<(&'static str, Cow<'a, str>)> {
    let pairs = template.split('/').zip(path.split('/'));
    pairs
        .filter_map(|(key, value)| {
            let key = key.strip_prefix('{')?.strip_suffix('}')?;
            Some((key, decode_segment(value).expect("well-formed")))
        })
        .collect()
}

/// Status and body of a response that must be JSON.
pub fn shown(response: &Response) -> (u16, String) {
    assert!(response.content_type.starts_with("application/json"), "{}", response.content_type);
    (response.status, String::from_utf8(response.body.clone()).expect("UTF-8"))
}
