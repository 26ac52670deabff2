//! What arrives at the recorder's address by UDP, and what programs say to it: from strangers, from a program that has a session and
//! sends frames of any content, and such datagrams mangled on their way. Nothing of it makes the engine panic, what it asks
//! for is bounded, and its files are read back.

#![no_main]

use corecast::model::people::recorder::{RecorderBounds, RecorderNews, RecorderWord};
use corecast::model::people::signal::SignalKind;
use corecast::protocol::webm::{Piece, read_tracks};
use corecast::runtime::side::recorder::engine::{Engine, Wish};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};

const RECORDER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 5_000);
const PROGRAM: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9)), 1_001);

#[derive(Arbitrary, Debug)]
enum Step {
    /// Any datagram, from somebody or from where the program is.
    Datagram {
        is_program: bool,
        bytes: Vec<u8>,
    },
    /// The program sends a frame of anything, in any codec that it may send in.
    Frame {
        picture: bool,
        codec: u8,
        at_ms: u16,
        bytes: Vec<u8>,
    },
    /// The program's next datagrams are mangled.
    Mangle {
        at: u16,
        with: u8,
    },
    /// Somebody says something.
    Signal {
        user: u8,
        kind: u8,
        json: String,
    },
    Came(u8),
    Left(u8),
    Wait(u8),
}

struct Bench {
    engine: Engine,
    now: Instant,
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    mids: Vec<Mid>,
    mangled: Option<(u16, u8)>,
    file: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        let mut engine = Engine::new(now, vec![RECORDER], from_feature_flags());
        let bounds = RecorderBounds {
            at_once_max: 2,
            recording_s_max: 60,
            recording_bytes_max: 1 << 20,
            recordings_bytes_max: 1 << 30,
        };
        engine.open(now, 1_700_000_000_000, "rec_1".into(), bounds);
        let mut rtc = Rtc::builder().set_crypto_provider(Arc::new(from_feature_flags())).build(now);
        rtc.add_local_candidate(Candidate::host(PROGRAM, "udp").expect("a candidate"));
        let mut change = rtc.sdp_api();
        let kinds = [MediaKind::Audio, MediaKind::Video];
        let mids = kinds.map(|kind| change.add_media(kind, Direction::SendOnly, None, None, None)).to_vec();
        let (offer, pending) = change.apply().expect("a change");
        let mut bench =
            Self { engine, now, rtc, pending: Some(pending), mids, mangled: None, file: Vec::new() };
        bench.came(0);
        let json = serde_json::json!({"type": "offer", "sdp": offer.to_sdp_string()});
        bench.signal(0, SignalKind::Offer, json.to_string());
        for _ in 0..40 {
            bench.wait(20);
        }
        bench
    }

    fn came(&mut self, user: u8) {
        self.engine.hear(self.now, RecorderWord::Came { recording: "rec_1".into(), user: name(user) });
        self.do_wishes();
    }

    fn signal(&mut self, user: u8, kind: SignalKind, json: String) {
        let from = name(user);
        self.engine.hear(
            self.now,
            RecorderWord::Signal { recording: "rec_1".into(), from, kind, json: json.into() },
        );
        self.do_wishes();
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.engine.pass(self.now);
        self.do_wishes();
        let _ = self.rtc.handle_input(Input::Timeout(self.now));
        self.drain();
    }

    fn receive(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.engine.receive(self.now, from, RECORDER, bytes);
        self.do_wishes();
    }

    /// The program's datagrams reach the recorder.
    fn drain(&mut self) {
        for _ in 0..1_000 {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(one)) => {
                    let mut bytes = one.contents.to_vec();
                    if let Some((at, with)) = self.mangled.take() {
                        let at = usize::from(at) % bytes.len().max(1);
                        bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= with);
                    }
                    self.receive(PROGRAM, &bytes);
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(_)) | Err(_) => return,
            }
        }
    }

    fn frame(&mut self, picture: bool, codec: u8, at_ms: u16, bytes: Vec<u8>) {
        let Some(writer) = self.rtc.writer(self.mids[usize::from(picture)]) else { return };
        let params: Vec<_> = writer.payload_params().map(|one| one.pt()).collect();
        let Some(pt) = params.get(usize::from(codec) % params.len().max(1)) else { return };
        let time = MediaTime::new(u64::from(at_ms) * 48, Frequency::FORTY_EIGHT_KHZ);
        let _ = writer.write(*pt, self.now, time, bytes);
        self.drain();
    }

    fn do_wishes(&mut self) {
        let wishes = self.engine.wishes();
        assert!(wishes.len() < 10_000, "what one thing brings about is bounded");
        for wish in wishes {
            match wish {
                Wish::Send(one) => {
                    let Ok(contents) = (&one.contents[..]).try_into() else { continue };
                    let receive =
                        Receive { proto: Protocol::Udp, source: RECORDER, destination: PROGRAM, contents };
                    let _ = self.rtc.handle_input(Input::Receive(self.now, receive));
                }
                Wish::Write(_, Piece::Append(bytes)) => self.file.extend(bytes),
                Wish::Write(_, Piece::At(at, bytes)) => {
                    let at = usize::try_from(at).expect("a place in a file");
                    self.file[at..at + bytes.len()].copy_from_slice(&bytes);
                }
                Wish::Tell(RecorderNews::Signal { kind: SignalKind::Answer, json, .. }) => {
                    self.answered(&json)
                }
                Wish::Tell(_) => {}
                Wish::Close(id) => drop(self.engine.close(self.now, &id)),
            }
        }
    }

    fn answered(&mut self, json: &str) {
        let Some(pending) = self.pending.take() else { return };
        let answer: serde_json::Value = serde_json::from_str(json).expect("JSON");
        let answer =
            SdpAnswer::from_sdp_string(answer["sdp"].as_str().expect("a description")).expect("an answer");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("it fits");
    }
}

fn name(user: u8) -> Arc<str> {
    ["ada", "bob", "cat"][usize::from(user) % 3].into()
}

fuzz_target!(|steps: Vec<Step>| {
    let mut bench = Bench::new();
    for step in steps.into_iter().take(64) {
        match step {
            Step::Datagram { is_program, bytes } => {
                let from = if is_program { PROGRAM } else { SocketAddr::from(([198, 51, 100, 1], 9)) };
                bench.receive(from, &bytes);
            }
            Step::Frame { picture, codec, at_ms, bytes } => bench.frame(picture, codec, at_ms, bytes),
            Step::Mangle { at, with } => bench.mangled = Some((at, with)),
            Step::Signal { user, kind, json } => {
                let kind =
                    [SignalKind::Offer, SignalKind::Answer, SignalKind::Candidate][usize::from(kind) % 3];
                bench.signal(user, kind, json);
            }
            Step::Came(user) => bench.came(user),
            Step::Left(user) => {
                let left = RecorderWord::Left { recording: "rec_1".into(), user: name(user) };
                bench.engine.hear(bench.now, left);
                bench.do_wishes();
            }
            Step::Wait(units) => bench.wait(u64::from(units) * 10),
        }
    }
    bench.wait(3_000);
    let is_kept = bench.engine.close(bench.now, "rec_1");
    bench.do_wishes();
    assert!(!is_kept || read_tracks(&bench.file) > 0, "a file that is kept has tracks");
});
