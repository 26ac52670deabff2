//! What goes out on the socket, to the byte.

use super::*;
use crate::model::command::Page;
use crate::model::fault::FaultCode;
use crate::model::publication::{Body, Profile, Publication, PublicationBytes, Room};
use crate::model::reply::{ChannelReply, ConnectionReply, RoomReply};
use crate::model::session::Scopes;
use proptest::prelude::*;

/// 2025-01-01T00:00:00Z.
const NEW_YEAR_MS: u64 = 1_735_689_600_000;

fn reply(reply: &Reply, correlation: Option<&str>) -> String {
    let mut out = Vec::new();
    encode_reply(&mut out, reply, correlation, &Session::guest(None));
    String::from_utf8(out).expect("UTF-8")
}

fn push(channel: &str, push: Push<'_>) -> String {
    let mut out = Vec::new();
    encode_push(&mut out, &ChannelName::new(channel), push);
    String::from_utf8(out).expect("UTF-8")
}

/// A publication by `user_123` at epoch 7, offset 42.
fn published(channel: &str, body: Body) -> String {
    push(channel, Push::Publication(archived(body).view()))
}

fn archived(body: Body) -> PublicationBytes {
    let publication = Publication {
        epoch: 7,
        born: 7,
        offset: 42,
        time_ms: NEW_YEAR_MS,
        publisher: "user_123".into(),
        body,
    };
    publication.archive(&mut rkyv::util::AlignedVec::new())
}

fn channel() -> ChannelName {
    ChannelName::new("room:123")
}

#[test]
fn replies_are_acknowledgements() {
    let position = Position { epoch: 7, offset: 42 };
    assert_eq!(reply(&Reply::Connection(ConnectionReply::Pong), None), r#"{"type":"pong"}"#);
    assert_eq!(
        reply(&Reply::Connection(ConnectionReply::Pong), Some("\"a\"")),
        r#"{"type":"pong","id":"a"}"#
    );
    assert_eq!(
        reply(&Reply::Connection(ConnectionReply::Unsubscribed { channel: channel() }), None),
        r#"{"type":"unsubscribed","channel":"room:123"}"#
    );
    assert_eq!(
        reply(&Reply::Channel(ChannelReply::Published { channel: channel(), position }), Some("5")),
        r#"{"type":"published","channel":"room:123","epoch":7,"offset":42,"id":5}"#
    );
}

#[test]
fn a_subscription_tells_its_position_and_what_was_recovered() {
    let position = Position { epoch: 7, offset: 42 };
    let subscribed = |recovery| {
        let (history, members) = (None, None);
        reply(
            &Reply::Channel(ChannelReply::Subscribed {
                channel: channel(),
                position,
                recovery,
                history,
                members,
            }),
            None,
        )
    };
    let bytes = archived(Body::UserOnline);
    let plain = r#"{"type":"subscribed","channel":"room:123","event":"message","epoch":7,"offset":42"#;
    assert_eq!(subscribed(Recovery::NotAsked), format!("{plain}}}"));
    assert_eq!(subscribed(Recovery::Complete(vec![])), format!("{plain},\"recovered\":0}}"));
    assert_eq!(subscribed(Recovery::Complete(vec![bytes.clone(); 2])), format!("{plain},\"recovered\":2}}"));
    assert_eq!(subscribed(Recovery::Gap(vec![bytes])), format!("{plain},\"gap\":true}}"));
}

#[test]
fn subscriptions_are_listed_with_their_event() {
    assert_eq!(
        reply(&Reply::Connection(ConnectionReply::Subscriptions(vec![])), None),
        r#"{"type":"subscriptions","subscriptions":[]}"#
    );
    let channels = vec![channel(), ChannelName::new("user:1")];
    assert_eq!(
        reply(&Reply::Connection(ConnectionReply::Subscriptions(channels)), Some("1")),
        concat!(
            r#"{"type":"subscriptions","subscriptions":[{"channel":"room:123","event":"message"},"#,
            r#"{"channel":"user:1","event":"activity"}],"id":1}"#
        )
    );
}

#[test]
fn faults_are_errors() {
    let fault = Fault::new(FaultCode::InvalidChannel, "No \"such\" channel.");
    assert_eq!(
        reply(&Reply::Fault(fault), Some("9")),
        r#"{"type":"error","code":"INVALID_CHANNEL","message":"No \"such\" channel.","id":9}"#
    );
    let other = Reply::Room(RoomReply::Page { items: vec![], page: Page { number: 1, size: 1 }, total: 0 });
    let shown: serde_json::Value = serde_json::from_str(&reply(&other, None)).expect("JSON");
    assert_eq!(shown["code"], "INTERNAL");
}

#[test]
fn data_is_passed_on_to_the_byte() {
    assert_eq!(
        published("room:123", Body::Data { json: "{ \"a\":1e2 }".into() }),
        concat!(
            r#"{"type":"publication","channel":"room:123","data":{ "a":1e2 },"#,
            r#""epoch":7,"offset":42,"user_id":"user_123"}"#
        )
    );
}

#[test]
fn message_events_have_the_payloads_of_the_page() {
    assert_eq!(
        published("room:123", Body::MessageCreated { content: "Hello!".into(), kind: "text".into() }),
        concat!(
            r#"{"type":"message:new","channel":"room:123","data":{"id":"msg_room.123.7.16","#,
            r#""room_id":"room_123","user_id":"user_123","content":"Hello!","#,
            r#""created_at":"2025-01-01T00:00:00Z","type":"text"},"epoch":7,"offset":42}"#
        )
    );
    let updated = Body::MessageUpdated {
        of: Position { epoch: 7, offset: 41 },
        author: "user_5".into(),
        created_ms: NEW_YEAR_MS - 1000,
        content: "Bye\n".into(),
        kind: "text".into(),
    };
    assert_eq!(
        published("conversation:9", updated),
        concat!(
            r#"{"type":"message:updated","channel":"conversation:9","data":{"id":"msg_conversation.9.7.15","#,
            r#""conversation_id":"conversation_9","user_id":"user_5","content":"Bye\n","#,
            r#""created_at":"2024-12-31T23:59:59Z","type":"text","updated_at":"2025-01-01T00:00:00Z"},"#,
            r#""epoch":7,"offset":42}"#
        )
    );
    let deleted = Body::MessageDeleted {
        of: Position { epoch: 7, offset: 41 },
        author: "user_5".into(),
        created_ms: NEW_YEAR_MS - 1000,
    };
    assert_eq!(
        published("room:123", deleted),
        concat!(
            r#"{"type":"message:deleted","channel":"room:123","data":{"id":"msg_room.123.7.15","#,
            r#""room_id":"room_123","user_id":"user_5","created_at":"2024-12-31T23:59:59Z","#,
            r#""deleted_at":"2025-01-01T00:00:00Z"},"epoch":7,"offset":42}"#
        )
    );
}

#[test]
fn user_events_have_the_payloads_of_the_page() {
    for (body, word) in [(Body::UserOnline, "online"), (Body::UserOffline, "offline")] {
        assert_eq!(
            published("user:123", body),
            format!(
                "{{\"type\":\"user:{word}\",\"channel\":\"user:123\",\"data\":{{\"user_id\":\"user_123\",\
                 \"status\":\"{word}\",\"timestamp\":\"2025-01-01T00:00:00Z\"}},\"epoch\":7,\"offset\":42}}"
            )
        );
    }
    let profile =
        Profile { user: "123".into(), name: Some("Ada".into()), status: Some("busy".into()), online: true };
    assert_eq!(
        published("user:123", Body::UserUpdated { profile: profile.clone() }),
        concat!(
            r#"{"type":"user:updated","channel":"user:123","data":{"user_id":"123","name":"Ada","#,
            r#""status":"busy","timestamp":"2025-01-01T00:00:00Z"},"epoch":7,"offset":42}"#
        )
    );
    let unnamed = Profile { name: None, ..profile };
    assert!(published("user:123", Body::UserUpdated { profile: unnamed }).contains(r#""name":null"#));
}

#[test]
fn room_events_carry_the_record() {
    let room = Room {
        id: "123".into(),
        name: "Lobby".into(),
        description: String::new(),
        owner: "user_1".into(),
        created_ms: NEW_YEAR_MS,
        updated_ms: NEW_YEAR_MS + 1,
    };
    for (body, kind) in [
        (Body::RoomCreated { room: room.clone() }, "room:created"),
        (Body::RoomUpdated { room: room.clone() }, "room:updated"),
        (Body::RoomDeleted { room }, "room:deleted"),
    ] {
        let record = concat!(
            r#"{"id":"room_123","name":"Lobby","description":"","owner_id":"user_1","#,
            r#""created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00.001Z"}"#
        );
        assert_eq!(
            published("room:123", body),
            format!(r#"{{"type":"{kind}","channel":"room:123","data":{record},"epoch":7,"offset":42}}"#)
        );
    }
}

#[test]
fn presence_and_gaps_are_told() {
    assert_eq!(
        push("room:123", Push::Joined(&Session::of("user_1", Scopes::READ))),
        r#"{"type":"member:joined","channel":"room:123","data":{"user_id":"user_1"}}"#
    );
    assert_eq!(
        push("room:123", Push::Left(&Session::of("a\"b", Scopes::READ))),
        r#"{"type":"member:left","channel":"room:123","data":{"user_id":"a\"b"}}"#
    );
    assert_eq!(
        push("room:123", Push::Gap(Position { epoch: 7, offset: 42 })),
        r#"{"type":"gap","channel":"room:123","epoch":7,"offset":42}"#
    );
}

proptest! {
    #[test]
    fn whatever_is_said_the_frame_is_json(content in any::<String>(), publisher in any::<String>()) {
        let body = Body::MessageCreated { content: content.clone(), kind: "text".into() };
        let publication = Publication { epoch: 1, born: 1, offset: 2, time_ms: 3, publisher: publisher.clone(), body };
        let bytes = publication.archive(&mut rkyv::util::AlignedVec::new());
        let text = push("room:1", Push::Publication(bytes.view()));
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(value["data"]["content"].as_str(), Some(content.as_str()));
        prop_assert_eq!(value["data"]["user_id"].as_str(), Some(publisher.as_str()));
    }
}
