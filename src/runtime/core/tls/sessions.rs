//! The TLS sessions of a core, by their sockets.

use super::records::{PLAIN_BYTES_MAX, Records};
use super::session::{Heard, KEEPING, Session};
use crate::base::list::List;
use crate::base::pool::Pool;
use crate::metrics::beside::TlsCounters;
use crate::runtime::core::token::SocketId;
use crate::runtime::tls::{Acceptance, Acceptor};
use crate::shard::Slices;
use rustls::{Error, HandshakeKind};
use std::collections::VecDeque;
use std::sync::Arc;

const NOWHERE: u32 = u32::MAX;

/// The sessions of one core, by their sockets.
pub(in crate::runtime::core) struct Sessions {
    sessions: Pool<Box<Session>>,
    /// Place of a socket's session, by the socket's own place.
    by_socket: Vec<u32>,
    /// Sessions that keep something, those that have for the longest time first.
    keeping: List<KEEPING>,
    kept_bytes: usize,
    /// Handshakes that wait for their turn.
    pub(super) waiting: VecDeque<SocketId>,
    /// When handshakes must be done, in monotonic microseconds, first those that began first.
    pub(super) deadlines: VecDeque<(u64, SocketId)>,
    /// What was decrypted last.
    pub(super) plain: Vec<u8>,
    /// What was encrypted last.
    pub(super) records: Records,
    /// What became of all of them so far.
    pub(in crate::runtime::core) counters: TlsCounters,
    /// Several pieces of plain bytes on their way into one record.
    gathered: Vec<u8>,
    acceptor: Option<Acceptor>,
    generation: u64,
    acceptance: Option<Arc<Acceptance>>,
}

impl Sessions {
    /// None yet; without an acceptor there will be none.
    pub(in crate::runtime::core) fn new(acceptor: Option<Acceptor>) -> Self {
        Self {
            sessions: Pool::default(),
            by_socket: Vec::new(),
            keeping: List::default(),
            kept_bytes: 0,
            waiting: VecDeque::new(),
            deadlines: VecDeque::new(),
            plain: Vec::new(),
            records: Records::new(),
            counters: TlsCounters::default(),
            gathered: Vec::new(),
            generation: acceptor.as_ref().map_or(0, Acceptor::generation),
            acceptance: acceptor.as_ref().map(Acceptor::current),
            acceptor,
        }
    }

    /// Takes over settings that were replaced.
    pub(in crate::runtime::core) fn look_for_settings(&mut self) {
        if let Some(acceptor) = &self.acceptor {
            self.counters.acme = acceptor.acme().read();
        }
        if let Some(acceptor) =
            self.acceptor.as_ref().filter(|acceptor| acceptor.generation() != self.generation)
        {
            self.generation = acceptor.generation();
            self.acceptance = Some(acceptor.current());
        }
    }

    /// Begins a session at this moment, in monotonic microseconds. False if there is nothing to begin it with.
    pub(super) fn begin(&mut self, socket: SocketId, now_us: u64) -> bool {
        let Some(acceptance) = &self.acceptance else { return false };
        let Ok(session) = Session::new(acceptance.config.clone(), socket) else { return false };
        let until_us = now_us + acceptance.handshake_ms * 1000;
        let place = socket.index as usize;
        if self.by_socket.len() <= place {
            self.by_socket.resize(place + 1, NOWHERE);
        }
        self.by_socket[place] = self.sessions.insert(Box::new(session)) as u32;
        self.deadlines.push_back((until_us, socket));
        true
    }

    fn place(&self, socket: SocketId) -> Option<usize> {
        self.by_socket
            .get(socket.index as usize)
            .filter(|place| **place != NOWHERE)
            .map(|place| *place as usize)
    }

    /// A socket's session, if it has one.
    pub(super) fn get_mut(&mut self, socket: SocketId) -> Option<&mut Session> {
        let place = self.place(socket)?;
        self.sessions.get_mut(place).map(|session| &mut **session).filter(|session| session.socket == socket)
    }

    /// The session goes, if there is one.
    pub(super) fn remove(&mut self, socket: SocketId) {
        let Some(place) = self.place(socket) else { return };
        self.keeping.remove(&mut self.sessions, place as u32);
        let session = self.sessions.remove(place);
        self.by_socket[socket.index as usize] = NOWHERE;
        self.kept_bytes -= session.counted_bytes;
        self.counters.open -= u64::from(session.is_counted);
    }

    /// A handshake is done.
    pub(super) fn count_completed(&mut self, socket: SocketId, kind: HandshakeKind) {
        let Some(place) = self.place(socket) else { return };
        self.sessions[place].is_counted = true;
        self.counters.open += 1;
        match kind {
            HandshakeKind::Resumed => self.counters.handshakes_resumed += 1,
            HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest => {
                self.counters.handshakes_full += 1
            }
        }
    }

    /// Decrypts received bytes to `plain`; answers go to `records`.
    pub(super) fn read(&mut self, socket: SocketId, bytes: &mut [u8]) -> Option<Result<Heard, Error>> {
        let place = self.place(socket)?;
        self.plain.clear();
        self.records.clear();
        Some(self.sessions.get_mut(place)?.read(bytes, &mut self.plain, &mut self.records))
    }

    /// The same with the bytes that the session kept.
    pub(super) fn resume(&mut self, socket: SocketId) -> Option<Result<Heard, Error>> {
        let place = self.place(socket)?;
        self.plain.clear();
        self.records.clear();
        Some(self.sessions.get_mut(place)?.resume(&mut self.plain, &mut self.records))
    }

    /// Encrypts to `records` what comes after `offset` in `slices`, as much as one buffer holds. Says how much it was;
    /// `None` if the session cannot encrypt any more.
    pub(super) fn encrypt(&mut self, socket: SocketId, slices: &Slices<'_>, offset: usize) -> Option<usize> {
        let place = self.place(socket)?;
        let session = self.sessions.get_mut(place)?;
        self.records.clear();
        let mut skip = offset;
        self.gathered.clear();
        for piece in slices.pieces() {
            let skipped = skip.min(piece.len());
            skip -= skipped;
            let rest = &piece[skipped..];
            let rest = &rest[..rest.len().min(PLAIN_BYTES_MAX - self.gathered.len())];
            // A piece that fills the buffer, or is the last, needs not be copied.
            let is_whole = rest.len() == PLAIN_BYTES_MAX || offset + rest.len() == slices.bytes();
            if self.gathered.is_empty() && is_whole {
                return session.encrypt(rest, &mut self.records).then_some(rest.len());
            }
            self.gathered.extend_from_slice(rest);
            if self.gathered.len() == PLAIN_BYTES_MAX {
                break;
            }
        }
        session.encrypt(&self.gathered, &mut self.records).then_some(self.gathered.len())
    }

    /// Makes the session's last word, in `records`. Whether there is one.
    pub(super) fn say_last(&mut self, socket: SocketId) -> bool {
        self.records.clear();
        let Some(place) = self.place(socket) else { return false };
        self.sessions[place].say_last(&mut self.records);
        !self.records.filled().is_empty()
    }

    /// Keeps what the kernel did not take of `records`.
    pub(super) fn keep_unwritten(&mut self, socket: SocketId, written: usize) {
        if let Some(place) = self.place(socket) {
            self.sessions[place].owe(&self.records.filled()[written..]);
        }
    }

    /// Counts what a session keeps by now. Says whose session has to go, if all together keep too much.
    pub(super) fn count(&mut self, socket: SocketId) -> Option<SocketId> {
        let place = self.place(socket)?;
        let session = &mut self.sessions[place];
        let kept = session.kept_bytes();
        self.kept_bytes = self.kept_bytes - session.counted_bytes + kept;
        session.counted_bytes = kept;
        let has_moved = std::mem::take(&mut session.has_moved);
        if kept == 0 || has_moved {
            self.keeping.remove(&mut self.sessions, place as u32);
        }
        if kept > 0 {
            self.keeping.push_back(&mut self.sessions, place as u32);
        }
        if self.acceptance.as_ref().is_none_or(|it| self.kept_bytes <= it.unfinished_bytes_max) {
            return None;
        }
        self.keeping.first().map(|first| self.sessions[first as usize].socket)
    }

    /// Whether a handshake waits for its turn.
    pub(in crate::runtime::core) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// When the first handshake must be done, in monotonic microseconds.
    pub(in crate::runtime::core) fn deadline_us(&self) -> Option<u64> {
        self.deadlines.front().map(|(until_us, _)| *until_us)
    }
}
