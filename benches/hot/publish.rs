//! A publish from the publisher's bytes to the bytes of every subscriber, through one whole shard.

use super::websocket::masked;
use corecast::auth::{ApiKey, AuthSettings, Authenticator, Secret};
use corecast::base::ids::{ConnectionId, CoreId};
use corecast::base::limits::Limits;
use corecast::base::time::Now;
use corecast::broker::definitions::Definitions;
use corecast::model::node::NodeInfo;
use corecast::model::session::Scopes;
use corecast::shard::{Output, Setup, Shard};
use corecast::surface::router::Router;
use criterion::{BatchSize, Criterion, Throughput};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const NOW: Now = Now { monotonic_us: 1_000_000, unix_ms: 1_700_000_000_000 };

const UPGRADE: &[u8] = b"GET /v1/realtime HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer bench-key\r\n\r\n";

const SUBSCRIBE: &[u8] = br#"{"type":"subscribe","channel":"room:1","event":"message"}"#;

const PUBLISH: &[u8] =
    br#"{"type":"publish","channel":"room:1","data":{"text":"some sixty bytes of JSON, as a chat has them"}}"#;

/// One publish, and a burst of them, to several numbers of subscribers.
pub fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish");
    for (subscribers, burst) in [(0, 1), (1, 1), (100, 1), (1000, 1), (1000, 16)] {
        group.throughput(Throughput::Elements((subscribers * burst).max(1) as u64));
        group.bench_function(format!("{burst} to {subscribers}"), |bencher| {
            let mut shard = Shard::new(setup(), NOW);
            let publisher = connect(&mut shard);
            for _ in 0..subscribers {
                let subscriber = connect(&mut shard);
                shard.receive(NOW, subscriber, &mut masked(SUBSCRIBE));
                drain(&mut shard);
            }
            let bytes = masked(PUBLISH).repeat(burst);
            let publish = |mut bytes: Vec<u8>| {
                shard.receive(NOW, publisher, &mut bytes);
                // The publisher's answers, and one write for each subscriber.
                assert_eq!(drain(&mut shard), subscribers + 1);
                bytes
            };
            bencher.iter_batched(|| bytes.clone(), publish, BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn setup() -> Setup {
    let key = ApiKey {
        key: Secret::new("bench-key"),
        user: "bench".into(),
        name: None,
        scopes: Scopes::READ.union(Scopes::WRITE),
    };
    let settings = AuthSettings { api_keys: vec![key], ..AuthSettings::default() };
    Setup {
        core: CoreId(0),
        cores: 1,
        seed: 1,
        node: Arc::new(NodeInfo {
            name: "bench".into(),
            version: "0",
            started_unix_ms: NOW.unix_ms,
            started_monotonic_us: NOW.monotonic_us,
        }),
        limits: Arc::new(Limits { commands_per_second_max: 0, ..Limits::default() }),
        definitions: Arc::new(Definitions::default()),
        realms: Arc::new([]),
        authenticator: Arc::new(Authenticator::new(settings).expect("the settings are good")),
        router: Arc::new(Router::new()),
        allowed_origins: Arc::new([]),
        ping_interval_ms: 30_000,
        pong_timeout_ms: 20_000,
        history_flush_ms: None,
        echo: false,
    }
}

fn connect(shard: &mut Shard) -> ConnectionId {
    let id = shard.accept(NOW, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("no limit is near");
    shard.receive(NOW, id, &mut UPGRADE.to_vec());
    assert_eq!(drain(shard), 1, "the answer to the upgrade");
    id
}

/// Takes all that the shard wants written; says in how many writes.
fn drain(shard: &mut Shard) -> usize {
    let mut writes = 0;
    loop {
        match shard.poll() {
            Output::Transmit(id) => {
                let bytes = shard.transmit(id).bytes();
                shard.sent(NOW, id, bytes);
                writes += 1;
            }
            Output::Idle { .. } => return writes,
            other => panic!("{other:?}"),
        }
    }
}
