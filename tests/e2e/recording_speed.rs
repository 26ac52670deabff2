//! What the recorder costs: fifty people with voices and pictures, and chat beside it.

use crate::client::Client;
use crate::recording::{Person, Program, rest};
use crate::server::{Home, Server, text};
use opus_pure::{Application, OpusEncoder};
use serde_json::json;
use std::f32::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PEOPLE: usize = 50;

/// Seconds of each of the two parts.
const SECONDS: u64 = 20;

/// Milliseconds between pictures, and bytes of one: some 30 a second, 1 Mbit/s.
const PICTURE_MS: u64 = 33;
const PICTURE_BYTES: usize = 4_150;

/// Bytes of 20 ms of a voice: 32 kbit/s.
const VOICE_BYTES: usize = 80;

/// A second of a tone, in Opus.
fn voice() -> Vec<Vec<u8>> {
    let mut encoder = OpusEncoder::new(48_000, 1, Application::Audio).expect("an encoder");
    let frame = |frame: usize| {
        let sample = |at: usize| (TAU * 330.0 * (frame * 960 + at) as f32 / 48_000.0).sin() * 0.3;
        let samples: Vec<f32> = (0..960).map(sample).collect();
        let mut bytes = vec![0; VOICE_BYTES];
        let length = encoder.encode(&samples, 960, &mut bytes).expect("a frame");
        bytes.truncate(length);
        bytes
    };
    (0..50).map(frame).collect()
}

/// Says something in a chat every 5 ms until told to stop; the microseconds that each took to be heard by another.
fn chat(mut says: Client, mut hears: Client, stop: &AtomicBool) -> Vec<u128> {
    for socket in [&mut says, &mut hears] {
        socket.send(json!({"type": "subscribe", "channel": "room:beside"}));
        socket.next();
    }
    let mut took = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        says.send(json!({"type": "publish", "channel": "room:beside", "data": "x"}));
        hears.next();
        took.push(began.elapsed().as_micros());
        // Its own publication and the answer.
        says.next();
        says.next();
        std::thread::sleep(Duration::from_millis(5));
    }
    took.sort_unstable();
    took
}

/// All of them talk for so long, in real time; the microseconds that chat took beside it, sorted.
fn talk(server: &Server, programs: &mut [Program], voice: &[Vec<u8>], from_ms: u64) -> Vec<u128> {
    let stop = Arc::new(AtomicBool::new(false));
    let (says, hears, until) = (server.client(), server.client(), stop.clone());
    let beside = std::thread::spawn(move || chat(says, hears, &until));
    let began = Instant::now();
    let (mut voice_ms, mut picture_ms) = (0, 0);
    while voice_ms < SECONDS * 1_000 {
        let now_ms = began.elapsed().as_millis() as u64;
        if voice_ms <= now_ms {
            let frame = &voice[(voice_ms / 20) as usize % voice.len()];
            programs.iter_mut().for_each(|one| one.speak(from_ms + voice_ms, frame.clone()));
            voice_ms += 20;
        }
        if picture_ms <= now_ms {
            programs.iter_mut().for_each(|one| one.show(from_ms + picture_ms, PICTURE_BYTES));
            picture_ms += PICTURE_MS;
        }
        programs.iter_mut().for_each(Program::go_on);
        std::thread::sleep(Duration::from_millis(1));
    }
    stop.store(true, Ordering::Relaxed);
    beside.join().unwrap()
}

/// With `--release`, `--ignored` and `--nocapture`: fifty people are recorded for a while, then they send the same to nobody.
#[test]
#[ignore = "a measurement, which takes its time"]
fn fifty_people_are_recorded() {
    let voice = voice();
    let home = Home::new(&["cores=1", "quikapp.recorder_addresses=[\"127.0.0.1:0\"]"]);
    let server = home.start();
    let names: Vec<String> = (0..PEOPLE).map(|number| format!("u{number:02}")).collect();
    let mut people: Vec<_> = names.iter().map(|name| Person::come(&server, name)).collect();
    let called = json!({"participants": names[1..], "callType": "video"});
    let begun = people[0].ask("webrtc:lobby", "call:initiate", called);
    let call = text(&begun, "/call_id").to_owned();
    for person in &mut people[1..] {
        person.ask("webrtc:lobby", "call:answer", json!({"callId": call}));
    }
    for person in &mut people {
        person.ask(&format!("webrtc:{call}"), "phx_join", json!({}));
    }
    let (status, started) = rest(&server, "u00", "POST", &format!("/calls/{call}/recording/start"));
    assert_eq!(status, 200, "{started}");
    let recording = text(&started, "/recording_id").to_owned();
    let mut programs: Vec<_> =
        people.iter_mut().map(|person| Program::meet(person, &call, &recording)).collect();
    programs.iter_mut().for_each(Program::hurry);
    let figures = || {
        let counted = ["packets", "packets_lost", "written_bytes", "busy_seconds"]
            .map(|name| server.figure(&format!("corecast_recorder_{name}_total")));
        (counted, server.cpu_s("recorder"))
    };
    let (before, cpu_before) = figures();
    let recorded = talk(&server, &mut programs, &voice, 0);
    // What is on its way comes, and is written.
    std::thread::sleep(Duration::from_secs(3));
    let (after, cpu_after) = figures();
    let (status, stopped) = rest(&server, "u00", "POST", &format!("/calls/{call}/recording/stop"));
    assert_eq!(status, 200, "{stopped}");
    let unrecorded = talk(&server, &mut programs, &voice, SECONDS * 1_000);
    let [packets, lost, bytes, busy_s] = [0, 1, 2, 3].map(|at| after[at] - before[at]);
    let cpu_s = cpu_after - cpu_before;
    let percentile = |took: &[u128], of: usize| took[(took.len() - 1) * of / 100];
    println!(
        "{PEOPLE} people for {SECONDS} s: {packets} datagrams, {lost} packets lost, {:.1} MB written",
        bytes / 1e6
    );
    println!(
        "the recorder's thread: {cpu_s:.2} s of a CPU ({:.1} % of one), {:.2} % for each person; busy {busy_s:.2} s",
        cpu_s / SECONDS as f64 * 100.0,
        cpu_s / (SECONDS * PEOPLE as u64) as f64 * 100.0,
    );
    for (what, took) in [("while it records", &recorded), ("while it does not", &unrecorded)] {
        let [p50, p99] = [50, 99].map(|of| percentile(took, of));
        println!("chat beside it, {what}: p50 {p50} us, p99 {p99} us, {} messages", took.len());
    }
    assert!(lost == 0.0, "{lost} packets were lost");
}
