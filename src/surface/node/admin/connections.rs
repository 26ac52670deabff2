//! `/admin/connections`.

use super::{listed, query, shown};
use crate::base::ids::{ConnectionId, CoreId};
use crate::model::admin::{AdminReply, ConnectionInfo, ConnectionName, Removal};
use crate::model::command::NodeCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::node::faults::mismatch;
use crate::surface::{Endpoint, EndpointAccess};
use serde::Serialize;

/// The connections of the node, or of one user.
pub const LIST: Endpoint = Endpoint {
    method: Method::Get,
    path: "/admin/connections",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        let user = request.head.query_value("user").map(|user| user.as_ref().into());
        let (from, size) = (query::from(request)?, query::size(request)?);
        Ok(NodeCommand::ListConnections { user, from, size }.into())
    },
    encode: |reply| match reply {
        Reply::Admin(reply) => match &**reply {
            AdminReply::Connections(listing) => listed(listing, Connection::of),
            _ => mismatch(),
        },
        _ => mismatch(),
    },
};

/// Closes one.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/admin/connections/{id}",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        let name = parse(request.parameter("id")).ok_or_else(|| {
            let sentence = "There is no connection of this id: it is three numbers, such as 0-17-3.";
            Fault::new(FaultCode::NotFound, sentence)
        })?;
        Ok(NodeCommand::Remove(Removal::Connection(name)).into())
    },
    encode: encode_removed,
};

/// How many connections close.
pub fn encode_removed(reply: &Reply) -> Response {
    #[derive(Serialize)]
    struct Removed {
        closed: u64,
    }
    match reply {
        Reply::Admin(reply) => match **reply {
            AdminReply::Removed(closed) => shown(&Removed { closed }),
            _ => mismatch(),
        },
        _ => mismatch(),
    }
}

#[derive(Serialize)]
struct Connection<'a> {
    id: String,
    kind: &'static str,
    /// Null before it is known, and for a guest.
    user: Option<&'a str>,
    address: Option<String>,
    channels: u32,
    unwritten_bytes: u64,
}

impl<'a> Connection<'a> {
    fn of(info: &'a ConnectionInfo) -> Self {
        let ConnectionName { core, id } = info.name;
        let session = info.session.as_ref().filter(|session| !session.is_guest());
        Self {
            id: format!("{}-{}-{}", core.0, id.index, id.generation),
            kind: if info.is_socket { "websocket" } else { "http" },
            user: session.map(|session| &*session.user),
            address: info.address.map(|address| address.to_string()),
            channels: info.channels,
            unwritten_bytes: info.unwritten_bytes,
        }
    }
}

fn parse(text: &str) -> Option<ConnectionName> {
    let mut parts = text.split('-').map(query::number);
    let (core, index, generation) = (parts.next()??, parts.next()??, parts.next()??);
    let core = CoreId(u16::try_from(core).ok()?);
    parts.next().is_none().then_some(ConnectionName { core, id: ConnectionId { index, generation } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::admin::{Cursor, Listing};
    use crate::model::session::Session;
    use crate::surface::testing::{decode, shown};

    #[test]
    fn ids_are_three_numbers() {
        let id = ConnectionId { index: 17, generation: 3 };
        assert_eq!(parse("2-17-3"), Some(ConnectionName { core: CoreId(2), id }));
        for text in ["", "1", "1-2", "1-2-3-4", "+1-2-3", "1--3", "65536-1-1", "1-4294967296-1", "a-b-c"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_listing_says_where_it_goes_on() {
        let list = |target| decode(&LIST, target, &[], "");
        let from = Cursor { core: CoreId(1), place: 40 };
        assert_eq!(
            list("/admin/connections?user=a%40b&from=1.40&limit=7"),
            Ok(NodeCommand::ListConnections { user: Some("a@b".into()), from, size: 7 }.into())
        );
        for query in ["limit=0", "limit=1001", "limit=x", "from=1", "from=-1.2", "from=65536.1", "from=1.2.3"]
        {
            let target = format!("/admin/connections?{query}");
            let fault = decode(&LIST, &target, &[], "").expect_err(query);
            assert_eq!(fault.code, FaultCode::InvalidRequest, "{query}");
        }
        let info = ConnectionInfo {
            name: ConnectionName { core: CoreId(1), id: ConnectionId { index: 40, generation: 2 } },
            is_socket: true,
            session: Some(Session::of("ada", Scopes::READ).into()),
            address: "192.0.2.1".parse().ok(),
            channels: 3,
            unwritten_bytes: 9,
        };
        let listing = Listing { items: vec![(from, info)], next: Some(Cursor { place: 41, ..from }) };
        let reply = Reply::Admin(Box::new(AdminReply::Connections(listing)));
        let item = concat!(
            r#"{"id":"1-40-2","kind":"websocket","user":"ada","address":"192.0.2.1","#,
            r#""channels":3,"unwritten_bytes":9}"#
        );
        let expected = format!(r#"{{"items":[{item}],"next":"1.41"}}"#);
        assert_eq!(shown(&(LIST.encode)(&reply)), (200, expected));
        assert_eq!((DELETE.encode)(&reply).status, 500);
    }
}
