//! From a frame on the socket to a command. A publish is the hot one: its fields are borrowed from the
//! bytes received, and what is copied is what the command keeps.

use super::fields;
use super::names::{self, Kind};
use crate::base::secret::Secret;
use crate::model::channel::Position;
use crate::model::command::{Attachments, ChannelCommand, Command, ConnectionCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::Body;
use crate::model::session::{Scopes, Session};
use crate::surface::json::{self, Raw};
use crate::surface::{Incoming, Payload};
use serde::Deserialize;
use std::borrow::Cow;

/// Bytes of a client's `id` for a request, as raw JSON.
const CORRELATION_BYTES_MAX: usize = 64;

/// The fields of any frame of a client, as they were written.
#[derive(Default)]
struct Fields<'a> {
    id: Option<Raw<'a>>,
    kind: Option<Raw<'a>>,
    channel: Option<Raw<'a>>,
    event: Option<Raw<'a>>,
    recover: Option<Raw<'a>>,
    data: Option<Raw<'a>>,
    token: Option<Raw<'a>>,
    idempotency_key: Option<Raw<'a>>,
}

impl<'a> json::Object<'a> for Fields<'a> {
    #[inline]
    fn place(&mut self, key: &str) -> Option<&mut Option<Raw<'a>>> {
        Some(match key {
            "id" => &mut self.id,
            "type" => &mut self.kind,
            "channel" => &mut self.channel,
            "event" => &mut self.event,
            "recover" => &mut self.recover,
            "data" => &mut self.data,
            "token" => &mut self.token,
            "idempotency_key" => &mut self.idempotency_key,
            _ => return None,
        })
    }
}

/// Any frame of a client.
struct ClientFrame<'a> {
    kind: Option<Cow<'a, str>>,
    channel: Option<Cow<'a, str>>,
    event: Option<Cow<'a, str>>,
    recover: Option<Raw<'a>>,
    /// `null` is data too.
    data: Option<Raw<'a>>,
    token: Option<Cow<'a, str>>,
    idempotency_key: Option<Cow<'a, str>>,
}

impl<'a> ClientFrame<'a> {
    fn of(fields: &Fields<'a>) -> Result<Self, Fault> {
        Ok(Self {
            kind: json::text("type", fields.kind)?,
            channel: json::text("channel", fields.channel)?,
            event: json::text("event", fields.event)?,
            recover: json::some(fields.recover),
            data: fields.data,
            token: json::text("token", fields.token)?,
            idempotency_key: json::text("idempotency_key", fields.idempotency_key)?,
        })
    }
}

#[derive(Deserialize)]
struct Recover {
    epoch: u64,
    offset: u64,
}

/// Decodes one frame.
pub fn decode(frame: Payload<'_>, session: &Session) -> Incoming {
    let Payload::Text(text) = frame else {
        let sentence = "This is a binary message; commands are JSON in text messages.";
        return Incoming::refused(Fault::new(FaultCode::InvalidSyntax, sentence), None);
    };
    let mut fields = Fields::default();
    let right = match json::take_apart(text, &mut fields) {
        Ok(right) => right,
        Err(fault) => return Incoming::refused(fault, None),
    };
    let frame = right.and_then(|()| ClientFrame::of(&fields));
    match correlation(json::some(fields.id)) {
        Ok(correlation) => {
            let command = frame.and_then(|frame| command(&frame, session));
            Incoming { command, correlation, unreadable: None }
        }
        Err(fault) => Incoming::refused(frame.err().unwrap_or(fault), None),
    }
}

/// The `id`, kept to the byte: a string or a number.
fn correlation(id: Option<Raw<'_>>) -> Result<Option<Box<str>>, Fault> {
    let Some(Raw { text: raw, .. }) = id else {
        return Ok(None);
    };
    let starts_well = raw.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
    if !starts_well || raw.len() > CORRELATION_BYTES_MAX {
        return invalid("The field id must be a string or a number of at most 64 bytes.");
    }
    Ok(Some(Box::from(raw)))
}

fn invalid<T>(sentence: &'static str) -> Result<T, Fault> {
    Err(Fault::new(FaultCode::InvalidRequest, sentence))
}

fn command(frame: &ClientFrame<'_>, session: &Session) -> Result<Command, Fault> {
    match text(&frame.kind) {
        Some("publish") => publish(frame, session),
        Some("subscribe") => subscribe(frame),
        Some("unsubscribe") => {
            let (kind, channel) = channel(frame)?;
            check_event(frame, kind)?;
            Ok(ConnectionCommand::Unsubscribe { channel }.into())
        }
        Some("list_subscriptions") => Ok(ConnectionCommand::ListSubscriptions.into()),
        Some("ping") => Ok(ConnectionCommand::Ping.into()),
        Some("auth") => match text(&frame.token) {
            Some(token) => Ok(ConnectionCommand::Renew { token: Secret::new(token) }.into()),
            None => invalid("The field token is missing."),
        },
        Some(_) => Err(Fault::new(
            FaultCode::UnknownType,
            "The type must be subscribe, unsubscribe, list_subscriptions, publish, auth or ping.",
        )),
        None => Err(Fault::new(FaultCode::UnknownType, "The field type is missing.")),
    }
}

fn text<'a>(field: &'a Option<Cow<'_, str>>) -> Option<&'a str> {
    field.as_deref()
}

fn channel(frame: &ClientFrame<'_>) -> Result<(Kind, crate::model::channel::ChannelName), Fault> {
    match text(&frame.channel) {
        Some(name) => names::channel(name),
        None => Err(Fault::new(FaultCode::InvalidChannel, "The field channel is missing.")),
    }
}

/// Each kind of channel has one event to subscribe to; naming none means that one.
fn check_event(frame: &ClientFrame<'_>, kind: Kind) -> Result<(), Fault> {
    match text(&frame.event) {
        Some(event) if event != kind.event() => Err(Fault::new(
            FaultCode::InvalidEvent,
            match kind {
                Kind::User => "A user channel has the event activity.",
                Kind::Room | Kind::Conversation | Kind::Meeting => "This channel has the event message.",
            },
        )),
        _ => Ok(()),
    }
}

fn subscribe(frame: &ClientFrame<'_>) -> Result<Command, Fault> {
    let (kind, channel) = channel(frame)?;
    check_event(frame, kind)?;
    let recover = match frame.recover {
        None => None,
        Some(raw) => match json::object::<Recover>(raw.text.as_bytes()) {
            Ok(Recover { epoch, offset }) => Some(Position { epoch, offset }),
            Err(_) => return invalid("The field recover must be {\"epoch\":number,\"offset\":number}."),
        },
    };
    Ok(ChannelCommand::Subscribe { channel, recover, with: Attachments::default() }.into())
}

fn publish(frame: &ClientFrame<'_>, session: &Session) -> Result<Command, Fault> {
    let (kind, channel) = channel(frame)?;
    publication((kind, channel), frame.data, text(&frame.idempotency_key), session).map(Command::from)
}

/// The publish of a client's own value.
pub fn publication(
    (kind, channel): (Kind, crate::model::channel::ChannelName),
    data: Option<Raw<'_>>,
    idempotency_key: Option<&str>,
    session: &Session,
) -> Result<ChannelCommand, Fault> {
    // What is said on a user's channel is the broker's own word about that user.
    let (needed, sentence) = match kind {
        Kind::User => (Scopes::ADMIN, "To publish on a user's channel the key needs the admin scope."),
        Kind::Room | Kind::Conversation | Kind::Meeting => {
            (Scopes::WRITE, "To publish the key needs the write scope.")
        }
    };
    if !session.scopes.contains(needed) {
        return Err(Fault::new(FaultCode::Forbidden, sentence));
    }
    let Some(data) = data else {
        return invalid("The field data is missing; it may be any JSON value.");
    };
    if data.depth > json::DEPTH_MAX {
        return invalid("The field data nests too deep: at most 64 levels.");
    }
    let idempotency_key = idempotency_key.map(fields::idempotency_key).transpose()?;
    let body = Body::Data { json: data.text.to_owned() };
    Ok(ChannelCommand::Publish { channel, body, idempotency_key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::channel::ChannelName;
    use crate::model::command::CoreCommand;
    use crate::surface::testing::session;
    use proptest::prelude::*;

    fn heard(message: &str) -> Incoming {
        decode(Payload::Text(message), &session(Scopes::READ.union(Scopes::WRITE)))
    }

    fn accepted(message: &str) -> Command {
        heard(message).command.expect(message)
    }

    fn refused(message: &str) -> FaultCode {
        heard(message).command.expect_err(message).code
    }

    fn room() -> ChannelName {
        ChannelName::new("room:123")
    }

    #[test]
    fn the_messages_of_the_page_are_understood() {
        let with = Attachments::default();
        let subscribe = |name: &str| {
            ChannelCommand::Subscribe { channel: ChannelName::new(name), recover: None, with }.into()
        };
        for (name, event) in
            [("room:123", "message"), ("conversation:123", "message"), ("user:123", "activity")]
        {
            let message = format!(
                "{{\n  \"type\": \"subscribe\",\n  \"channel\": \"{name}\",\n  \"event\": \"{event}\"\n}}"
            );
            assert_eq!(accepted(&message), subscribe(name));
            assert_eq!(accepted(&format!(r#"{{"type":"subscribe","channel":"{name}"}}"#)), subscribe(name));
        }
        assert_eq!(
            accepted(r#"{"type":"unsubscribe","channel":"room:123"}"#),
            ConnectionCommand::Unsubscribe { channel: room() }.into()
        );
        assert_eq!(accepted(r#"{"type":"list_subscriptions"}"#), ConnectionCommand::ListSubscriptions.into());
        assert_eq!(accepted(r#"{"type":"ping"}"#), ConnectionCommand::Ping.into());
    }

    #[test]
    fn a_position_to_recover_from_is_two_numbers() {
        assert_eq!(
            accepted(r#"{"type":"subscribe","channel":"room:123","recover":{"epoch":7,"offset":41}}"#),
            ChannelCommand::Subscribe {
                channel: room(),
                recover: Some(Position { epoch: 7, offset: 41 }),
                with: Attachments::default()
            }
            .into()
        );
        for recover in [
            "{}",
            "[7,41]",
            "7",
            r#"{"epoch":7}"#,
            r#"{"epoch":-1,"offset":1}"#,
            r#"{"epoch":1.5,"offset":1}"#,
        ] {
            let message = format!(r#"{{"type":"subscribe","channel":"room:123","recover":{recover}}}"#);
            assert_eq!(refused(&message), FaultCode::InvalidRequest, "{recover}");
        }
    }

    #[test]
    fn published_data_is_kept_to_the_byte() {
        for data in ["null", "1e3", r#""\u00e9\ud800""#, "{ \"b\" : 1,\"a\":[ ] ,\"b\":2}"] {
            let message = format!(r#"{{"type":"publish","channel":"room:123","data": {data} ,"id":1}}"#);
            let body = Body::Data { json: data.into() };
            assert_eq!(
                accepted(&message),
                ChannelCommand::Publish { channel: room(), body, idempotency_key: None }.into()
            );
        }
        assert_eq!(refused(r#"{"type":"publish","channel":"room:123"}"#), FaultCode::InvalidRequest);
    }

    #[test]
    fn an_idempotency_key_is_kept() {
        let message = r#"{"type":"publish","channel":"room:123","data":1,"idempotency_key":"k\u0031"}"#;
        let Command::Core(CoreCommand::Channel(ChannelCommand::Publish { idempotency_key, .. })) =
            accepted(message)
        else {
            panic!("a publish")
        };
        assert_eq!(idempotency_key.as_deref(), Some("k1"));
        assert_eq!(refused(&message.replace("k\\u0031", "")), FaultCode::InvalidRequest);
    }

    #[test]
    fn publishing_needs_its_scope() {
        let with = |scopes, name: &str| {
            let message = format!(r#"{{"type":"publish","channel":"{name}","data":1}}"#);
            decode(Payload::Text(&message), &session(scopes)).command.map(|_| ()).map_err(|fault| fault.code)
        };
        assert_eq!(with(Scopes::READ, "room:1"), Err(FaultCode::Forbidden));
        assert_eq!(with(Scopes::WRITE, "room:1"), Ok(()));
        assert_eq!(with(Scopes::WRITE, "user:1"), Err(FaultCode::Forbidden));
        assert_eq!(with(Scopes::ADMIN, "user:1"), Ok(()));
    }

    #[test]
    fn deep_data_is_refused() {
        let message = |depth: u32| {
            let (open, close) = ("[".repeat(depth as usize), "]".repeat(depth as usize));
            format!(r#"{{"type":"publish","channel":"room:123","data":{open}{close}}}"#)
        };
        assert!(heard(&message(json::DEPTH_MAX)).command.is_ok());
        assert_eq!(refused(&message(json::DEPTH_MAX + 1)), FaultCode::InvalidRequest);
        assert_eq!(refused(&message(400_000)), FaultCode::InvalidRequest);
    }

    #[test]
    fn faults_have_their_codes() {
        use FaultCode::*;
        for (message, code) in [
            ("", InvalidSyntax),
            ("hello", InvalidSyntax),
            (r#"{"type":"ping""#, InvalidSyntax),
            (r#"{"type":5,"#, InvalidSyntax),
            (r#"["ping"]"#, InvalidRequest),
            (r#"{"type":5}"#, InvalidRequest),
            (r#"{"type":"ping","type":"ping"}"#, InvalidRequest),
            ("{}", UnknownType),
            (r#"{"type":"shout"}"#, UnknownType),
            (r#"{"type":"subscribe"}"#, InvalidChannel),
            (r#"{"type":"subscribe","channel":"attic:1"}"#, InvalidChannel),
            (r#"{"type":"subscribe","channel":"room:1","event":"activity"}"#, InvalidEvent),
            (r#"{"type":"subscribe","channel":"user:1","event":"message"}"#, InvalidEvent),
            (r#"{"type":"unsubscribe","channel":"room:1","event":"typing"}"#, InvalidEvent),
            (r#"{"type":"unsubscribe","channel":""}"#, InvalidChannel),
        ] {
            assert_eq!(refused(message), code, "{message}");
        }
        let binary = decode(Payload::Binary(br#"{"type":"ping"}"#), &session(Scopes::READ));
        assert_eq!(binary.command.expect_err("binary").code, InvalidSyntax);
    }

    #[test]
    fn an_id_comes_back_to_the_byte_and_with_faults() {
        let id = |message: &str| heard(message).correlation.map(String::from);
        assert_eq!(id(r#"{"type":"ping","id":"a\"\u0041"}"#).as_deref(), Some(r#""a\"\u0041""#));
        assert_eq!(id(r#"{"type":"ping","id":1.50}"#).as_deref(), Some("1.50"));
        assert_eq!(id(r#"{"type":"shout","id":-7}"#).as_deref(), Some("-7"));
        assert_eq!(id(r#"{"type":5,"id":"x"}"#).as_deref(), Some("\"x\""));
        assert_eq!(id(r#"{"type":"ping","id":null}"#), None);
        for bad in ["true", "[1]", "{}", &format!("\"{}\"", "a".repeat(63))] {
            let message = format!(r#"{{"type":"ping","id":{bad}}}"#);
            assert_eq!(refused(&message), FaultCode::InvalidRequest, "{bad}");
            assert_eq!(id(&message), None);
        }
        assert!(heard(&format!(r#"{{"type":"ping","id":"{}"}}"#, "a".repeat(62))).correlation.is_some());
    }

    proptest! {
        #[test]
        fn arbitrary_messages_never_panic(message in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,40}") {
            let _ = heard(&message);
        }

        #[test]
        fn data_is_valid_json_whatever_is_sent(data in "[\\[\\]{}\":,0-9\\\\ un]{0,12}") {
            let message = format!(r#"{{"type":"publish","channel":"room:1","data":{data}}}"#);
            if let Ok(Command::Core(CoreCommand::Channel(ChannelCommand::Publish { body: Body::Data { json }, .. }))) = heard(&message).command {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(), "{}", json);
            }
        }
    }
}
