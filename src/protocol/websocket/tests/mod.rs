//! Tests of the reader. Each input is read whole, byte by byte, cut in two at every place, and with a pause after every
//! message; all must see the same.

mod compressed;
mod handshake;
mod messages;
mod random;
mod reading;
mod violations;

use super::{MessageLimits, Reader, SocketMessage};
use crate::protocol::Flow;

/// Small, so that tests reach them.
const LIMITS: MessageLimits = MessageLimits { message_bytes_max: 300, fragments_max: 4, compressed: false };

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const FIN: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = FIN | 8;
const PING: u8 = FIN | 9;
const PONG: u8 = FIN | 10;

/// What came out of a reader.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Compressed(bool, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
    Violated(u16),
}

impl From<SocketMessage<'_>> for Seen {
    fn from(message: SocketMessage<'_>) -> Self {
        match message {
            SocketMessage::Text(text) => Self::Text(text.into()),
            SocketMessage::Binary(bytes) => Self::Binary(bytes.into()),
            SocketMessage::Compressed { is_text, payload } => Self::Compressed(is_text, payload.into()),
            SocketMessage::Ping(bytes) => Self::Ping(bytes.into()),
            SocketMessage::Pong(bytes) => Self::Pong(bytes.into()),
            SocketMessage::Close(close) => Self::Close(close.map(|(code, reason)| (code, reason.into()))),
        }
    }
}

fn text(text: &str) -> Seen {
    Seen::Text(text.into())
}

/// A masked frame with the shortest form of its length.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Reads pieces; `pause` pauses after every message and goes on with empty input.
fn read_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: &MessageLimits,
    pause: bool,
) -> Vec<Seen> {
    let mut reader = Reader::default();
    let mut seen = Vec::new();
    for piece in pieces {
        let mut piece = piece.to_vec();
        loop {
            let result = reader.read(&mut piece, limits, |message| {
                seen.push(message.into());
                if pause { Flow::Pause } else { Flow::Continue }
            });
            if let Err(violation) = result {
                assert!(violation.reason.len() <= 123 && reader.is_ended());
                seen.push(Seen::Violated(violation.close_code));
                return seen;
            }
            piece.clear();
            if reader.unparsed_bytes() == 0 {
                break;
            }
            assert!(pause, "only a pause holds bytes back");
        }
    }
    seen
}

/// What any way of cutting `bytes` sees.
fn seen_within(bytes: &[u8], limits: &MessageLimits) -> Vec<Seen> {
    let whole = read_pieces([bytes], limits, false);
    assert_eq!(read_pieces(bytes.chunks(1), limits, false), whole, "byte by byte");
    assert_eq!(read_pieces([bytes], limits, true), whole, "with pauses");
    assert_eq!(read_pieces(bytes.chunks(1), limits, true), whole, "byte by byte with pauses");
    for cut in 0..=bytes.len() {
        let (left, right) = bytes.split_at(cut);
        assert_eq!(read_pieces([left, right], limits, false), whole, "cut at {cut}");
        assert_eq!(read_pieces([left, right], limits, true), whole, "cut at {cut} with pauses");
    }
    whole
}

fn seen(bytes: impl AsRef<[u8]>) -> Vec<Seen> {
    seen_within(bytes.as_ref(), &LIMITS)
}

/// The close code that fails these bytes, which must be the only thing seen.
fn violated(bytes: impl AsRef<[u8]>) -> u16 {
    match seen(bytes.as_ref())[..] {
        [Seen::Violated(code)] => code,
        ref other => panic!("not failed: {other:?}: {:02x?}", bytes.as_ref()),
    }
}
