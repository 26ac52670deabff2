//! A history log that cannot be written for a while: what is refused, and that it goes on without a restart.

use crate::durable::{COMMIT, kill, newest, recover, stop};
use crate::server::{Guard, Home, Server};
use crate::{eventually, process};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const MEMORY: &str = r#"namespaces.conversation.history_durability="memory""#;

/// No file may grow beyond this: less than a segment's first record.
const NOTHING: Option<u64> = Some(10);

fn ready(server: &Server) -> bool {
    let answer = server.http().get("/health/ready");
    let history = answer.json()["checks"]["history"].as_bool().unwrap();
    assert_eq!(answer.status == 200, history, "{answer:?}");
    history
}

fn keyed(data: &str) -> Value {
    json!({"type": "publish", "channel": "room:1", "data": data, "idempotency_key": "k"})
}

/// All of a channel after a position of it, and where it is.
fn all(server: &Server, channel: &str, epoch: u64) -> (Vec<Value>, u64) {
    let mut client = server.client();
    let answer = recover(&mut client, channel, (epoch, 0));
    assert!(answer["gap"].is_null() && answer["epoch"].as_u64() == Some(epoch), "{answer}");
    let events = (0..answer["recovered"].as_u64().unwrap()).map(|_| client.next()["data"].clone());
    (events.collect(), answer["offset"].as_u64().unwrap())
}

#[test]
fn a_disk_that_takes_nothing_refuses_what_must_be_kept_and_is_used_again_when_it_is_well() {
    let home = Home::new(&[COMMIT, MEMORY]);
    let server = home.start();
    let mut client = server.client();
    let (epoch, _) = client.publish("room:1", json!("one"));
    client.publish("room:1", json!("two"));
    for round in 0..2 {
        process::limit_files(&server.process.0, NOTHING);
        assert_eq!(client.ask(keyed("lost"))["code"], "UNAVAILABLE", "round {round}");
        let answer = client.ask(json!({"type": "publish", "channel": "room:2", "data": 1}));
        assert_eq!(answer["code"], "UNAVAILABLE", "{answer}");
        client.publish("conversation:1", json!("goes on"));
        assert!(!ready(&server));
        // An attempt is made, and comes to nothing.
        std::thread::sleep(Duration::from_millis(1_300));
        assert!(!ready(&server));
        process::limit_files(&server.process.0, None);
        eventually("the history can be written again", || ready(&server).then_some(()));
        client.publish("room:1", json!(round));
    }
    let answer = client.ask(keyed("told"));
    assert_eq!((&answer["type"], &answer["offset"]), (&json!("published"), &json!(5)), "{answer}");
    assert_eq!(all(&server, "room:1", epoch).0, ["one", "two", "0", "1", "told"].map(data));
    kill(server);
    let server = home.start();
    assert_eq!(all(&server, "room:1", epoch), (["one", "two", "0", "1", "told"].map(data).to_vec(), 5));
    stop(server);
    let server = home.start();
    assert_eq!(all(&server, "room:1", epoch).1, 5, "the log is whole again");
}

/// What was published first is in the file.
fn written(home: &Home) {
    let log = newest(home);
    eventually("what was said is written", || (fs::metadata(&log).unwrap().len() > 120).then_some(()));
}

/// Numbers were published as numbers.
fn data(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number))
}

#[test]
fn a_node_that_stops_while_its_log_lacks_something_does_not_take_it_for_whole() {
    let home = Home::new(&["history.flush_ms=0"]);
    let server = home.start();
    let mut client = server.client();
    let (first, _) = client.publish("room:1", json!("one"));
    written(&home);
    process::limit_files(&server.process.0, NOTHING);
    client.publish("room:1", json!("told and not kept"));
    eventually("the disk takes nothing", || (!ready(&server)).then_some(()));
    drop(client);
    stop(server);
    let server = home.start();
    let answer = recover(&mut server.client(), "room:1", (first, 2));
    assert!(answer["gap"] == true && answer["epoch"].as_u64() > Some(first), "{answer}");
}

#[test]
fn a_relaxed_channel_goes_on_in_its_epoch_when_the_log_is_whole_again() {
    let home = Home::new(&["history.flush_ms=0"]);
    let server = home.start();
    let mut client = server.client();
    let (first, _) = client.publish("room:1", json!("one"));
    written(&home);
    process::limit_files(&server.process.0, NOTHING);
    client.publish("room:1", json!("two"));
    eventually("the disk takes nothing", || (!ready(&server)).then_some(()));
    process::limit_files(&server.process.0, None);
    eventually("the history can be written again", || ready(&server).then_some(()));
    let files = || fs::read_dir(home.data().join("history")).unwrap().count();
    eventually("the checkpoint is through", || (files() == 1).then_some(()));
    drop(client);
    stop(server);
    let server = home.start();
    assert_eq!(all(&server, "room:1", first).0, ["one", "two"], "it was in memory, and is on disk now");
}

/// A mount namespace with a small file system in the place of a directory; it lasts until it is dropped.
struct SmallDisk(Guard);

impl SmallDisk {
    /// `None` where this machine does not let a test mount.
    fn on(directory: &Path) -> Option<Self> {
        let script = r#"mount -t tmpfs -o size=2m tmpfs "$0" && dd if=/dev/zero of="$0/ballast" bs=1k count=1400 && echo made && exec sleep 600"#;
        let mut command = Command::new("unshare");
        command.arg("-m").args(["sh", "-c", script]).arg(directory);
        process::die_with_parent(&mut command);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut guard = Guard(child);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(guard.0.stdout.take()?), &mut line).ok()?;
        (line == "made\n").then_some(Self(guard))
    }

    fn start(&self, home: &Home) -> Server {
        let serve = home.command(&["serve"]);
        let mut command = Command::new("nsenter");
        command.args(["-m", "-t", &self.0.0.id().to_string()]);
        command
            .arg(format!("--wd={}", home.path().display()))
            .arg(serve.get_program())
            .args(serve.get_args());
        process::die_with_parent(&mut command);
        Server::start(command, home.data())
    }

    fn make_space(&self, directory: &Path) {
        let root = format!("/proc/{}/root{}/ballast", self.0.0.id(), directory.display());
        fs::remove_file(root).unwrap();
    }
}

#[test]
fn a_disk_without_space_is_used_again_when_space_is_made() {
    let home = Home::new(&[COMMIT]);
    stop(home.start());
    let directory = home.data().join("history");
    // The small disk has nothing of what was there.
    fs::remove_file(home.data().join("history.last")).unwrap();
    let Some(disk) = SmallDisk::on(&directory) else {
        return eprintln!("SKIPPED: this machine does not let a test mount");
    };
    let server = disk.start(&home);
    let mut client = server.client();
    let (epoch, mut told) = client.publish("room:1", json!("x".repeat(10_000)));
    let mut publish = |number: u64| {
        let data = format!("{number}{}", "x".repeat(10_000));
        let answer = client.ask(json!({"type": "publish", "channel": "room:1", "data": data}));
        if answer["type"] == "published" {
            told += 1;
            assert_eq!(answer["offset"].as_u64(), Some(told), "{answer}");
            return Some(told);
        }
        assert_eq!(answer["code"], "UNAVAILABLE", "{answer}");
        None
    };
    let refused = (1..200).find(|number| publish(*number).is_none());
    assert!(refused.is_some_and(|number| number > 10), "{refused:?}");
    eventually("the node says so", || (!ready(&server)).then_some(()));
    disk.make_space(&directory);
    eventually("it is used again", || publish(1_000));
    let last = eventually("and lasts", || (0..10).map(|_| publish(1_001)).last().flatten());
    kill(server);
    let server = disk.start(&home);
    let (events, offset) = all(&server, "room:1", epoch);
    assert_eq!((events.len() as u64, offset), (last, last), "all that was told is there, without a hole");
}
