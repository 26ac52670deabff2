//! Definitions and rooms outlive the process, however it ends.

use crate::http::Http;
use crate::server::{Home, Server, two_cpus};
use crate::startup::refused;
use crate::xano::Workspace;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// A home whose server has a port that its successors keep.
pub fn start(settings: &[&str]) -> (Home, Server) {
    let mut home = Home::new(settings);
    let server = home.start();
    home.set(&format!(r#"listen=["{}"]"#, server.address));
    (home, server)
}

fn cores() -> &'static str {
    if two_cpus() { "cores=2" } else { "cores=1" }
}

/// Makes a room; false if the server goes away before it answers.
pub fn make_room(address: SocketAddr, key: &str, id: &str) -> bool {
    let body = json!({"id": id, "name": format!("Room {id}")});
    let ask = || Http::try_call(address, "POST", "/v1/rooms", key, &body);
    match ask() {
        Ok(answer) => {
            assert_eq!(answer.status, 201, "{answer:?}");
            true
        }
        Err(_) => false,
    }
}

/// Ids of all rooms.
#[track_caller]
pub fn rooms(server: &Server) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let mut http = server.http();
    for page in 1.. {
        let path = format!("/v1/rooms?limit=100&page={page}");
        let answer = http.call("GET", &path, &server.key, &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        let json = answer.json();
        let items = json["data"].as_array().unwrap();
        rooms.extend(items.iter().map(|room| room["id"].as_str().unwrap()["room_".len()..].to_owned()));
        if items.len() < 100 {
            break;
        }
    }
    rooms
}

#[test]
fn a_restart_keeps_definitions_and_rooms_on_any_number_of_cores() {
    let (mut home, mut server) = start(&[cores()]);
    let workspace = Workspace::of(&server);
    let (kept, dropped) = (workspace.define("kept", "public"), workspace.define("dropped", ""));
    workspace.redefine(kept, "kept", "public anonymous history=3");
    let definition = |server: &Server, id: u64| {
        let path = format!("/workspace/1/realtime/channel/{id}");
        server.http().call("GET", &path, &server.key, &Value::Null)
    };
    let was = definition(&server, kept).json();
    workspace.delete(dropped);
    for id in 0..20 {
        assert!(make_room(server.address, &server.key, &format!("r{id}")));
    }
    let room = |server: &Server, method: &str, body: Value| {
        server.http().call(method, "/v1/rooms/r7", &server.key, &body).status
    };
    assert_eq!(room(&server, "PATCH", json!({"name": "Seven"})), 200);
    assert_eq!(server.http().call("DELETE", "/v1/rooms/r8", &server.key, &Value::Null).status, 200);
    let before = rooms(&server);
    assert_eq!(before.len(), 19);
    for (signal, cores) in [(libc::SIGTERM, "cores=1"), (libc::SIGKILL, cores()), (libc::SIGTERM, cores())] {
        server.signal(signal);
        server.process.end();
        home.set(cores);
        server = home.start();
        assert_eq!(rooms(&server), before);
        assert_eq!(definition(&server, kept).json(), was);
        assert_eq!(definition(&server, dropped).status, 404);
        let seven = server.http().call("GET", "/v1/rooms/r7", &server.key, &Value::Null).json();
        assert_eq!(seven["data"]["name"], "Seven");
    }
    let workspace = Workspace::of(&server);
    assert_eq!(workspace.define("new", ""), dropped + 1, "an id is given once");
    // The rules are in force: guests may join.
    let mut guest = workspace.open(None).unwrap();
    guest.send(json!({"action": "join", "options": {"channel": "kept"}, "payload": null}));
    assert_eq!(guest.next()["action"], "join");
}

#[test]
fn a_room_that_was_answered_outlives_a_kill_at_any_moment() {
    let (home, mut server) = start(&[cores()]);
    let mut answered = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for round in 0..20_u64 {
        let (address, key) = (server.address, server.key.clone());
        let makers: Vec<_> = (0..4)
            .map(|maker| {
                let key = key.clone();
                std::thread::spawn(move || {
                    let (mut asked, mut made) = (Vec::new(), Vec::new());
                    for n in 0..10_000 {
                        asked.push(format!("k{round}-{maker}-{n}"));
                        if !make_room(address, &key, &asked[n]) {
                            return (asked, made);
                        }
                        made.push(asked[n].clone());
                    }
                    (asked, made)
                })
            })
            .collect();
        // From at once, before the first is stored, to some groups later.
        std::thread::sleep(std::time::Duration::from_millis(round * 7));
        server.signal(libc::SIGKILL);
        server.process.end();
        for maker in makers {
            let (some_asked, made) = maker.join().unwrap();
            asked.extend(some_asked);
            answered.extend(made);
        }
        server = home.start();
        let there = rooms(&server);
        let lost: Vec<_> = answered.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: answered, but lost: {lost:?}");
        assert!(there.is_subset(&asked), "round {round}: nobody asked for {:?}", there.difference(&asked));
    }
    assert!(answered.len() > 20, "the kills came before anything was answered: {}", answered.len());
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let home = Home::new(&[]);
    let server = home.start();
    let error = refused(home.command(&["serve"]));
    let process = format!("in use by another corecast (process {})", server.process.0.id());
    assert!(error.contains("corecast-data") && error.contains(&process), "{error}");
    let error = home.command(&["export"]).output().unwrap().stderr;
    assert!(String::from_utf8(error).unwrap().contains(&process));
    server.client().assert_alive();
}
