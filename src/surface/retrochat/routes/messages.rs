//! `/v1/messages`.

use crate::model::channel::{ChannelName, Position};
use crate::model::command::{ChannelCommand, Command, MessageCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::Body;
use crate::model::reply::{MessageReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::Text;
use crate::surface::retrochat::faults::mismatch;
use crate::surface::retrochat::message_id::{self, MessageId};
use crate::surface::retrochat::names::{self, Kind};
use crate::surface::retrochat::{body, envelope, fields, payload};
use crate::surface::{Endpoint, EndpointAccess, Request};
use serde::Deserialize;

/// Writes a message into a room or conversation.
pub const CREATE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/v1/messages",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| {
        let new: New<'_> = body::object(request)?;
        let channel = place(text(&new.room_id), text(&new.conversation_id), text(&new.channel))?;
        create(request, channel, &new)
    },
    encode: |reply| encode(201, reply),
};

/// The messages in history, newest first.
pub const LIST: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/messages",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| {
        let [room, conversation, channel] =
            ["room_id", "conversation_id", "channel"].map(|name| request.head.query_value(name));
        let channel = place(room.as_deref(), conversation.as_deref(), channel.as_deref())?;
        Ok(MessageCommand::List { channel, page: body::page(request)? }.into())
    },
    encode: encode_list,
};

/// One message.
pub const GET: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/messages/{id}",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| {
        let (channel, message) = identity(request)?;
        Ok(MessageCommand::Get { channel, message }.into())
    },
    encode: |reply| encode(200, reply),
};

/// Changes a message's text.
pub const PATCH: Endpoint = Endpoint {
    method: Method::Patch,
    path: "/v1/messages/{id}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: decode_update,
    encode: |reply| encode(200, reply),
};

/// The same: the text is all that can change.
pub const PUT: Endpoint = Endpoint { method: Method::Put, ..PATCH };

/// Deletes a message.
pub const DELETE: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/v1/messages/{id}",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| {
        let (channel, message) = identity(request)?;
        Ok(MessageCommand::Delete { channel, message }.into())
    },
    encode: |reply| match reply {
        Reply::Message(MessageReply::One(message)) => {
            envelope::deleted(MessageId { channel: &message.channel, position: message.position })
        }
        _ => mismatch(),
    },
};

/// A new message.
#[derive(Deserialize)]
pub struct New<'a> {
    #[serde(borrow)]
    room_id: Option<Text<'a>>,
    #[serde(borrow)]
    conversation_id: Option<Text<'a>>,
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

impl New<'_> {
    /// Whether the body names a place.
    pub fn says_where(&self) -> bool {
        self.room_id.is_some() || self.conversation_id.is_some() || self.channel.is_some()
    }
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
}

fn text<'a>(field: &'a Option<Text<'_>>) -> Option<&'a str> {
    field.as_ref().map(|text| &*text.0)
}

/// The command that writes a message into a channel.
pub fn create(request: &Request<'_>, channel: ChannelName, new: &New<'_>) -> Result<Command, Fault> {
    let content = fields::content(text(&new.content))?;
    let kind = fields::kind(text(&new.kind))?;
    let idempotency_key = body::idempotency_key(request)?;
    Ok(ChannelCommand::Publish { channel, body: Body::MessageCreated { content, kind }, idempotency_key }
        .into())
}

/// The channel, named in one of three ways.
fn place(
    room: Option<&str>,
    conversation: Option<&str>,
    channel: Option<&str>,
) -> Result<ChannelName, Fault> {
    match (room, conversation, channel) {
        (Some(id), None, None) => names::channel_of_id(Kind::Room, id),
        (None, Some(id), None) => names::channel_of_id(Kind::Conversation, id),
        (None, None, Some(name)) => match names::channel(name)? {
            (Kind::User | Kind::Meeting, _) => {
                Err(Fault::new(FaultCode::InvalidChannel, "Only rooms and conversations have messages here."))
            }
            (_, channel) => Ok(channel),
        },
        _ => Err(Fault::new(
            FaultCode::InvalidRequest,
            "Say where: exactly one of room_id, conversation_id and channel.",
        )),
    }
}

/// The message that the path names.
fn identity(request: &Request<'_>) -> Result<(ChannelName, Position), Fault> {
    message_id::parse(request.parameter("id"))
        .ok_or_else(|| Fault::new(FaultCode::NotFound, "There is no message with this id."))
}

fn decode_update(request: &Request<'_>) -> Result<Command, Fault> {
    let (channel, message) = identity(request)?;
    let update: Update<'_> = body::object(request)?;
    Ok(MessageCommand::Update { channel, message, content: fields::content(text(&update.content))? }.into())
}

/// A message in its envelope.
pub fn encode(status: u16, reply: &Reply) -> Response {
    match reply {
        Reply::Message(MessageReply::One(message)) => envelope::one(status, &payload::Message::of(message)),
        _ => mismatch(),
    }
}

/// A page of messages in its envelope.
pub fn encode_list(reply: &Reply) -> Response {
    match reply {
        Reply::Message(MessageReply::Page { channel, items, page, total }) => {
            let kept = items.iter().filter_map(|bytes| payload::Message::kept(channel, bytes.view()));
            let items: Vec<_> = kept.collect();
            envelope::page(&items, *page, *total)
        }
        _ => mismatch(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::Page;
    use crate::model::publication::{Body, Publication};
    use crate::model::reply::ConnectionReply;
    use crate::model::reply::Message;
    use crate::surface::testing::{decode, shown};

    const ID: &str = "/v1/messages/msg_room.123.7.16";

    fn channel() -> ChannelName {
        ChannelName::new("room:123")
    }

    fn position() -> Position {
        Position { epoch: 7, offset: 42 }
    }

    fn message(updated_ms: Option<u64>) -> Message {
        Message {
            channel: channel(),
            position: position(),
            author: "user_123".into(),
            content: "Hello!".into(),
            kind: "text".into(),
            created_ms: 1_735_689_600_000,
            updated_ms,
        }
    }

    fn refused(endpoint: &Endpoint, target: &str, text: &str) -> FaultCode {
        decode(endpoint, target, &[], text).expect_err(text).code
    }

    #[test]
    fn a_message_is_written_to_a_room_or_conversation() {
        let publish = |name: &str, kind: &str, key: Option<&str>| {
            let body = Body::MessageCreated { content: "Hi".into(), kind: kind.into() };
            Ok(ChannelCommand::Publish {
                channel: ChannelName::new(name),
                body,
                idempotency_key: key.map(Box::from),
            }
            .into())
        };
        let post = |text: &str| decode(&CREATE, "/v1/messages", &[], text);
        assert_eq!(
            post(r#"{"room_id":"room_123","content":"Hi","type":"text"}"#),
            publish("room:123", "text", None)
        );
        assert_eq!(post(r#"{"room_id":"123","content":"Hi"}"#), publish("room:123", "text", None));
        assert_eq!(
            post(r#"{"conversation_id":"1","content":"Hi"}"#),
            publish("conversation:1", "text", None)
        );
        assert_eq!(
            post(r#"{"channel":"room:1","content":"Hi","type":"html"}"#),
            publish("room:1", "html", None)
        );
        let key = [("Idempotency-Key", "k1")];
        let text = r#"{"room_id":"123","content":"Hi"}"#;
        assert_eq!(decode(&CREATE, "/v1/messages", &key, text), publish("room:123", "text", Some("k1")));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (text, code) in [
            ("", FaultCode::InvalidSyntax),
            ("{}", FaultCode::InvalidRequest),
            (r#"{"room_id":"1"}"#, FaultCode::InvalidRequest),
            (r#"{"room_id":"1","content":""}"#, FaultCode::InvalidRequest),
            (r#"{"room_id":"1","content":5}"#, FaultCode::InvalidRequest),
            (r#"{"room_id":"a b","content":"x"}"#, FaultCode::InvalidRequest),
            (r#"{"room_id":"1","conversation_id":"1","content":"x"}"#, FaultCode::InvalidRequest),
            (r#"{"room_id":"1","content":"x","type":""}"#, FaultCode::InvalidRequest),
            (r#"{"channel":"user:1","content":"x"}"#, FaultCode::InvalidChannel),
            (r#"{"channel":"attic","content":"x"}"#, FaultCode::InvalidChannel),
        ] {
            assert_eq!(refused(&CREATE, "/v1/messages", text), code, "{text}");
        }
    }

    #[test]
    fn history_is_listed_by_page() {
        let list = |target| decode(&LIST, target, &[], "");
        assert_eq!(
            list("/v1/messages?room_id=room_123&page=2&limit=10"),
            Ok(MessageCommand::List { channel: channel(), page: Page { number: 2, size: 10 } }.into())
        );
        assert!(list("/v1/messages?conversation_id=1").is_ok());
        assert!(list("/v1/messages?channel=room:1").is_ok());
        assert_eq!(refused(&LIST, "/v1/messages", ""), FaultCode::InvalidRequest);
        assert_eq!(refused(&LIST, "/v1/messages?room_id=1&limit=0", ""), FaultCode::InvalidRequest);
    }

    #[test]
    fn a_message_is_found_by_its_id() {
        let (channel, message) = (channel(), position());
        assert_eq!(
            decode(&GET, ID, &[], ""),
            Ok(MessageCommand::Get { channel: channel.clone(), message }.into())
        );
        assert_eq!(
            decode(&DELETE, ID, &[], ""),
            Ok(MessageCommand::Delete { channel: channel.clone(), message }.into())
        );
        for endpoint in [&PATCH, &PUT] {
            assert_eq!(
                decode(endpoint, ID, &[], r#"{"content":"New"}"#),
                Ok(MessageCommand::Update { channel: channel.clone(), message, content: "New".into() }
                    .into())
            );
        }
        assert_eq!(refused(&PATCH, ID, "{}"), FaultCode::InvalidRequest);
        assert_eq!(refused(&GET, "/v1/messages/msg_1", ""), FaultCode::NotFound);
    }

    #[test]
    fn answers_have_the_documented_shape() {
        let shape = concat!(
            r#"{"id":"msg_room.123.7.16","room_id":"room_123","user_id":"user_123","content":"Hello!","#,
            r#""created_at":"2025-01-01T00:00:00Z","type":"text"}"#
        );
        let one = Reply::Message(MessageReply::One(message(None)));
        let expected = format!(r#"{{"success":true,"data":{shape}}}"#);
        assert_eq!(shown(&(CREATE.encode)(&one)), (201, expected.clone()));
        assert_eq!(shown(&(GET.encode)(&one)), (200, expected));
        assert_eq!(
            shown(&(DELETE.encode)(&one)),
            (200, r#"{"success":true,"data":{"id":"msg_room.123.7.16","deleted":true}}"#.into())
        );
        let body = Body::MessageCreated { content: "Hello!".into(), kind: "text".into() };
        let kept = Publication {
            epoch: 7,
            born: 7,
            offset: 42,
            time_ms: 1_735_689_600_000,
            publisher: "user_123".into(),
            body,
        };
        let items = vec![kept.archive(&mut Default::default())];
        let list = Reply::Message(MessageReply::Page {
            channel: channel(),
            items,
            page: Page { number: 1, size: 50 },
            total: 1,
        });
        assert_eq!(
            shown(&(LIST.encode)(&list)),
            (200, format!(r#"{{"success":true,"data":[{shape}],"meta":{{"page":1,"limit":50,"total":1}}}}"#))
        );
        let updated = (PATCH.encode)(&Reply::Message(MessageReply::One(message(Some(1_735_689_601_000)))));
        assert!(shown(&updated).1.contains(r#""updated_at":"2025-01-01T00:00:01Z""#));
        assert_eq!((GET.encode)(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }
}
