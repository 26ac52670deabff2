//! Any bytes, cut anywhere, with and without pauses: the same requests and the same refusal, no panic, and no more
//! memory than what arrived explains. Everything that can be asked of a head is asked.

#![no_main]

use corecast::protocol::Flow;
use corecast::protocol::http::{Event, Head, HttpLimits, RequestReader, origin};
use corecast::protocol::websocket::upgrade;
use corecast_fuzz::{cut, lengths_and_bytes};
use libfuzzer_sys::fuzz_target;

const LIMITS: HttpLimits = HttpLimits { head_bytes_max: 600, headers_max: 12, body_bytes_max: 200 };

/// A box of partial state.
const FIXED_BYTES_MAX: usize = 1024;

/// Everything that a head says, as text.
fn describe(head: &Head<'_>) -> String {
    let list = ["https://a.example".to_owned()];
    let segments: Vec<_> = head.segments().collect();
    for segment in segments.iter().flatten() {
        assert!(!segment.chars().any(char::is_control));
    }
    for (name, value) in head.headers() {
        assert!(!name.is_empty() && !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
    }
    let upgrade = upgrade::check(head).map(|upgrade| upgrade.protocols().collect::<Vec<_>>());
    format!(
        "{head:?} {} {:?} {segments:?} {:?} {:?} {:?} {:?} {:?} {upgrade:?}",
        head.target,
        head.headers().collect::<Vec<_>>(),
        head.query_value("a"),
        head.connection(),
        head.bearer(),
        head.host(),
        origin::check(head, &list, true),
    )
}

fn read(pieces: &[&[u8]], pause: bool) -> Vec<String> {
    let mut reader = RequestReader::default();
    let mut seen = Vec::new();
    let mut arrived = 0;
    for piece in pieces {
        arrived += piece.len();
        let mut piece = *piece;
        loop {
            let result = reader.read(piece, &LIMITS, |event| {
                seen.push(match event {
                    Event::Request { head, body } => {
                        assert!(body.len() <= LIMITS.body_bytes_max);
                        format!("{} {body:?}", describe(head))
                    }
                    // Only where the pieces cut a body.
                    Event::Body { .. } => return Flow::Continue,
                    Event::Continue => "continue".to_owned(),
                });
                if pause { Flow::Pause } else { Flow::Continue }
            });
            match result {
                Ok(consumed) => assert_eq!(consumed, piece.len()),
                Err(refusal) => {
                    seen.push(format!("{refusal:?}"));
                    assert_eq!(reader.kept_bytes(), 0);
                    return seen;
                }
            }
            let most = LIMITS.head_bytes_max + LIMITS.body_bytes_max;
            let bound = if pause { 4 * arrived } else { 2 * arrived.min(most) };
            assert!(reader.kept_bytes() <= bound + FIXED_BYTES_MAX);
            piece = &[];
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
