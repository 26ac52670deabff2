//! Whole shards with connections on them, as several cases need them.

use super::websocket::masked;
use corecast::auth::{ApiKey, AuthSettings, Authenticator, Secret};
use corecast::base::ids::{ConnectionId, CoreId};
use corecast::base::limits::Limits;
use corecast::base::time::Now;
use corecast::broker::rules::definitions::Definitions;
use corecast::model::node::NodeInfo;
use corecast::model::realm::Realm;
use corecast::model::session::Scopes;
use corecast::shard::{Output, PeopleSettings, Setup, Shard};
use corecast::surface::router::Router;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// The time of all that happens.
pub const NOW: Now = Now { monotonic_us: 1_000_000, unix_ms: 1_700_000_000_000 };

/// What tokens are signed with.
pub const SECRET: &str = "a secret of the benches, long enough for HS256";

/// Keys, and whose they are.
pub const KEYS: [(&str, &str); 2] = [("bench-key", "bench"), ("other-key", "other")];

/// The shard of one of several cores.
pub fn shard(core: u16, cores: u16) -> Shard {
    shard_of(core, cores, Arc::new([]))
}

/// The same with realms.
pub fn shard_of(core: u16, cores: u16, realms: Arc<[Arc<Realm>]>) -> Shard {
    let key = |(key, user): (&str, &str)| ApiKey {
        key: Secret::new(key),
        user: user.into(),
        name: None,
        scopes: Scopes::ADMIN,
    };
    let jwt_secret = Some(Secret::new(SECRET));
    let settings = AuthSettings { api_keys: KEYS.map(key).into(), jwt_secret, ..AuthSettings::default() };
    let setup = Setup {
        core: CoreId(core),
        cores,
        seed: 1,
        node: Arc::new(NodeInfo {
            name: "bench".into(),
            version: "0",
            started_unix_ms: NOW.unix_ms,
            started_monotonic_us: NOW.monotonic_us,
        }),
        sockets_per_core_max: usize::MAX,
        limits: Arc::new(Limits { commands_per_second_max: 0, ..Limits::default() }),
        definitions: Arc::new(Definitions::default()),
        realms,
        authenticator: Arc::new(Authenticator::new(settings).expect("the settings are good")),
        router: Arc::new(Router::new()),
        allowed_origins: Arc::new([]),
        trusted_proxies: Arc::new([]),
        compressed: Arc::default(),
        ping_interval_ms: 30_000,
        pong_timeout_ms: 20_000,
        operators_apart: false,
        access_log: false,
        history_flush_ms: None,
        echo: false,
        people: Arc::new(PeopleSettings { open_conversations: true, ..PeopleSettings::default() }),
        public_urls: Arc::default(),
        web_push: Arc::default(),
        stored: Arc::default(),
    };
    Shard::new(setup, NOW)
}

/// A WebSocket connection of RetroChat.
pub fn connect(shard: &mut Shard) -> ConnectionId {
    open(shard, "/v1/realtime", KEYS[0].0)
}

/// A WebSocket connection at a path, with a key.
pub fn open(shard: &mut Shard, path: &str, key: &str) -> ConnectionId {
    let upgrade = format!(
        "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Authorization: Bearer {key}\r\n\r\n"
    );
    let id = shard.accept(NOW, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("no limit is near");
    shard.receive(NOW, id, &mut upgrade.into_bytes());
    assert_eq!(drain(shard), 1, "the answer to the upgrade");
    id
}

/// The frame of a subscription to `channel`.
pub fn subscribe(channel: &str) -> Vec<u8> {
    masked(format!(r#"{{"type":"subscribe","channel":"{channel}","event":"message"}}"#).as_bytes())
}

/// The frame of a publication to `channel`.
pub fn publish(channel: &str) -> Vec<u8> {
    let data = r#"{"text":"some sixty bytes of JSON, as a chat has them"}"#;
    masked(format!(r#"{{"type":"publish","channel":"{channel}","data":{data}}}"#).as_bytes())
}

/// Takes all that the shard wants written; says in how many writes.
pub fn drain(shard: &mut Shard) -> usize {
    let mut writes = 0;
    loop {
        match shard.poll() {
            Output::Transmit(id) => {
                let bytes = shard.transmit(id).bytes();
                shard.sent(NOW, id, bytes);
                writes += 1;
            }
            Output::Work => _ = shard.work(NOW),
            Output::Idle { .. } => return writes,
            other => panic!("{other:?}"),
        }
    }
}
