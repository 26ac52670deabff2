//! A recorder fed in memory by other peers of WebRTC, over a network that loses, delays and reorders by a seed; the file is read
//! back by a demuxer that shares nothing with the writer.

mod file;
mod unusual;

use super::engine::{Engine, Wish};
use super::words;
use crate::model::people::recorder::{RecorderBounds, RecorderNews, RecorderWord};
use crate::model::people::signal::SignalKind;
use file::{put, read};
use matroska_demuxer::MatroskaFile;
use opus_pure::{Application, OpusEncoder};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

const RECORDER: &str = "192.0.2.1:5000";
const STEP: Duration = Duration::from_millis(5);

/// Who else is in the call.
struct Person {
    name: Arc<str>,
    rtc: Rtc,
    address: SocketAddr,
    pending: Option<SdpPendingOffer>,
    mids: BTreeMap<&'static str, Mid>,
    encoder: OpusEncoder,
    hz: f32,
    samples: usize,
    key_frames_asked: u32,
    /// Shows its screen beside its picture.
    has_screen: bool,
    sent_ms: BTreeMap<Vec<u8>, u64>,
}

impl Person {
    fn new(now: Instant, name: &str, port: u16, hz: f32) -> Self {
        let address = SocketAddr::from(([192, 0, 2, 9], port));
        let crypto = Arc::new(from_feature_flags());
        let mut rtc = Rtc::builder().set_crypto_provider(crypto).build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a candidate"));
        Self {
            name: name.into(),
            rtc,
            address,
            pending: None,
            mids: BTreeMap::new(),
            encoder: OpusEncoder::new(48_000, 1, Application::Audio).expect("an encoder"),
            hz,
            samples: 0,
            key_frames_asked: 0,
            has_screen: false,
            sent_ms: BTreeMap::new(),
        }
    }

    fn offer(&mut self) -> String {
        let mut change = self.rtc.sdp_api();
        for (kind, word) in [(MediaKind::Audio, "voice"), (MediaKind::Video, "picture")] {
            self.mids.insert(word, change.add_media(kind, Direction::SendOnly, None, None, None));
        }
        if self.has_screen {
            let screen = change.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
            self.mids.insert("screen", screen);
        }
        let (offer, pending) = change.apply().expect("a change");
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Hears what the recorder says; what it answers.
    fn hear(&mut self, kind: SignalKind, json: &str) -> Option<String> {
        let sdp = words::description(json).expect("a description");
        if kind == SignalKind::Answer {
            let answer = SdpAnswer::from_sdp_string(&sdp).expect("an answer");
            let pending = self.pending.take().expect("an offer");
            self.rtc.sdp_api().accept_answer(pending, answer).expect("fits");
            return None;
        }
        let offer = SdpOffer::from_sdp_string(&sdp).expect("an offer");
        Some(self.rtc.sdp_api().accept_offer(offer).expect("fits").to_sdp_string())
    }

    /// Says and shows what is due: each frame carries its number.
    fn speak(&mut self, now: Instant, at_ms: u64) {
        if !self.rtc.is_connected() {
            return;
        }
        if at_ms.is_multiple_of(20) {
            let sample = |at: usize| (at as f32 * self.hz * std::f32::consts::TAU / 48_000.0).sin() * 0.4;
            let noise = |at: usize| ((at * 7_919) % 101) as f32 / 10_000.0;
            let samples: Vec<f32> =
                (0..960).map(|at| self.samples + at).map(|at| sample(at) + noise(at)).collect();
            self.samples += 960;
            let mut packet = vec![0; 1_500];
            let length = self.encoder.encode(&samples, 960, &mut packet).expect("encodes");
            packet.truncate(length);
            self.write(
                now,
                "voice",
                at_ms,
                MediaTime::new(at_ms * 48 + 77, Frequency::FORTY_EIGHT_KHZ),
                packet,
            );
        }
        if at_ms.is_multiple_of(40) {
            let is_key_frame = at_ms.is_multiple_of(2_000) || std::mem::take(&mut self.key_frames_asked) > 0;
            let mut frame = vec![0x10 | u8::from(!is_key_frame), 2, 0, 0x9D, 1, 0x2A, 0x80, 2, 0xE0, 1];
            frame.extend(at_ms.to_be_bytes());
            frame.resize(3_000, 7);
            let time = MediaTime::from_90khz(at_ms * 90 + 999);
            if self.has_screen {
                self.write(now, "screen", at_ms, time, frame[..2_000].to_vec());
            }
            self.write(now, "picture", at_ms, time, frame);
        }
    }

    fn write(&mut self, now: Instant, word: &str, at_ms: u64, time: MediaTime, frame: Vec<u8>) {
        let Some(writer) = self.mids.get(word).and_then(|mid| self.rtc.writer(*mid)) else { return };
        let wanted = if word == "voice" { str0m::format::Codec::Opus } else { str0m::format::Codec::Vp8 };
        let spoken = writer.payload_params().find(|one| one.spec().codec == wanted);
        let Some(pt) = spoken.map(|one| one.pt()) else { return };
        self.sent_ms.insert(frame.clone(), at_ms);
        writer.write(pt, now, time, frame).expect("is written");
    }
}

/// The network, the clock and the file.
struct Bench {
    began: Instant,
    now: Instant,
    engine: Engine,
    people: Vec<Person>,
    /// Datagrams under way: when they arrive, from, to.
    under_way: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    seed: u64,
    loses_of_100: u64,
    lost: u64,
    count: u64,
    file: Vec<u8>,
    offers: u32,
}

impl Bench {
    fn new(loses_of_100: u64) -> Self {
        let now = Instant::now();
        let bounds = RecorderBounds {
            at_once_max: 1,
            recording_s_max: 3_600,
            recording_bytes_max: 1 << 30,
            recordings_bytes_max: 1 << 30,
        };
        let mut engine = Engine::new(now, vec![address(RECORDER)], from_feature_flags());
        engine.open(now, 1_705_314_600_000, "rec_1".into(), bounds);
        Self {
            began: now,
            now,
            engine,
            people: Vec::new(),
            under_way: BTreeMap::new(),
            seed: 42,
            loses_of_100,
            lost: 0,
            count: 0,
            file: Vec::new(),
            offers: 0,
        }
    }

    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, datagram: Vec<u8>) {
        let is_media = datagram.first().is_some_and(|first| (128..192).contains(first));
        if is_media && self.random() % 100 < self.loses_of_100 {
            self.lost += 1;
            return;
        }
        let late = Duration::from_millis(5 + self.random() % 30);
        self.count += 1;
        self.under_way.insert((self.now + late, self.count), (from, to, datagram));
    }

    fn tell(&mut self, from: Arc<str>, kind: SignalKind, sdp: &str) {
        let json = words::signal("any", sdp);
        let word = RecorderWord::Signal { recording: "rec_1".into(), from, kind, json };
        self.engine.hear(self.now, word);
    }

    fn at_ms(&self) -> u64 {
        (self.now - self.began).as_millis() as u64
    }

    /// Lets so many milliseconds pass.
    fn run(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while self.now < until {
            let at_ms = self.at_ms();
            let now = self.now;
            for at in 0..self.people.len() {
                self.people[at].speak(now, at_ms);
                self.drain(at);
            }
            self.now += STEP;
            while let Some(due) = self.under_way.first_entry().filter(|due| due.key().0 <= self.now) {
                let (from, to, datagram) = due.remove();
                self.arrive(from, to, &datagram);
            }
            for at in 0..self.people.len() {
                let now = self.now;
                self.people[at].rtc.handle_input(Input::Timeout(now)).expect("goes on");
                self.drain(at);
            }
            self.engine.pass(self.now);
            self.do_wishes();
        }
    }

    fn arrive(&mut self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        if to == address(RECORDER) {
            self.engine.receive(self.now, from, to, datagram);
            return self.do_wishes();
        }
        let Some(at) = self.people.iter().position(|one| one.address == to) else { return };
        let contents = datagram.try_into().expect("a datagram");
        let receive = Receive { proto: Protocol::Udp, source: from, destination: to, contents };
        let now = self.now;
        self.people[at].rtc.handle_input(Input::Receive(now, receive)).expect("goes on");
        self.drain(at);
    }

    fn drain(&mut self, at: usize) {
        loop {
            match self.people[at].rtc.poll_output().expect("goes on") {
                Output::Timeout(_) => return,
                Output::Transmit(one) => self.send(one.source, one.destination, one.contents.to_vec()),
                Output::Event(Event::KeyframeRequest(_)) => self.people[at].key_frames_asked += 1,
                Output::Event(Event::MediaAdded(media)) => {
                    let word = if media.kind == MediaKind::Audio { "voice" } else { "picture" };
                    self.people[at].mids.insert(word, media.mid);
                }
                Output::Event(_) => {}
            }
        }
    }

    fn do_wishes(&mut self) {
        for wish in self.engine.wishes() {
            match wish {
                Wish::Send(one) => self.send(one.source, one.destination, one.contents.to_vec()),
                Wish::Write(_, piece) => put(&mut self.file, piece),
                Wish::Tell(RecorderNews::Signal { to, kind, json, .. }) => {
                    self.offers += u32::from(kind == SignalKind::Offer);
                    let Some(at) = self.people.iter().position(|one| one.name == to) else { continue };
                    if let Some(answer) = self.people[at].hear(kind, &json) {
                        self.tell(to, SignalKind::Answer, &answer);
                    }
                    self.drain(at);
                }
                Wish::Tell(news) => panic!("{news:?}"),
                Wish::Close(id) => panic!("{id} has no bound here"),
            }
        }
    }

    fn come(&mut self, name: &str, port: u16, hz: f32, offers: bool) {
        let mut person = Person::new(self.now, name, port, hz);
        self.engine.hear(self.now, RecorderWord::Came { recording: "rec_1".into(), user: name.into() });
        let offer = offers.then(|| person.offer());
        self.people.push(person);
        if let Some(offer) = offer {
            self.tell(name.into(), SignalKind::Offer, &offer);
        }
        self.do_wishes();
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn check(bench: &Bench, least_of_100: usize) {
    let (tracks, frames) = read(&bench.file);
    assert_eq!(tracks[0], ("mix".to_owned(), "A_OPUS".to_owned()));
    let mix = &frames[0];
    assert!(mix.windows(2).all(|pair| pair[1].0 == pair[0].0 + 20), "the mix has no gap");
    for person in &bench.people {
        for codec in ["A_OPUS", "V_VP8"] {
            let is_it = |track: &(String, String)| track.0 == *person.name && track.1 == codec;
            let at = tracks.iter().position(is_it).unwrap_or_else(|| panic!("{codec} of {}", person.name));
            let frames = &frames[at];
            assert!(frames.windows(2).all(|pair| pair[0].0 <= pair[1].0), "in order");
            let off = frames
                .iter()
                .filter_map(|(time_ms, data)| Some(time_ms.abs_diff(*person.sent_ms.get(data)?)));
            let off: Vec<u64> = off.collect();
            assert_eq!(off.len(), frames.len(), "every frame of {} came as it was sent", person.name);
            assert!(off.iter().all(|off| *off <= 80), "{codec} of {}: {:?}", person.name, off.iter().max());
            let sent =
                person.sent_ms.keys().filter(|data| (data.len() == 3_000) == (codec == "V_VP8")).count();
            assert!(frames.len() * 100 >= sent * least_of_100, "{} of {sent} of {codec}", frames.len());
        }
    }
}

#[test]
fn two_people_are_recorded_in_sync_whoever_offers() {
    let mut bench = Bench::new(0);
    bench.come("ada", 1_001, 440.0, true);
    bench.run(1_500);
    bench.come("bob", 1_002, 1_000.0, false);
    bench.run(8_500);
    assert_eq!(bench.offers, 1, "who offered is offered nothing");
    let grown = bench.file.len();
    assert!(grown > 100_000, "it is written while it goes on");
    assert!(bench.engine.close(bench.now, "rec_1"));
    bench.do_wishes();
    check(&bench, 85);
    let file = MatroskaFile::open(Cursor::new(&bench.file[..])).expect("a file");
    assert!(file.info().duration().is_some_and(|ms| (9_950.0..=10_050.0).contains(&ms)));
    assert_eq!(bench.engine.counts().lost, 0, "nothing was lost");
}

#[test]
fn packets_that_never_come_are_counted() {
    let mut bench = Bench::new(40);
    bench.come("ada", 1_001, 440.0, true);
    bench.run(10_000);
    let lost = bench.engine.counts().lost;
    assert!(
        lost > 0 && lost < bench.lost,
        "{lost} never came of the {} that were lost on the way",
        bench.lost
    );
}

#[test]
fn what_the_network_loses_is_sent_again() {
    let mut bench = Bench::new(5);
    bench.come("ada", 1_001, 440.0, true);
    bench.come("bob", 1_002, 1_000.0, true);
    bench.run(10_000);
    assert!(bench.engine.close(bench.now, "rec_1"));
    bench.do_wishes();
    check(&bench, 80);
}

#[test]
fn who_comes_back_is_recorded_on_the_same_tracks() {
    let mut bench = Bench::new(0);
    bench.come("ada", 1_001, 440.0, true);
    bench.run(3_000);
    let left = bench.people.remove(0);
    bench.engine.hear(bench.now, RecorderWord::Left { recording: "rec_1".into(), user: "ada".into() });
    bench.run(1_000);
    bench.come("ada", 1_003, 440.0, false);
    bench.people[0].sent_ms = left.sent_ms;
    bench.run(4_000);
    assert!(bench.engine.close(bench.now, "rec_1"));
    bench.do_wishes();
    let (tracks, frames) = read(&bench.file);
    assert_eq!(tracks.len(), 3, "{tracks:?}");
    let pictures = &frames[tracks.iter().position(|one| one.1 == "V_VP8").expect("pictures")];
    assert!(pictures.iter().any(|(ms, _)| *ms < 2_500) && pictures.iter().any(|(ms, _)| *ms > 6_000));
}

#[test]
fn a_recording_in_which_nobody_is_heard_leaves_nothing_and_one_that_is_full_ends() {
    let mut bench = Bench::new(0);
    bench.engine.hear(bench.now, RecorderWord::Came { recording: "rec_1".into(), user: "mute".into() });
    for _ in 0..4_000 {
        bench.now += STEP;
        bench.engine.pass(bench.now);
        bench.do_wishes();
    }
    assert_eq!(bench.offers, 1, "who does not answer is not asked without end");
    bench.now += Duration::from_secs(3_600);
    bench.engine.pass(bench.now);
    let closes = bench.engine.wishes().into_iter().filter(|wish| matches!(wish, Wish::Close(_))).count();
    assert_eq!(closes, 1);
    assert!(!bench.engine.close(bench.now, "rec_1"));
}

fn answers(bench: &mut Bench) -> Vec<Box<str>> {
    let told = bench.engine.wishes().into_iter().filter_map(|wish| match wish {
        Wish::Tell(RecorderNews::Signal { kind: SignalKind::Answer, json, .. }) => Some(json),
        _ => None,
    });
    told.collect()
}

#[test]
fn of_offers_that_come_too_fast_the_newest_is_taken_in_time() {
    let mut bench = Bench::new(0);
    bench.come("ada", 1_001, 440.0, false);
    let mut offers: Vec<String> = (0..20).map(|_| Person::new(bench.now, "x", 1_002, 1.0).offer()).collect();
    let newest = offers.pop().expect("an offer");
    for sdp in offers.iter().cycle().take(1_000) {
        bench.tell("ada".into(), SignalKind::Offer, sdp);
    }
    bench.tell("ada".into(), SignalKind::Offer, &newest);
    assert_eq!(answers(&mut bench).len(), 1, "each may make a session");
    assert!(bench.engine.due().is_some_and(|due| due <= bench.now + Duration::from_millis(500)));
    let mut later = Vec::new();
    for _ in 0..400 {
        bench.now += STEP;
        bench.engine.pass(bench.now);
        later.extend(answers(&mut bench));
    }
    assert_eq!(later.len(), 1);
    bench.people[0].pending = None;
}

#[test]
fn who_comes_again_and_again_and_is_not_heard_gets_as_many_offers_as_may_be() {
    let mut bench = Bench::new(0);
    let ada = || RecorderWord::Came { recording: "rec_1".into(), user: "ada".into() };
    for _ in 0..50 {
        bench.engine.hear(bench.now, ada());
        for _ in 0..800 {
            bench.now += STEP;
            bench.engine.pass(bench.now);
            bench.do_wishes();
        }
    }
    assert_eq!(bench.offers, 5);
    // Who is heard after all starts anew.
    bench.come("ada", 1_001, 440.0, true);
    bench.run(2_000);
    bench.people.clear();
    bench.run(60_000);
    assert!(bench.offers > 5, "whose session ends is offered another one");
}

#[test]
fn a_session_is_known_by_as_many_addresses_as_may_be() {
    let mut bench = Bench::new(0);
    bench.come("ada", 1_001, 440.0, true);
    let mut binding = None;
    for _ in 0..2_000 {
        bench.run(5);
        let mut sent = bench.under_way.values().filter(|(_, to, _)| *to == address(RECORDER));
        binding = sent.find(|(.., datagram)| words::ufrag_of(datagram).is_some()).cloned();
        if binding.is_some() {
            break;
        }
    }
    let (.., datagram) = binding.expect("its program looks for the recorder");
    for port in 1..=1_000 {
        let from = SocketAddr::from(([198, 51, 100, 1], port));
        bench.engine.receive(bench.now, from, address(RECORDER), &datagram);
    }
    bench.do_wishes();
    assert_eq!(bench.engine.counts().addresses, 64);
    bench.engine.hear(bench.now, RecorderWord::Left { recording: "rec_1".into(), user: "ada".into() });
    assert_eq!(bench.engine.counts().addresses, 0);
}
