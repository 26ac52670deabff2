//! A node with a history log, from outside: what it serves before the log is read, and what waits for the disk.

use crate::settings::Settings;
use crate::wire::{Item, frame, read_frame, read_response};
use crate::world::{Manner, World};
use corecast::model::definition::{ChannelDefinition, Durability};
use corecast::shard::{LogMessage, LogNews, Setup};
use corecast::store::log::{Decoder, Entry};
use std::net::{IpAddr, Ipv4Addr};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A node whose log is yet to be read; rooms are committed.
fn node(cores: u16) -> World {
    let mut settings = Settings::default();
    let committed = ChannelDefinition { durability: Durability::Commit, ..ChannelDefinition::default() };
    settings.definitions.namespaces.insert("room".into(), committed);
    World::new(&Setup { history_flush_ms: Some(5), ..settings.setup(cores) }, Manner::default())
}

/// Tells a core something, and lets the node settle.
fn tell(world: &mut World, core: usize, news: LogNews) {
    let now = world.now;
    world.shards[core].logged(now, news);
    world.settle();
}

fn said(world: &mut World, core: usize) -> Option<LogMessage> {
    world.log[core].pop_front()
}

fn open(world: &mut World) {
    let cores = world.shards.len();
    for core in 0..cores {
        tell(world, core, LogNews::ReplayedAll { clean: true, epoch: 0 });
        assert_eq!(said(world, core), Some(LogMessage::Replayed { live_bytes: 0 }));
    }
    (0..cores).for_each(|core| tell(world, core, LogNews::Open));
}

/// Sends a request on a socket of its own; says status and body.
fn get(world: &mut World, head: &str) -> (u16, String) {
    let socket = world.connect(0, HOME).expect("let in");
    world.send(socket, format!("{head}\r\nHost: x\r\nAuthorization: Bearer rc_bob\r\n\r\n").as_bytes());
    world.settle();
    let (response, _) = read_response(&world.sockets[socket].output, false).expect("a whole response");
    (response.status, String::from_utf8(response.body).expect("text"))
}

const UPGRADE: &str = "GET /v1/realtime HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

#[test]
fn nothing_but_health_is_served_before_every_core_has_what_is_its_own() {
    let mut world = node(2);
    let refused = |world: &mut World| {
        assert_eq!(get(world, "GET /v1/rooms HTTP/1.1").0, 503);
        assert_eq!(get(world, UPGRADE).0, 503);
        let (status, body) = get(world, "GET /health/ready HTTP/1.1");
        assert!(status == 503 && body.contains(r#""accepting":false"#), "{body}");
        let (status, body) = get(world, "GET /health HTTP/1.1");
        assert!(status == 503 && body.contains(r#""status":"starting""#), "{body}");
        assert_eq!(get(world, "GET /health/live HTTP/1.1").0, 200);
    };
    refused(&mut world);
    tell(&mut world, 0, LogNews::ReplayedAll { clean: true, epoch: 0 });
    assert_eq!(said(&mut world, 0), Some(LogMessage::Replayed { live_bytes: 0 }));
    refused(&mut world);
    tell(&mut world, 1, LogNews::ReplayedAll { clean: true, epoch: 0 });
    (0..2).for_each(|core| tell(&mut world, core, LogNews::Open));
    assert_eq!(get(&mut world, "GET /v1/rooms HTTP/1.1").0, 200);
    assert_eq!(get(&mut world, UPGRADE).0, 101);
    assert_eq!(get(&mut world, "GET /health/ready HTTP/1.1").0, 200);
}

/// A WebSocket that reads what comes.
struct Ear {
    socket: usize,
    read: usize,
}

impl Ear {
    fn new(world: &mut World) -> Self {
        let socket = world.connect(0, HOME).expect("let in");
        let head = format!("{UPGRADE}\r\nHost: x\r\nAuthorization: Bearer rc_bob\r\n\r\n");
        world.send(socket, head.as_bytes());
        world.settle();
        let (response, read) = read_response(&world.sockets[socket].output, false).expect("a response");
        assert_eq!(response.status, 101);
        Self { socket, read }
    }

    fn say(&mut self, world: &mut World, text: &str) -> Vec<String> {
        world.send(self.socket, &frame(true, 1, text.as_bytes()));
        world.settle();
        self.hear(world)
    }

    fn hear(&mut self, world: &World) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some((item, used)) = read_frame(&world.sockets[self.socket].output[self.read..]) {
            self.read += used;
            if let Item::Frame { opcode: 1, payload } = item {
                texts.push(String::from_utf8(payload).expect("text"));
            }
        }
        texts
    }
}

#[test]
fn a_committed_publish_is_answered_and_heard_when_it_is_on_disk_and_not_before() {
    for cores in [1, 2] {
        let mut world = node(cores);
        open(&mut world);
        let (mut publisher, mut subscriber) = (Ear::new(&mut world), Ear::new(&mut world));
        subscriber.say(&mut world, r#"{"type":"subscribe","channel":"room:1"}"#);
        let publish = r#"{"type":"publish","channel":"room:1","data":"one"}"#;
        assert_eq!(publisher.say(&mut world, publish), Vec::<String>::new());
        assert_eq!(
            publisher.say(&mut world, r#"{"type":"ping"}"#),
            Vec::<String>::new(),
            "answers keep their order"
        );
        let home = (0..usize::from(cores)).find_map(|core| Some((core, said(&mut world, core)?)));
        let (home, LogMessage::Records(part, _)) = home.expect("a record is staged") else {
            panic!("records")
        };
        assert!(part.commit, "somebody waits");
        tell(&mut world, home, LogNews::Moved { written: part.last, synced: 0 });
        assert!(
            publisher.hear(&world).is_empty() && subscriber.hear(&world).is_empty(),
            "written is not synced"
        );
        tell(&mut world, home, LogNews::Moved { written: part.last, synced: part.last });
        let answers = publisher.hear(&world);
        assert!(answers[0].contains(r#""published""#) && answers[1].contains("pong"), "{answers:?}");
        let heard = subscriber.hear(&world);
        assert!(heard.len() == 1 && heard[0].contains(r#""one""#), "{heard:?}");
    }
}

#[test]
fn an_epoch_is_greater_than_all_that_the_log_ever_had() {
    let mut world = node(2);
    for core in 0..2 {
        tell(&mut world, core, LogNews::ReplayedAll { clean: true, epoch: 1 << 51 });
    }
    (0..2).for_each(|core| tell(&mut world, core, LogNews::Open));
    let mut subscriber = Ear::new(&mut world);
    for channel in 0..4 {
        let text = format!(r#"{{"type":"subscribe","channel":"room:{channel}"}}"#);
        let answer: serde_json::Value =
            serde_json::from_str(&subscriber.say(&mut world, &text)[0]).expect("JSON");
        assert!(answer["epoch"].as_u64() > Some(1 << 51), "{answer}");
    }
}

#[test]
fn a_log_that_fails_answers_who_waits() {
    let mut world = node(1);
    open(&mut world);
    let (mut publisher, mut subscriber) = (Ear::new(&mut world), Ear::new(&mut world));
    subscriber.say(&mut world, r#"{"type":"subscribe","channel":"room:1"}"#);
    let publish = r#"{"type":"publish","channel":"room:1","data":"one"}"#;
    assert!(publisher.say(&mut world, publish).is_empty());
    tell(&mut world, 0, LogNews::Failed);
    let answers = publisher.hear(&world);
    assert!(answers.len() == 1 && answers[0].contains("UNAVAILABLE"), "{answers:?}");
    let answers = publisher.say(&mut world, publish);
    assert!(answers.len() == 1 && answers[0].contains("UNAVAILABLE"), "{answers:?}");
    assert!(subscriber.hear(&world).is_empty());
    let (status, body) = get(&mut world, "GET /health/ready HTTP/1.1");
    assert!(status == 503 && body.contains(r#""history":false"#), "{body}");
    assert!(get(&mut world, "GET /metrics HTTP/1.1").1.contains("corecast_history_lost 1"));
}

#[test]
fn a_log_that_is_well_again_takes_what_is_said_from_then_on() {
    let mut world = node(1);
    open(&mut world);
    let (mut publisher, mut subscriber) = (Ear::new(&mut world), Ear::new(&mut world));
    subscriber.say(&mut world, r#"{"type":"subscribe","channel":"room:1"}"#);
    let publish = |data: &str| format!(r#"{{"type":"publish","channel":"room:1","data":"{data}"}}"#);
    publisher.say(&mut world, &publish("lost"));
    tell(&mut world, 0, LogNews::Failed);
    publisher.hear(&world);
    world.log[0].clear();
    tell(&mut world, 0, LogNews::Resume(1));
    tell(&mut world, 0, LogNews::Checkpoint(1));
    assert_eq!(said(&mut world, 0), Some(LogMessage::Resumed(1)), "before anything else");
    assert_eq!(get(&mut world, "GET /health/ready HTTP/1.1").0, 200);
    assert!(get(&mut world, "GET /metrics HTTP/1.1").1.contains("corecast_history_lost 0"));
    world.log[0].clear();
    assert!(publisher.say(&mut world, &publish("kept")).is_empty());
    let Some(LogMessage::Records(part, _)) = said(&mut world, 0) else { panic!("a record") };
    tell(&mut world, 0, LogNews::Moved { written: part.last, synced: part.last });
    let answers = publisher.hear(&world);
    assert!(answers.len() == 1 && answers[0].contains(r#""offset":1"#), "{answers:?}");
    let heard = subscriber.hear(&world);
    assert!(heard.len() == 1 && heard[0].contains("kept"), "{heard:?}");
}

#[test]
fn what_is_on_disk_when_the_log_fails_is_told_however_much_it_is() {
    let mut world = node(1);
    open(&mut world);
    let mut publishers: Vec<Ear> = (0..40).map(|_| Ear::new(&mut world)).collect();
    let publish = r#"{"type":"publish","channel":"room:1","data":1}"#;
    for _ in 0..30 {
        for publisher in &mut publishers {
            assert!(publisher.say(&mut world, publish).is_empty());
        }
    }
    let mut last = 0;
    while let Some(message) = said(&mut world, 0) {
        let LogMessage::Records(part, _) = message else { panic!("records") };
        last = part.last;
    }
    let now = world.now;
    world.shards[0].logged(now, LogNews::Moved { written: last, synced: last });
    tell(&mut world, 0, LogNews::Failed);
    let answers: Vec<String> = publishers.iter_mut().flat_map(|one| one.hear(&world)).collect();
    let published = answers.iter().filter(|answer| answer.contains(r#""published""#)).count();
    assert_eq!((published, answers.len()), (1_200, 1_200));
}

#[test]
fn relaxed_records_go_together_after_a_moment() {
    let mut world = node(1);
    open(&mut world);
    let mut publisher = Ear::new(&mut world);
    for number in 0..3 {
        let publish = format!(r#"{{"type":"publish","channel":"conversation:1","data":{number}}}"#);
        assert_eq!(publisher.say(&mut world, &publish).len(), 1, "answered at once");
    }
    assert_eq!(said(&mut world, 0), None, "not yet");
    world.advance(6_000);
    let Some(LogMessage::Records(part, _)) = said(&mut world, 0) else { panic!("records") };
    let said = part.records.iter().filter(|record| record.view().channel() == "conversation:1");
    assert!(said.count() == 3 && !part.commit, "{part:?}");
}

/// A log that the version before left behind, killed twice: messages that were changed and deleted, in a relaxed room and in
/// a committed conversation, some in a checkpoint and some behind it.
const LOG_OF_VERSION_1: &[u8] = include_bytes!("../fixtures/history-log-1/0000000000000002.log");

/// When that log was written, milliseconds since 1970.
const WRITTEN_MS: u64 = 1_795_817_845_000;

#[test]
fn a_log_of_the_version_before_is_taken_over() {
    for cores in [1, 2] {
        let mut world = node(cores);
        world.now.unix_ms = WRITTEN_MS + 60_000;
        let setup = Settings::default().setup(cores);
        let mut decoder = Decoder::default();
        decoder.push(LOG_OF_VERSION_1);
        let mut places = vec![Vec::new(); usize::from(cores)];
        let mut epoch = 0;
        while let Some((place, entry)) = decoder.next_entry().expect("no damage") {
            if let Entry::History(record) = entry {
                epoch = epoch.max(record.epoch());
                places[setup.home_of(record.channel()).index()].push(place);
            }
        }
        assert_eq!(decoder.end(), None, "all of it was read");
        for (core, places) in places.into_iter().enumerate() {
            tell(&mut world, core, LogNews::Replayed(decoder.batch(places)));
        }
        for core in 0..usize::from(cores) {
            tell(&mut world, core, LogNews::ReplayedAll { clean: false, epoch });
        }
        (0..usize::from(cores)).for_each(|core| tell(&mut world, core, LogNews::Open));
        for (kind, epoch) in [("room", "ijhhwujen4"), ("conversation", "ijhhwtn04j")] {
            let (status, body) = get(&mut world, &format!("GET /v1/messages?channel={kind}:old HTTP/1.1"));
            assert_eq!(status, 200, "{body}");
            let list: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            let text = |at: usize| (list["data"][at]["id"].as_str(), list["data"][at]["content"].as_str());
            let id = |offset: u64| format!("msg_{kind}.old.{epoch}.{offset}");
            assert_eq!(list["meta"]["total"], 3, "{list}");
            assert_eq!(text(0), (Some(&*id(6)), Some("last")));
            assert_eq!(text(1), (Some(&*id(2)), Some("newest text")));
            assert_eq!(text(2), (Some(&*id(1)), Some("first and kept")));
            let mut ear = Ear::new(&mut world);
            let subscribe = format!(
                r#"{{"type":"subscribe","channel":"{kind}:old","recover":{{"epoch":1,"offset":0}}}}"#
            );
            let told = ear.say(&mut world, &subscribe);
            assert!(told.len() == 8 && told[0].contains(r#""gap":true"#), "{told:?}");
            assert!(!told.iter().any(|one| one.contains("SECRET") || one.contains("\"new text")), "{told:?}");
            let deleted = told.iter().filter(|one| one.contains(&id(3)));
            assert!(
                deleted.clone().count() == 2 && deleted.clone().all(|one| one.contains("message:deleted"))
            );
        }
    }
}
