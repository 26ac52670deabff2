//! `/v1/conversations/{id}/messages`.

use super::messages;
use crate::model::channel::ChannelName;
use crate::model::command::MessageCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::retrochat::body;
use crate::surface::retrochat::names::{self, Kind};
use crate::surface::{Access, Endpoint, Request};

/// The messages of a conversation that are in history, newest first.
pub const LIST_MESSAGES: Endpoint = Endpoint {
    method: Method::Get,
    path: "/v1/conversations/{id}/messages",
    access: Access::Scoped(Scopes::READ),
    decode: |request| {
        Ok(MessageCommand::List { channel: conversation(request)?, page: body::page(request)? }.into())
    },
    encode: messages::encode_list,
};

/// Writes a message into a conversation.
pub const CREATE_MESSAGE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/v1/conversations/{id}/messages",
    access: Access::Scoped(Scopes::WRITE),
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
    use crate::model::command::{ChannelCommand, Page};
    use crate::model::publication::Body;
    use crate::surface::testing::decode;

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
    fn a_second_place_is_refused() {
        let target = "/v1/conversations/123/messages";
        let fault = decode(&CREATE_MESSAGE, target, &[], r#"{"room_id":"1","content":"Hi"}"#);
        assert_eq!(fault.expect_err("two places").code, FaultCode::InvalidRequest);
        assert!(decode(&LIST_MESSAGES, "/v1/conversations/a%20b/messages", &[], "").is_err());
    }
}
