//! Plays every file under `transcripts/` in several manners.

use crate::play::play;
use crate::script::{Kind, Step, parse};
use crate::settings::Settings;
use crate::world::Manner;
use std::path::{Path, PathBuf};

const WHOLE: Manner = Manner { byte_by_byte: false, sip_bytes: 0 };
const BYTES: Manner = Manner { byte_by_byte: true, sip_bytes: 0 };
/// Every write is cut short, in the middle of frames and heads.
const SIPS: Manner = Manner { byte_by_byte: false, sip_bytes: 7 };

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/transcripts")
}

/// Plays one transcript in every manner: on one core and on three where it does not say how many, with input
/// in one piece and byte by byte, with output in one piece and in sips.
fn check(text: &str) -> Result<(), String> {
    let mut settings = Settings::default();
    let setup = |step: &Step| match &step.kind {
        Kind::Happens(event) => settings.take(event),
        _ => false,
    };
    let mut steps = parse(text);
    let taken: Vec<bool> = steps.iter().map(setup).collect();
    let mut taken = taken.into_iter();
    steps.retain(|_| !taken.next().unwrap_or_default());
    let cores = settings.cores.map_or(vec![1, 3], |cores| vec![cores]);
    for cores in cores {
        for (manner, name) in [(WHOLE, "whole"), (BYTES, "byte by byte"), (SIPS, "in sips")] {
            let played = std::panic::catch_unwind(|| play(&steps, &settings, cores, manner));
            let (line, what) = match played {
                Ok(Ok(())) => continue,
                Ok(Err(failure)) => failure,
                Err(_) => (0, "it panicked, see above".into()),
            };
            let source = text.lines().nth(line.wrapping_sub(1)).unwrap_or_default();
            return Err(format!("line {line} ({cores} cores, {name})\n  {source}\n  {what}"));
        }
    }
    Ok(())
}

fn play_all(surface: &str) {
    let wanted = std::env::var("TRANSCRIPT").unwrap_or_default();
    let mut paths: Vec<PathBuf> =
        directory().join(surface).read_dir().expect(surface).map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are transcripts of {surface}");
    let mut failures = Vec::new();
    for path in paths.iter().filter(|path| path.to_string_lossy().contains(&wanted)) {
        let text = std::fs::read_to_string(path).expect("a transcript");
        if let Err(what) = check(&text) {
            failures.push(format!("{surface}/{}: {what}", path.file_name().unwrap().to_string_lossy()));
        }
    }
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n\n"));
}

#[test]
fn http() {
    play_all("http");
}

#[test]
fn mdaemon() {
    play_all("mdaemon");
}

#[test]
fn node() {
    play_all("node");
}

#[test]
fn quikapp() {
    play_all("quikapp");
}

#[test]
fn retrochat() {
    play_all("retrochat");
}

#[test]
fn skapi() {
    play_all("skapi");
}

#[test]
fn websocket() {
    play_all("websocket");
}

#[test]
fn xano() {
    play_all("xano");
}

#[test]
fn every_transcript_is_played() {
    let folders = directory().read_dir().unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = folders
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["http", "mdaemon", "node", "quikapp", "retrochat", "skapi", "websocket", "xano"]);
}

/// The player itself: what does not fit is found.
#[test]
fn a_transcript_that_is_wrong_fails() {
    let open = "@ open a /v1/realtime as ada\n";
    let ping = "a> {\"type\":\"ping\"}\n";
    let pong = "a< {\"type\":\"pong\"}\n";
    let good = format!("{open}{ping}{pong}");
    assert_eq!(check(&good), Ok(()));
    let wrong = [
        (format!("{open}{ping}"), "was not expected"),
        (format!("{open}{ping}@ advance 1s\n{pong}"), "was not expected"),
        (format!("{open}{ping}{pong}{pong}"), "gets nothing"),
        (format!("{open}{ping}a< {{\"type\":\"pang\"}}\n"), "differs here"),
        (format!("{open}{ping}a<ping\n"), "differs here"),
        (format!("{open}a> {{\"type\":\"ping\",\"id\":\"rc_ada\"}}\na< $*\n"), "a key was shown"),
        (format!("{good}a! closed\n"), "still connected"),
        (format!("{good}a! 1000\n"), "gets nothing"),
        (format!("{open}a>hex ff\n"), "was not expected"),
        ("a> GET /none\na< 200\n".to_owned(), "the status is 404"),
        ("a> GET /health\na< 200\n".to_owned(), "the body differs from its byte 0 on"),
        ("a> GET /none\na< 404\n   Retry-After: 1\n   {$*}\n".to_owned(), "no field Retry-After"),
        (
            "a> GET /none\n   Connection: close\na< 404\n   {$*}\n".to_owned(),
            "not expected: Connection: close",
        ),
    ];
    for (text, reason) in wrong {
        let what = check(&text).expect_err(&text);
        assert!(what.contains(reason), "{text}: {what}");
    }
}
