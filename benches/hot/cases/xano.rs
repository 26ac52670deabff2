//! The Xano dialect: from a frame to a command, from replies and pushes to frames.

use super::Case;
use corecast::model::channel::{ChannelName, Position};
use corecast::model::publication::{Body, Client, Publication};
use corecast::model::realm::Realm;
use corecast::model::reply::{ChannelReply, Push, Recovery, Reply};
use corecast::model::session::{ClientInfo, Session};
use corecast::surface::list::DIALECTS;
use corecast::surface::{Dialect, Payload};
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;

const DATA: &str = r#"{"text":"some sixty bytes of JSON, as a chat has them"}"#;

/// What joining and a message need of a dialect.
pub const CASES: &[Case] = &[
    Case { name: "decode a message", elements: 1, make: decoding },
    Case { name: "encode the answer to a join", elements: 1, make: answering },
    Case { name: "encode a message", elements: 1, make: pushing },
];

fn dialect() -> &'static Dialect {
    DIALECTS[1]
}

fn client() -> Client {
    Client { socket: "6f9b2c1de8a74035".into(), extras: r#"{"name":"Ada"}"#.into(), table: 1, row: 42 }
}

fn session() -> Session {
    let realm = Arc::new(Realm { id: 1, namespace: "r1".into(), key: "hash".into() });
    Session::guest(Some(Box::new(ClientInfo {
        realm,
        client: client(),
        refused: None,
        address: Ipv4Addr::LOCALHOST.into(),
    })))
}

fn channel() -> ChannelName {
    ChannelName::new("r1:lobby")
}

fn decoding() -> Box<dyn FnMut()> {
    let frame = format!(r#"{{"action":"message","options":{{"channel":"lobby"}},"payload":{DATA}}}"#);
    let session = session();
    Box::new(move || {
        let incoming = (dialect().decode)(Payload::Text(black_box(&frame)), &session);
        assert!(incoming.command.is_ok());
    })
}

fn answering() -> Box<dyn FnMut()> {
    let reply = Reply::Channel(ChannelReply::Subscribed {
        channel: channel(),
        position: Position { epoch: 1_700_000, offset: 123 },
        recovery: Recovery::NotAsked,
        history: None,
        members: None,
    });
    let (mut out, session) = (Vec::with_capacity(1024), session());
    Box::new(move || {
        out.clear();
        (dialect().encode_reply)(&mut out, black_box(&reply), Some(r#""lobby""#), &session);
        assert!(out.starts_with(br#"{"action":"join""#));
    })
}

fn pushing() -> Box<dyn FnMut()> {
    let publication = Publication {
        epoch: 1_700_000,
        born: 1_700_000,
        offset: 123,
        time_ms: 1_700_000_000_000,
        publisher: "6f9b2c1de8a74035".into(),
        body: Body::ClientMessage { sender: client(), json: DATA.into(), authenticated: false },
    };
    let bytes = publication.archive(&mut Default::default());
    let (mut out, channel) = (Vec::with_capacity(1024), channel());
    Box::new(move || {
        out.clear();
        let publication = bytes.view();
        (dialect().encode_push)(&mut out, black_box(&channel), Push::Publication(publication));
        assert!(out.starts_with(br#"{"action":"message""#));
    })
}
