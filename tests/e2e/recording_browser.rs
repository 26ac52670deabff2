//! Calls of two real browsers, headless Chromium with a fake camera and a tone each, are recorded: directly, and through a TURN
//! server. The browsers show docs/call.html. Where one of the programs is not there, the test says that it is skipped.

use crate::server::Home;
use crate::xano_node::succeeds_within;
use serde_json::json;
use std::f64::consts::TAU;
use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Seconds for all that the browsers do.
const BROWSERS_S: u64 = 240;

/// Seconds that are recorded.
const RECORDED_S: usize = 6;

/// Who calls whom, and the tone that is their voice, in Hz.
const PEOPLE: [(&str, u32); 2] = [("ada", 440), ("bob", 1_000)];

const RATE: u32 = 48_000;

/// Secret of the TURN server.
const SECRET: &str = "shared";

/// A process that goes with the test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first of these programs that is there; says so where none is.
fn program(names: &[&str]) -> Option<String> {
    let is_there = |name: &&&str| {
        let found =
            Command::new("sh").args(["-c", &format!("command -v {name}")]).stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    let found = names.iter().find(is_there).map(|name| (*name).to_owned());
    if found.is_none() {
        // Past the harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "skipped: {} is not there", names[0]);
    }
    found
}

/// The loudness of a tone in a second of samples: its amplitude, of 32,768.
fn loudness(samples: &[i16], hertz: u32) -> f64 {
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let angle = TAU * f64::from(hertz) * at as f64 / f64::from(RATE);
        sine += f64::from(*sample) * angle.sin();
        cosine += f64::from(*sample) * angle.cos();
    }
    2.0 * f64::hypot(sine, cosine) / samples.len() as f64
}

/// The samples of an audio track, from its middle, for a second.
fn second_of(path: &Path, track: usize) -> Vec<i16> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(path).args(["-map", &format!("0:a:{track}")]);
    let output = ffmpeg.args(["-ac", "1", "-ar", "48000", "-f", "s16le", "-"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let samples: Vec<_> =
        output.stdout.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    assert!(samples.len() >= (RECORDED_S - 2) * RATE as usize, "track {track} has {} samples", samples.len());
    let middle = samples.len() / 2;
    samples[middle..middle + RATE as usize].to_vec()
}

/// Titles of the tracks of a kind, in their order.
fn titles(path: &Path, kind: &str) -> Vec<String> {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args([
        "-v",
        "error",
        "-select_streams",
        kind,
        "-show_entries",
        "stream_tags=title",
        "-of",
        "csv=p=0",
    ]);
    let output = ffprobe.arg(path).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Two browsers call each other and have it recorded; the file.
fn record(home: &Home, chromium: &str, relayed: bool) -> PathBuf {
    let server = home.start();
    let folder = tempfile::tempdir().unwrap();
    let people = PEOPLE.map(
        |(user, hertz)| json!({"user": user, "hertz": hertz, "token": server.token(user, "read,write")}),
    );
    let mut node = Command::new("node");
    node.args(["--experimental-websocket", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/call.mjs")]);
    node.env("PAGE", concat!(env!("CARGO_MANIFEST_DIR"), "/docs/call.html"));
    node.env("CHROMIUM", chromium).env("NODE", format!("http://{}", server.address));
    node.env("FOLDER", folder.path()).env("SECONDS", RECORDED_S.to_string());
    node.env("PEOPLE", json!(people).to_string()).env("RELAY", if relayed { "1" } else { "" });
    let child = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Err(why) = succeeds_within(child, BROWSERS_S) {
        panic!("the browsers failed: {why}");
    }
    let mut files = fs::read_dir(home.data().join("recordings")).unwrap();
    files.next().expect("a recording").unwrap().path()
}

/// That each voice is in its own track alone, and all of them in the mix, which comes first.
fn assert_voices(path: &Path) {
    let voices = titles(path, "a");
    assert_eq!(voices[0], "mix");
    for (user, hertz) in PEOPLE {
        let own = voices.iter().position(|title| title == user).expect("a track of each person");
        let samples = second_of(path, own);
        assert!(loudness(&samples, hertz) > 100.0, "{user} says {}", loudness(&samples, hertz));
        assert!(loudness(&second_of(path, 0), hertz) > 100.0, "{user} is in the mix");
        for (other, foreign) in PEOPLE.iter().filter(|(other, _)| *other != user) {
            assert!(loudness(&samples, *foreign) < 20.0, "{other} is in the track of {user}");
        }
    }
    let mut pictures = titles(path, "v");
    pictures.sort();
    assert_eq!(pictures, PEOPLE.map(|(user, _)| user));
}

fn settings(more: &[&str]) -> Home {
    let given = ["quikapp.recorder_addresses=[\"127.0.0.1:0\"]", "auth.allowed_origins=[\"*\"]"];
    Home::new(&[&given, more].concat())
}

#[test]
fn browsers_call_and_are_recorded() {
    let programs = [&["chromium", "google-chrome"][..], &["node"], &["ffmpeg"]].map(program);
    let [Some(chromium), Some(_), Some(_)] = programs else { return };
    let home = settings(&[]);
    assert_voices(&record(&home, &chromium, false));
}

#[test]
fn browsers_are_recorded_through_a_turn_server() {
    let programs = [&["chromium", "google-chrome"][..], &["node"], &["ffmpeg"], &["turnserver"]].map(program);
    let [Some(chromium), Some(_), Some(_), Some(_)] = programs else { return };
    // Free a moment ago.
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let mut turn = Command::new("turnserver");
    turn.args(["-n", "-L", "127.0.0.1", "-E", "127.0.0.1", "-p", &port.to_string(), "-r", "corecast"]);
    turn.args(["--use-auth-secret", "--static-auth-secret", SECRET, "--allow-loopback-peers"]);
    turn.args(["--no-tls", "--no-dtls", "--no-cli", "--log-file", "stdout", "--pidfile"]);
    turn.arg(folder.path().join("pid")).arg("--userdb").arg(folder.path().join("users"));
    let turn = turn.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _guard = Guard(turn);
    let urls = format!("quikapp.turn_urls=[\"turn:127.0.0.1:{port}?transport=udp\"]");
    let home = settings(&[&format!("quikapp.turn_secret={SECRET}"), &urls]);
    assert_voices(&record(&home, &chromium, true));
}
