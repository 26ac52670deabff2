//! `/signaling/…`

use super::{endpoint, people};
use crate::model::people::command::PeopleCommand;
use crate::model::people::reply::PeopleReply;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::Endpoint;
use crate::surface::json::push_text;
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::object::Object;
use crate::surface::quikapp::payload;

/// What programs reach each other by.
pub const ICE_CONFIG: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |_| Ok(people(PeopleCommand::IceServers)),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Ice(ice) => Some(end(object.with("config", |out| {
                Object::new(out)
                    .with("ice_servers", |out| payload::push_ice(out, ice))
                    .text("ice_transport_policy", "all")
                    .number("ttl", ice.ttl_s)
                    .end();
            }))),
            _ => None,
        })
    },
);

/// A proof for the TURN servers.
pub const TURN_CREDENTIALS: Endpoint = endpoint(
    Method::Post,
    Scopes::READ,
    |_| Ok(people(PeopleCommand::TurnCredentials)),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Ice(ice) => {
                let own = ice.credentials.as_ref()?;
                Some(end(object.with("credentials", |out| {
                    Object::new(out)
                        .text("username", &own.username)
                        .text("credential", &own.credential)
                        .number("ttl", ice.ttl_s)
                        .list("urls", &*ice.turn, |out, url| push_text(out, url))
                        .end();
                })))
            }
            _ => None,
        })
    },
);
