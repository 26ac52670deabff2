//! Requests for the tests of surfaces, written as they stand on the wire.

use super::{Endpoint, Request};
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::session::{Scopes, Session};
use crate::protocol::http::{Head, Response};
use std::borrow::Cow;
use std::sync::Arc;

/// The number that [`decode`] gives as [`Request::fresh`]: `zz` in base 36.
pub const FRESH: u64 = 1295;

/// A session of user `user_1`.
pub fn session(scopes: Scopes) -> Session {
    Session { user: Arc::from("user_1"), name: None, scopes, expires_unix_s: None }
}

/// What an endpoint makes of a request of `user_1` with the scopes that the endpoint asks for.
pub fn decode(
    endpoint: &Endpoint,
    target: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> Result<Command, Fault> {
    let head = Head::of_parts(Some(endpoint.method), target, fields);
    let path = target.split('?').next().unwrap_or_default();
    let parameters = parameters(endpoint.path, path);
    let session = session(Scopes::ADMIN);
    (endpoint.decode)(&Request {
        head: &head,
        parameters: &parameters,
        body: body.as_bytes(),
        session: Some(&session),
        fresh: FRESH,
    })
}

fn parameters<'a>(template: &'static str, path: &'a str) -> Vec<(&'static str, Cow<'a, str>)> {
    let pairs = template.split('/').zip(path.split('/'));
    pairs
        .filter_map(|(key, value)| {
            let key = key.strip_prefix('{')?.strip_suffix('}')?;
            Some((key, percent_encoding::percent_decode_str(value).decode_utf8().expect("UTF-8")))
        })
        .collect()
}

/// Status and body of a response that must be JSON.
pub fn shown(response: &Response) -> (u16, String) {
    assert!(response.content_type.starts_with("application/json"), "{}", response.content_type);
    (response.status, String::from_utf8(response.body.clone()).expect("UTF-8"))
}
