//! A history log that is not what it was, or is not to be read: the node says which file it is and what to do, or cuts
//! off what was never promised.

use crate::durable::{COMMIT, kill, newest, recover, stop};
use crate::server::Home;
use crate::startup::refused;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;

/// A node that was started and stopped so often: a segment each.
fn home(segments: u64) -> Home {
    let home = Home::new(&[COMMIT]);
    for _ in 0..segments {
        let server = home.start();
        server.client().publish("room:1", json!("one"));
        stop(server);
    }
    home
}

fn segment(home: &Home, number: u64) -> PathBuf {
    home.data().join(format!("history/{number:016x}.log"))
}

#[test]
fn a_torn_tail_is_cut_off() {
    let home = Home::new(&[COMMIT]);
    let server = home.start();
    let mut client = server.client();
    let (epoch, _) = client.publish("room:1", json!("one"));
    client.publish("room:1", json!("two"));
    client.publish("room:1", json!("three"));
    kill(server);
    OpenOptions::new().append(true).open(newest(&home)).unwrap().write_all(&[7; 100]).unwrap();
    let server = home.start();
    let mut client = server.client();
    assert_eq!(recover(&mut client, "room:1", (epoch, 0))["recovered"], 3);
}

#[test]
fn a_damaged_record_keeps_the_node_from_starting_in_any_segment() {
    let home = home(3);
    for number in 1..=3 {
        let log = segment(&home, number);
        let good = fs::read(&log).unwrap();
        // In the first record after the segment's beginning.
        OpenOptions::new().write(true).open(&log).unwrap().write_all_at(&[0xff], 48).unwrap();
        let error = refused(home.command(&["serve"]));
        let name = log.file_name().unwrap().to_str().unwrap();
        assert!(error.contains("the history log is damaged") && error.contains(name), "{error}");
        assert!(error.contains("at byte 34 ") && error.contains("truncate -s 34 "), "{error}");
        fs::write(&log, good).unwrap();
    }
    let server = home.start();
    assert_eq!(server.client().subscribe("room:1").1, 3);
}

#[test]
fn an_older_segment_that_ends_too_early_keeps_the_node_from_starting() {
    let home = home(3);
    let log = segment(&home, 1);
    let good = fs::read(&log).unwrap();
    // The last record has 10 bytes, so a cut of 10 or of all leaves whole records only.
    for cut in [1, 5, 10, good.len() - 40, good.len()] {
        fs::write(&log, &good[..good.len() - cut]).unwrap();
        let error = refused(home.command(&["serve"]));
        assert!(error.contains("0000000000000001.log") && error.contains("Cut"), "{error}");
        assert_eq!(fs::metadata(&log).unwrap().len() as usize, good.len() - cut, "nothing is cut off here");
    }
}

#[test]
fn a_missing_segment_keeps_the_node_from_starting() {
    let home = home(3);
    let (middle, aside) = (segment(&home, 2), home.path().join("aside"));
    fs::rename(&middle, &aside).unwrap();
    let error = refused(home.command(&["serve"]));
    assert!(error.contains("0000000000000002.log is missing"), "{error}");
    fs::rename(&aside, &middle).unwrap();
    drop(home.start());
}

#[test]
fn a_segment_of_a_newer_format_keeps_the_node_from_starting() {
    let home = home(2);
    for number in 1..=2 {
        let log = segment(&home, number);
        let good = fs::read(&log).unwrap();
        let mut newer = good.clone();
        // The first record: its length, its checksum, and what they are of, beginning with the version.
        let end = 8 + u32::from_le_bytes(newer[..4].try_into().unwrap()) as usize;
        newer[8] = 99;
        let checksum = crc32fast::hash(&newer[8..end]);
        newer[4..8].copy_from_slice(&checksum.to_le_bytes());
        fs::write(&log, &newer).unwrap();
        let error = refused(home.command(&["serve"]));
        for part in [log.file_name().unwrap().to_str().unwrap(), "newer version", "format 99"] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(fs::read(&log).unwrap(), newer, "it is left as it is");
        fs::write(&log, good).unwrap();
    }
    drop(home.start());
}

#[test]
fn a_file_in_the_place_of_the_directory_is_named() {
    let home = Home::new(&[]);
    stop(home.start());
    let directory = home.data().join("history");
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, "not a directory").unwrap();
    let error = refused(home.command(&["serve"]));
    assert!(error.contains("the history log cannot make"), "{error}");
    assert_eq!(fs::metadata(home.data()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_directory_that_can_only_be_read_is_named() {
    let home = home(1);
    // In a mount namespace of its own, because root may write where the mode forbids it.
    let serve = home.command(&["serve"]);
    let script = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 77; exec "$@""#;
    let mut command = Command::new("unshare");
    command.arg("-m").args(["sh", "-c", script]).arg(home.data().join("history"));
    command.arg(serve.get_program()).args(serve.get_args()).current_dir(home.path());
    let output = command.output();
    let Some(output) = output.ok().filter(|output| output.status.code() == Some(1)) else {
        return eprintln!("SKIPPED: this machine does not let a test mount");
    };
    let error = String::from_utf8(output.stderr).unwrap();
    let wanted = "0000000000000001.log: Read-only file system";
    assert!(error.contains("the history log cannot open") && error.contains(wanted), "{error}");
}
