//! The endpoints, a file for each section of the page.

pub mod calls;
pub mod conversations;
pub mod devices;
pub mod huddles;
pub mod presence;
pub mod recordings;
pub mod signaling;

use super::names;
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::people::command::PeopleCommand;
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess, Request};
use std::sync::Arc;

/// An endpoint whose path the table gives it.
const fn endpoint(
    method: Method,
    scopes: Scopes,
    decode: fn(&Request<'_>) -> Result<Command, Fault>,
    encode: fn(&Reply) -> Response,
) -> Endpoint {
    Endpoint { method, path: "", access: EndpointAccess::Scoped(scopes), decode, encode }
}

fn people(command: PeopleCommand) -> Command {
    Command::People(Box::new(command))
}

/// An id of the path. One that no thing can have names nothing, which is for its home to say.
fn id(request: &Request<'_>, name: &str) -> Arc<str> {
    let text = request.parameter(name);
    Arc::from(if names::is_id(text) { text } else { "?" })
}
