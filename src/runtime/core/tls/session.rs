//! One TLS session, without I/O: bytes of the socket in, plain bytes out, and the other way round.

use super::records::Records;
use crate::base::list::{Link, Linked};
use crate::runtime::core::token::SocketId;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncryptError, UnbufferedStatus, WriteTraffic};
use rustls::{Error, HandshakeKind, ServerConfig};
use std::sync::Arc;

/// Received bytes that are kept of a session at most: the largest message of a handshake that rustls takes, and a record.
const INCOMING_BYTES_MAX: usize = (64 << 10) + (18 << 10);

/// The list of sessions that keep something.
pub(super) const KEEPING: usize = 0;

/// One TLS session of a socket.
pub(super) struct Session {
    tls: UnbufferedServerConnection,
    /// Whose it is.
    pub(super) socket: SocketId,
    /// Received and not processed: a record that is not whole, or a handshake that waits for its turn.
    incoming: Vec<u8>,
    /// Encrypted and not taken by the kernel.
    outgoing: Vec<u8>,
    /// Bytes of the front of `outgoing` that the kernel has taken.
    written: usize,
    /// What was counted of `incoming` and `outgoing`.
    pub(super) counted_bytes: usize,
    keeping: Link,
    /// It is among the open ones that are counted.
    pub(super) is_counted: bool,
    /// Something of what was kept is gone since it was counted.
    pub(super) has_moved: bool,
    /// The handshake waits for its turn.
    pub(super) is_queued: bool,
    /// The socket ended while the handshake waited.
    pub(super) has_ended: bool,
    /// The peer said that it sends no more.
    is_closed: bool,
    /// Microseconds of the monotonic clock until which what is left is written to a socket that is closed.
    pub(super) finish_until_us: Option<u64>,
}

/// What became of received bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    /// The handshake was completed by them.
    pub(super) completed: Option<HandshakeKind>,
    /// The peer said that it sends no more.
    pub(super) closed: bool,
}

impl Linked<KEEPING> for Box<Session> {
    fn link(&mut self) -> &mut Link {
        &mut self.keeping
    }
    fn linked(&self) -> Link {
        self.keeping
    }
}

impl Session {
    pub(super) fn new(config: Arc<ServerConfig>, socket: SocketId) -> Result<Self, Error> {
        Ok(Self {
            tls: UnbufferedServerConnection::new(config)?,
            socket,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            written: 0,
            counted_bytes: 0,
            keeping: Link::default(),
            is_counted: false,
            has_moved: false,
            is_queued: false,
            has_ended: false,
            is_closed: false,
            finish_until_us: None,
        })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Whether the peer said that it sends no more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Bytes that are kept.
    pub(super) fn kept_bytes(&self) -> usize {
        self.incoming.len() + self.outgoing.len()
    }

    /// Keeps received bytes until [`Session::resume`]. False if it would be more than any peer has to send before that.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> bool {
        if self.incoming.len() + bytes.len() > INCOMING_BYTES_MAX {
            return false;
        }
        self.incoming.extend_from_slice(bytes);
        true
    }

    /// Processes received bytes, where they are if nothing was kept. Plain bytes are appended to `plain`, answers to
    /// `records`, also where it fails: then they tell the peer why.
    pub(super) fn read(
        &mut self,
        bytes: &mut [u8],
        plain: &mut Vec<u8>,
        records: &mut Records,
    ) -> Result<Heard, Error> {
        if !self.incoming.is_empty() {
            if !self.keep(bytes) {
                return Err(Error::General("a record does not end".into()));
            }
            return self.resume(plain, records);
        }
        let (done, heard) = self.process(bytes, plain, records);
        // What comes after the peer's last word is not looked at.
        if heard.is_ok() && !self.is_closed {
            self.incoming.extend_from_slice(&bytes[done..]);
        }
        heard
    }

    /// Processes what was kept.
    pub(super) fn resume(&mut self, plain: &mut Vec<u8>, records: &mut Records) -> Result<Heard, Error> {
        let mut bytes = std::mem::take(&mut self.incoming);
        let (done, heard) = self.process(&mut bytes, plain, records);
        if heard.is_ok() && done < bytes.len() && !self.is_closed {
            bytes.drain(..done);
            self.incoming = bytes;
        }
        heard
    }

    /// Also says how many of the bytes are done with.
    fn process(
        &mut self,
        bytes: &mut [u8],
        plain: &mut Vec<u8>,
        records: &mut Records,
    ) -> (usize, Result<Heard, Error>) {
        let was_handshaking = self.tls.is_handshaking();
        let mut heard = Heard::default();
        let mut done = 0;
        loop {
            let UnbufferedStatus { discard, state } = self.tls.process_tls_records(&mut bytes[done..]);
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        plain.extend_from_slice(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => records.encode(|room| data.encode(room)),
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => {
                    self.is_closed = true;
                    heard.closed = true;
                }
                Ok(_) => {
                    done += discard;
                    break;
                }
                Err(error) => {
                    self.tell_alert(records);
                    return (done, Err(error));
                }
            }
            done += discard;
        }
        self.has_moved |= done > 0;
        if was_handshaking && !self.tls.is_handshaking() {
            heard.completed = self.tls.handshake_kind();
        }
        (done, Ok(heard))
    }

    /// Appends the alert that a failure leaves behind. The bytes that failed are not looked at again.
    fn tell_alert(&mut self, records: &mut Records) {
        while self.tls.wants_write() {
            let Ok(ConnectionState::EncodeTlsData(mut data)) = self.tls.process_tls_records(&mut []).state
            else {
                return;
            };
            records.encode(|room| data.encode(room));
        }
    }

    /// Appends plain bytes to `records`, encrypted. False if the session cannot encrypt any more.
    pub(super) fn encrypt(&mut self, plain: &[u8], records: &mut Records) -> bool {
        self.write(records, |traffic, room| traffic.encrypt(plain, room))
    }

    /// Appends the word that nothing more is sent, if anything can be.
    pub(super) fn say_last(&mut self, records: &mut Records) {
        self.write(records, |traffic, room| traffic.queue_close_notify(room));
    }

    /// Writes once rustls lets it. It is shown the bytes that it did not discard: a message of a handshake that came in part
    /// is among them, and rustls knows where.
    fn write(
        &mut self,
        records: &mut Records,
        mut step: impl FnMut(
            &mut WriteTraffic<'_, ServerConnectionData>,
            &mut [u8],
        ) -> Result<usize, EncryptError>,
    ) -> bool {
        loop {
            let UnbufferedStatus { discard, state } = self.tls.process_tls_records(&mut self.incoming);
            let written = match state {
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    records.encode(|room| data.encode(room));
                    None
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    data.done();
                    None
                }
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    Some(records.encrypt(|room| step(&mut traffic, room)))
                }
                _ => Some(false),
            };
            self.incoming.drain(..discard);
            if let Some(written) = written {
                return written;
            }
        }
    }

    /// Whether records wait for the kernel to take them.
    pub(super) fn owes(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// What the kernel is to take.
    pub(super) fn owed(&self) -> &[u8] {
        &self.outgoing[self.written..]
    }

    /// More that the kernel is to take, after what it did not take yet.
    pub(super) fn owe(&mut self, records: &[u8]) {
        self.outgoing.extend_from_slice(records);
    }

    /// The kernel took so much of it. The memory goes with the last of it.
    pub(super) fn take(&mut self, bytes: usize) {
        self.written += bytes;
        self.has_moved |= bytes > 0;
        if self.written == self.outgoing.len() {
            (self.outgoing, self.written) = (Vec::new(), 0);
        }
    }
}

#[cfg(test)]
mod tests;
