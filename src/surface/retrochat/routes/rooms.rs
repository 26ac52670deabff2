//! `/v1/rooms`.

use crate::model::channel::ChannelName;
use crate::model::command::{ChannelCommand, Command, NodeCommand, RoomCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{ChannelReply, Reply, RoomReply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::Text;
use crate::surface::retrochat::faults::mismatch;
use crate::surface::retrochat::message_id::Base36;
use crate::surface::retrochat::names::{self, Kind};
use crate::surface::retrochat::{body, envelope, fields, payload};
use crate::surface::{Endpoint, EndpointAccess, Request};
use serde::{Deserialize, Serialize};

/// All rooms, oldest first.
pub const LIST: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/rooms",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| {
        Ok(NodeCommand::ListRooms { namespace: Kind::Room.namespace(), page: body::page(request)? }.into())
    },
    encode: |reply| match reply {
        Reply::Room(RoomReply::Page { items, page, total }) => {
            let items: Vec<_> = items.iter().map(payload::Room::of).collect();
            envelope::page(&items, *page, *total)
        }
        _ => mismatch(),
    },
};

/// Makes a room.
pub const CREATE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/v1/rooms",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: decode_create,
    encode: |reply| encode(201, reply),
};

/// One room.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/rooms/{id}",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| Ok(RoomCommand::Get { channel: room(request)? }.into()),
    encode: |reply| encode(200, reply),
};

/// Changes what is given.
pub const PATCH: Endpoint = Endpoint {
    method: Method::Patch,
    path: "/v1/rooms/{id}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: decode_patch,
    encode: |reply| encode(200, reply),
};

/// Replaces name and description; a description that is not given is empty.
pub const PUT: Endpoint = Endpoint {
    method: Method::Put,
    path: "/v1/rooms/{id}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: decode_put,
    encode: |reply| encode(200, reply),
};

/// Deletes a room.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/v1/rooms/{id}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| Ok(RoomCommand::Delete { channel: room(request)? }.into()),
    encode: |reply| match reply {
        Reply::Room(RoomReply::Deleted(room)) => envelope::deleted(payload::room_id(room)),
        _ => mismatch(),
    },
};

/// Members on a page where no `limit` is given: most rooms are listed whole.
const MEMBERS_LISTED: u32 = 1_000;

/// Who is subscribed to a room's channel, where the channel has presence.
pub const MEMBERS: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/rooms/{id}/members",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| {
        let page = body::page_or(request, MEMBERS_LISTED)?;
        Ok(ChannelCommand::ListMembers { channel: room(request)?, page }.into())
    },
    encode: |reply| match reply {
        Reply::Channel(ChannelReply::Members { items, page, total }) => {
            let items: Vec<_> = items.iter().map(|member| Member { user_id: &member.user }).collect();
            envelope::all(&items, *page, *total)
        }
        _ => mismatch(),
    },
};

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
}

impl Fields<'_> {
    fn name(&self) -> Result<Option<String>, Fault> {
        self.name.as_ref().map(|name| fields::name(&name.0)).transpose()
    }

    fn required_name(&self) -> Result<String, Fault> {
        self.name()?.ok_or_else(|| Fault::new(FaultCode::InvalidRequest, "The field name is missing."))
    }

    fn description(&self) -> Result<Option<String>, Fault> {
        self.description.as_ref().map(|text| fields::description(&text.0)).transpose()
    }
}

#[derive(Serialize)]
struct Member<'a> {
    user_id: &'a str,
}

fn room(request: &Request<'_>) -> Result<ChannelName, Fault> {
    names::channel_of_id(Kind::Room, request.parameter("id"))
}

fn decode_create(request: &Request<'_>) -> Result<Command, Fault> {
    let new: Fields<'_> = body::object(request)?;
    let channel = match &new.id {
        Some(id) => names::channel_of_id(Kind::Room, &id.0)?,
        None => names::channel_of_id(Kind::Room, Base36::new(request.fresh).as_str())?,
    };
    Ok(RoomCommand::Create {
        channel,
        name: new.required_name()?,
        description: new.description()?.unwrap_or_default(),
    }
    .into())
}

fn decode_patch(request: &Request<'_>) -> Result<Command, Fault> {
    let channel = room(request)?;
    let changes: Fields<'_> = body::object(request)?;
    let (name, description) = (changes.name()?, changes.description()?);
    if name.is_none() && description.is_none() {
        return Err(Fault::new(FaultCode::InvalidRequest, "Give a name, a description or both."));
    }
    Ok(RoomCommand::Update { channel, name, description }.into())
}

fn decode_put(request: &Request<'_>) -> Result<Command, Fault> {
    let channel = room(request)?;
    let new: Fields<'_> = body::object(request)?;
    let description = Some(new.description()?.unwrap_or_default());
    Ok(RoomCommand::Update { channel, name: Some(new.required_name()?), description }.into())
}

fn encode(status: u16, reply: &Reply) -> Response {
    match reply {
        Reply::Room(RoomReply::One(room)) => envelope::one(status, &payload::Room::of(room)),
        _ => mismatch(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::Page;
    use crate::model::publication::Room;
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing::{decode, shown};

    fn channel() -> ChannelName {
        ChannelName::new("room:123")
    }

    fn record() -> Room {
        Room {
            id: "123".into(),
            name: "Lobby".into(),
            description: "All".into(),
            owner: "user_1".into(),
            created_ms: 1_735_689_600_000,
            updated_ms: 1_735_689_600_000,
        }
    }

    const SHAPE: &str = concat!(
        r#"{"id":"room_123","name":"Lobby","description":"All","owner_id":"user_1","#,
        r#""created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z"}"#
    );

    #[test]
    fn a_room_is_made_with_an_id_or_gets_one() {
        let create = |channel: &str, description: &str| {
            Ok(RoomCommand::Create {
                channel: ChannelName::new(channel),
                name: "Lobby".into(),
                description: description.into(),
            }
            .into())
        };
        let post = |text| decode(&CREATE, "/v1/rooms", &[], text);
        assert_eq!(post(r#"{"name":"Lobby"}"#), create("room:zz", ""));
        assert_eq!(
            post(r#"{"name":"Lobby","id":"room_123","description":"All"}"#),
            create("room:123", "All")
        );
        for bad in ["{}", r#"{"name":""}"#, r#"{"name":"x","id":""}"#, r#"{"name":"x","id":"a/b"}"#] {
            assert_eq!(post(bad).expect_err(bad).code, FaultCode::InvalidRequest);
        }
    }

    #[test]
    fn patch_changes_and_put_replaces() {
        let update = |name: Option<&str>, description: Option<&str>| {
            Ok(RoomCommand::Update {
                channel: channel(),
                name: name.map(Into::into),
                description: description.map(Into::into),
            }
            .into())
        };
        let send = |endpoint, text| decode(endpoint, "/v1/rooms/room_123", &[], text);
        assert_eq!(send(&PATCH, r#"{"description":""}"#), update(None, Some("")));
        assert_eq!(send(&PATCH, r#"{"name":"New"}"#), update(Some("New"), None));
        assert_eq!(send(&PUT, r#"{"name":"New"}"#), update(Some("New"), Some("")));
        assert!(send(&PATCH, "{}").is_err());
        assert!(send(&PUT, r#"{"description":"x"}"#).is_err());
    }

    #[test]
    fn rooms_are_read_and_deleted_by_either_id() {
        for target in ["/v1/rooms/123", "/v1/rooms/room_123"] {
            let channel = channel();
            assert_eq!(
                decode(&GET, target, &[], ""),
                Ok(RoomCommand::Get { channel: channel.clone() }.into())
            );
            assert_eq!(
                decode(&DELETE, target, &[], ""),
                Ok(RoomCommand::Delete { channel: channel.clone() }.into())
            );
            let (members, page) = (format!("{target}/members?page=3&limit=7"), Page { number: 3, size: 7 });
            assert_eq!(
                decode(&MEMBERS, &members, &[], ""),
                Ok(ChannelCommand::ListMembers { channel, page }.into())
            );
        }
        let page = Page { number: 1, size: 50 };
        assert_eq!(
            decode(&LIST, "/v1/rooms", &[], ""),
            Ok(NodeCommand::ListRooms { namespace: "room", page }.into())
        );
        assert!(decode(&GET, "/v1/rooms/%2E%2E", &[], "").is_err());
    }

    #[test]
    fn answers_have_the_documented_shape() {
        let one = format!(r#"{{"success":true,"data":{SHAPE}}}"#);
        assert_eq!(shown(&(CREATE.encode)(&Reply::Room(RoomReply::One(record())))), (201, one.clone()));
        assert_eq!(shown(&(GET.encode)(&Reply::Room(RoomReply::One(record())))), (200, one));
        assert_eq!(
            shown(&(DELETE.encode)(&Reply::Room(RoomReply::Deleted(record())))),
            (200, r#"{"success":true,"data":{"id":"room_123","deleted":true}}"#.into())
        );
        let list = Reply::Room(RoomReply::Page {
            items: vec![record()],
            page: Page { number: 1, size: 2 },
            total: 1,
        });
        assert_eq!(
            shown(&(LIST.encode)(&list)).1,
            format!(r#"{{"success":true,"data":[{SHAPE}],"meta":{{"page":1,"limit":2,"total":1}}}}"#)
        );
        let member = |user| std::sync::Arc::new(crate::model::session::Session::of(user, Scopes::READ));
        assert_eq!(
            shown(&(MEMBERS.encode)(&Reply::Channel(ChannelReply::Members {
                items: ["a", "b"].map(member).into(),
                page: Page { number: 1, size: 2 },
                total: 3
            })))
            .1,
            r#"{"success":true,"data":[{"user_id":"a"},{"user_id":"b"}],"meta":{"page":1,"limit":2,"total":3}}"#
        );
        for endpoint in [&LIST, &CREATE, &GET, &DELETE, &MEMBERS] {
            assert_eq!(
                (endpoint.encode)(&Reply::Connection(ConnectionReply::Pong)).status,
                500,
                "{}",
                endpoint.path
            );
        }
    }
}
