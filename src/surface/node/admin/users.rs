//! `/admin/users`.

use super::connections::encode_removed;
use super::shown;
use crate::base::time::rfc3339;
use crate::model::admin::{AdminReply, Removal};
use crate::model::command::{LoginCommand, NodeCommand};
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::node::faults::mismatch;
use crate::surface::{Endpoint, EndpointAccess};
use serde::Serialize;

/// Closes the WebSockets of a user. It may come back with credentials that hold.
pub const DISCONNECT: Endpoint = Endpoint {
    method: Method::Post,
    path: "/admin/users/{user}/disconnect",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| Ok(NodeCommand::Remove(Removal::User(request.parameter("user").into())).into()),
    encode: encode_removed,
};

/// Ends all tokens and sessions that a user was given up to now, and closes the WebSockets that were opened with them.
pub const REVOKE: Endpoint = Endpoint {
    path: "/admin/users/{user}/revoke",
    decode: |request| Ok(LoginCommand::RevokeTokens { user: request.parameter("user").into() }.into()),
    encode: |reply| match reply {
        Reply::Admin(reply) => match **reply {
            AdminReply::TokensRevoked(unix_s) => {
                shown(&Revoked { issued_until: rfc3339(unix_s.saturating_mul(1_000)) })
            }
            _ => mismatch(),
        },
        _ => mismatch(),
    },
    ..DISCONNECT
};

#[derive(Serialize)]
struct Revoked {
    issued_until: String,
}
