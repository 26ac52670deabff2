use super::*;
use crate::model::relay::{Handle, group_channel};
use crate::model::session::Scopes;
use proptest::prelude::*;

fn decoded(frame: &str) -> Result<Command, Fault> {
    decode(Payload::Text(frame), &Session::of("ada", Scopes::READ)).command
}

fn proven(frame: &str) -> Command {
    match decoded(frame) {
        Ok(Command::Proven { token, command }) if token == Secret::new("a.b.c") => *command,
        other => panic!("{frame}: {other:?}"),
    }
}

fn refused(frame: &str) -> FaultCode {
    decoded(frame).expect_err(frame).code
}

#[test]
fn every_action_is_a_command() {
    assert_eq!(decoded(r#"{"action":"keepAlive"}"#), Ok(ConnectionCommand::Ping.into()));
    for rid in [r#","rid":null"#, r#","rid":"""#, ""] {
        let left = proven(&format!(r#"{{"action":"joinRoom"{rid},"token":"a.b.c"}}"#));
        assert_eq!(left, ConnectionCommand::LeaveGroup.into());
    }
    let joined = proven(r#"{"action":"joinRoom","rid":"g","token":"a.b.c"}"#);
    assert_eq!(joined, RelayCommand::Join { group: group_channel("g") }.into());
    let said = proven(
        r#"{"action":"broadcast","rid":"g","content":{"n": 1.50},"notification":"","notificationConfig":{},"token":"IdT:s:o:a.b.c"}"#,
    );
    let json = r#"{"n": 1.50}"#.into();
    let group = group_channel("g");
    assert_eq!(said, RelayCommand::Broadcast { group, json, notification: None }.into());
    let told = proven(
        r#"{"action":"sendMessage","uid":"bob","content":0,"notification":"{\"title\":\"t\",\"body\":\"b\"}","notificationConfig":{"always":true},"token":"IdT:s:o:p:a.b.c"}"#,
    );
    let notification = Notification { payload: r#"{"title":"t","body":"b"}"#.into(), always: true };
    assert_eq!(told, RelayCommand::tell("bob", "0", Some(notification.into())).into());
    let signal =
        proven(r#"{"action":"rtc","uid":"cid:AAMAAAAAAAAAAAc=","content":{"pickup":"x"},"token":"a.b.c"}"#);
    let to = Handle::from_bytes([0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    assert_eq!(signal, RelayCommand::Signal { to, json: r#"{"pickup":"x"}"#.into() }.into());
}

#[test]
fn what_is_wrong_is_told_by_its_kind() {
    let long = "x".repeat(128 << 10);
    let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
    let notice = |text: &str| {
        let text = serde_json::to_string(text).expect("a text");
        format!(r#"{{"action":"broadcast","rid":"g","content":1,"notification":{text},"token":"a.b.c"}}"#)
    };
    let content = |action: &str, json: &str| {
        format!(r#"{{"action":"{action}","rid":"g","uid":"u","content":{json},"token":"a.b.c"}}"#)
    };
    for (frame, code) in [
        ("", FaultCode::InvalidSyntax),
        ("[]", FaultCode::InvalidRequest),
        (r#"{"action":1}"#, FaultCode::InvalidRequest),
        ("{}", FaultCode::UnknownType),
        (r#"{"action":"none","token":"a.b.c"}"#, FaultCode::UnknownType),
        (r#"{"action":"joinRoom","rid":7,"token":"a.b.c"}"#, FaultCode::InvalidRequest),
        (r#"{"action":"joinRoom","rid":"a#b","token":"a.b.c"}"#, FaultCode::InvalidChannel),
        (r#"{"action":"joinRoom","rid":"g"}"#, FaultCode::NoCredentials),
        (r#"{"action":"joinRoom","rid":"g","token":"IdT:s:o:null"}"#, FaultCode::NoCredentials),
        (r#"{"action":"broadcast","content":1,"token":"a.b.c"}"#, FaultCode::InvalidChannel),
        (&content("broadcast", "null"), FaultCode::InvalidRequest),
        (&content("broadcast", &deep), FaultCode::InvalidRequest),
        (&content("sendMessage", &format!("\"{long}\"")), FaultCode::TooLarge),
        (r#"{"action":"sendMessage","content":1,"token":"a.b.c"}"#, FaultCode::InvalidRequest),
        (&content("rtc", "[1]"), FaultCode::InvalidRequest),
        (&content("rtc", "\"x\""), FaultCode::InvalidRequest),
        (&content("rtc", "{}"), FaultCode::NoSuchMember),
        (&notice("x"), FaultCode::InvalidRequest),
        (&notice(r#"{"title":"t"}"#), FaultCode::InvalidRequest),
        (&notice(r#"{"title":"t","body":1}"#), FaultCode::InvalidRequest),
        (&notice(&long[..3_073]), FaultCode::TooLarge),
    ] {
        assert_eq!(refused(frame), code, "{:.200}", frame);
    }
    let binary = decode(Payload::Binary(br#"{"action":"keepAlive"}"#), &Session::of("ada", Scopes::READ));
    assert_eq!(binary.command.map_err(|fault| fault.code), Err(FaultCode::InvalidSyntax));
}

#[test]
fn the_longest_content_is_taken() {
    let json = format!("\"{}\"", "x".repeat((128 << 10) - 2));
    let frame = format!(r#"{{"action":"sendMessage","uid":"u","content":{json},"token":"a.b.c"}}"#);
    assert_eq!(proven(&frame), RelayCommand::tell("u", &json, None).into());
}

proptest! {
    #[test]
    fn arbitrary_frames_never_panic(frame in ".{0,300}", rid in ".{0,40}") {
        let _ = decoded(&frame);
        let frame = serde_json::json!({"action": "joinRoom", "rid": rid, "token": "a.b.c"}).to_string();
        let _ = decoded(&frame);
    }
}
