//! `/v1/publish`: what `publish` does on the socket, for one channel or many at once.

use crate::model::channel::ChannelName;
use crate::model::command::{Command, CoreCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{ChannelReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::{self, Text};
use crate::surface::retrochat::dialect::publication;
use crate::surface::retrochat::faults::{self, mismatch};
use crate::surface::retrochat::{body, envelope, names};
use crate::surface::{Endpoint, EndpointAccess, Request};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Publications of one request.
const PUBLICATIONS_MAX: usize = 100;

/// Publishes.
pub const CREATE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/v1/publish",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode,
    encode,
};

/// What is published where: on one channel, on several, or several messages of these kinds.
#[derive(Deserialize)]
struct Publish<'a> {
    #[serde(borrow)]
    messages: Option<Vec<BatchItem<'a>>>,
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    channels: Option<Vec<Text<'a>>>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    idempotency_key: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct BatchItem<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    channels: Option<Vec<Text<'a>>>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    idempotency_key: Option<Text<'a>>,
}

fn decode(request: &Request<'_>) -> Result<Command, Fault> {
    let Publish { messages, channel, channels, data, idempotency_key } = body::object(request)?;
    let key = body::idempotency_key(request)?;
    let is_one = channel.is_some();
    let mut commands = Vec::new();
    match messages {
        None => {
            let idempotency_key = idempotency_key.or(key.as_deref().map(|key| Text(key.into())));
            publish(request, &BatchItem { channel, channels, data, idempotency_key }, &mut commands)?;
        }
        Some(_) if channel.is_some() || channels.is_some() || data.is_some() || idempotency_key.is_some() => {
            return invalid("Beside messages there is nothing else: each of them says its channel and data.");
        }
        Some(messages) => {
            for (index, mut message) in messages.into_iter().enumerate() {
                // Each has a key of its own, so that none is taken for a repeat of another one.
                let own = key.as_deref().map(|key| Text(format!("{key}.{index}").into()));
                message.idempotency_key = message.idempotency_key.or(own);
                publish(request, &message, &mut commands)?;
            }
        }
    }
    match (is_one, commands.len()) {
        (_, 0) => invalid("There is nothing to publish: the list is empty."),
        (true, 1) => Ok(Command::Core(commands.remove(0))),
        _ => Ok(Command::Many(commands)),
    }
}

/// Appends the publishes of a message.
fn publish(
    request: &Request<'_>,
    message: &BatchItem<'_>,
    commands: &mut Vec<CoreCommand>,
) -> Result<(), Fault> {
    let channels: Vec<&str> = match (&message.channel, &message.channels) {
        (Some(one), None) => vec![&one.0],
        (None, Some(many)) => many.iter().map(|one| &*one.0).collect(),
        _ => return invalid("Say where: either channel or channels."),
    };
    if commands.len() + channels.len() > PUBLICATIONS_MAX {
        return invalid("One request publishes at most 100 times; send the rest in further ones.");
    }
    let session = body::caller(request)?;
    let key = message.idempotency_key.as_ref().map(|key| &*key.0);
    for channel in channels {
        commands.push(
            publication(
                names::channel(channel)?,
                message.data.and_then(|data| json::value(data.get())),
                key,
                session,
            )?
            .into(),
        );
    }
    Ok(())
}

fn invalid<T>(sentence: &'static str) -> Result<T, Fault> {
    Err(Fault::new(FaultCode::InvalidRequest, sentence))
}

/// What became of one publication.
#[derive(Serialize)]
struct Published<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error<'a>>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
}

fn published<'a>(channel: &'a ChannelName, reply: &'a Reply) -> Option<Published<'a>> {
    let channel = channel.as_str();
    let error = |code, message| Some(Error { code, message });
    Some(match reply {
        Reply::Channel(ChannelReply::Published { position, .. }) => {
            Published { channel, epoch: Some(position.epoch), offset: Some(position.offset), error: None }
        }
        Reply::Fault(fault) => {
            let error = error(faults::http(fault.code).1, &fault.message);
            Published { channel, epoch: None, offset: None, error }
        }
        _ => return None,
    })
}

fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Channel(ChannelReply::Published { channel, .. }) => {
            published(channel, reply).map_or_else(mismatch, |one| envelope::one(200, &one))
        }
        Reply::Many(answers) => {
            let items: Option<Vec<_>> =
                answers.iter().map(|(channel, answer)| published(channel, answer)).collect();
            items.map_or_else(mismatch, |items| envelope::whole(&items))
        }
        _ => mismatch(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::channel::Position;
    use crate::model::command::ChannelCommand;
    use crate::model::publication::Body;
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing::{decode as decode_as, shown};

    fn one(channel: &str, json: &str, key: Option<&str>) -> CoreCommand {
        let body = Body::Data { json: json.into() };
        let (channel, idempotency_key) = (ChannelName::new(channel), key.map(Box::from));
        ChannelCommand::Publish { channel, body, idempotency_key }.into()
    }

    fn decoded(text: &str, key: Option<&str>) -> Result<Command, FaultCode> {
        let fields: Vec<_> = key.iter().map(|key| ("Idempotency-Key", *key)).collect();
        decode_as(&CREATE, "/v1/publish", &fields, text).map_err(|fault| fault.code)
    }

    #[test]
    fn one_channel_or_many_or_several_messages() {
        let body = r#"{"channel":"room:1","data":{"x": 1},"idempotency_key":"k"}"#;
        assert_eq!(decoded(body, None), Ok(Command::Core(one("room:1", r#"{"x": 1}"#, Some("k")))));
        assert_eq!(
            decoded(r#"{"channel":"room:1","data":null}"#, Some("h")),
            Ok(Command::Core(one("room:1", "null", Some("h"))))
        );
        assert_eq!(
            decoded(r#"{"channels":["room:1","user:2"],"data":1}"#, Some("h")),
            Ok(Command::Many(vec![one("room:1", "1", Some("h")), one("user:2", "1", Some("h"))]))
        );
        assert_eq!(
            decoded(r#"{"channels":["room:1"],"data":1}"#, None),
            Ok(Command::Many(vec![one("room:1", "1", None)]))
        );
        let body = r#"{"messages":[{"channel":"room:1","data":1},{"channels":["room:1","room:2"],"data":2,"idempotency_key":"k"}]}"#;
        assert_eq!(
            decoded(body, Some("h")),
            Ok(Command::Many(vec![
                one("room:1", "1", Some("h.0")),
                one("room:1", "2", Some("k")),
                one("room:2", "2", Some("k"))
            ]))
        );
    }

    #[test]
    fn what_does_not_fit_publishes_nothing() {
        let many = format!(r#"{{"channels":[{}],"data":1}}"#, vec![r#""room:1""#; 101].join(","));
        for (text, code) in [
            ("{}", FaultCode::InvalidRequest),
            (r#"{"channel":"room:1"}"#, FaultCode::InvalidRequest),
            (r#"{"channels":[],"data":1}"#, FaultCode::InvalidRequest),
            (r#"{"messages":[]}"#, FaultCode::InvalidRequest),
            (r#"{"messages":[["room:1",null,1]]}"#, FaultCode::InvalidRequest),
            (r#"{"messages":[{"channel":"room:1","data":1}],"data":2}"#, FaultCode::InvalidRequest),
            (r#"{"channel":"room:1","channels":["room:2"],"data":1}"#, FaultCode::InvalidRequest),
            (r#"{"channels":["room:1","attic"],"data":1}"#, FaultCode::InvalidChannel),
            (r#"{"channel":"room:1","data":1,"idempotency_key":""}"#, FaultCode::InvalidRequest),
            (&many, FaultCode::InvalidRequest),
        ] {
            assert_eq!(decoded(text, None), Err(code), "{text}");
        }
    }

    #[test]
    fn each_has_its_answer() {
        let position = Position { epoch: 7, offset: 2 };
        let channel = ChannelName::new("room:1");
        let good = Reply::Channel(ChannelReply::Published { channel: channel.clone(), position });
        assert_eq!(
            shown(&encode(&good)),
            (200, r#"{"success":true,"data":{"channel":"room:1","epoch":7,"offset":2}}"#.into())
        );
        let bad = Reply::Fault(Fault::new(FaultCode::NotFound, "none"));
        let many = Reply::Many(vec![(channel, good), (ChannelName::new("room:2"), bad)]);
        let items = concat!(
            r#"[{"channel":"room:1","epoch":7,"offset":2},"#,
            r#"{"channel":"room:2","error":{"code":"NOT_FOUND","message":"none"}}]"#
        );
        assert_eq!(
            shown(&encode(&many)),
            (200, format!(r#"{{"success":true,"data":{items},"meta":{{"total":2}}}}"#))
        );
        assert_eq!(encode(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }
}
