//! How much of the disk the history log takes: at most twice what it has to keep and two of its
//! files when nothing but kills befalls it, and under heavy writes.

use crate::durable::{COMMIT, kill, recover, stop};
use crate::server::{Home, Server};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

const SEGMENT: u64 = 65_536;

/// Bytes of all files of the log, of those that are no part of it yet too.
fn log_bytes(home: &Home) -> u64 {
    let files = fs::read_dir(home.data().join("history")).unwrap();
    // One may be removed at this moment.
    files.map(|file| file.unwrap().metadata().map_or(0, |found| found.len())).sum()
}

fn home(settings: &[&str]) -> Home {
    let mut home =
        Home::new(&[COMMIT, "history.segment_bytes=65536", "namespaces.room.history_bytes_max=65536"]);
    settings.iter().for_each(|setting| home.set(setting));
    home
}

/// Fills the histories of ten channels: about half a MiB is kept.
fn fill(server: &Server, publications: usize) {
    fill_channels(server, publications, 10);
}

fn fill_channels(server: &Server, publications: usize, channels: usize) {
    let text = "x".repeat(1_000);
    let mut client = server.client();
    for number in 0..publications {
        let message =
            json!({"type": "publish", "channel": format!("room:{}", number % channels), "data": text});
        client.send(message);
    }
    for _ in 0..publications {
        assert_eq!(client.next()["type"], "published");
    }
}

/// Segments go while histories are written that are as large as several of them: none goes too early.
#[test]
fn a_clean_stop_keeps_all_that_was_answered() {
    let large = ["history.segment_bytes=262144", "namespaces.room.history_bytes_max=262144"];
    let home = home(&large);
    for round in 1..=3 {
        let server = home.start();
        fill(&server, 2_000 / round);
        let kept = server.metric("corecast_history_publications");
        assert!(kept >= 2_000, "{kept}");
        stop(server);
        let server = home.start();
        assert_eq!(server.metric("corecast_history_publications"), kept, "round {round}");
        stop(server);
    }
}

#[test]
fn kills_soon_after_the_start_do_not_make_the_log_larger_and_larger() {
    let home = home(&[]);
    let server = home.start();
    fill(&server, 500);
    let (epoch, offset) = server.client().publish("room:1", json!("last"));
    stop(server);
    let kept = log_bytes(&home);
    assert!(kept > 400_000, "{kept}");
    let mut largest = 0;
    for round in 0..16 {
        let server = home.start();
        // Long enough for a checkpoint to come some way, and too short for its end.
        std::thread::sleep(Duration::from_millis(40 + 15 * round));
        kill(server);
        largest = largest.max(log_bytes(&home));
    }
    let bound = 2 * kept + 2 * SEGMENT;
    assert!(largest <= bound, "{largest} bytes of log for {kept} that are kept; {bound} are enough");
    let server = home.start();
    let answer = recover(&mut server.client(), "room:1", (epoch, offset - 1));
    assert_eq!((&answer["recovered"], &answer["gap"]), (&json!(1), &Value::Null), "{answer}");
}

/// What docs/guarantees.md says: twice what is kept with the heads of records, two files, a third of what is kept more during the
/// first checkpoint, and what is on its way, which is little here against what is kept, as the ring of a channel is. With two
/// cores one that does not get to run keeps segments that the other is done with.
#[test]
fn under_heavy_writes_the_log_stays_near_what_is_kept() {
    const ON_THEIR_WAY: usize = 50;
    const HEAD_BYTES: u64 = 60;
    for cores in [1, 2] {
        let home = home(&[&format!("cores={cores}"), "namespaces.room.history_bytes_max=16384"]);
        let server = home.start();
        (0..20).for_each(|_| fill_channels(&server, ON_THEIR_WAY, 40));
        let kept = server.metric("corecast_history_bytes");
        assert!(kept > 400_000, "{kept}");
        let heads = HEAD_BYTES * server.metric("corecast_history_publications");
        let late = if cores == 1 { 0 } else { kept / 3 };
        let bound = 2 * (kept + heads) + 2 * SEGMENT + kept / 3 + 1_200 * ON_THEIR_WAY as u64 + late;
        let mut largest = 0;
        for _ in 0..120 {
            fill_channels(&server, ON_THEIR_WAY, 40);
            largest = largest.max(log_bytes(&home));
        }
        assert!(largest <= bound, "{largest} bytes of log for {kept} that are kept; {bound} are enough");
    }
}

/// The same with long histories and more on its way, on whatever machine.
#[test]
#[ignore = "with more on its way, and a core that does not get to run, the log grows past this, which is not mended"]
fn under_heavier_writes_the_log_is_twice_what_is_kept() {
    for cores in ["cores=1", "cores=2"] {
        let home = home(&[cores]);
        let server = home.start();
        fill(&server, 800);
        let kept = server.metric("corecast_history_bytes");
        assert!(kept > 400_000, "{kept}");
        let bound = 2 * kept + 2 * SEGMENT;
        for _ in 0..25 {
            fill(&server, 200);
            let bytes = log_bytes(&home);
            assert!(bytes <= bound, "{bytes} bytes of log for {kept} that are kept; {bound} are enough");
        }
    }
}
