//! Bytes: how a stream is cut into units, the WebSocket handshake, and the stamp that every message carries.

pub mod frame;
pub mod handshake;
mod lines;
mod mqtt;
mod resp;
pub mod stamp;

pub use mqtt::{packet as mqtt_packet, text as mqtt_text};

/// A server's unit longer than this is a fault of the server, in bytes.
pub const UNIT_BYTES_MAX: usize = 128 * 1024;

/// How a stream is cut into units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// WebSocket frames (RFC 6455).
    WebSocket,
    /// The text protocol of NATS.
    Nats,
    /// The Redis serialization protocol, version 3.
    Resp,
    /// MQTT 3.1.1 control packets.
    Mqtt,
    /// JSON objects, a line each; `{}` is a ping. The last line of a WebSocket message has no end of its own.
    JsonLines,
}

/// What a unit is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A message or an answer.
    Message,
    /// To be answered with [`Framing::pong`].
    Ping,
    /// Nothing to be done.
    Ignored,
    /// The server closes.
    Close,
}

/// One unit at the start of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unit {
    /// What it is for.
    pub kind: Kind,
    /// Where its body begins; the header before it is of no interest.
    pub body: usize,
    /// Its length, header included.
    pub bytes: usize,
}

impl Framing {
    /// The unit at the start of `bytes`: none while it is not all there. An error is what the server did wrong.
    #[inline]
    pub fn next(self, bytes: &[u8]) -> Result<Option<Unit>, &'static str> {
        let unit = match self {
            Framing::WebSocket => frame::next(bytes),
            Framing::Nats => lines::next(bytes),
            Framing::Resp => resp::next(bytes),
            Framing::Mqtt => mqtt::next(bytes),
            Framing::JsonLines => lines::next_json(bytes),
        };
        match unit {
            Ok(None) if bytes.len() > UNIT_BYTES_MAX => Err("it sent more than the generator takes at once"),
            unit => unit,
        }
    }

    /// Appends the answer to a ping with this body.
    pub fn pong(self, out: &mut Vec<u8>, body: &[u8]) {
        match self {
            Framing::WebSocket => frame::write_masked(out, frame::PONG, body),
            Framing::Nats => out.extend_from_slice(b"PONG\r\n"),
            Framing::JsonLines => out.extend_from_slice(b"{}"),
            // Neither server pings.
            Framing::Resp | Framing::Mqtt => {}
        }
    }
}

/// The place after the line at the start of `bytes`, end of line included.
#[inline]
fn after_line(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|&byte| byte == b'\n')?;
    Some(at + 1)
}

/// The decimal number in `digits`: at most nine of them.
#[inline]
fn decimal(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0')))
}

/// Tests that every whole unit of `stream` is found at every cut, and none sooner. The units' kinds and lengths.
#[cfg(test)]
fn units_of(framing: Framing, stream: &[u8]) -> Vec<(Kind, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let unit = framing.next(&stream[at..]).unwrap().expect("a whole unit");
        for cut in 0..unit.bytes {
            assert_eq!(framing.next(&stream[at..at + cut]), Ok(None), "cut at {cut}");
        }
        assert!(unit.body <= unit.bytes);
        found.push((unit.kind, unit.bytes));
        at += unit.bytes;
    }
    found
}
