//! `/v1/users`.

use crate::model::command::{Command, ProfileCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::Text;
use crate::surface::retrochat::faults::mismatch;
use crate::surface::retrochat::names::{self, Kind};
use crate::surface::retrochat::{body, envelope, fields, payload};
use crate::surface::{Endpoint, EndpointAccess, Request};
use serde::Deserialize;

/// The caller.
pub const GET_ME: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/users/me",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| profile(&body::caller(request)?.user),
    encode,
};

/// Changes what the caller says of itself.
pub const PATCH_ME: Endpoint = Endpoint {
    method: Method::Patch,
    path: "/v1/users/me",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: decode_patch,
    encode,
};

/// Any user.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/users/{id}",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| profile(request.parameter("id")),
    encode,
};

#[derive(Deserialize)]
struct Changes<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
}

fn profile(user: &str) -> Result<Command, Fault> {
    Ok(ProfileCommand::Get { channel: names::channel_of_id(Kind::User, user)?, user: user.into() }.into())
}

fn decode_patch(request: &Request<'_>) -> Result<Command, Fault> {
    let user = &body::caller(request)?.user;
    let channel = names::channel_of_id(Kind::User, user)?;
    let changes: Changes<'_> = body::object(request)?;
    let name = changes.name.as_ref().map(|name| fields::name(&name.0)).transpose()?;
    let status = changes.status.as_ref().map(|status| fields::status(&status.0)).transpose()?;
    if name.is_none() && status.is_none() {
        return Err(Fault::new(FaultCode::InvalidRequest, "Give a name, a status or both."));
    }
    Ok(ProfileCommand::Update { channel, user: user.as_ref().into(), name, status }.into())
}

fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Profile(profile) => envelope::one(200, &payload::User::of(profile)),
        _ => mismatch(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::channel::ChannelName;
    use crate::model::publication::Profile;
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing::{decode, shown};

    #[test]
    fn me_is_the_caller() {
        let (channel, user) = (ChannelName::new("user:1"), Box::from("user_1"));
        assert_eq!(
            decode(&GET_ME, "/v1/users/me", &[], ""),
            Ok(ProfileCommand::Get { channel: channel.clone(), user: Box::clone(&user) }.into())
        );
        assert_eq!(
            decode(&PATCH_ME, "/v1/users/me", &[], r#"{"name":"Ada","status":"Busy"}"#),
            Ok(ProfileCommand::Update {
                channel,
                user,
                name: Some("Ada".into()),
                status: Some("busy".into())
            }
            .into())
        );
        for bad in ["{}", r#"{"name":""}"#, r#"{"status":"asleep"}"#, r#"{"name":null}"#] {
            let fault = decode(&PATCH_ME, "/v1/users/me", &[], bad).expect_err(bad);
            assert_eq!(fault.code, FaultCode::InvalidRequest);
        }
    }

    #[test]
    fn user_ids_are_taken_as_they_are() {
        for (target, user, name) in [
            ("/v1/users/123", "123", "user:123"),
            ("/v1/users/user_123", "user_123", "user:123"),
            ("/v1/users/a%40b%7C1", "a@b|1", "user:a@b|1"),
        ] {
            let (channel, user) = (ChannelName::new(name), user.into());
            assert_eq!(decode(&GET, target, &[], ""), Ok(ProfileCommand::Get { channel, user }.into()));
        }
        assert!(decode(&GET, "/v1/users/a%20b", &[], "").is_err());
    }

    #[test]
    fn a_profile_has_the_documented_shape() {
        let profile = Profile { user: "123".into(), name: None, status: None, online: true };
        assert_eq!(
            shown(&encode(&Reply::Profile(profile))),
            (
                200,
                r#"{"success":true,"data":{"id":"123","name":null,"status":"online","online":true}}"#.into()
            )
        );
        assert_eq!(encode(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }
}
