//! Recordings are fetched by links: whole, in parts, by several at once, over restarts, and not by strangers.

use crate::http::{Answer, Http};
use crate::server::{Guard, Home, Server, text};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

/// Bytes of the recording: many pieces, and no whole number of them.
const BYTES: usize = (9 << 20) + 77;

/// A node that was told of one recording of ada, whose file is in its directory.
fn furnished(settings: &[&str]) -> (Home, Vec<u8>) {
    let home = Home::new(settings);
    let file: Vec<u8> = (0..BYTES as u32)
        .flat_map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes())
        .step_by(4)
        .collect();
    let lines = b"{\"corecast_export\":1}\n{\"recording\":{\"id\":\"rec_1\",\"call\":\"call_1\",\"conversation\":\"c1\",\"video\":true,\"started_by\":\"ada\",\"started_ms\":1735689600000,\"ended_ms\":1735693200000,\"people\":[\"ada\",\"bob\"]}}\n{\"end\":2}\n";
    let mut command = home.command(&["import"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines).unwrap();
    assert!(Guard(child).end().success());
    fs::create_dir(home.data().join("recordings")).unwrap();
    fs::write(home.data().join("recordings/rec_1.webm"), &file).unwrap();
    (home, file)
}

fn api(server: &Server, method: &str, path: &str) -> (u16, Value) {
    let token = server.token("ada", "read,write");
    let mut http = Http::connect(server.address);
    http.write(format!(
        "{method} /api{path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\r\n"
    ));
    let answer = http.answer();
    (answer.status, answer.json())
}

fn link(server: &Server) -> String {
    let (status, answer) = api(server, "GET", "/recordings/rec_1/download");
    assert_eq!((status, &answer["expires_in"]), (200, &Value::from(3_600)), "{answer}");
    text(&answer, "/url").to_owned()
}

/// The answer to a request of a file, with the bytes of its body.
fn fetch(http: &mut Http, path: &str, fields: &str) -> (Answer, Vec<u8>) {
    http.write(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n"));
    let answer = http.head();
    let mut body = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
    http.stream.read_exact(&mut body).unwrap();
    (answer, body)
}

#[test]
fn a_recording_is_fetched_whole_and_in_parts() {
    let (home, file) = furnished(&["quikapp.public_url=\"https://rt.example.com/below/\""]);
    let server = home.start();
    let link = link(&server);
    let path = link.strip_prefix("https://rt.example.com/below").expect("an address below the public one");
    let mut http = server.http();
    let (answer, body) = fetch(&mut http, path, "");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("video/webm")), "{answer:?}");
    assert!(body == file, "to the byte");
    let end = BYTES - 1;
    for (range, first, last) in [
        ("0-0".to_owned(), 0, 0),
        ("262143-262144".to_owned(), 262_143, 262_144),
        (format!("{end}-"), end, end),
        ("5000000-99999999999".to_owned(), 5_000_000, end),
        ("-300000".to_owned(), BYTES - 300_000, end),
    ] {
        // On the same connection: nothing is left of what came before.
        let (answer, body) = fetch(&mut http, path, &format!("Range: bytes={range}\r\n"));
        let said = format!("bytes {first}-{last}/{BYTES}");
        assert_eq!((answer.status, answer.header("content-range")), (206, Some(&*said)), "{range}");
        assert!(body == file[first..=last], "{range}");
    }
    let (answer, body) = fetch(&mut http, path, "Range: bytes=0-1,9-9\r\n");
    assert!(answer.status == 200 && body == file, "several parts are all of it");
    let (answer, _) = fetch(&mut http, path, &format!("Range: bytes={BYTES}-\r\n"));
    assert_eq!((answer.status, answer.header("content-range")), (416, Some(&*format!("bytes */{BYTES}"))));
    http.write(format!("HEAD {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    let head = http.head();
    assert_eq!((head.status, head.header("content-length")), (200, Some(&*BYTES.to_string())));
    assert_eq!(http.get("/health/live").status, 200, "a HEAD has no body");
}

#[test]
fn links_hold_over_a_restart_and_not_for_what_is_deleted() {
    let (home, file) = furnished(&[]);
    let mut server = home.start();
    let path = link(&server);
    server.signal(libc::SIGKILL);
    server.process.end();
    let server = home.start();
    let mut http = server.http();
    assert!(fetch(&mut http, &path, "").1 == file);
    let tampered = path.replace("token=", "token=1");
    assert_eq!(http.get(&tampered).status, 403);
    assert_eq!(http.get("/recordings/call_1/..%2F..%2Fapi_key.webm?token=1.x").status, 403);
    assert_eq!(api(&server, "DELETE", "/recordings/rec_1").0, 200);
    assert_eq!(http.get(&path).status, 404);
    let there = || home.data().join("recordings/rec_1.webm").exists();
    crate::eventually("the file is gone, though nobody records", || (!there()).then_some(()));
}

#[test]
fn who_reads_slowly_takes_no_memory_and_no_more_than_its_place() {
    let (home, file) = furnished(&["limits.downloads_max=8"]);
    let server = home.start();
    let path = link(&server);
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    let before = server.memory();
    let mut slow: Vec<Http> = (0..8).map(|_| server.http()).collect();
    for http in &mut slow {
        http.write(&request);
        assert_eq!(http.head().status, 200);
    }
    let mut late = server.http();
    let refused = late.get(&path);
    assert_eq!((refused.status, refused.header("retry-after").is_some()), (503, true), "{refused:?}");
    // 64 MiB are wanted; what is held is the outboxes' part of it.
    assert!(server.memory() - before < 16 << 20, "{}", server.memory() - before);
    let mut body = vec![0; BYTES];
    slow[0].stream.read_exact(&mut body).unwrap();
    assert!(body == file);
    crate::eventually("there is room again", || {
        (fetch(&mut late, &path, "Range: bytes=0-0\r\n").0.status == 206).then_some(())
    });
    // Who goes in the middle gives its place back.
    slow.clear();
    let mut others: Vec<Http> = (0..7).map(|_| server.http()).collect();
    for http in &mut others {
        crate::eventually("there is room", || {
            http.write(&request);
            let head = http.head();
            if head.status == 200 {
                return Some(());
            }
            let mut rest = vec![0; head.header("content-length").unwrap().parse().unwrap()];
            http.stream.read_exact(&mut rest).unwrap();
            None
        });
    }
}
