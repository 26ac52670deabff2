//! Backups of a node that serves, and nodes that start from them.

use crate::eventually;
use crate::process;
use crate::server::{Home, Server};
use crate::store::{make_room, rooms, start};
use crate::xano::Workspace;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Runs `corecast backup`: its exit code, and what it wrote to stdout and stderr.
fn backup(home: &Home, out: Option<&Path>) -> (Option<i32>, String, String) {
    let mut command = home.command(&["backup"]);
    out.into_iter().for_each(|out| {
        command.arg("--out").arg(out);
    });
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn refused(home: &Home, out: Option<&Path>, parts: &[&str]) {
    let (code, stdout, error) = backup(home, out);
    assert!(code == Some(1) && stdout.is_empty(), "{code:?} {stdout} {error}");
    for part in parts {
        assert!(error.contains(part), "{error}");
    }
}

/// Files of backups in the data directory.
fn backups(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.data()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("backup")).collect()
}

/// A node that has nothing but a backup.
fn restored(backup: &Path) -> (Home, Server) {
    let home = Home::new(&[]);
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(backup, home.data().join("store.redb")).unwrap();
    let server = home.start();
    (home, server)
}

#[test]
fn a_backup_has_what_was_answered_before_it_while_writers_go_on() {
    let (home, server) = start(&[]);
    let id = Workspace::of(&server).define("news", "public anonymous");
    let before: BTreeSet<String> = (0..20).map(|n| format!("b{n}")).collect();
    assert!(before.iter().all(|id| make_room(server.address, &server.key, id)));
    let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let out = home.path().join("taken.redb");
    std::thread::scope(|scope| {
        let writers = ["x", "y", "z"].map(|writer| {
            let (stop, made, server) = (&stop, &made, &server);
            scope.spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return n;
                    }
                    assert!(make_room(server.address, &server.key, &format!("{writer}{n}")));
                    made.fetch_add(1, Ordering::Relaxed);
                }
                0
            })
        });
        let more = || {
            let was = made.load(Ordering::Relaxed);
            eventually("writers get on", || (made.load(Ordering::Relaxed) > was + 5).then_some(()));
        };
        more();
        let (code, said, error) = backup(&home, Some(&out));
        assert!(code == Some(0) && error.is_empty(), "{code:?} {error}");
        assert!(said.starts_with(&format!("backed up to {} (", out.display())), "{said}");
        more();
        stop.store(true, Ordering::Relaxed);
        let counts = writers.map(|writer| writer.join().unwrap());
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
        let (_home, restored) = restored(&out);
        let there = rooms(&restored);
        assert!(there.is_superset(&before));
        // Of one moment: of each writer's rooms, which were made one after the other, the first ones.
        for (writer, count) in ["x", "y", "z"].iter().zip(counts) {
            let has = |n: &usize| there.contains(&format!("{writer}{n}"));
            let kept = (0..count).take_while(has).count();
            assert!(kept > 0 && !(kept..count).any(|n| has(&n)), "{writer}: {kept} of {count}: {there:?}");
        }
        assert!(there.len() < rooms(&server).len(), "writers went on after it");
        let path = format!("/workspace/1/realtime/channel/{id}");
        let ask = |server: &Server| server.http().call("GET", &path, &server.key, &Value::Null).json();
        assert_eq!(ask(&restored), ask(&server));
    });
    assert_eq!(backups(&home), Vec::<String>::new(), "it was moved");
}

#[test]
fn a_backup_replaces_nothing_and_says_where_it_is() {
    let (home, server) = start(&[]);
    assert!(make_room(server.address, &server.key, "hall"));
    let taken = home.path().join("taken");
    fs::write(&taken, "precious").unwrap();
    refused(&home, Some(&taken), &["taken exists", "replaces nothing"]);
    assert_eq!(fs::read(&taken).unwrap(), b"precious");
    let (code, said, _) = backup(&home, None);
    let path = said.strip_prefix("backed up to ").and_then(|rest| rest.split(" (").next()).unwrap();
    let path = home.path().join(path);
    assert!(code == Some(0) && path.starts_with(home.data()), "{said}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(rooms(&restored(&path).1), BTreeSet::from(["hall".to_owned()]));
    // To another file system, where the machine has one.
    let elsewhere = Path::new("/dev/shm").join(format!("corecast-backup-test-{}", std::process::id()));
    if Path::new("/dev/shm").is_dir() {
        let (code, _, error) = backup(&home, Some(&elsewhere));
        assert_eq!((code, error), (Some(0), String::new()));
        assert_eq!(rooms(&restored(&elsewhere).1), BTreeSet::from(["hall".to_owned()]));
        fs::remove_file(&elsewhere).unwrap();
    }
    assert_eq!(backups(&home).len(), 1);
    // Where it cannot be moved, it stays, and that is said.
    let nowhere = home.path().join("none/taken");
    refused(
        &home,
        Some(&nowhere),
        &["the backup is", "corecast-data/backup-", "cannot be moved", "No such file"],
    );
    assert_eq!(backups(&home).len(), 2);
}

#[test]
fn what_keeps_a_backup_from_being_made_is_said() {
    let (mut home, mut server) = start(&[]);
    // No place on the disk: nothing is left of it, and the node lives on.
    assert!(make_room(server.address, &server.key, "hall"));
    process::limit_files(&server.process.0, Some(64 << 10));
    refused(&home, None, &["made no backup", "the disk is full"]);
    assert_eq!(backups(&home), Vec::<String>::new());
    process::limit_files(&server.process.0, None);
    eventually("the disk is well again", || (server.http().get("/health/ready").status == 200).then_some(()));
    assert_eq!(backup(&home, None).0, Some(0));
    // Another key than the node's.
    let key = home.data().join("api_key");
    fs::write(&key, format!("cc_{}\n", "x".repeat(32))).unwrap();
    refused(&home, None, &["does not know the key", "corecast-data/api_key", "data_dir"]);
    fs::write(&key, format!("{}\n", server.key)).unwrap();
    // The node of another directory.
    let mut other = Home::new(&[]);
    let mut stranger = other.start();
    other.set(&format!(r#"listen=["{}"]"#, server.address));
    refused(&other, None, &["does not know the key"]);
    stranger.signal(libc::SIGTERM);
    stranger.process.end();
    // No node.
    server.signal(libc::SIGTERM);
    server.process.end();
    refused(&home, None, &["no node answers on 127.0.0.1:", "while it runs", "store.redb"]);
    home.set(r#"listen=["127.0.0.1:0"]"#);
    refused(&home, None, &["port 0"]);
}
