//! A client of workspace 7, for the tests of this surface.

use crate::model::publication::Client;
use crate::model::realm::Realm;
use crate::model::session::{ClientInfo, Issued, Scopes, Session};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What [`client`] is on the wire.
pub const SHOWN: &str = r#"{"socketId":"S1","extras":{"name":"Ada"},"permissions":{"dbo_id":1,"row_id":42}}"#;

/// What others are shown of it.
pub fn client() -> Client {
    Client { socket: "S1".into(), extras: r#"{"name":"Ada"}"#.into(), table: 1, row: 42 }
}

/// Its session.
pub fn session() -> Session {
    let realm = Arc::new(Realm { id: 7, namespace: "r7".into(), key: "key".into() });
    Session {
        user: "42".into(),
        name: None,
        scopes: Scopes::READ.union(Scopes::WRITE),
        expires_unix_s: None,
        issued: Issued::Never,
        proof: 0,
        grants: None,
        handle: None,
        client_info: Some(Box::new(ClientInfo {
            realm,
            client: client(),
            refused: None,
            address: Ipv4Addr::LOCALHOST.into(),
        })),
    }
}
