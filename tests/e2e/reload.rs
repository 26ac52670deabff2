//! Settings that change while the node runs, by `POST /admin/reload`, and what `corecast check --against` says of them.

use crate::client::{Client, End};
use crate::http::Answer;
use crate::server::{Home, Server, two_cpus};
use serde_json::{Value, json};
use std::fs;

const FILE: &str = "node.toml";

/// A node whose config file is written anew.
struct Node {
    home: Home,
    server: Server,
}

impl Node {
    fn start(settings: &str) -> Self {
        let home = Home::with_config(FILE);
        write(&home, settings);
        let server = home.start();
        Self { home, server }
    }

    fn write(&self, settings: &str) {
        write(&self.home, settings);
    }

    #[track_caller]
    fn reload(&self) -> Answer {
        self.server.http().call("POST", "/admin/reload", &self.server.key, &Value::Null)
    }

    #[track_caller]
    fn reloaded(&self, changed: &[&str], restart: &[&str]) {
        let answer = self.reload();
        let expected = json!({"changed": changed, "restart": restart, "warnings": []});
        assert_eq!((answer.status, answer.json()), (200, expected));
    }

    /// What `corecast check --against` prints beside that all is well.
    #[track_caller]
    fn checked(&self) -> String {
        let url = format!("http://{}", self.server.address);
        let output = self.home.command(&["check", "--against", &url]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text.split_once(": ok\n").unwrap().1.trim_end().to_owned()
    }
}

fn write(home: &Home, settings: &str) {
    let cores = if two_cpus() { 2 } else { 1 };
    let text = format!("listen = \"127.0.0.1:0\"\ncores = {cores}\n{settings}");
    fs::write(home.path().join(FILE), text).unwrap();
}

#[test]
fn a_reload_is_told_before_and_after_and_is_all_or_nothing() {
    let node = Node::start("");
    assert_eq!(node.checked(), "a reload would change: nothing\nthese need a restart: nothing");
    node.write("drain_time_s = 3\n[limits]\nheaders_max = 70\nroms_max = 1\n");
    let refused = node.reload();
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(refused.status, 409, "{message}");
    assert!(message.contains("node.toml:6:1: limits.roms_max is not a setting"), "{message}");

    node.write(
        "drain_time_s = 3\n[limits]\nheaders_max = 70\n[[namespaces]]\nname = \"room\"\npresence = true\n",
    );
    let told = "a reload would change: limits.headers_max\n\
                these need a restart: drain_time_s, namespaces.room.presence";
    assert_eq!(node.checked(), told, "nothing of what has a mistake was taken over");
    node.reloaded(&["limits.headers_max"], &["drain_time_s", "namespaces.room.presence"]);
    let told = "a reload would change: nothing\nthese need a restart: drain_time_s, namespaces.room.presence";
    assert_eq!(node.checked(), told);
    let stranger = node.server.token("ada", "write");
    let refused = node.server.http().call("POST", "/admin/reload", &stranger, &Value::Null);
    assert_eq!(refused.status, 403);
}

#[test]
fn rules_of_namespaces_hold_on_every_core_when_a_reload_is_answered() {
    let node = Node::start("");
    let address = node.server.address;
    let bob = node.server.token("bob", "read,write");
    let mut sockets: Vec<Client> = (0..6).map(|_| Client::connect(address, &bob)).collect();
    for socket in &mut sockets {
        socket.subscribe("room:1");
    }
    let mut others: Vec<Client> = (0..6).map(|_| Client::connect(address, &bob)).collect();
    for count in 1..=4 {
        others[0].publish("room:1", json!(count));
    }
    node.write("[[namespaces]]\nname = \"room\"\nhistory_count_max = 2\naccess = \"members\"\n");
    node.reloaded(&["namespaces.room.access", "namespaces.room.history_count_max"], &[]);
    let kept =
        node.server.http().call("GET", "/admin/channels/room%3A1/history", &node.server.key, &Value::Null);
    assert_eq!(kept.json()["items"].as_array().map(Vec::len), Some(2), "{kept:?}");
    for (socket, other) in sockets.iter_mut().zip(&mut others) {
        let refused = other.ask(json!({"type": "subscribe", "channel": "room:1"}));
        assert_eq!(refused["type"], "error", "{refused}");
        assert_eq!(socket.drain().1, End::Closed(1012), "who heard the channel comes back and is judged");
    }
    node.write("");
    node.reloaded(&["namespaces.room.access", "namespaces.room.history_count_max"], &[]);
    for other in &mut others {
        other.subscribe("room:1");
    }
}

#[test]
fn turn_servers_users_and_push_are_taken_over() {
    let node = Node::start("");
    let bob = node.server.token("bob", "read,write");
    let ice =
        || node.server.http().call("POST", "/api/signaling/turn-credentials", &bob, &Value::Null).status;
    assert_eq!(ice(), 503, "there is no TURN server");
    let hash =
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2NeynwkO9ujmpBV6bVmUl658OWY77JKheBp8ZDfytGs";
    node.write(&format!(
        "[quikapp]\nturn_secret = \"a secret of coturn\"\nturn_urls = [\"turn:turn.example.com:3478\"]\n\
         [push]\nsubject = \"mailto:ops@example.com\"\nttl_s = 60\n\
         [[mdaemon.user]]\nuser = \"ada@example.com\"\npassword_hash = \"{hash}\"\n"
    ));
    let changed = ["mdaemon.user", "push.subject", "push.ttl_s", "quikapp.turn_secret", "quikapp.turn_urls"];
    node.reloaded(&changed, &[]);
    (0..6).for_each(|_| assert_eq!(ice(), 200));
}
