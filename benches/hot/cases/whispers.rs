//! What one client of a realm says to another, while others hear the channel too: they cost nothing.

use super::Case;
use super::shards::{NOW, drain, shard_of};
use super::websocket::masked;
use corecast::base::ids::ConnectionId;
use corecast::model::realm::Realm;
use corecast::shard::{Output, Resolution, Shard};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A whisper beside few and beside many who hear the channel.
pub const CASES: &[Case] = &[
    Case { name: "beside 1", elements: 1, make: || whispering(1) },
    Case { name: "beside 500", elements: 1, make: || whispering(500) },
];

const SCRIPT: &str = "realtime_channel lobby {\n  private_messaging = {active: true}\n  \
                      settings = {anonymous_clients: true, nested_channels: false, message_history: 0, auth_channel: false, presence: false}\n}\n";

const UPGRADE: &str = "GET /rt/bench HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const JOIN: &str = r#"{"action":"join","options":{"channel":"lobby"},"payload":{}}"#;

/// Declares the channel.
fn define(shard: &mut Shard) {
    let request = format!(
        "POST /workspace/1/realtime/channel HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer bench-key\r\n\
         Content-Type: text/x-xanoscript\r\nContent-Length: {}\r\n\r\n{SCRIPT}",
        SCRIPT.len()
    );
    let id = accept(shard);
    shard.receive(NOW, id, &mut request.into_bytes());
    let answer = written(shard);
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

fn accept(shard: &mut Shard) -> ConnectionId {
    shard.accept(NOW, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("no limit is near")
}

/// All that the shard wants written, to a socket that takes everything; what it wants stored is stored.
fn written(shard: &mut Shard) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match shard.poll() {
            Output::Transmit(id) => {
                let piece = shard.transmit(id).pieces().concat();
                shard.sent(NOW, id, piece.len());
                bytes.extend(piece);
            }
            Output::Effect(id, _) => shard.resolve(NOW, id, Resolution::Stored),
            // Nothing is read while the declaration waits for the disk.
            Output::Pause(_) | Output::Resume(_) => {}
            Output::Work => _ = shard.work(NOW),
            Output::Idle { .. } => return bytes,
            other => panic!("{other:?}"),
        }
    }
}

/// A guest in the channel, and the name of its socket.
fn join(shard: &mut Shard) -> (ConnectionId, String) {
    let id = accept(shard);
    shard.receive(NOW, id, &mut UPGRADE.as_bytes().to_vec());
    written(shard);
    shard.receive(NOW, id, &mut masked(JOIN.as_bytes()));
    let answer = String::from_utf8_lossy(&written(shard)).into_owned();
    let (_, name) = answer.split_once(r#""socketId":""#).expect("the answer names the socket");
    (id, name.split('"').next().expect("a name").to_owned())
}

fn whispering(others: usize) -> Box<dyn FnMut()> {
    let realm = Realm { id: 1, namespace: "bench".into(), key: "bench".into() };
    let mut shard = shard_of(0, 1, Arc::new([Arc::new(realm)]));
    define(&mut shard);
    let ((from, _), (_, to)) = (join(&mut shard), join(&mut shard));
    for _ in 0..others {
        join(&mut shard);
    }
    let text = format!(
        r#"{{"action":"message","options":{{"channel":"lobby","socketId":"{to}"}},"payload":"some words for one"}}"#
    );
    let whisper = masked(text.as_bytes());
    let mut bytes = whisper.clone();
    Box::new(move || {
        bytes.copy_from_slice(&whisper);
        shard.receive(NOW, from, &mut bytes);
        assert_eq!(drain(&mut shard), 1, "only whom it is for is written to");
    })
}
