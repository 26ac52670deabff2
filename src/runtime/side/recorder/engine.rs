//! All recordings that run: who is met, what is offered and answered, which session a datagram is for. Without sockets, files
//! and clocks: those are told, and asked for what is to be done.

use super::peer::{Peer, Sends};
use super::tape::Tape;
use super::words;
use crate::model::people::recorder::{RecorderBounds, RecorderNews, RecorderWord};
use crate::model::people::signal::SignalKind;
use crate::protocol::webm::Piece;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::crypto::CryptoProvider;
use str0m::net::Transmit;

/// How long somebody has to make an offer before one is made.
const OFFERS_WITHIN: Duration = Duration::from_millis(700);

/// After how long somebody who came again and is not heard is offered a new session.
const SILENT: Duration = Duration::from_secs(3);

/// Offers in a row that somebody gets of whom nothing is heard then.
const OFFERS_MAX: u32 = 5;

/// After how long the next offer of somebody is looked at: each may make a new session. Of those that come meanwhile the newest
/// counts.
const TAKES_EVERY: Duration = Duration::from_millis(500);

/// Addresses from which somebody's session is reached; with one more, the oldest is forgotten.
const ADDRESSES_MAX: usize = 64;

/// How long an address stays with whoever proved that it is theirs, whatever others prove: programs check it more often. Who sends
/// in another's name, from its address, takes nothing away from it.
const PROVED_FOR: Duration = Duration::from_secs(15);

/// How often what was said is put in order and written.
const WRITES_EVERY: Duration = Duration::from_millis(250);

/// People of one recording.
const PEOPLE_MAX: usize = 128;

/// What is to be done.
#[derive(Debug)]
pub enum Wish {
    /// Send this.
    Send(Transmit),
    /// Write this to the file of a recording.
    Write(Arc<str>, Piece),
    /// Tell the core of a recording.
    Tell(RecorderNews),
    /// A recording has reached a bound: close it.
    Close(Arc<str>),
}

/// Everything that is recorded.
pub struct Engine {
    addresses: Vec<SocketAddr>,
    crypto: Arc<CryptoProvider>,
    recordings: BTreeMap<Arc<str>, Recording>,
    /// Whose session a name of ICE is, and an address that was proved by one.
    by_ufrag: BTreeMap<String, Seated>,
    by_address: BTreeMap<SocketAddr, Proved>,
    writes: Instant,
    wishes: Vec<Wish>,
    sends: Sends,
    /// Datagrams that were nobody's.
    strangers: u64,
    datagrams: u64,
    /// Packets of media that never came.
    lost: u64,
}

type Seated = (Arc<str>, Arc<str>);

/// Whose an address is.
struct Proved {
    of: Seated,
    /// When a check of ICE that names the session last came from it.
    at: Instant,
}

struct Recording {
    began: Instant,
    tape: Tape,
    seats: BTreeMap<Arc<str>, Seat>,
    bounds: RecorderBounds,
    is_full: bool,
}

/// A person of a recorded call.
#[derive(Default)]
struct Seat {
    peer: Option<Peer>,
    /// When it is offered a session, if it is not heard by then.
    offer_at: Option<Instant>,
    offers: u32,
    /// When its next offer is looked at at the earliest.
    takes_at: Option<Instant>,
    /// Its newest offer, which waits until then.
    offered: Option<String>,
    /// Where datagrams of its session came from, in the order in which they were met.
    addresses: VecDeque<SocketAddr>,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Recordings that run.
    pub recordings: u64,
    /// Sessions.
    pub peers: u64,
    /// Addresses by which sessions are known.
    pub addresses: u64,
    /// Datagrams that arrived.
    pub datagrams: u64,
    /// Datagrams that were nobody's.
    pub strangers: u64,
    /// Packets of media that never came.
    pub lost: u64,
}

impl Engine {
    /// Nothing is recorded yet. People reach it at these addresses.
    pub fn new(now: Instant, addresses: Vec<SocketAddr>, crypto: CryptoProvider) -> Self {
        Self {
            addresses,
            crypto: Arc::new(crypto),
            recordings: BTreeMap::new(),
            by_ufrag: BTreeMap::new(),
            by_address: BTreeMap::new(),
            writes: now,
            wishes: Vec::new(),
            sends: Vec::new(),
            strangers: 0,
            datagrams: 0,
            lost: 0,
        }
    }

    /// A recording begins, of nobody yet. `unix_ms` is what the clock shows.
    pub fn open(&mut self, now: Instant, unix_ms: u64, id: Arc<str>, bounds: RecorderBounds) {
        let mut tape = Tape::begin(unix_ms);
        self.wishes.extend(tape.pieces().into_iter().map(|piece| Wish::Write(id.clone(), piece)));
        self.recordings
            .insert(id, Recording { began: now, tape, seats: BTreeMap::new(), bounds, is_full: false });
    }

    /// A recording is over. Whether its file is to be kept: something was said in it.
    pub fn close(&mut self, now: Instant, id: &str) -> bool {
        let Some(mut recording) = self.recordings.remove(id) else { return false };
        self.by_ufrag.retain(|_, (recording, _)| **recording != *id);
        self.by_address.retain(|_, proved| *proved.of.0 != *id);
        let said = recording.tape.finish(now.saturating_duration_since(recording.began).as_micros() as u64);
        let id: Arc<str> = id.into();
        self.wishes.extend(recording.tape.pieces().into_iter().map(|piece| Wish::Write(id.clone(), piece)));
        said
    }

    /// Recordings that run.
    pub fn running(&self) -> impl Iterator<Item = &Arc<str>> {
        self.recordings.keys()
    }

    /// What the core of a call says.
    pub fn hear(&mut self, now: Instant, word: RecorderWord) {
        match word {
            RecorderWord::Came { recording, user } => self.come(now, &recording, user),
            RecorderWord::Left { recording, user } => {
                let seats = self.recordings.get_mut(&recording).map(|one| &mut one.seats);
                let left = seats.and_then(|seats| seats.remove(&user));
                let of = (recording, user);
                left.iter().flat_map(|seat| &seat.addresses).for_each(|from| self.forget_address(from, &of));
            }
            RecorderWord::Signal { recording, from, kind, json } => {
                let Some(sdp) = words::description(&json) else { return };
                match kind {
                    SignalKind::Offer => self.hear_offer(now, &recording, &from, sdp),
                    SignalKind::Answer => self.take_answer(now, &recording, &from, &sdp),
                    // Cores do not even send them.
                    SignalKind::Candidate => {}
                }
            }
        }
    }

    fn come(&mut self, now: Instant, id: &Arc<str>, user: Arc<str>) {
        let Some(recording) = self.recordings.get_mut(id) else { return };
        if recording.seats.len() >= PEOPLE_MAX && !recording.seats.contains_key(&user) {
            return;
        }
        let seat = recording.seats.entry(user).or_default();
        let within = if seat.peer.is_some() { SILENT } else { OFFERS_WITHIN };
        seat.offer_at = Some(now + within);
    }

    fn seat(&mut self, id: &str, user: &str) -> Option<&mut Seat> {
        self.recordings.get_mut(id).and_then(|one| one.seats.get_mut(user))
    }

    /// Somebody offers something, which is looked at when it is its time.
    fn hear_offer(&mut self, now: Instant, id: &Arc<str>, user: &Arc<str>, sdp: String) {
        let Some(seat) = self.seat(id, user) else { return };
        seat.offered = Some(sdp);
        self.take_offered(now, id, user);
    }

    fn take_offered(&mut self, now: Instant, id: &Arc<str>, user: &Arc<str>) {
        let Some(seat) = self.seat(id, user).filter(|seat| seat.takes_at.is_none_or(|at| at <= now)) else {
            return;
        };
        if let Some(sdp) = seat.offered.take() {
            seat.takes_at = Some(now + TAKES_EVERY);
            self.take_offer(now, id, user, &sdp);
        }
    }

    fn take_offer(&mut self, now: Instant, id: &Arc<str>, user: &Arc<str>, sdp: &str) {
        let Some(seat) = self.recordings.get_mut(id).and_then(|one| one.seats.get_mut(user)) else { return };
        // On glare the recorder's own offer is dropped, with its session.
        let goes_on = seat.peer.take().filter(|peer| peer.goes_on_with(sdp) && !peer.is_offering());
        let mut peer = goes_on.unwrap_or_else(|| Peer::new(now, &self.addresses, &self.crypto));
        let Ok(json) = peer.accept(sdp) else {
            seat.offer_at = Some(now + OFFERS_WITHIN);
            return;
        };
        seat.offer_at = None;
        self.by_ufrag.insert(peer.ufrag.clone(), (id.clone(), user.clone()));
        seat.peer = Some(peer);
        self.say(id, user, SignalKind::Answer, json);
        self.go_on(now, id, user);
    }

    fn take_answer(&mut self, now: Instant, id: &Arc<str>, user: &Arc<str>, sdp: &str) {
        let Some(seat) = self.recordings.get_mut(id).and_then(|one| one.seats.get_mut(user)) else { return };
        let Some(peer) = seat.peer.as_mut().filter(|peer| peer.is_offering()) else { return };
        if peer.answered(sdp).is_err() {
            seat.peer = None;
            seat.offer_at = Some(now + OFFERS_WITHIN);
        }
        self.go_on(now, id, user);
    }

    fn say(&mut self, id: &Arc<str>, to: &Arc<str>, kind: SignalKind, json: Box<str>) {
        let news = RecorderNews::Signal { recording: id.clone(), to: to.clone(), kind, json };
        self.wishes.push(Wish::Tell(news));
    }

    /// A datagram arrived at one of the addresses.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        self.datagrams += 1;
        let named = words::ufrag_of(datagram).and_then(|ufrag| self.by_ufrag.get(ufrag));
        let is_named = named.is_some();
        let of = named.or_else(|| self.by_address.get(&from).map(|proved| &proved.of));
        let Some((id, user)) = of.cloned() else {
            self.strangers += 1;
            return;
        };
        let seat = self.recordings.get_mut(&id).and_then(|one| one.seats.get_mut(&user));
        let Some(peer) = seat.and_then(|seat| seat.peer.as_mut()) else {
            self.by_address.remove(&from);
            self.strangers += 1;
            return;
        };
        if !peer.takes(now, from, to, datagram) {
            self.strangers += 1;
            return;
        }
        peer.receive(now, from, to, datagram);
        if is_named {
            self.note_address(now, from, (id.clone(), user.clone()));
        }
        self.go_on(now, &id, &user);
    }

    /// Somebody proved an address, which it is known by from then on.
    fn note_address(&mut self, now: Instant, from: SocketAddr, of: Seated) {
        if let Some(proved) = self.by_address.get_mut(&from) {
            if proved.of == of {
                proved.at = now;
                return;
            }
            if now.saturating_duration_since(proved.at) < PROVED_FOR {
                return;
            }
        }
        let Some(seat) = self.seat(&of.0, &of.1) else { return };
        seat.addresses.retain(|known| *known != from);
        seat.addresses.push_back(from);
        let oldest = (seat.addresses.len() > ADDRESSES_MAX).then(|| seat.addresses.pop_front()).flatten();
        oldest.iter().for_each(|oldest| self.forget_address(oldest, &of));
        self.by_address.insert(from, Proved { of, at: now });
    }

    /// An address leads to somebody no longer, if it did.
    fn forget_address(&mut self, from: &SocketAddr, of: &Seated) {
        if self.by_address.get(from).is_some_and(|proved| proved.of == *of) {
            self.by_address.remove(from);
        }
    }

    /// Does what follows for a session.
    fn go_on(&mut self, now: Instant, id: &Arc<str>, user: &Arc<str>) {
        let Some(recording) = self.recordings.get_mut(id) else { return };
        let Some(seat) = recording.seats.get_mut(user) else { return };
        let Some(peer) = &mut seat.peer else { return };
        peer.drain(now, recording.began, user, &mut recording.tape, &mut self.sends);
        self.lost += std::mem::take(&mut peer.lost);
        self.wishes.extend(self.sends.drain(..).map(Wish::Send));
        if peer.is_over() {
            let ufrag = peer.ufrag.clone();
            if peer.heard.is_some() {
                seat.offers = 0;
            }
            seat.peer = None;
            seat.offer_at = Some(now + OFFERS_WITHIN);
            self.by_ufrag.remove(&ufrag);
        }
    }

    /// Time passed.
    pub fn pass(&mut self, now: Instant) {
        let mut due = Vec::new();
        for (id, recording) in &self.recordings {
            for (user, seat) in &recording.seats {
                let peer_is_due = seat.peer.as_ref().is_some_and(|peer| peer.due <= now);
                let waits = [seat.offer_at, seat.takes_at.filter(|_| seat.offered.is_some())];
                if peer_is_due || waits.into_iter().flatten().any(|at| at <= now) {
                    due.push((id.clone(), user.clone()));
                }
            }
        }
        for (id, user) in due {
            self.pass_seat(now, &id, &user);
        }
        if self.writes <= now {
            self.writes = now + WRITES_EVERY;
            self.write(now);
        }
    }

    fn pass_seat(&mut self, now: Instant, id: &Arc<str>, user: &Arc<str>) {
        self.take_offered(now, id, user);
        let Some(seat) = self.recordings.get_mut(id).and_then(|one| one.seats.get_mut(user)) else { return };
        if let Some(peer) = seat.peer.as_mut().filter(|peer| peer.due <= now) {
            peer.pass(now);
            self.go_on(now, id, user);
        }
        let Some(seat) = self.recordings.get_mut(id).and_then(|one| one.seats.get_mut(user)) else { return };
        if seat.offer_at.is_none_or(|at| at > now) {
            return;
        }
        seat.offer_at = None;
        let is_heard = |peer: &Peer| peer.heard.is_some_and(|at| now.saturating_duration_since(at) < SILENT);
        if seat.offers >= OFFERS_MAX || seat.peer.as_ref().is_some_and(is_heard) {
            return;
        }
        let mut peer = Peer::new(now, &self.addresses, &self.crypto);
        let Some(json) = peer.offer() else { return };
        seat.offers += 1;
        self.by_ufrag.insert(peer.ufrag.clone(), (id.clone(), user.clone()));
        seat.peer = Some(peer);
        self.say(id, user, SignalKind::Offer, json);
        self.go_on(now, id, user);
    }

    fn write(&mut self, now: Instant) {
        for (id, recording) in &mut self.recordings {
            let RecorderBounds { recording_s_max, recording_bytes_max, .. } = recording.bounds;
            let since = now.saturating_duration_since(recording.began);
            recording.tape.pass(since.as_micros() as u64);
            let pieces = recording.tape.pieces().into_iter();
            self.wishes.extend(pieces.map(|piece| Wish::Write(id.clone(), piece)));
            let is_full =
                since.as_secs() >= recording_s_max.into() || recording.tape.length() >= recording_bytes_max;
            if is_full && !recording.is_full {
                recording.is_full = true;
                self.wishes.push(Wish::Close(id.clone()));
            }
        }
        let seats = |(id, user): &Seated| {
            let seat = self.recordings.get(id).and_then(|one| one.seats.get(user));
            seat.and_then(|seat| seat.peer.as_ref()).map(|peer| peer.ufrag.clone())
        };
        self.by_ufrag.retain(|ufrag, seated| seats(seated).as_ref() == Some(ufrag));
        self.by_address.retain(|_, proved| seats(&proved.of).is_some());
    }

    /// When it wants to hear of time.
    pub fn due(&self) -> Option<Instant> {
        let seats = self.recordings.values().flat_map(|recording| recording.seats.values());
        let seats = seats.flat_map(|seat| {
            let takes_at = seat.takes_at.filter(|_| seat.offered.is_some());
            [seat.offer_at, takes_at, seat.peer.as_ref().map(|peer| peer.due)]
        });
        let writes = (!self.recordings.is_empty()).then_some(self.writes);
        seats.flatten().chain(writes).min()
    }

    /// What is to be done by now, in order.
    pub fn wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    /// What is counted.
    pub fn counts(&self) -> Counts {
        let peers = self.recordings.values().flat_map(|one| one.seats.values());
        Counts {
            recordings: self.recordings.len() as u64,
            peers: peers.filter(|seat| seat.peer.is_some()).count() as u64,
            addresses: self.by_address.len() as u64,
            datagrams: self.datagrams,
            strangers: self.strangers,
            lost: self.lost,
        }
    }
}
