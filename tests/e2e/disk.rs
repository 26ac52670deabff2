//! Disks that are full, damaged, not to be written, or that a newer program has used.

use crate::eventually;
use crate::process;
use crate::server::{Home, Server};
use crate::startup::refused;
use crate::store::rooms;
use corecast::runtime::side::store::Database;
use corecast::store::{Table, Write};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

fn make_room(server: &Server, id: &str) -> (u16, Value) {
    let body = json!({"id": id, "name": "Room", "description": "x".repeat(4_000)});
    let answer = server.http().call("POST", "/v1/rooms", &server.key, &body);
    (answer.status, answer.json())
}

fn ready(server: &Server) -> bool {
    let answer = server.http().get("/health/ready");
    let storage = answer.json()["checks"]["storage"].as_bool().unwrap();
    assert_eq!(answer.status == 200, storage, "{answer:?}");
    storage
}

#[test]
fn a_full_disk_refuses_changes_and_the_node_lives_on() {
    let home = Home::new(&[]);
    let mut server = home.start();
    let mut made = BTreeSet::new();
    assert_eq!(make_room(&server, "first").0, 201);
    made.insert("first".to_owned());
    let store = home.data().join("store.redb");
    process::limit_files(&server.process.0, Some(fs::metadata(&store).unwrap().len()));
    let refusal = (0..2_000).find_map(|n| match make_room(&server, &format!("f{n}")) {
        (201, _) => {
            made.insert(format!("f{n}"));
            None
        }
        refusal => Some(refusal),
    });
    let (status, body) = refusal.expect("the file must have to grow");
    assert_eq!((status, body["error"]["code"].as_str()), (503, Some("UNAVAILABLE")));
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("nothing was changed") && message.contains("the disk is full"), "{message}");
    assert!(!ready(&server));
    assert_eq!(server.http().get("/health/live").status, 200);
    let writes = server.http().metrics("corecast_writes_total");
    assert!(writes.iter().any(|(labels, count)| labels == "outcome=\"failed\"" && *count > 0), "{writes:?}");
    assert_eq!(rooms(&server), made, "what was answered, and nothing else");
    // Memory does not need the disk.
    let mut client = server.client();
    client.subscribe("room:first");
    server.client().publish("room:first", json!(1));
    assert_eq!(client.next()["data"], 1);

    process::limit_files(&server.process.0, None);
    eventually("the disk is well again", || ready(&server).then_some(()));
    assert_eq!(make_room(&server, "last").0, 201);
    made.insert("last".to_owned());
    server.signal(libc::SIGKILL);
    server.process.end();
    let server = home.start();
    assert_eq!(rooms(&server), made);
}

#[test]
fn a_damaged_store_is_named_with_what_to_do() {
    let home = Home::new(&[]);
    let mut server = home.start();
    for n in 0..50 {
        assert_eq!(make_room(&server, &format!("r{n}")).0, 201);
    }
    server.signal(libc::SIGTERM);
    server.process.end();
    let store = home.data().join("store.redb");
    let good = fs::read(&store).unwrap();
    let mut bad = good.clone();
    let at = bad.windows(8).rposition(|bytes| bytes == b"xxxxxxxx").unwrap();
    bad[at] = b'y';
    for damaged in [&bad[..], &good[..good.len() / 2], b"not a store at all"] {
        fs::write(&store, damaged).unwrap();
        let error = refused(home.command(&["serve"]));
        assert!(error.contains("store.redb is damaged") && error.contains("backup"), "{error}");
    }
    fs::write(&store, good).unwrap();
    assert_eq!(rooms(&home.start()).len(), 50);
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let home = Home::new(&[]);
    let mut server = home.start();
    server.signal(libc::SIGTERM);
    server.process.end();
    let newer = Write { table: Table::Rooms, key: b"room:1".to_vec(), value: Some(vec![200, 1, 2, 3]) };
    Database::open(&home.data().join("store.redb")).unwrap().write([newer].iter()).unwrap();
    let error = refused(home.command(&["serve"]));
    for part in ["store.redb", "version 200", "up to 1", "newer", "room:1"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_directory_that_can_only_be_read_is_named() {
    let home = Home::new(&[]);
    let mut server = home.start();
    server.signal(libc::SIGTERM);
    server.process.end();
    // In a mount namespace of its own, because root may write where the mode forbids it.
    let serve = home.command(&["serve"]);
    let mut command = Command::new("unshare");
    let data = home.data();
    let script = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 77; exec "$@""#;
    command.arg("-m").args(["sh", "-c", script]).arg(&data).arg(serve.get_program()).args(serve.get_args());
    command.current_dir(home.path());
    let output = command.output();
    let Some(output) = output.ok().filter(|output| output.status.code() == Some(1)) else {
        return eprintln!("SKIPPED: this machine does not let a test mount");
    };
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("corecast-data") && error.contains("Read-only"), "{error}");
}
