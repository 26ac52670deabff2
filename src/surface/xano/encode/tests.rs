use super::*;
use crate::model::channel::Position;
use crate::model::fault::FaultCode;
use crate::model::publication::{Body, Publication};
use crate::model::reply::{ChannelReply, ConnectionReply, Recovery};
use crate::surface::xano::testing::{SHOWN, client, session};
use serde_json::Value;

fn channel() -> ChannelName {
    ChannelName::new("r7:chat/room:\"1\"")
}

/// Its name as the client knows it, as JSON.
const NAME: &str = r#""chat/room:\"1\"""#;

fn archived(body: Body) -> PublicationBytes {
    let publication = Publication { epoch: 1, born: 1, offset: 1, time_ms: 0, publisher: "42".into(), body };
    publication.archive(&mut Default::default())
}

fn said(json: &str) -> PublicationBytes {
    archived(Body::ClientMessage { sender: client(), json: json.into(), authenticated: false })
}

fn event(json: &str) -> PublicationBytes {
    archived(Body::Event { json: json.into(), table: 3, row: 4 })
}

fn valid(out: Vec<u8>) -> String {
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(serde_json::from_str::<Value>(&text).is_ok_and(|value| value["action"].is_string()), "{text}");
    text
}

fn reply(reply: &Reply, correlation: Option<&str>) -> String {
    let mut out = Vec::new();
    encode_reply(&mut out, reply, correlation, &session());
    valid(out)
}

fn push(push: Push<'_>) -> String {
    let mut out = Vec::new();
    encode_push(&mut out, &channel(), push);
    valid(out)
}

#[test]
fn answers_to_joining_and_leaving_show_the_client_itself() {
    let subscribed = Reply::Channel(ChannelReply::Subscribed {
        channel: channel(),
        position: Position::default(),
        recovery: Recovery::NotAsked,
        history: None,
        members: None,
    });
    assert_eq!(
        reply(&subscribed, Some("\"ignored\"")),
        format!(
            r#"{{"action":"join","client":{SHOWN},"options":{{"channel":{NAME}}},"payload":{{"history":[]}}}}"#
        )
    );
    assert_eq!(
        reply(&Reply::Connection(ConnectionReply::Unsubscribed { channel: channel() }), None),
        format!(r#"{{"action":"leave","client":{SHOWN},"options":{{"channel":{NAME}}},"payload":null}}"#)
    );
}

#[test]
fn a_message_that_was_sent_has_no_answer() {
    for reply in [
        Reply::Channel(ChannelReply::Published { channel: channel(), position: Position::default() }),
        Reply::Channel(ChannelReply::Whispered),
    ] {
        let mut out = Vec::new();
        encode_reply(&mut out, &reply, Some(NAME), &session());
        assert!(out.is_empty(), "{reply:?}");
    }
}

#[test]
fn faults_say_which_channel_they_are_of() {
    let fault = Reply::Fault(Fault::new(FaultCode::GuestsRefused, "in other words"));
    let text = "Anonymous clients cannot join this channel.";
    assert_eq!(
        reply(&fault, Some("\"lob\\u0062y\"")),
        format!(
            r#"{{"action":"error","options":{{"channel":"lob\u0062y"}},"payload":{{"message":"{text}"}}}}"#
        )
    );
    assert_eq!(reply(&fault, None), format!(r#"{{"action":"error","payload":{{"message":"{text}"}}}}"#));
    assert!(reply(&Reply::Connection(ConnectionReply::Pong), None).contains("please report this"));
}

#[test]
fn publications_are_messages_and_events() {
    let message = format!(
        r#"{{"action":"message","client":{SHOWN},"options":{{"channel":{NAME}}},"payload":{{"a": 1}}}}"#
    );
    let bytes = said(r#"{"a": 1}"#);
    let view = bytes.view();
    assert_eq!(push(Push::Publication(view)), message);
    let event_frame = format!(
        r#"{{"action":"event","options":{{"channel":{NAME}}},"payload":{{"data":[2],"dbo_id":3,"row_id":4}}}}"#
    );
    let event = event("[2]");
    assert_eq!(push(Push::Publication(event.view())), event_frame);

    let whole = format!(
        r#"{{"action":"history","options":{{"channel":{NAME}}},"payload":{{"history":[{message},{event_frame}]}}}}"#
    );
    // What another surface published is left out, wherever it stands.
    let other = archived(Body::UserOnline);
    let publications = vec![other.clone(), bytes.clone(), other.clone(), event.clone(), other];
    assert_eq!(push(Push::History(&publications)), whole);
    assert_eq!(
        reply(&Reply::Channel(ChannelReply::History { channel: channel(), publications }), None),
        whole
    );
    let empty =
        format!(r#"{{"action":"history","options":{{"channel":{NAME}}},"payload":{{"history":[]}}}}"#);
    assert_eq!(push(Push::History(&[])), empty);
}

#[test]
fn what_other_surfaces_publish_is_not_told() {
    let bytes = archived(Body::UserOnline);
    let mut out = Vec::new();
    encode_push(&mut out, &channel(), Push::Publication(bytes.view()));
    assert!(out.is_empty());
}

#[test]
fn a_private_message_says_whom_it_is_for() {
    assert_eq!(
        push(Push::Whisper { sender: &client(), to: "S2", json: "\"psst\"" }),
        format!(
            r#"{{"action":"message","client":{SHOWN},"options":{{"channel":{NAME},"socketId":"S2"}},"payload":"psst"}}"#
        )
    );
}

#[test]
fn presence_shows_clients() {
    let update = |action: &str| {
        format!(
            r#"{{"action":"presence_update","options":{{"channel":{NAME}}},"payload":{{"action":"{action}","presence":{SHOWN}}}}}"#
        )
    };
    assert_eq!(push(Push::Joined(&session())), update("join"));
    assert_eq!(push(Push::Left(&session())), update("leave"));
    let full = |list: &str| {
        format!(
            r#"{{"action":"presence_full","options":{{"channel":{NAME}}},"payload":{{"presence":[{list}]}}}}"#
        )
    };
    let members =
        [Arc::new(session()), Arc::new(Session { client_info: None, ..session() }), Arc::new(session())];
    assert_eq!(push(Push::Members(&members)), full(&format!("{SHOWN},{SHOWN}")));
    assert_eq!(push(Push::Members(&[])), full(""));
}

#[test]
fn the_end_of_a_channel_is_an_error() {
    let fault = Fault::new(FaultCode::ChannelDeleted, "in other words");
    assert_eq!(
        push(Push::Ended(&fault)),
        format!(
            r#"{{"action":"error","options":{{"channel":{NAME}}},"payload":{{"message":"Channel deleted"}}}}"#
        )
    );
    assert!(push(Push::Gap(Position::default())).contains("were lost"));
}
