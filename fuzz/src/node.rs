//! A node small enough that its limits are met.

use corecast::auth::{ApiKey, AuthSettings, Authenticator, Secret};
use corecast::base::ids::CoreId;
use corecast::base::limits::Limits;
use corecast::base::time::Now;
use corecast::broker::rules::definitions::Definitions;
use corecast::model::definition::{ChannelDefinition, HistoryBounds, Presence, SlowPolicy};
use corecast::model::node::NodeInfo;
use corecast::model::realm::Realm;
use corecast::model::session::Scopes;
use corecast::shard::{Setup, Shard};
use corecast::surface::router::Router;
use std::sync::{Arc, OnceLock};

/// The keys of its users, the admin's first.
pub const KEYS: [&str; 3] = ["key-a", "key-b", "key-c"];

pub const START: Now = Now { monotonic_us: 1_000_000, unix_ms: 1_760_000_000_000 };

/// One core of a node of `cores`.
pub fn shard(core: u16, cores: u16) -> Shard {
    static SETUP: OnceLock<Setup> = OnceLock::new();
    let setup = SETUP.get_or_init(setup).clone();
    Shard::new(Setup { core: CoreId(core), cores, ..setup }, START)
}

fn setup() -> Setup {
    let scopes = [Scopes::ADMIN, Scopes::READ.union(Scopes::WRITE), Scopes::READ];
    let keys = KEYS.iter().zip(scopes).map(|(key, scopes)| ApiKey {
        key: Secret::new(*key),
        user: key.replace("key-", ""),
        name: None,
        scopes,
    });
    let settings = AuthSettings { api_keys: keys.collect(), ..AuthSettings::default() };
    Setup {
        core: CoreId(0),
        cores: 1,
        seed: 7,
        node: Arc::new(NodeInfo {
            name: "corecast@fuzz".into(),
            version: "0",
            started_unix_ms: START.unix_ms,
            started_monotonic_us: START.monotonic_us,
        }),
        sockets_per_core_max: usize::MAX,
        limits: Arc::new(limits()),
        definitions: Arc::new(definitions()),
        realms: Arc::new([Arc::new(Realm { id: 1, namespace: "fuzz".into(), key: "hash".into() })]),
        authenticator: Arc::new(Authenticator::new(settings).expect("the keys are good")),
        router: Arc::new(Router::new()),
        allowed_origins: Arc::from([]),
        trusted_proxies: Arc::from([]),
        compressed: Arc::default(),
        ping_interval_ms: 25_000,
        pong_timeout_ms: 10_000,
        operators_apart: false,
        access_log: false,
        history_flush_ms: None,
        echo: false,
        people: Arc::default(),
            public_urls: Arc::default(),
        web_push: Arc::default(),
        stored: Arc::default(),
    }
}

fn limits() -> Limits {
    Limits {
        connections_per_address_max: 20,
        unauthenticated_per_address_max: 10,
        subscriptions_per_connection_max: 6,
        requests_in_flight_max: 4,
        outbox_bytes_max: 2_000,
        message_bytes_max: 4_000,
        header_bytes_max: 2_000,
        egress_ring_bytes_max: 1_024,
        history_bytes_max: 4_000,
        members_per_channel_max: 2,
        idempotency_keys_max: 3,
        rooms_max: 3,
        profiles_max: 2,
        channels_per_namespace_max: 4,
        peer_queue_messages_max: 4,
        ..Limits::default()
    }
}

fn definitions() -> Definitions {
    let mut definitions = Definitions::default();
    let history = HistoryBounds { count_max: 4, bytes_max: 2_000, age_ms_max: 10_000 };
    let room = ChannelDefinition {
        history,
        presence: Presence::Users,
        slow: SlowPolicy::Skip,
        ..ChannelDefinition::default()
    };
    definitions.namespaces.insert("room".into(), room);
    let nothing = HistoryBounds { count_max: 0, bytes_max: 0, age_ms_max: 0 };
    let conversation = ChannelDefinition { history: nothing, ..ChannelDefinition::default() };
    definitions.namespaces.insert("conversation".into(), conversation);
    definitions
}

/// An upgrade with a user's key.
pub fn upgrade(user: u8) -> Vec<u8> {
    let key = KEYS[usize::from(user) % KEYS.len()];
    format!(
        "GET /v1/realtime HTTP/1.1\r\nHost: fuzz\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Authorization: Bearer {key}\r\n\r\n"
    )
    .into_bytes()
}

/// An upgrade to the realm's socket, with a user's key or as a guest.
pub fn enter(user: Option<u8>) -> Vec<u8> {
    let token = user.map_or(String::new(), |user| {
        format!("Sec-WebSocket-Protocol: {}\r\n", KEYS[usize::from(user) % KEYS.len()])
    });
    format!(
        "GET /rt/hash HTTP/1.1\r\nHost: fuzz\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{token}\r\n"
    )
    .into_bytes()
}

/// A request that declares the realm's channel `lobby`, in which clients may do everything.
pub fn declare() -> Vec<u8> {
    let script = "realtime_channel lobby {\n  public_messaging = {active: true}\n  \
                  private_messaging = {active: true}\n  \
                  settings = {anonymous_clients: true, presence: true, message_history: 3}\n}\n";
    format!(
        "POST /workspace/1/realtime/channel HTTP/1.1\r\nHost: fuzz\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/x-xanoscript\r\nContent-Length: {}\r\n\r\n{script}",
        KEYS[0],
        script.len()
    )
    .into_bytes()
}

/// An HTTP request with a user's key.
pub fn request(user: u8, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let key = KEYS[usize::from(user) % KEYS.len()];
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: fuzz\r\nAuthorization: Bearer {key}\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A client's frame, masked with zeros.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        medium @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}
