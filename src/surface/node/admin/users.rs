//! `/admin/users`.

use super::connections::encode_removed;
use crate::model::admin::Removal;
use crate::model::command::NodeCommand;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::{Access, Endpoint};

/// Closes the WebSockets of a user. It may come back with credentials that hold.
pub const DISCONNECT: Endpoint = Endpoint {
    method: Method::Post,
    path: "/admin/users/{user}/disconnect",
    access: Access::Scoped(Scopes::ADMIN),
    decode: |request| Ok(NodeCommand::Remove(Removal::User(request.parameter("user").into())).into()),
    encode: encode_removed,
};
