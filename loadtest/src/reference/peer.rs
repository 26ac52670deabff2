//! One client of the reference server.

use crate::wire::{frame, handshake};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

/// How long a full buffer is waited for at once, and how often at most: half a second in all.
const WAIT: Duration = Duration::from_micros(50);
const WAITS_MAX: u32 = 10_000;

/// A connection.
pub struct Peer {
    stream: TcpStream,
    upgraded: bool,
    partial: Vec<u8>,
}

/// What a client asks.
pub enum Request<'a> {
    /// `s CHANNEL`
    Subscribe(&'a [u8]),
    /// `u CHANNEL`
    Unsubscribe(&'a [u8]),
    /// `p CHANNEL DATA`
    Publish(&'a [u8], &'a [u8]),
    /// Nothing known.
    Other,
}

impl Peer {
    /// A connection that was just accepted.
    pub fn new(stream: TcpStream) -> Peer {
        Peer { stream, upgraded: false, partial: Vec::new() }
    }

    /// Reads once, after the bytes that were kept. The number of bytes in `buffer`.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(kept + count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(kept),
            Err(error) => Err(error),
        }
    }

    /// Keeps the start of a frame for the next read.
    pub fn keep(&mut self, partial: &[u8]) {
        self.partial.clear();
        self.partial.extend_from_slice(partial);
    }

    /// Answers the upgrade if that is not done yet. The bytes it took.
    pub fn upgrade(&mut self, bytes: &[u8]) -> Result<usize, String> {
        if self.upgraded {
            return Ok(0);
        }
        let Some((length, response)) = handshake::respond(bytes)? else { return Ok(0) };
        self.upgraded = true;
        self.stream.write_all(&response).map_err(|error| error.to_string())?;
        Ok(length)
    }
}

/// Waits where the kernel's buffer is full: nothing may be kept, so everybody waits for the slowest, and whoever does
/// not read at all is given up.
impl Write for Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut waits = 0;
        loop {
            match self.stream.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && waits < WAITS_MAX => {
                    waits += 1;
                    thread::sleep(WAIT);
                }
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The request at the start of `bytes` and the length of its frame: none while it is not all there.
pub fn request(bytes: &mut [u8]) -> Result<Option<(Request<'_>, usize)>, String> {
    let Some(header) = frame::read_header(bytes)? else { return Ok(None) };
    let length = header.frame_bytes();
    let Some(payload) = bytes.get_mut(header.bytes..length) else { return Ok(None) };
    frame::apply_mask(payload, header.mask.ok_or("an unmasked frame")?);
    if header.opcode == frame::CLOSE {
        return Err("closed".to_owned());
    }
    let request = match *payload {
        [b's', b' ', ref channel @ ..] => Request::Subscribe(channel),
        [b'u', b' ', ref channel @ ..] => Request::Unsubscribe(channel),
        [b'p', b' ', ref rest @ ..] => match rest.iter().position(|&byte| byte == b' ') {
            Some(at) => Request::Publish(&rest[..at], &rest[at + 1..]),
            None => Request::Other,
        },
        _ => Request::Other,
    };
    Ok(Some((request, length)))
}

/// Appends a frame with `data` in it, filled up to `frame_bytes` if it is shorter.
pub fn write_padded(out: &mut Vec<u8>, data: &[u8], frame_bytes: usize) {
    let bare = frame::plain_frame_bytes(data.len());
    let mut payload = data.len() + frame_bytes.saturating_sub(bare);
    // A header that grew by the padding takes its bytes from it.
    payload -=
        (frame::plain_frame_bytes(payload).saturating_sub(frame_bytes.max(bare))).min(payload - data.len());
    frame::write_plain_header(out, frame::TEXT, payload);
    out.extend_from_slice(data);
    out.resize(out.len() + payload - data.len(), b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_long_as_asked() {
        for wanted in [0, 64, 100, 126, 130, 180, 1000] {
            let mut out = Vec::new();
            write_padded(&mut out, &[b'x'; 64], wanted);
            let header = frame::read_header(&out).unwrap().unwrap();
            assert_eq!(header.frame_bytes(), out.len());
            assert!(out.len() == wanted.max(66) || wanted == 128, "{wanted}: {}", out.len());
        }
    }

    #[test]
    fn requests_are_taken_apart_in_place() {
        let mut bytes = Vec::new();
        frame::write_masked(&mut bytes, frame::TEXT, b"p room:1 {\"a\": 1}");
        let length = bytes.len();
        match request(&mut bytes).unwrap() {
            Some((Request::Publish(channel, data), taken)) => {
                assert_eq!((channel, data, taken), (&b"room:1"[..], &b"{\"a\": 1}"[..], length));
            }
            _ => panic!("no publish"),
        }
        assert!(request(&mut [0x81, 0x01, b'x']).is_err());
    }
}
