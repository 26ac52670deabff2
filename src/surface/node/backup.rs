//! `/admin/backup`: a copy of all that is stored.

use super::faults::mismatch;
use crate::model::command::{Command, CoreCommand};
use crate::model::reply::{NodeReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess, json};
use serde::Serialize;

/// Makes a backup in the data directory. Where, is never said from outside.
pub const BACKUP: Endpoint = Endpoint {
    method: Method::Post,
    path: "/admin/backup",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |_| Ok(Command::Core(CoreCommand::Backup)),
    encode,
};

#[derive(Serialize)]
struct Backup<'a> {
    file: &'a str,
    bytes: u64,
}

fn encode(reply: &Reply) -> Response {
    let Reply::Node(NodeReply::BackedUp { file, bytes }) = reply else {
        return mismatch();
    };
    let mut body = Vec::new();
    json::push_value(&mut body, &Backup { file, bytes: *bytes });
    Response::json(200, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing::{decode, shown};

    #[test]
    fn a_backup_is_told_by_its_name() {
        let asked = r#"{"file":"/etc/passwd"}"#;
        assert_eq!(
            decode(&BACKUP, "/admin/backup", &[], asked),
            Ok(Command::Core(CoreCommand::Backup)),
            "no path is read"
        );
        let reply = Reply::Node(NodeReply::BackedUp { file: "backup-1.redb".into(), bytes: 4096 });
        assert_eq!(shown(&encode(&reply)), (200, r#"{"file":"backup-1.redb","bytes":4096}"#.into()));
        assert_eq!(encode(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }
}
