//! One person's program, as the recorder meets it: a session of WebRTC that only receives.

use super::clock::Clock;
use super::tape::{OPUS, Tape};
use super::words;
use crate::protocol::webm::{self, Codec, Picture};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::crypto::CryptoProvider;
use str0m::format::Codec as Spoken;
use str0m::media::{Direction, KeyframeRequestKind, MediaData, MediaKind, Mid, Rid};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::SeqNo;
use str0m::{Candidate, Event, IceConnectionState, IceCreds, Input, Output, Rtc};

/// How often one asks for a key frame.
const KEY_FRAME_EVERY: Duration = Duration::from_millis(500);

/// How long voices wait for a packet that is sent again.
const VOICE_WAITS: Duration = Duration::from_millis(300);

/// How long the medium that is recorded must be silent before another one of its kind is recorded in its place.
const GIVES_WAY: Duration = Duration::from_secs(2);

/// The places of what is recorded of a person.
const VOICE: usize = 0;
const PICTURE: usize = 1;

/// Which of what a program sends: the line of its description, and which of several sizes of one picture.
type Medium = (Mid, Option<Rid>);

/// A session.
pub struct Peer {
    rtc: Rtc,
    pub ufrag: String,
    /// What the program calls its session.
    session: Option<String>,
    /// An offer of ours that was not answered.
    pending: Option<SdpPendingOffer>,
    clock: Clock,
    /// Of all that come, the voice and the picture that are recorded: a person has one track of each.
    streams: [Option<Stream>; 2],
    /// When it wants to hear of time.
    pub due: Instant,
    /// When it last sent something.
    pub heard: Option<Instant>,
    is_over: bool,
    /// Packets of media that never came.
    pub lost: u64,
}

/// What comes of one medium.
struct Stream {
    medium: Medium,
    /// When something last came of it.
    at: Instant,
    /// Used until the sender has said what its clock shows.
    own_clock: Clock,
    needs_key_frame: bool,
    asked: Option<Instant>,
    /// The last packet of the newest frame.
    last: Option<SeqNo>,
}

impl Stream {
    fn new(now: Instant, kind: usize, medium: Medium) -> Self {
        let (asked, last) = (None, None);
        Self { medium, at: now, own_clock: Clock::default(), needs_key_frame: kind == PICTURE, asked, last }
    }

    /// The stream of a medium, if it is the one of its kind that is recorded: the first that comes, until nothing comes of that any
    /// more.
    fn chosen(place: &mut Option<Self>, now: Instant, kind: usize, medium: Medium) -> Option<&mut Self> {
        let gives_way = |at: Instant| now.saturating_duration_since(at) >= GIVES_WAY;
        let kept = place.take().filter(|stream| stream.medium == medium || !gives_way(stream.at));
        let stream = place.insert(kept.unwrap_or_else(|| Self::new(now, kind, medium)));
        if stream.medium != medium {
            return None;
        }
        stream.at = now;
        Some(stream)
    }
}

/// What a session wants sent.
pub type Sends = Vec<Transmit>;

impl Peer {
    /// A session that is reached at these addresses.
    pub fn new(now: Instant, addresses: &[SocketAddr], crypto: &Arc<CryptoProvider>) -> Self {
        let creds = IceCreds::new();
        let ufrag = creds.ufrag.clone();
        let mut rtc = Rtc::builder()
            .set_crypto_provider(crypto.clone())
            .set_local_ice_credentials(creds)
            .set_ice_lite(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_vp9(true)
            .enable_av1(true)
            .set_reordering_timeout_audio(Some(VOICE_WAITS))
            .build(now);
        for address in addresses {
            if let Ok(candidate) = Candidate::host(*address, "udp") {
                rtc.add_local_candidate(candidate);
            }
        }
        Self {
            rtc,
            ufrag,
            session: None,
            pending: None,
            clock: Clock::default(),
            streams: [None, None],
            due: now,
            heard: None,
            is_over: false,
            lost: 0,
        }
    }

    /// Offers to receive a voice and pictures; the signal that says so.
    pub fn offer(&mut self) -> Option<Box<str>> {
        let rtc = &mut self.rtc;
        let (offer, pending) = guarded(|| {
            let mut change = rtc.sdp_api();
            change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
            change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
            change.apply()
        })??;
        self.pending = Some(pending);
        Some(words::signal("offer", &offer.to_sdp_string()))
    }

    /// Whether an offer of ours waits for its answer.
    pub fn is_offering(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether an offer goes on with this session, and begins no other one.
    pub fn goes_on_with(&self, sdp: &str) -> bool {
        !self.is_over && self.session.is_some() && self.session.as_deref() == words::session_of(sdp)
    }

    /// Takes an offer; the signal that answers it.
    ///
    /// # Errors
    /// It is none, or has nothing that can be recorded.
    pub fn accept(&mut self, sdp: &str) -> Result<Box<str>, ()> {
        let rtc = &mut self.rtc;
        let answer = guarded(|| {
            let offer = SdpOffer::from_sdp_string(sdp).ok()?;
            rtc.sdp_api().accept_offer(offer).ok()
        });
        let answer = answer.flatten().ok_or(())?;
        self.session = words::session_of(sdp).map(str::to_owned);
        Ok(words::signal("answer", &answer.to_sdp_string()))
    }

    /// Takes the answer to the offer that waits.
    ///
    /// # Errors
    /// It is none, or none waits.
    pub fn answered(&mut self, sdp: &str) -> Result<(), ()> {
        let pending = self.pending.take().ok_or(())?;
        let rtc = &mut self.rtc;
        let taken = guarded(|| {
            let answer = SdpAnswer::from_sdp_string(sdp).ok()?;
            rtc.sdp_api().accept_answer(pending, answer).ok()
        });
        self.session = words::session_of(sdp).map(str::to_owned);
        taken.flatten().ok_or(())
    }

    /// Whether a datagram is for it.
    pub fn takes(&self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) -> bool {
        let input = received(now, from, to, datagram);
        input.is_some_and(|input| guarded(|| self.rtc.accepts(&input)).unwrap_or(false))
    }

    /// A datagram arrived that is for it.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        let Some(input) = received(now, from, to, datagram) else { return };
        self.heard = Some(now);
        self.input(input);
    }

    /// Time passed.
    pub fn pass(&mut self, now: Instant) {
        self.input(Input::Timeout(now));
    }

    fn input(&mut self, input: Input<'_>) {
        let rtc = &mut self.rtc;
        if !matches!(guarded(|| rtc.handle_input(input)), Some(Ok(()))) {
            self.is_over = true;
        }
    }

    /// Does what follows: what it heard goes to the tape. To be called after everything else. `began` is when the recording
    /// did.
    pub fn drain(
        &mut self,
        now: Instant,
        began: Instant,
        user: &Arc<str>,
        tape: &mut Tape,
        sends: &mut Sends,
    ) {
        while !self.is_over {
            let rtc = &mut self.rtc;
            match guarded(|| rtc.poll_output()) {
                Some(Ok(Output::Timeout(due))) => {
                    self.due = due;
                    break;
                }
                Some(Ok(Output::Transmit(transmit))) => sends.push(transmit),
                Some(Ok(Output::Event(event))) => self.hear(now, began, user, event, tape),
                Some(Err(_)) | None => self.is_over = true,
            }
        }
        self.is_over |= !self.rtc.is_alive();
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    fn hear(&mut self, now: Instant, began: Instant, user: &Arc<str>, event: Event, tape: &mut Tape) {
        match event {
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) | Event::Closed => {
                self.is_over = true;
            }
            Event::MediaData(data) => self.take(now, began, user, data, tape),
            _ => {}
        }
    }

    fn take(&mut self, now: Instant, began: Instant, user: &Arc<str>, data: MediaData, tape: &mut Tape) {
        let Some((kind, unknown)) = codec(data.params.spec().codec) else { return };
        let slot = if kind == OPUS { VOICE } else { PICTURE };
        let medium = (data.mid, data.rid);
        let Some(stream) = Stream::chosen(&mut self.streams[slot], now, slot, medium) else { return };
        let missing = stream.last.map_or(0, |last| (**data.seq_range.start()).saturating_sub(*last + 1));
        self.lost += if data.contiguous { 0 } else { missing };
        stream.last = Some(*data.seq_range.end());
        let arrived_us = data.network_time.saturating_duration_since(began).as_micros() as i64;
        let said_us = match theirs_us(&data) {
            Some(theirs_us) => self.clock.ours_us(theirs_us, arrived_us),
            None => stream.own_clock.ours_us(data.time.as_micros() as i64, arrived_us),
        };
        let time_us = said_us.clamp(0, arrived_us + 1_000_000) as u64;
        let channels = data.params.spec().channels.unwrap_or(1).clamp(1, 2);
        if kind == OPUS {
            let opus = |_: &[u8]| Some(Codec::Opus { channels, pre_skip: 0 });
            tape.take(user, kind, (time_us, true), data.data.to_vec(), opus);
            return;
        }
        let is_key_frame = webm::is_key_frame(&unknown, &data.data);
        stream.needs_key_frame |= !data.contiguous;
        stream.needs_key_frame &= !is_key_frame;
        if stream.needs_key_frame {
            return self.ask_for_key_frame(now, PICTURE);
        }
        let with = |data: &[u8]| {
            let picture = webm::picture(&unknown, data)?;
            Some(match unknown {
                Codec::Vp9(_) => Codec::Vp9(picture),
                Codec::Av1(_) => Codec::Av1(picture),
                _ => Codec::Vp8(picture),
            })
        };
        if !tape.take(user, kind, (time_us, is_key_frame), data.data.to_vec(), with) {
            stream.needs_key_frame = true;
        }
    }

    fn ask_for_key_frame(&mut self, now: Instant, kind: usize) {
        let Some(stream) = &mut self.streams[kind] else { return };
        let (mid, rid) = stream.medium;
        if stream.asked.is_some_and(|asked| now.saturating_duration_since(asked) < KEY_FRAME_EVERY) {
            return;
        }
        stream.asked = Some(now);
        let rtc = &mut self.rtc;
        let _ = guarded(|| {
            rtc.writer(mid).map(|mut writer| writer.request_keyframe(rid, KeyframeRequestKind::Pli))
        });
    }
}

/// What a frame's sender says that its clock showed, microseconds since 1970; `None` before it has said anything of its clock.
fn theirs_us(data: &MediaData) -> Option<i64> {
    let info = data.last_sender_info?;
    let reported_us = info.ntp_time.duration_since(UNIX_EPOCH).ok()?.as_micros() as i64;
    let since = (data.time.numer() as u32).wrapping_sub(info.rtp_time.numer() as u32) as i32;
    Some(reported_us + i64::from(since) * 1_000_000 / i64::from(data.time.denom()))
}

fn codec(spoken: Spoken) -> Option<(&'static str, Codec)> {
    let unknown = Picture { width: 0, height: 0, private: Vec::new() };
    Some(match spoken {
        Spoken::Opus => (OPUS, Codec::Opus { channels: 1, pre_skip: 0 }),
        Spoken::Vp8 => ("vp8", Codec::Vp8(unknown)),
        Spoken::Vp9 => ("vp9", Codec::Vp9(unknown)),
        Spoken::Av1 => ("av1", Codec::Av1(unknown)),
        _ => return None,
    })
}

fn received(now: Instant, source: SocketAddr, destination: SocketAddr, datagram: &[u8]) -> Option<Input<'_>> {
    let contents = guarded(|| datagram.try_into().ok()).flatten()?;
    Some(Input::Receive(now, Receive { proto: Protocol::Udp, source, destination, contents }))
}

/// What a session does with the words of strangers harms nothing but the session.
fn guarded<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}
