use super::*;
use crate::model::command::CoreCommand;
use crate::surface::xano::testing::{client, session};
use proptest::prelude::*;

fn heard(frame: &str) -> Incoming {
    decode(Payload::Text(frame), &session())
}

fn accepted(frame: &str) -> Command {
    heard(frame).command.expect(frame)
}

fn refused(frame: &str) -> FaultCode {
    heard(frame).command.expect_err(frame).code
}

fn lobby() -> ChannelName {
    ChannelName::new("r7:lobby")
}

fn said(json: &str, authenticated: bool) -> Command {
    let body = Body::ClientMessage { sender: client(), json: json.into(), authenticated };
    ChannelCommand::Publish { channel: lobby(), body, idempotency_key: None }.into()
}

#[test]
fn a_join_says_what_it_wants_with_it() {
    let join =
        |payload: &str| accepted(&format!(r#"{{"action":"join","options":{{"channel":"lobby"}}{payload}}}"#));
    let joined = |history, members| {
        ChannelCommand::Subscribe { channel: lobby(), recover: None, with: Attachments { history, members } }
            .into()
    };
    assert_eq!(join(r#","payload":{"history":true,"presence":true}"#), joined(true, true));
    assert_eq!(join(r#","payload":{"history":false,"presence":true}"#), joined(false, true));
    assert_eq!(join(r#","payload":{"history":true}"#), joined(true, false));
    assert_eq!(join(r#","payload":{}"#), joined(false, false));
    assert_eq!(join(r#","payload":null"#), joined(false, false));
    assert_eq!(join(""), joined(false, false));
    for bad in ["1", "[]", "\"x\"", r#"{"history":1}"#, r#"{"history":true,"history":true}"#] {
        let frame = format!(r#"{{"action":"join","options":{{"channel":"lobby"}},"payload":{bad}}}"#);
        assert_eq!(refused(&frame), FaultCode::InvalidRequest, "{bad}");
    }
}

#[test]
fn the_frames_of_the_client_are_understood() {
    let frame = |action: &str, options: &str, payload: &str| {
        accepted(&format!(
            r#"{{"action":"{action}","options":{{"channel":"lobby"{options}}},"payload":{payload}}}"#
        ))
    };
    assert_eq!(frame("leave", "", "null"), ConnectionCommand::Unsubscribe { channel: lobby() }.into());
    assert_eq!(frame("history", "", "null"), ChannelCommand::ListHistory { channel: lobby() }.into());
    // The object of another client asks so too.
    assert_eq!(
        frame("history", r#","socketId":"S2""#, "null"),
        ChannelCommand::ListHistory { channel: lobby() }.into()
    );
    assert_eq!(frame("message", "", r#"{"text":"hi"}"#), said(r#"{"text":"hi"}"#, false));
    assert_eq!(frame("message", r#","authenticated":true"#, r#""x""#), said(r#""x""#, true));
    assert_eq!(frame("message", r#","authenticated":false"#, r#""x""#), said(r#""x""#, false));
    let whisper =
        ChannelCommand::Whisper { channel: lobby(), to: "S2".into(), json: r#""psst""#.into() }.into();
    assert_eq!(frame("message", r#","socketId":"S2""#, r#""psst""#), whisper);
    assert_eq!(frame("message", r#","socketId":"\u00532","authenticated":false"#, r#""psst""#), whisper);
}

#[test]
fn a_payload_is_kept_to_the_byte() {
    for payload in ["null", "1e3", r#""\u00e9\ud800""#, "{ \"b\" : 1,\"a\":[ ] ,\"b\":2}"] {
        let frame =
            format!(r#"{{"action":"message","options":{{"channel":"lobby"}},"payload": {payload} }}"#);
        assert_eq!(accepted(&frame), said(payload, false));
    }
    assert_eq!(accepted(r#"{"action":"message","options":{"channel":"lobby"}}"#), said("null", false));
}

#[test]
fn a_message_for_one_never_becomes_one_for_all() {
    for options in [
        r#""socketId":null"#,
        r#""socketId":"""#,
        r#""socketId":7"#,
        r#""socketId":{}"#,
        r#""socketId":"S2","authenticated":true"#,
    ] {
        let frame =
            format!(r#"{{"action":"message","options":{{"channel":"lobby",{options}}},"payload":1}}"#);
        assert_eq!(refused(&frame), FaultCode::InvalidRequest, "{options}");
    }
}

#[test]
fn deep_payloads_are_refused() {
    let frame = |depth: u32| {
        let depth = depth as usize;
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"action":"message","options":{{"channel":"lobby"}},"payload":{open}{close}}}"#)
    };
    assert!(heard(&frame(json::DEPTH_MAX)).command.is_ok());
    assert_eq!(refused(&frame(json::DEPTH_MAX + 1)), FaultCode::InvalidRequest);
    assert_eq!(refused(&frame(200_000)), FaultCode::InvalidRequest);
}

#[test]
fn faults_have_their_codes() {
    use FaultCode::*;
    for (frame, code) in [
        ("", InvalidSyntax),
        ("hello", InvalidSyntax),
        (r#"{"action":"join""#, InvalidSyntax),
        (r#"["join"]"#, InvalidRequest),
        (r#"{"action":5}"#, InvalidRequest),
        (r#"{"action":"join","action":"join"}"#, InvalidRequest),
        (r#"{"action":"join","options":"lobby"}"#, InvalidRequest),
        (r#"{"action":"message","options":{"channel":"lobby","authenticated":1}}"#, InvalidRequest),
        ("{}", UnknownType),
        (r#"{"action":null}"#, UnknownType),
        (r#"{"action":"connection_status","options":{"channel":"lobby"}}"#, UnknownType),
        (r#"{"action":"join"}"#, InvalidChannel),
        (r#"{"action":"join","options":null}"#, InvalidChannel),
        (r#"{"action":"join","options":{"channel":7}}"#, InvalidChannel),
        (r#"{"action":"join","options":{"channel":""}}"#, InvalidChannel),
        (r#"{"action":"message","options":{"channel":"a//b"},"payload":1}"#, InvalidChannel),
        (r#"{"action":"leave","options":{"channel":"a\u0000"}}"#, InvalidChannel),
    ] {
        assert_eq!(refused(frame), code, "{frame}");
    }
    let binary = decode(Payload::Binary(br#"{"action":"join"}"#), &session());
    assert_eq!(binary.command.expect_err("binary").code, InvalidSyntax);
    let without_client_info = Session { client_info: None, ..session() };
    let frame = r#"{"action":"leave","options":{"channel":"lobby"}}"#;
    assert_eq!(
        decode(Payload::Text(frame), &without_client_info).command.expect_err("no workspace").code,
        Forbidden
    );
}

#[test]
fn the_channel_comes_back_with_faults() {
    let channel = |frame: &str| heard(frame).correlation.map(String::from);
    assert_eq!(
        channel(r#"{"action":"join","options":{"channel":"lob\u0062y"}}"#).as_deref(),
        Some(r#""lob\u0062y""#)
    );
    assert_eq!(channel(r#"{"action":5,"options":{"channel":"lobby"}}"#).as_deref(), Some(r#""lobby""#));
    assert_eq!(
        channel(r#"{"action":"message","options":{"channel":"lobby","authenticated":1}}"#).as_deref(),
        Some(r#""lobby""#)
    );
    assert_eq!(channel(r#"{"action":"join","options":{"channel":7}}"#), None);
    assert_eq!(channel(r#"{"action":"join","options":{"channel":["a"]}}"#), None);
    assert_eq!(channel(r#"{"action":"join"}"#), None);
    let long = format!(r#"{{"action":"join","options":{{"channel":"{}"}}}}"#, "a".repeat(5000));
    assert_eq!(channel(&long), None);
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), json in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,40}") {
        let _ = (heard(&text), heard(&json));
    }

    #[test]
    fn any_frame_of_the_right_form_is_taken(
        name in "[a-zA-Zé\"\\\\{}:* ]{1,20}",
        text in any::<String>(),
    ) {
        let frame = serde_json::json!({ "action": "message", "options": { "channel": name }, "payload": text });
        let Ok(Command::Core(CoreCommand::Channel(ChannelCommand::Publish { channel, body: Body::ClientMessage { json, .. }, .. }))) = heard(&frame.to_string()).command
        else { panic!("a message") };
        prop_assert_eq!(channel.suffix(), &name);
        prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
