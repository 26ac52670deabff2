//! `/workspace/{workspace_id}/realtime/channel`.

use crate::model::command::DefinitionCommand;
use crate::model::reply::{DefinitionReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::xano::{body, faults, names, payload, query};
use crate::surface::{Endpoint, EndpointAccess};

const CHANNELS: &str = "/workspace/{workspace_id}/realtime/channel";
const CHANNEL: &str = "/workspace/{workspace_id}/realtime/channel/{channel_id}";

/// A page of a workspace's definitions.
pub const LIST: Endpoint = Endpoint {
    method: Method::Get,
    path: CHANNELS,
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        Ok(DefinitionCommand::List {
            realm: names::workspace(request)?,
            filter: query::filter(request.head)?,
            page: query::page(request.head)?,
            with_source: query::with_source(request.head)?,
        }
        .into())
    },
    encode: |reply| match reply {
        Reply::Definition(DefinitionReply::Page { items, page, total, with_source }) => {
            payload::page(items, *page, *total, *with_source)
        }
        _ => faults::mismatch(),
    },
};

/// Defines a channel.
pub const CREATE: Endpoint = Endpoint {
    method: Method::Post,
    path: CHANNELS,
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        let realm = names::workspace(request)?;
        let draft = Box::new(body::definition(request, realm)?);
        Ok(DefinitionCommand::Create { realm, draft }.into())
    },
    encode,
};

/// One definition.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: CHANNEL,
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        Ok(DefinitionCommand::Get { realm: names::workspace(request)?, id: names::channel_id(request)? }
            .into())
    },
    encode,
};

/// Replaces a definition, its name included.
pub const UPDATE: Endpoint = Endpoint {
    method: Method::Put,
    path: CHANNEL,
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        let (realm, id) = (names::workspace(request)?, names::channel_id(request)?);
        let draft = Box::new(body::definition(request, realm)?);
        Ok(DefinitionCommand::Update { realm, id, draft }.into())
    },
    encode,
};

/// Deletes a definition; its clients are disconnected.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: CHANNEL,
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        Ok(DefinitionCommand::Delete { realm: names::workspace(request)?, id: names::channel_id(request)? }
            .into())
    },
    encode: |reply| match reply {
        Reply::Definition(DefinitionReply::Deleted) => payload::nothing(),
        _ => faults::mismatch(),
    },
};

fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Definition(DefinitionReply::One(record)) => payload::one(record),
        _ => faults::mismatch(),
    }
}

#[cfg(test)]
mod tests;
