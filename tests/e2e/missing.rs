//! What was on the disk and is not there: noticed while the node runs, and named when it starts.

use crate::durable::{COMMIT, kill, newest, recover, stop};
use crate::eventually;
use crate::server::{Home, Server};
use crate::startup::refused;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

fn ready(server: &Server) -> bool {
    server.http().get("/health/ready").status == 200
}

fn publish(server: &Server, data: &str) -> Value {
    server.client().ask(json!({"type": "publish", "channel": "room:1", "data": data}))
}

fn make_room(server: &Server, id: &str) -> u16 {
    server.http().call("POST", "/v1/rooms", &server.key, &json!({"id": id, "name": "Room"})).status
}

#[test]
fn a_data_directory_that_is_moved_away_is_noticed_though_nobody_writes_and_used_again_when_it_is_back() {
    let home = Home::new(&[COMMIT]);
    let server = home.start();
    let (epoch, _) = server.client().publish("room:1", json!("one"));
    assert_eq!(make_room(&server, "first"), 201);
    let away = home.path().join("away");
    fs::rename(home.data(), &away).unwrap();
    eventually("it is noticed", || (!ready(&server)).then_some(()));
    assert_eq!(publish(&server, "lost")["code"], "UNAVAILABLE");
    assert_eq!(make_room(&server, "lost"), 503);
    fs::rename(&away, home.data()).unwrap();
    eventually("it is there again", || ready(&server).then_some(()));
    assert_eq!(publish(&server, "two")["type"], "published");
    assert_eq!(make_room(&server, "second"), 201);
    kill(server);
    let server = home.start();
    let mut client = server.client();
    let answer = recover(&mut client, "room:1", (epoch, 0));
    assert_eq!(answer["recovered"], 2, "{answer}");
    assert_eq!([client.next(), client.next()].map(|one| one["data"].clone()), ["one", "two"]);
}

#[test]
fn nothing_is_acknowledged_into_a_data_directory_that_was_removed() {
    let home = Home::new(&[COMMIT]);
    let server = home.start();
    server.client().publish("room:1", json!("one"));
    fs::remove_dir_all(home.data()).unwrap();
    assert_eq!(publish(&server, "lost")["code"], "UNAVAILABLE");
    assert_eq!(make_room(&server, "lost"), 503);
    assert!(!ready(&server));
    // Another directory of the same name is not the one that is in use.
    fs::create_dir(home.data()).unwrap();
    assert_eq!(make_room(&server, "lost"), 503);
}

/// The start names what is missing and what remembers it; without that it goes on with what there is.
fn is_missed(home: &Home, words: &[&str], last: &str) -> Server {
    let error = refused(home.command(&["serve"]));
    for word in words.iter().chain(&[last, "start again"]) {
        assert!(error.contains(word), "{word} in {error}");
    }
    fs::remove_file(home.data().join(last)).unwrap();
    home.start()
}

#[test]
fn a_history_that_is_gone_or_shorter_is_missed_at_the_start() {
    let segments = |home: &Home| home.data().join("history");
    let removed = |home: &Home| fs::remove_dir_all(segments(home)).unwrap();
    let newest_removed = |home: &Home| fs::remove_file(newest(home)).unwrap();
    let emptied = |home: &Home| fs::File::create(newest(home)).map(drop).unwrap();
    let shorter = |home: &Home| {
        let file = fs::OpenOptions::new().write(true).open(newest(home)).unwrap();
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    };
    for (spoil, ends_in_order) in
        [(&removed as &dyn Fn(&Home), true), (&newest_removed, false), (&emptied, false), (&shorter, false)]
    {
        let home = Home::new(&[COMMIT]);
        let server = home.start();
        server.client().publish("room:1", json!("one"));
        if ends_in_order {
            stop(server)
        } else {
            kill(server)
        }
        spoil(&home);
        let server = is_missed(&home, &["the history log lacks"], "history.last");
        server.client().publish("room:1", json!("two"));
    }
}

#[test]
fn a_flipped_bit_in_the_last_answered_publication_is_damage_and_no_torn_tail() {
    let home = Home::new(&[COMMIT]);
    let server = home.start();
    server.client().publish("room:1", json!("a text that is found again"));
    kill(server);
    let path = newest(&home);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(5).rposition(|five| five == b"found").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = refused(home.command(&["serve"]));
    assert!(error.contains("damaged") && error.contains("truncate"), "{error}");
}

#[test]
fn a_store_that_is_gone_emptied_or_older_is_missed_at_the_start() {
    let store = |home: &Home| home.data().join("store.redb");
    let removed = |home: &Home, _: &[u8]| fs::remove_file(store(home)).unwrap();
    let emptied = |home: &Home, _: &[u8]| fs::write(store(home), "").unwrap();
    let older = |home: &Home, before: &[u8]| fs::write(store(home), before).unwrap();
    for spoil in [&removed as &dyn Fn(&Home, &[u8]), &emptied, &older] {
        let home = Home::new(&[]);
        let server = home.start();
        assert_eq!(make_room(&server, "first"), 201);
        stop(server);
        let before = fs::read(store(&home)).unwrap();
        let server = home.start();
        assert_eq!(make_room(&server, "second"), 201);
        stop(server);
        spoil(&home, &before);
        let server = is_missed(&home, &["store.redb", "lacks the last"], "store.last");
        assert_eq!(make_room(&server, "third"), 201);
    }
}

/// A file system of its own for the data of a node, of some MiB.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(path: &'a Path) -> Option<Self> {
        fs::create_dir(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs"])
            .arg(path)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: this machine does not let a test mount");
            return None;
        }
        Some(Self(path))
    }

    /// Writes until there is not a byte of room.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 512]).is_ok() {}
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

#[test]
fn a_node_that_was_killed_on_a_full_disk_starts_refuses_what_needs_it_and_mends_itself() {
    let home = Home::new(&[COMMIT, "limits.rooms_max=1000"]);
    let data = home.data();
    let Some(disk) = Small::mount(&data) else { return };
    let server = home.start();
    let (epoch, _) = server.client().publish("room:1", json!("one"));
    assert_eq!(make_room(&server, "first"), 201);
    disk.fill();
    // Until the disk takes nothing more of either.
    let mut kept = 0;
    eventually("histories are refused", || {
        let answer = publish(&server, &"x".repeat(3_000));
        kept += usize::from(answer["type"] == "published");
        (answer["code"] == "UNAVAILABLE").then_some(())
    });
    kill(server);
    for _ in 0..2 {
        let server = home.start();
        assert_eq!(server.http().get("/health/live").status, 200);
        eventually("it says that it is not ready", || (!ready(&server)).then_some(()));
        assert_eq!(publish(&server, "lost")["code"], "UNAVAILABLE");
        kill(server);
    }
    let server = home.start();
    eventually("it says that it is not ready", || (!ready(&server)).then_some(()));
    fs::remove_file(data.join("filler")).unwrap();
    eventually("there is room again", || ready(&server).then_some(()));
    assert_eq!(publish(&server, "last")["type"], "published");
    assert_eq!(make_room(&server, "second"), 201);
    let answer = recover(&mut server.client(), "room:1", (epoch, 0));
    assert_eq!(answer["offset"], 2 + kept, "all that was acknowledged: {answer}");
    stop(server);
}
