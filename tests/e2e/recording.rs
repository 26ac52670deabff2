//! Calls are recorded: people on Phoenix sockets, whose programs send voices and pictures over UDP to the recorder. The file is
//! read by a demuxer that shares no code with the node, and by `ffprobe` where there is one.

use crate::client::Client;
use crate::http::Http;
use crate::server::{Home, Server, text};
use matroska_demuxer::{Frame, MatroskaFile};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};

/// Packets of Opus that say nothing, 20 ms each.
const SILENCE: [u8; 3] = [0xF8, 0xFF, 0xFE];

/// Somebody on a Phoenix socket.
pub struct Person {
    pub socket: Client,
    sent: u32,
}

impl Person {
    pub fn come(server: &Server, user: &str) -> Self {
        let token = server.token(user, "read,write");
        let path = format!("/socket/websocket?vsn=2.0.0&token={token}");
        let mut person = Self { socket: Client::open(server.address, &path, None).unwrap(), sent: 0 };
        person.ask("webrtc:lobby", "phx_join", json!({}));
        person
    }

    /// Says something; what it is answered.
    pub fn ask(&mut self, channel: &str, event: &str, payload: Value) -> Value {
        self.sent += 1;
        let number = self.sent.to_string();
        self.socket.send(json!([null, number, channel, event, payload]));
        loop {
            let message = self.socket.next();
            if message[1] == number.as_str() {
                assert_eq!(message[4]["status"], "ok", "{event}: {message}");
                return message[4]["response"].clone();
            }
        }
    }

    /// What it is told next under this name.
    pub fn told(&mut self, event: &str) -> Value {
        loop {
            let message = self.socket.next();
            if message[3] == event {
                return message[4].clone();
            }
        }
    }
}

/// A call of ada and bob in which both talk; and its id.
fn call(server: &Server) -> (Person, Person, String) {
    let (mut ada, mut bob) = (Person::come(server, "ada"), Person::come(server, "bob"));
    let to_bob = json!({"conversationId": "c1", "participants": ["bob"], "callType": "video"});
    let begun = ada.ask("webrtc:lobby", "call:initiate", to_bob);
    let call = text(&begun, "/call_id").to_owned();
    bob.told("call:incoming");
    bob.ask("webrtc:lobby", "call:answer", json!({"callId": call}));
    for person in [&mut ada, &mut bob] {
        person.ask(&format!("webrtc:{call}"), "phx_join", json!({}));
    }
    (ada, bob, call)
}

pub fn rest(server: &Server, user: &str, method: &str, path: &str) -> (u16, Value) {
    let token = server.token(user, "read,write");
    let mut http = Http::connect(server.address);
    http.write(format!(
        "{method} /api{path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\r\n"
    ));
    let answer = http.answer();
    (answer.status, answer.json())
}

/// A program that sends a voice and pictures.
pub struct Program {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    mids: [Mid; 2],
    began: Instant,
}

impl Program {
    /// Offers to send to the recorder, on the socket of its person.
    pub fn meet(person: &mut Person, call: &str, recorder: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        let (address, began) = (socket.local_addr().unwrap(), Instant::now());
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let mut rtc = Rtc::builder().set_crypto_provider(crypto).build(began);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let mut change = rtc.sdp_api();
        let mids = [MediaKind::Audio, MediaKind::Video]
            .map(|kind| change.add_media(kind, Direction::SendOnly, None, None, None));
        let (offer, pending) = change.apply().unwrap();
        let offer = json!({"type": "offer", "sdp": offer.to_sdp_string()});
        let channel = format!("webrtc:{call}");
        let signal = json!({"targetUserId": recorder, "callId": call, "offer": offer});
        // The answer may come before the reply.
        person.socket.send(json!([null, "offer", channel, "webrtc:offer", signal]));
        let answer = person.told("webrtc:answer");
        assert_eq!(text(&answer, "/from"), recorder);
        let answer = SdpAnswer::from_sdp_string(text(&answer, "/answer/sdp")).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        Self { rtc, socket, address, mids, began }
    }

    /// Talks for so long.
    fn talk(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let mut next_ms = self.began.elapsed().as_millis() as u64 / 20 * 20;
        while Instant::now() < until {
            let at_ms = self.began.elapsed().as_millis() as u64;
            if at_ms >= next_ms {
                self.say(next_ms);
                next_ms += 20;
            }
            self.go_on();
        }
    }

    fn say(&mut self, at_ms: u64) {
        self.speak(at_ms, SILENCE.to_vec());
        self.show(at_ms, 2_000);
    }

    /// Says 20 ms, in Opus.
    pub fn speak(&mut self, at_ms: u64, voice: Vec<u8>) {
        let time = MediaTime::new(at_ms * 48, Frequency::FORTY_EIGHT_KHZ);
        self.write(self.mids[0], str0m::format::Codec::Opus, time, voice);
    }

    /// Shows a picture of so many bytes, like the key frames of VP8.
    pub fn show(&mut self, at_ms: u64, bytes: usize) {
        let mut frame = vec![0x10, 2, 0, 0x9D, 1, 0x2A, 0x80, 2, 0xE0, 1];
        frame.resize(bytes, at_ms as u8);
        self.write(self.mids[1], str0m::format::Codec::Vp8, MediaTime::from_90khz(at_ms * 90), frame);
    }

    fn write(&mut self, mid: Mid, codec: str0m::format::Codec, time: MediaTime, frame: Vec<u8>) {
        let Some(writer) = self.rtc.writer(mid) else { return };
        let pt = writer.payload_params().find(|one| one.spec().codec == codec).map(|one| one.pt());
        if let Some(pt) = pt {
            writer.write(pt, Instant::now(), time, frame).unwrap();
        }
        self.drain();
    }

    /// Does not wait for datagrams from now on.
    pub fn hurry(&mut self) {
        self.socket.set_nonblocking(true).unwrap();
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(one) => drop(self.socket.send_to(&one.contents, one.destination)),
                Output::Event(_) => {}
            }
        }
    }

    pub fn go_on(&mut self) {
        let mut bytes = [0; 2_000];
        if let Ok((length, source)) = self.socket.recv_from(&mut bytes) {
            let contents = bytes[..length].try_into().unwrap();
            let receive = Receive { proto: Protocol::Udp, source, destination: self.address, contents };
            self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
            self.drain();
        }
        self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
        self.drain();
    }
}

/// What a file has: the title and codec of each track with its frames, and how long it says that it is.
fn read(path: &Path) -> (Vec<(String, String, usize)>, Option<f64>) {
    let mut file = MatroskaFile::open(File::open(path).unwrap()).unwrap();
    let named = |track: &matroska_demuxer::TrackEntry| {
        (track.name().unwrap_or_default().to_owned(), track.codec_id().to_owned(), 0)
    };
    let mut tracks: Vec<_> = file.tracks().iter().map(named).collect();
    let mut frame = Frame::default();
    while file.next_frame(&mut frame).unwrap() {
        tracks[frame.track as usize - 1].2 += 1;
    }
    (tracks, file.info().duration())
}

/// That the file of a recording plays, and has a voice and pictures of ada for about so many seconds.
fn assert_plays(path: &Path, seconds: usize) {
    let (tracks, duration) = read(path);
    let names: Vec<_> = tracks.iter().map(|(title, codec, _)| (title.as_str(), codec.as_str())).collect();
    assert_eq!(names[0], ("mix", "A_OPUS"));
    assert!(names.contains(&("ada", "A_OPUS")) && names.contains(&("ada", "V_VP8")), "{names:?}");
    assert!(tracks.iter().all(|(.., frames)| *frames >= seconds * 25), "{tracks:?}");
    assert!(duration.is_some_and(|ms| ms >= seconds as f64 * 500.0), "{duration:?}");
    match Command::new("ffprobe").args(["-v", "error", "-show_streams"]).arg(path).output() {
        Ok(probed) => {
            assert!(probed.status.success() && probed.stderr.is_empty(), "{probed:?}");
            let streams = String::from_utf8_lossy(&probed.stdout).matches("[STREAM]").count();
            assert_eq!(streams, tracks.len());
        }
        Err(_) => drop(writeln!(std::io::stderr(), "skipped: ffprobe is not there")),
    }
}

fn file(home: &Home, recording: &str, kind: &str) -> PathBuf {
    home.data().join("recordings").join(format!("{recording}{kind}"))
}

fn home() -> Home {
    let cores = if crate::server::two_cpus() { "cores=2" } else { "cores=1" };
    Home::new(&[cores, "quikapp.recorder_addresses=[\"127.0.0.1:0\"]"])
}

#[test]
fn a_call_is_recorded_from_start_to_stop() {
    let home = home();
    let server = home.start();
    let (mut ada, mut bob, call) = call(&server);
    let at = |act: &str| format!("/calls/{call}/recording/{act}");
    assert_eq!(rest(&server, "ada", "POST", &at("stop")).0, 404, "none runs");
    assert_eq!(rest(&server, "eve", "POST", &at("start")).0, 403, "a stranger");
    let (status, started) = rest(&server, "ada", "POST", &at("start"));
    assert_eq!(status, 200, "{started}");
    let recording = text(&started, "/recording_id").to_owned();
    let told = bob.told("call:recording:started");
    assert_eq!(told, json!({"call_id": call, "recording_id": recording, "user_id": "ada"}));
    assert_eq!(text(&bob.told("call:participant:joined"), "/user_id"), recording);
    // Who offers nothing is offered a session.
    let offer = bob.told("webrtc:offer");
    assert_eq!(text(&offer, "/from"), recording);
    assert!(text(&offer, "/offer/sdp").contains("a=ice-lite"));
    let again = rest(&server, "bob", "POST", &at("start"));
    assert_eq!(again, (200, started), "the one that runs");
    let talk = rest(&server, "ada", "GET", &format!("/calls/{call}/participants")).1;
    assert_eq!(talk["count"], 2, "the recorder is none of them: {talk}");
    let status = rest(&server, "bob", "GET", &at("status")).1;
    assert_eq!((&status["recording"], text(&status, "/recording_id")), (&json!(true), &*recording));

    let mut program = Program::meet(&mut ada, &call, &recording);
    program.talk(Duration::from_secs(3));
    let mode = fs::metadata(file(&home, &recording, ".webm.part")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (status, stopped) = rest(&server, "bob", "POST", &at("stop"));
    assert_eq!((status, text(&stopped, "/recording_id")), (200, &*recording), "{stopped}");
    assert_eq!(bob.told("call:recording:stopped"), json!({"call_id": call, "recording_id": recording}));
    assert_eq!(text(&bob.told("call:participant:disconnected"), "/user_id"), recording);
    assert_eq!(rest(&server, "bob", "POST", &at("stop")).0, 404);
    assert_plays(&file(&home, &recording, ".webm"), 2);
    let listed = rest(&server, "bob", "GET", "/recordings?conversation_id=c1").1;
    assert_eq!(
        (&listed["count"], text(&listed, "/recordings/0/status")),
        (&json!(1), "completed"),
        "{listed}"
    );
    assert_eq!(rest(&server, "eve", "GET", &format!("/recordings/{recording}")).0, 403);
    assert_eq!(
        rest(&server, "bob", "DELETE", &format!("/recordings/{recording}")).0,
        403,
        "bob did not begin it"
    );
    assert_eq!(rest(&server, "ada", "DELETE", &format!("/recordings/{recording}")).0, 200);
    assert_eq!(rest(&server, "ada", "GET", &format!("/recordings/{recording}")).0, 404);
    crate::eventually("the file is gone", || (!file(&home, &recording, ".webm").exists()).then_some(()));
}

#[test]
fn what_was_recorded_before_a_kill_is_listed_and_plays() {
    let home = home();
    let mut server = home.start();
    let (mut ada, _bob, call) = call(&server);
    let started = rest(&server, "ada", "POST", &format!("/calls/{call}/recording/start")).1;
    let recording = text(&started, "/recording_id").to_owned();
    let mut program = Program::meet(&mut ada, &call, &recording);
    program.talk(Duration::from_secs(7));
    server.signal(libc::SIGKILL);
    server.process.end();
    assert!(file(&home, &recording, ".webm.part").exists());
    let server = home.start();
    assert_plays(&file(&home, &recording, ".webm"), 2);
    let listed = rest(&server, "ada", "GET", "/recordings?conversation_id=c1").1;
    assert_eq!(text(&listed, "/recordings/0/id"), recording, "{listed}");
    assert_eq!(text(&listed, "/recordings/0/status"), "completed");
    assert!(listed["recordings"][0]["duration"].as_u64().is_some_and(|s| (2..=7).contains(&s)), "{listed}");
}

#[test]
fn the_end_of_a_call_and_of_the_process_end_its_recording() {
    let home = home();
    let mut server = home.start();
    let (mut ada, mut bob, call_1) = call(&server);
    let started = rest(&server, "ada", "POST", &format!("/calls/{call_1}/recording/start")).1;
    let first = text(&started, "/recording_id").to_owned();
    Program::meet(&mut ada, &call_1, &first).talk(Duration::from_secs(2));
    bob.ask(&format!("webrtc:{call_1}"), "call:end", json!({"callId": call_1}));
    crate::eventually("the first is over", || file(&home, &first, ".webm").exists().then_some(()));
    let (mut cat, _dan, call_2) = call(&server);
    let started = rest(&server, "ada", "POST", &format!("/calls/{call_2}/recording/start")).1;
    let second = text(&started, "/recording_id").to_owned();
    Program::meet(&mut cat, &call_2, &second).talk(Duration::from_secs(2));
    server.signal(libc::SIGTERM);
    server.process.end();
    for recording in [&first, &second] {
        assert_plays(&file(&home, recording, ".webm"), 1);
    }
    assert!(!file(&home, &second, ".webm.part").exists());
}

#[test]
fn a_disk_without_room_ends_a_recording_with_what_it_has_and_harms_nothing_else() {
    let home = home();
    let server = home.start();
    let (mut ada, mut bob, call) = call(&server);
    let started = rest(&server, "ada", "POST", &format!("/calls/{call}/recording/start")).1;
    let recording = text(&started, "/recording_id").to_owned();
    let mut program = Program::meet(&mut ada, &call, &recording);
    program.talk(Duration::from_secs(7));
    let runs = file(&home, &recording, ".webm.part");
    // As much as it has, and half of what comes next.
    let room = fs::metadata(&runs).unwrap().len() + 100_000;
    crate::process::limit_files(&server.process.0, Some(room));
    program.talk(Duration::from_secs(6));
    let stopped = bob.told("call:recording:stopped");
    assert_eq!(text(&stopped, "/recording_id"), recording);
    assert_plays(&file(&home, &recording, ".webm"), 2);
    assert!(!runs.exists());
    // The call goes on, and so do messages.
    let talk = rest(&server, "ada", "GET", &format!("/calls/{call}/participants")).1;
    assert_eq!(talk["count"], 2, "{talk}");
    let mut client = server.client();
    client.subscribe("room:beside");
    server.client().publish("room:beside", json!(1));
    assert_eq!(client.next()["data"], 1);
    crate::process::limit_files(&server.process.0, None);
    crate::eventually("it is in the list", || {
        let listed = rest(&server, "ada", "GET", "/recordings?conversation_id=c1").1;
        (listed["recordings"][0]["status"] == "completed").then_some(())
    });
    let again = rest(&server, "ada", "POST", &format!("/calls/{call}/recording/start"));
    assert_eq!(again.0, 200, "there is room again: {again:?}");
}
