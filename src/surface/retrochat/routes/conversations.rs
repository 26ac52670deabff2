//! `/v1/conversations`: lists of members, and the messages of a conversation.

use super::messages;
use crate::model::channel::ChannelName;
use crate::model::command::{Command, GroupCommand, MessageCommand, NodeCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::GroupDraft;
use crate::model::reply::{GroupReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::Text;
use crate::surface::retrochat::faults::mismatch;
use crate::surface::retrochat::message_id::Base36;
use crate::surface::retrochat::names::{self, Kind};
use crate::surface::retrochat::{body, envelope, payload};
use crate::surface::{Endpoint, EndpointAccess, Request};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The caller's conversations that have a list of members, oldest first.
pub const LIST: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/conversations",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| {
        let namespace = Kind::Conversation.namespace();
        Ok(NodeCommand::ListGroups { namespace, page: body::page(request)? }.into())
    },
    encode: |reply| match reply {
        Reply::Group(GroupReply::Page { items, page, total }) => {
            let items: Vec<_> = items.iter().map(|group| payload::Conversation::of(group)).collect();
            envelope::page(&items, *page, *total)
        }
        _ => mismatch(),
    },
};

/// Makes a conversation with a list of members.
pub const CREATE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/v1/conversations",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| {
        let new: New<'_> = body::object(request)?;
        let channel = match &new.id {
            Some(id) => names::channel_of_id(Kind::Conversation, &id.0)?,
            None => names::channel_of_id(Kind::Conversation, Base36::new(request.fresh).as_str())?,
        };
        Ok(GroupCommand::Change { channel, draft: Box::new(GroupDraft::Create(new.members()?)) }.into())
    },
    encode: |reply| encode(201, reply),
};

/// A conversation that has a list of members.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/conversations/{id}",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| Ok(GroupCommand::Get { channel: conversation(request)? }.into()),
    encode: |reply| encode(200, reply),
};

/// Deletes a conversation with its list of members and what was said in it.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/v1/conversations/{id}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| {
        let channel = conversation(request)?;
        Ok(GroupCommand::Change { channel, draft: Box::new(GroupDraft::Delete) }.into())
    },
    encode: |reply| match reply {
        Reply::Group(GroupReply::Deleted(channel)) => envelope::deleted(payload::conversation_id(channel)),
        _ => mismatch(),
    },
};

/// The members.
pub const MEMBERS: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/conversations/{id}/members",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| Ok(GroupCommand::Get { channel: conversation(request)? }.into()),
    encode: |reply| match reply {
        Reply::Group(GroupReply::One(group)) => {
            let members: Vec<_> = group.members.iter().map(|user_id| Member { user_id }).collect();
            envelope::whole(&members)
        }
        _ => mismatch(),
    },
};

/// Replaces the members.
pub const PUT_MEMBERS: Endpoint = Endpoint {
    method: Method::Put,
    path: "/v1/conversations/{id}/members",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| {
        let channel = conversation(request)?;
        let list: New<'_> = body::object(request)?;
        if list.members.is_none() {
            return Err(Fault::new(FaultCode::InvalidRequest, "The field members is missing."));
        }
        Ok(GroupCommand::Change { channel, draft: Box::new(GroupDraft::Replace(list.members()?)) }.into())
    },
    encode: |reply| encode(200, reply),
};

/// Adds a member.
pub const PUT_MEMBER: Endpoint = Endpoint {
    method: Method::Put,
    path: "/v1/conversations/{id}/members/{user}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| change(request, GroupDraft::Add),
    encode: |reply| encode(200, reply),
};

/// Takes a member out.
pub const DELETE_MEMBER: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/v1/conversations/{id}/members/{user}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| change(request, GroupDraft::Remove),
    encode: |reply| encode(200, reply),
};

/// A list of members, and what it is of.
#[derive(Deserialize)]
struct New<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    members: Option<Vec<Text<'a>>>,
}

impl New<'_> {
    fn members(&self) -> Result<Vec<Arc<str>>, Fault> {
        self.members.iter().flatten().map(|user| member(&user.0)).collect()
    }
}

#[derive(Serialize)]
struct Member<'a> {
    user_id: &'a str,
}

fn member(user: &str) -> Result<Arc<str>, Fault> {
    if user.is_empty() {
        return Err(Fault::new(
            FaultCode::InvalidRequest,
            "A member is the id of a user, which is not empty.",
        ));
    }
    Ok(user.into())
}

fn change(request: &Request<'_>, draft: fn(Arc<str>) -> GroupDraft) -> Result<Command, Fault> {
    let draft = Box::new(draft(member(request.parameter("user"))?));
    Ok(GroupCommand::Change { channel: conversation(request)?, draft }.into())
}

fn encode(status: u16, reply: &Reply) -> Response {
    match reply {
        Reply::Group(GroupReply::One(group)) => envelope::one(status, &payload::Conversation::of(group)),
        _ => mismatch(),
    }
}

/// The messages of a conversation that are in history, newest first.
pub const LIST_MESSAGES: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/conversations/{id}/messages",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| {
        Ok(MessageCommand::List { channel: conversation(request)?, page: body::page(request)? }.into())
    },
    encode: messages::encode_list,
};

/// Writes a message into a conversation.
pub const CREATE_MESSAGE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/v1/conversations/{id}/messages",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| {
        let channel = conversation(request)?;
        let new: messages::New<'_> = body::object(request)?;
        if new.says_where() {
            return Err(Fault::new(
                FaultCode::InvalidRequest,
                "The path says where; leave out room_id, conversation_id and channel.",
            ));
        }
        messages::create(request, channel, &new)
    },
    encode: |reply| messages::encode(201, reply),
};

fn conversation(request: &Request<'_>) -> Result<ChannelName, Fault> {
    names::channel_of_id(Kind::Conversation, request.parameter("id"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::Place;
    use crate::model::command::{ChannelCommand, Page};
    use crate::model::publication::Body;
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing::{decode, shown};

    #[test]
    fn the_path_names_the_conversation() {
        let channel = ChannelName::new("conversation:123");
        for id in ["123", "conversation_123"] {
            let target = format!("/v1/conversations/{id}/messages");
            assert_eq!(
                decode(&LIST_MESSAGES, &target, &[], ""),
                Ok(MessageCommand::List { channel: channel.clone(), page: Page { number: 1, size: 50 } }
                    .into())
            );
            let body = Body::MessageCreated { content: "Hi".into(), kind: "text".into() };
            assert_eq!(
                decode(&CREATE_MESSAGE, &target, &[], r#"{"content":"Hi"}"#),
                Ok(ChannelCommand::Publish { channel: channel.clone(), body, idempotency_key: None }.into())
            );
        }
    }

    #[test]
    fn lists_of_members_are_made_and_changed() {
        let changed = |draft| {
            let channel = ChannelName::new("conversation:123");
            Ok(GroupCommand::Change { channel, draft: Box::new(draft) }.into())
        };
        let at = |endpoint, path: &str, text: &str| {
            decode(endpoint, &format!("/v1/conversations{path}"), &[], text)
        };
        let both = || vec!["ada".into(), "user_1".into()];
        assert_eq!(
            at(&CREATE, "", r#"{"id":"conversation_123","members":["ada","user_1"]}"#),
            changed(GroupDraft::Create(both()))
        );
        assert_eq!(at(&CREATE, "", r#"{"id":"123"}"#), changed(GroupDraft::Create(vec![])));
        let new = at(&CREATE, "", "{}").expect("a new id");
        let Place::Home(channel) = new.route().place else { panic!("{new:?}") };
        assert_eq!(channel.as_str(), "conversation:zz");
        assert_eq!(
            at(&PUT_MEMBERS, "/123/members", r#"{"members":["ada","user_1"]}"#),
            changed(GroupDraft::Replace(both()))
        );
        assert_eq!(at(&PUT_MEMBER, "/123/members/a%40b", ""), changed(GroupDraft::Add("a@b".into())));
        assert_eq!(at(&DELETE_MEMBER, "/123/members/ada", ""), changed(GroupDraft::Remove("ada".into())));
        for bad in ["{}", "[]", r#"{"members":[1]}"#, r#"{"members":[""]}"#, r#"{"members":"ada"}"#] {
            assert!(at(&PUT_MEMBERS, "/123/members", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_conversation_has_its_shape() {
        let group = Arc::new(crate::model::group::Group {
            channel: ChannelName::new("conversation:123"),
            creator: "ada".into(),
            members: vec!["ada".into(), "bob".into()],
            created_ms: 1_735_689_600_000,
            updated_ms: 1_735_689_601_000,
        });
        let shape = concat!(
            r#"{"id":"conversation_123","creator_id":"ada","members":["ada","bob"],"#,
            r#""created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:01Z"}"#
        );
        let reply = Reply::Group(GroupReply::One(group.clone()));
        assert_eq!(shown(&(CREATE.encode)(&reply)), (201, format!(r#"{{"success":true,"data":{shape}}}"#)));
        assert_eq!(
            shown(&(MEMBERS.encode)(&reply)),
            (
                200,
                r#"{"success":true,"data":[{"user_id":"ada"},{"user_id":"bob"}],"meta":{"total":2}}"#.into()
            )
        );
        let list = Reply::Group(GroupReply::Page {
            items: vec![group],
            page: Page { number: 1, size: 50 },
            total: 1,
        });
        let meta = r#""meta":{"page":1,"limit":50,"total":1}"#;
        assert_eq!(
            shown(&(LIST.encode)(&list)),
            (200, format!(r#"{{"success":true,"data":[{shape}],{meta}}}"#))
        );
        assert_eq!((GET.encode)(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }

    #[test]
    fn a_second_place_is_refused() {
        let target = "/v1/conversations/123/messages";
        let fault = decode(&CREATE_MESSAGE, target, &[], r#"{"room_id":"1","content":"Hi"}"#);
        assert_eq!(fault.expect_err("two places").code, FaultCode::InvalidRequest);
        assert!(decode(&LIST_MESSAGES, "/v1/conversations/a%20b/messages", &[], "").is_err());
    }
}
