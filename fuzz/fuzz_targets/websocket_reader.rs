//! Any bytes, cut anywhere, with and without pauses: the same messages and the same violation, no panic, and no more
//! memory than what arrived explains.

#![no_main]

use corecast::protocol::Flow;
use corecast::protocol::websocket::{SocketMessage, MessageLimits, Reader};
use corecast_fuzz::{cut, lengths_and_bytes};
use libfuzzer_sys::fuzz_target;

const LIMITS: MessageLimits = MessageLimits { message_bytes_max: 1000, fragments_max: 5, compressed: false };

/// A box of partial state.
const FIXED_BYTES_MAX: usize = 1024;

fn read(pieces: &[&[u8]], pause: bool) -> Vec<String> {
    let mut reader = Reader::default();
    let mut seen = Vec::new();
    let mut arrived = 0;
    for piece in pieces {
        arrived += piece.len();
        let mut piece = piece.to_vec();
        loop {
            let result = reader.read(&mut piece, &LIMITS, |message| {
                if let SocketMessage::Ping(payload) | SocketMessage::Pong(payload) = message {
                    assert!(payload.len() <= 125);
                }
                seen.push(format!("{message:?}"));
                if pause { Flow::Pause } else { Flow::Continue }
            });
            if let Err(violation) = result {
                seen.push(format!("{violation:?}"));
                assert_eq!(reader.kept_bytes(), 0);
                return seen;
            }
            let bound = if pause { 4 * arrived } else { 2 * arrived.min(LIMITS.message_bytes_max + 16) };
            assert!(reader.kept_bytes() <= bound + FIXED_BYTES_MAX);
            piece.clear();
            if reader.unparsed_bytes() == 0 {
                break;
            }
        }
    }
    seen
}

fuzz_target!(|input: &[u8]| {
    let (lengths, bytes) = lengths_and_bytes(input);
    let whole = read(&[bytes], false);
    let pieces = cut(bytes, &lengths);
    assert_eq!(read(&pieces, false), whole);
    assert_eq!(read(&pieces, true), whole);
    assert_eq!(read(&[bytes], true), whole);
});
