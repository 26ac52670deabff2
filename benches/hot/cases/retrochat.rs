//! The RetroChat dialect: from a message to a command, from replies and pushes to messages.

use super::Case;
use corecast::model::channel::{ChannelName, Position};
use corecast::model::publication::{Body, Publication};
use corecast::model::reply::{ChannelReply, Push, Reply};
use corecast::model::session::{Scopes, Session};
use corecast::surface::list::DIALECTS;
use corecast::surface::{Dialect, Payload};
use std::hint::black_box;

const DATA: &str = r#"{"text":"some sixty bytes of JSON, as a chat has them"}"#;

/// What a publish needs of a dialect.
pub const CASES: &[Case] = &[
    Case { name: "decode a publish", elements: 1, make: decoding },
    Case { name: "encode its answer", elements: 1, make: answering },
    Case { name: "encode its push", elements: 1, make: pushing },
];

fn dialect() -> &'static Dialect {
    DIALECTS[0]
}

fn session() -> Session {
    Session::of("ada", Scopes::READ.union(Scopes::WRITE))
}

fn channel() -> ChannelName {
    ChannelName::new("room:1")
}

fn decoding() -> Box<dyn FnMut()> {
    let message = format!(r#"{{"type":"publish","channel":"room:1","data":{DATA},"id":7}}"#);
    let session = session();
    Box::new(move || {
        let incoming = (dialect().decode)(Payload::Text(black_box(&message)), &session);
        assert!(incoming.command.is_ok());
    })
}

fn answering() -> Box<dyn FnMut()> {
    let reply = Reply::Channel(ChannelReply::Published {
        channel: channel(),
        position: Position { epoch: 1_700_000, offset: 123 },
    });
    let (mut out, session) = (Vec::with_capacity(1024), session());
    Box::new(move || {
        out.clear();
        (dialect().encode_reply)(&mut out, black_box(&reply), Some("7"), &session);
        assert!(out.starts_with(br#"{"type":"published""#));
    })
}

fn pushing() -> Box<dyn FnMut()> {
    let publication = Publication {
        epoch: 1_700_000,
        born: 1_700_000,
        offset: 123,
        time_ms: 1_700_000_000_000,
        publisher: "ada".into(),
        body: Body::Data { json: DATA.into() },
    };
    let bytes = publication.archive(&mut Default::default());
    let (mut out, channel) = (Vec::with_capacity(1024), channel());
    Box::new(move || {
        out.clear();
        let publication = bytes.view();
        (dialect().encode_push)(&mut out, black_box(&channel), Push::Publication(publication));
        assert!(out.ends_with(b"}"));
    })
}
