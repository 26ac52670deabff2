//! `/admin/reload` and `/admin/settings`.

use super::shown;
use crate::model::admin::AdminReply;
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::model::settings::{Reloaded, SettingsCommand, SettingsInForce};
use crate::protocol::http::{Method, Response};
use crate::surface::node::faults::mismatch;
use crate::surface::{Endpoint, EndpointAccess};
use serde::Serialize;
use std::collections::BTreeMap;

/// Reads the configuration anew, as SIGHUP does, and says what came of it.
pub const RELOAD: Endpoint = Endpoint {
    method: Method::Post,
    path: "/admin/reload",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |_| Ok(SettingsCommand::Reload.into()),
    encode,
};

/// Which settings are in force, as digests.
pub const SHOW: Endpoint = Endpoint {
    method: Method::Get,
    path: "/admin/settings",
    decode: |_| Ok(SettingsCommand::Show.into()),
    ..RELOAD
};

#[derive(Serialize)]
struct Taken<'a> {
    changed: &'a [String],
    restart: &'a [String],
    warnings: &'a [String],
}

#[derive(Serialize)]
struct InForce<'a> {
    salt: &'a str,
    digests: BTreeMap<&'a str, &'a str>,
}

fn encode(reply: &Reply) -> Response {
    let Reply::Admin(reply) = reply else { return mismatch() };
    match &**reply {
        AdminReply::Reloaded(Reloaded { changed, restart, warnings }) => {
            shown(&Taken { changed, restart, warnings })
        }
        AdminReply::Settings(SettingsInForce { salt, digests }) => {
            let digests = digests.iter().map(|(name, digest)| (name.as_str(), digest.as_str())).collect();
            shown(&InForce { salt, digests })
        }
        _ => mismatch(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing;

    #[test]
    fn a_reload_says_what_changed_and_what_needs_a_restart() {
        assert_eq!(testing::decode(&RELOAD, "/admin/reload", &[], ""), Ok(SettingsCommand::Reload.into()));
        let reloaded = Reloaded {
            changed: vec!["auth.api_keys".into()],
            restart: vec!["listen".into()],
            warnings: Vec::new(),
        };
        let reply = Reply::Admin(Box::new(AdminReply::Reloaded(reloaded)));
        let expected = r#"{"changed":["auth.api_keys"],"restart":["listen"],"warnings":[]}"#;
        assert_eq!(testing::shown(&encode(&reply)), (200, expected.into()));
        assert_eq!(encode(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }

    #[test]
    fn settings_are_told_as_digests() {
        let settings = SettingsInForce { salt: "s".into(), digests: vec![("listen".into(), "0a".into())] };
        let reply = Reply::Admin(Box::new(AdminReply::Settings(settings)));
        let expected = r#"{"salt":"s","digests":{"listen":"0a"}}"#;
        assert_eq!(testing::shown(&(SHOW.encode)(&reply)), (200, expected.into()));
    }
}
