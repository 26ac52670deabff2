//! What is stored goes out as lines and comes in elsewhere, whole or not at all.

use crate::mdaemon::{call, home, session};
use crate::server::{Guard, Home, Server};
use crate::store::{make_room, rooms};
use crate::xano::Workspace;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::process::Stdio;

const USERS: [(&str, &str); 2] =
    [("ada@example.com", "correct horse"), ("bob@example.com", "battery staple")];

/// Exit code, standard output, standard error.
fn import(home: &Home, text: &[u8]) -> (Option<i32>, String, String) {
    let mut command = home.command(&["import"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may have gone before it has read all.
    let _ = child.stdin.take().unwrap().write_all(text);
    let mut guard = Guard(child);
    let status = guard.end();
    let (mut out, mut error) = (String::new(), String::new());
    guard.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    guard.0.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    (status.code(), out, error)
}

#[track_caller]
fn export(home: &Home) -> String {
    let output = home.command(&["export"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn stop(server: &mut Server) {
    server.signal(libc::SIGTERM);
    server.process.end();
}

fn messages(ids: &[&str]) -> Value {
    let text = "\u{0}\u{1f}\"\\/é\u{10ffff}\r\n +=";
    let one = |id| json!({"id": id, "salt": format!("{text}{id}"), "data": format!("{id}{text}")});
    json!({"data": ids.iter().map(one).collect::<Vec<_>>()})
}

/// Two meetings, a room, a definition after one that was deleted, a logout; with the session that it ended.
fn furnish(server: &Server) -> String {
    let workspace = Workspace::of(server);
    workspace.define("news", "public");
    workspace.delete(workspace.define("dropped", ""));
    assert!(make_room(server.address, &server.key, "hall"));
    let (ada, gone) = (session(server, USERS[0].0, USERS[0].1), session(server, USERS[0].0, USERS[0].1));
    call(server, &gone, "POST", "/authenticate/logout", Value::Null);
    let room = json!({"id": "r 1/é", "started": "2025-01-01T09:00:00Z", "members": "Bob@example.com, cy@x"});
    call(server, &ada, "PUT", "/rtc/rooms", room);
    let path = "/rtc/messages/r%201%2F%C3%A9";
    call(server, &ada, "PUT", path, messages(&["m1", "m2", "m3"]));
    call(server, &ada, "DELETE", path, Value::Null);
    call(server, &ada, "PUT", path, messages(&["m4", "m5"]));
    call(server, &ada, "PUT", path, messages(&["m4", "m1"]));
    call(server, &ada, "PUT", "/rtc/rooms", json!({"id": "empty", "ended": "now"}));
    gone
}

#[test]
fn an_export_is_imported_elsewhere() {
    let from = home(&USERS);
    let mut server = from.start();
    let gone = furnish(&server);
    let look = |server: &Server, user: usize| {
        let session = session(server, USERS[user].0, USERS[user].1);
        let room = call(server, &session, "GET", "/rtc/rooms/r%201%2F%C3%A9", Value::Null);
        (call(server, &session, "GET", "/rtc/rooms", Value::Null), room)
    };
    let (ada, bob) = (look(&server, 0), look(&server, 1));
    let ids: Vec<_> = bob.1["messages"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["m4", "m5", "m1"]);
    stop(&mut server);
    let text = export(&from);
    // The form, the last id, a definition, a room, a logout, two meetings, three messages, the end.
    assert_eq!(text.lines().count(), 11, "{text}");

    let other = home(&USERS);
    let told = "imported 1 definition, 1 room, 2 meetings with 3 messages, 1 logout and 0 devices\n";
    assert_eq!(import(&other, text.as_bytes()), (Some(0), told.into(), String::new()));
    assert_eq!(export(&other), text, "byte by byte");
    let (code, _, error) = import(&other, text.as_bytes());
    assert!(code == Some(1) && error.contains("has 1 definition, 1 room, 2 meetings"), "{error}");
    assert_eq!(export(&other), text, "nothing changed");

    // A session that was ended stays so where its secret goes along.
    std::fs::copy(from.data().join("session_secret"), other.data().join("session_secret")).unwrap();
    let mut server = other.start();
    assert_eq!((look(&server, 0), look(&server, 1)), (ada, bob));
    assert_eq!(server.http().call("GET", "/WorldClientAPI/ping", &gone, &Value::Null).status, 401);
    assert_eq!(rooms(&server), BTreeSet::from(["hall".to_owned()]));
    let workspace = Workspace::of(&server);
    assert_eq!(workspace.define("new", ""), 3, "2 was given before");
    // Places go on, too.
    let session = session(&server, USERS[1].0, USERS[1].1);
    let path = "/rtc/messages/r%201%2F%C3%A9";
    call(&server, &session, "PUT", path, messages(&["m9"]));
    let page = call(&server, &session, "GET", &format!("{path}?limit=3"), Value::Null);
    assert_eq!(page["next"], 6, "{page}");
    let rest = call(&server, &session, "GET", &format!("{path}?after=6"), Value::Null);
    assert_eq!(rest["messages"][0]["id"], "m9");
    stop(&mut server);
    assert!(export(&other).contains("\"place\":7,\"id\":\"m9\""));
}

#[test]
fn what_is_damaged_changes_nothing_and_is_told_with_its_line() {
    let from = home(&USERS[..1]);
    let mut server = from.start();
    furnish(&server);
    stop(&mut server);
    let text = export(&from);
    let line = |start: &str| 1 + text.lines().position(|line| line.contains(start)).expect("a line");
    let (last, fourth, ninth) = (text.lines().count(), line("\"id\":\"m4\""), line("\"id\":\"m1\""));
    let other = home(&USERS[..1]);
    let store = other.data().join("store.redb");
    for (broken, line, reason) in [
        (text.clone() + "{\"end\":11}\n", last + 1, "the line before said that it was the last"),
        (text[..text.len() - 3].to_owned(), last, "EOF"),
        (text.lines().take(last - 1).map(|line| format!("{line}\n")).collect(), last, "cut off"),
        (text.replace("\"place\":4", "\"place\":3"), fourth, "place"),
        (text.replace("\"id\":\"m1\"", "\"id\":\"m4\""), ninth, "twice"),
        (text.replace("\"messages\":3", "\"messages\":2"), last, "3 came"),
        (String::new(), 1, "not an export"),
    ] {
        let (code, out, error) = import(&other, broken.as_bytes());
        let told = format!("line {line}: ");
        assert_eq!((code, out.as_str()), (Some(1), ""), "{reason}: {error}");
        assert!(error.starts_with(&told) && error.contains(reason), "{told}{reason}: {error}");
        assert!(error.ends_with("nothing was imported\n"), "{error}");
        assert!(!store.exists(), "{reason}: a store was left");
    }
    let mut bytes = text.clone().into_bytes();
    let at = text.find("Bob@").expect("a member");
    bytes[at] = 0xff;
    let (code, _, error) = import(&other, &bytes);
    assert!(code == Some(1) && error.starts_with("line "), "{error}");
    // In a directory with a store that has nothing, nothing stays nothing.
    drop(other.start());
    let empty = export(&other);
    assert_eq!(import(&other, &bytes).0, Some(1));
    assert_eq!(export(&other), empty);
    assert_eq!(import(&other, text.as_bytes()).0, Some(0));
    assert_eq!(export(&other), text);
}
