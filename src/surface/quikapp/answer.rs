//! Answers by REST: `{"success":true,…}`.

use super::faults;
use super::object::Object;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::protocol::http::Response;

/// The answer that `write` makes of a reply about people; `None` says that the reply is of another kind.
pub fn of(reply: &Reply, write: impl FnOnce(Object<'_>, &PeopleReply) -> Option<u16>) -> Response {
    let Reply::People(reply) = reply else { return faults::mismatch() };
    let mut out = Vec::with_capacity(192);
    let object = Object::new(&mut out).flag("success", true);
    match write(object, reply) {
        Some(status) => Response::json(status, out),
        None => faults::mismatch(),
    }
}

/// `{"success":true}`, to what has no more to say than that it is done.
pub fn done(reply: &Reply) -> Response {
    of(reply, |object, reply| matches!(reply, PeopleReply::Done).then(|| end(object)))
}

/// `{"success":true}`.
pub fn success() -> Response {
    Response::json(200, b"{\"success\":true}".to_vec())
}

/// Ends a whole answer.
pub fn end(object: Object<'_>) -> u16 {
    object.end();
    200
}
