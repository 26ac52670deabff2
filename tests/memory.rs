//! What an idle subscriber costs, and one that reads none of its answers, in live heap bytes, counted by the allocator: exact and
//! repeatable, where RSS depends on the machine. docs/performance.md has the RSS beside it.

#[path = "memory/people.rs"]
mod people;

use corecast::auth::{ApiKey, AuthSettings, Authenticator, Secret};
use corecast::base::ids::CoreId;
use corecast::base::limits::Limits;
use corecast::base::time::Now;
use corecast::broker::rules::definitions::Definitions;
use corecast::model::definition::{ChannelDefinition, Durability, HistoryBounds};
use corecast::model::node::NodeInfo;
use corecast::model::session::Scopes;
use corecast::shard::{Output, PeopleSettings, Setup, Shard};
use corecast::surface::router::Router;
use std::alloc::{GlobalAlloc, Layout, System};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

struct Counting;

static LIVE_BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only a counter is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE_BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CONNECTIONS: usize = 10_000;

/// Bytes are counted for all threads, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Messages in the room that is asked for, and bytes of each.
const MESSAGES: usize = 64;
const MESSAGE_BYTES: usize = 4_000;

fn key(key: &str, user: &str) -> ApiKey {
    ApiKey { key: Secret::new(key), user: user.into(), name: None, scopes: Scopes::ADMIN }
}

fn shard() -> Shard {
    shard_of(vec![key("k", "u")])
}

/// A shard that knows these keys.
fn shard_of(api_keys: Vec<ApiKey>) -> Shard {
    let history = HistoryBounds { count_max: 256, bytes_max: 1 << 20, age_ms_max: 86_400_000 };
    let room = ChannelDefinition { history, durability: Durability::Memory, ..ChannelDefinition::default() };
    let mut definitions = Definitions::default();
    definitions.namespaces.insert("room".into(), room);
    let settings = AuthSettings { api_keys, ..AuthSettings::default() };
    let setup = Setup {
        core: CoreId(0),
        cores: 1,
        seed: 1,
        node: Arc::new(NodeInfo {
            name: "n".into(),
            version: "0",
            started_unix_ms: 0,
            started_monotonic_us: 0,
        }),
        sockets_per_core_max: usize::MAX,
        limits: Arc::new(Limits::default()),
        definitions: Arc::new(definitions),
        realms: Arc::new([]),
        authenticator: Arc::new(Authenticator::new(settings).expect("good settings")),
        router: Arc::new(Router::new()),
        allowed_origins: Arc::from([]),
        trusted_proxies: Arc::from([]),
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
    Shard::new(setup, Now { monotonic_us: 0, unix_ms: 1_700_000_000_000 })
}

fn write_all(shard: &mut Shard, now: Now) {
    loop {
        match shard.poll() {
            Output::Transmit(id) => {
                let bytes = shard.transmit(id).bytes();
                shard.sent(now, id, bytes);
            }
            Output::Work => _ = shard.work(now),
            Output::Idle { .. } => return,
            other => panic!("an idle connection wants nothing: {other:?}"),
        }
    }
}

/// Live bytes for each of [`CONNECTIONS`] subscribers, each of the channel that `channel` names.
fn bytes_per_subscriber(channel: impl Fn(usize) -> String) -> isize {
    let mut shard = shard();
    let before = LIVE_BYTES.load(Ordering::Relaxed);
    for index in 0..CONNECTIONS {
        let now = Now { monotonic_us: index as u64 * 100, unix_ms: 1_700_000_000_000 };
        let id = shard.accept(now, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("within limits");
        let mut upgrade =
            b"GET /v1/realtime HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            Authorization: Bearer k\r\n\r\n"
                .to_vec();
        shard.receive(now, id, &mut upgrade);
        let text = format!(r#"{{"type":"subscribe","channel":"{}"}}"#, channel(index));
        // A mask of zeroes leaves the payload as it is.
        let mut frame = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        shard.receive(now, id, &mut frame);
        write_all(&mut shard, now);
    }
    // Some housekeeping later, only what is needed is left.
    for second in 2..20 {
        let now = Now { monotonic_us: second * 1_000_000, unix_ms: 1_700_000_000_000 };
        shard.timeout(now);
        write_all(&mut shard, now);
    }
    (LIVE_BYTES.load(Ordering::Relaxed) - before) / CONNECTIONS as isize
}

#[test]
fn an_idle_subscriber_stays_small() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let shared = bytes_per_subscriber(|_| "room:lobby".to_owned());
    let distinct = bytes_per_subscriber(|index| format!("room:{index:05}"));
    println!("{shared} bytes with one channel, {distinct} with a channel each");
    assert!(shared <= 280, "{shared} bytes");
    assert!(distinct <= 600, "{distinct} bytes");
}

/// Lets the kernel take so much of what is written to each socket, and nothing of the rest.
fn write_some(shard: &mut Shard, now: Now, bytes_max: usize) -> usize {
    let mut written = 0;
    loop {
        match shard.poll() {
            Output::Transmit(id) => {
                let bytes = shard.transmit(id).bytes().min(bytes_max - written);
                written += bytes;
                shard.sent(now, id, bytes);
            }
            Output::Work => _ = shard.work(now),
            Output::Idle { .. } => return written,
            Output::Pause(_) | Output::Resume(_) => {}
            other => panic!("nobody is sent away: {other:?}"),
        }
    }
}

#[test]
fn whoever_reads_no_answers_is_owed_little_more_than_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut shard = shard();
    let at = |ms: u64| Now { monotonic_us: ms * 1_000, unix_ms: 1_700_000_000_000 + ms };
    let accept =
        |shard: &mut Shard, now| shard.accept(now, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("within limits");
    let writer = accept(&mut shard, at(0));
    for _ in 0..MESSAGES {
        let body = format!(r#"{{"room_id":"1","content":"{}"}}"#, "x".repeat(MESSAGE_BYTES));
        let mut request = format!(
            "POST /v1/messages HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes();
        shard.receive(at(0), writer, &mut request);
        write_some(&mut shard, at(0), usize::MAX);
    }
    let list = "GET /v1/messages?room_id=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\n\r\n";
    let answer_bytes = {
        shard.receive(at(1), writer, &mut list.as_bytes().to_vec());
        write_some(&mut shard, at(1), usize::MAX)
    };
    assert!(answer_bytes > 40 * MESSAGE_BYTES, "{answer_bytes} bytes");
    let clients = 50;
    let before = LIVE_BYTES.load(Ordering::Relaxed);
    for client in 0..clients {
        let id = accept(&mut shard, at(2 + client));
        shard.receive(at(2 + client), id, &mut list.repeat(100).into_bytes());
        write_some(&mut shard, at(2 + client), 1_000);
    }
    let each = (LIVE_BYTES.load(Ordering::Relaxed) - before) as usize / clients as usize;
    println!("{each} bytes for each that reads nothing, an answer is {answer_bytes}");
    // A quarter of a mebibyte, the answer that passes it, and the requests that wait; a buffer may be twice what is in it.
    assert!(each > answer_bytes / 2, "{each} bytes: they are owed something");
    assert!(each <= 2 * ((256 << 10) + answer_bytes) + (64 << 10), "{each} bytes");
}
