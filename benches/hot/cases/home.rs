//! The home side: publishing into a history, and reading it.

use corecast::base::ids::{ConnectionId, CoreId};
use corecast::base::limits::Limits;
use corecast::base::time::Now;
use corecast::broker::definitions::Definitions;
use corecast::broker::home::{Home, Origin};
use corecast::model::channel::{ChannelName, Position};
use corecast::model::command::{Attachments, Command, Page};
use corecast::model::publication::Body;
use corecast::model::reply::{Recovery, Reply};
use corecast::model::session::{Scopes, Session};
use criterion::{Criterion, Throughput};
use std::hint::black_box;
use std::sync::Arc;

const NOW: Now = Now { monotonic_us: 1_000_000, unix_ms: 1_700_000_000_000 };

/// Publications missed by whoever recovers.
const MISSED: u64 = 100;

/// Publish, recover and list, on a channel with a full history and subscribers on one core.
pub fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("home");
    group.bench_function("publish", |bencher| {
        let mut home = home();
        subscribe(&mut home, None);
        bencher.iter(|| publish(&mut home));
    });
    group.throughput(Throughput::Elements(MISSED));
    group.bench_function(format!("recover {MISSED}"), |bencher| {
        let mut home = home();
        let at = (0..1000).fold(Position::default(), |_, _| publish(&mut home));
        let from = Position { offset: at.offset - MISSED, ..at };
        bencher.iter(|| {
            assert_eq!(subscribe(&mut home, Some(from)), MISSED as usize);
            home.unsubscribe(NOW, CoreId(0), "ada", &channel());
        });
    });
    group.throughput(Throughput::Elements(50));
    group.bench_function("list 50 messages", |bencher| {
        let mut home = home();
        for _ in 0..1000 {
            let body = Body::MessageCreated { content: "Hello!".into(), kind: "text".into() };
            execute(&mut home, Command::Publish { channel: channel(), body, idempotency_key: None });
        }
        let page = Page { number: 1, size: 50 };
        bencher.iter(|| black_box(execute(&mut home, Command::ListMessages { channel: channel(), page })));
    });
    group.finish();
}

fn channel() -> ChannelName {
    ChannelName::new("room:1")
}

fn home() -> Home {
    Home::new(1, 2, Arc::new(Definitions::default()), &[], Arc::new(Limits::default()))
}

fn execute(home: &mut Home, command: Command) -> Reply {
    let session = Arc::new(Session::of("ada", Scopes::ADMIN));
    let connection = ConnectionId { index: 0, generation: 0 };
    let reply = home.execute(NOW, Origin { core: CoreId(0), connection, session: &session }, command);
    while home.pop_output().is_some() {}
    reply
}

fn publish(home: &mut Home) -> Position {
    let body = Body::Data { json: "{\"text\":\"some sixty bytes of JSON, as a chat has them\"}".into() };
    match execute(home, Command::Publish { channel: channel(), body, idempotency_key: None }) {
        Reply::Published { position, .. } => position,
        other => panic!("{other:?}"),
    }
}

/// Subscribes; says how many publications were recovered.
fn subscribe(home: &mut Home, recover: Option<Position>) -> usize {
    match execute(home, Command::Subscribe { channel: channel(), recover, with: Attachments::default() }) {
        Reply::Subscribed { recovery: Recovery::Complete(missed), .. } => missed.len(),
        Reply::Subscribed { recovery: Recovery::NotAsked, .. } => 0,
        other => panic!("{other:?}"),
    }
}
