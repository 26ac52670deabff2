//! `/workspace/{workspace_id}/realtime/event`: what `api.realtime_event` does in a script of Xano. The path is ours.

use crate::model::command::{ChannelCommand, Command};
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::publication::Body;
use crate::model::reply::{ChannelReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::json::{self, Text};
use crate::surface::xano::{body, faults, names, payload};
use crate::surface::{Endpoint, EndpointAccess, Request};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Says something to everyone in a channel.
pub const CREATE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/workspace/{workspace_id}/realtime/event",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode,
    encode: |reply| match reply {
        Reply::Channel(ChannelReply::Published { .. }) => payload::nothing(),
        _ => faults::mismatch(),
    },
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    data: Option<&'a RawValue>,
    auth_table: Option<u64>,
    auth_id: Option<u64>,
}

fn decode(request: &Request<'_>) -> Result<Command, Fault> {
    let workspace = names::workspace(request)?;
    let event: Event<'_> = body::object(request)?;
    let Some(name) = &event.channel else {
        return refused("channel", "The field channel is missing.");
    };
    let Some(data) = event.data.map(RawValue::get) else {
        return refused("data", "The field data is missing; it may be any JSON value.");
    };
    if !json::depth_is_bounded(data) {
        return refused("data", "The field data nests too deep: at most 64 levels.");
    }
    let channel = names::channel(&names::namespace(workspace), &name.0)
        .map_err(|fault| fault.at(FaultPlace::Parameter("channel")))?;
    let (table, row) = (event.auth_table.unwrap_or(0), event.auth_id.unwrap_or(0));
    let body = Body::Event { json: data.to_owned(), table, row };
    Ok(ChannelCommand::Publish { channel, body, idempotency_key: None }.into())
}

fn refused<T>(name: &'static str, sentence: &'static str) -> Result<T, Fault> {
    Err(Fault::new(FaultCode::InvalidRequest, sentence).at(FaultPlace::Parameter(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::channel::{ChannelName, Position};
    use crate::model::reply::ConnectionReply;
    use crate::surface::testing::{decode as decode_as, shown};

    const PATH: &str = "/workspace/7/realtime/event";

    fn decoded(body: &str) -> Result<Command, Fault> {
        decode_as(&CREATE, PATH, &[("Content-Type", "application/json")], body)
    }

    #[test]
    fn an_event_is_published_in_its_workspace() {
        let event = |json: &str, table, row| {
            Ok(ChannelCommand::Publish {
                channel: ChannelName::new("r7:chat/a"),
                body: Body::Event { json: json.into(), table, row },
                idempotency_key: None,
            }
            .into())
        };
        assert_eq!(decoded(r#"{"channel":"chat\/a","data":{"x": 1}}"#), event(r#"{"x": 1}"#, 0, 0));
        assert_eq!(
            decoded(r#"{"channel":"chat/a","data":null,"auth_table":2,"auth_id":5}"#),
            event("null", 2, 5)
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let deep = format!(r#"{{"channel":"a","data":{}{}}}"#, "[".repeat(65), "]".repeat(65));
        for (body, code, place) in [
            ("{}", FaultCode::InvalidRequest, Some("channel")),
            (r#"{"channel":"a"}"#, FaultCode::InvalidRequest, Some("data")),
            (r#"{"channel":"a/","data":1}"#, FaultCode::InvalidChannel, Some("channel")),
            (&deep, FaultCode::InvalidRequest, Some("data")),
            (r#"{"channel":"a","data":1,"auth_id":-1}"#, FaultCode::InvalidRequest, None),
            (r#"{"channel":7,"data":1}"#, FaultCode::InvalidRequest, None),
            ("[]", FaultCode::InvalidRequest, None),
            ("", FaultCode::InvalidSyntax, None),
        ] {
            let fault = decoded(body).expect_err(body);
            assert_eq!((fault.code, fault.place), (code, place.map(FaultPlace::Parameter)), "{body}");
        }
        let as_text =
            decode_as(&CREATE, PATH, &[("Content-Type", "text/plain")], "{}").expect_err("not JSON");
        assert_eq!(as_text.place, Some(FaultPlace::Parameter("Content-Type")));
        let nowhere = decode_as(&CREATE, "/workspace/x/realtime/event", &[], "{}").expect_err("no workspace");
        assert_eq!(nowhere.code, FaultCode::NotFound);
    }

    #[test]
    fn the_answer_is_empty() {
        let position = Position { epoch: 1, offset: 1 };
        let reply = Reply::Channel(ChannelReply::Published { channel: ChannelName::new("r7:a"), position });
        assert_eq!(shown(&(CREATE.encode)(&reply)), (200, "{}".into()));
        assert_eq!((CREATE.encode)(&Reply::Connection(ConnectionReply::Pong)).status, 500);
    }
}
