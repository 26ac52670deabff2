//! Tests of the request reader. Each input is read whole, byte by byte, cut in two at every place, and with a pause
//! after every event; all must see the same.

mod bodies;
mod heads;
mod limits;
mod reading;
mod smuggling;

use super::{Event, Head, HttpLimits, Refusal, RequestReader, parse_head};
use crate::protocol::Flow;

/// Small, so that tests reach them.
const LIMITS: HttpLimits = HttpLimits { head_bytes_max: 512, headers_max: 8, body_bytes_max: 64 };

/// What came out of a reader.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Seen {
    /// `GET /path` and the body.
    Request(String, String),
    Continue,
    Refused(u16),
}

fn request(line: &str, body: &str) -> Seen {
    Seen::Request(line.into(), body.into())
}

/// Reads pieces; `pause` pauses after every event and goes on with empty input.
fn read_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: &HttpLimits,
    pause: bool,
) -> Vec<Seen> {
    let mut reader = RequestReader::default();
    let mut seen = Vec::new();
    for piece in pieces {
        let mut piece = piece;
        loop {
            let result = reader.read(piece, limits, |event| {
                seen.push(match event {
                    Event::Request { head, body } => Seen::Request(
                        format!("{} {}", head.method_name, head.target),
                        String::from_utf8_lossy(body).into_owned(),
                    ),
                    Event::Body { .. } => return Flow::Continue,
                    Event::Continue => Seen::Continue,
                });
                if pause { Flow::Pause } else { Flow::Continue }
            });
            match result {
                Err(refusal) => {
                    seen.push(Seen::Refused(refusal.status));
                    return seen;
                }
                Ok(consumed) => assert_eq!(consumed, piece.len(), "all is consumed without a stop"),
            }
            piece = &[];
            if reader.unparsed_bytes() == 0 {
                break;
            }
            assert!(pause, "only a pause holds bytes back");
        }
    }
    seen
}

/// What any way of cutting `bytes` sees.
fn seen_within(bytes: &[u8], limits: &HttpLimits) -> Vec<Seen> {
    let whole = read_pieces([bytes], limits, false);
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(read_pieces(bytes.chunks(1), limits, false), whole, "byte by byte: {text}");
    assert_eq!(read_pieces([bytes], limits, true), whole, "with pauses: {text}");
    assert_eq!(read_pieces(bytes.chunks(1), limits, true), whole, "byte by byte with pauses: {text}");
    for cut in 0..=bytes.len() {
        let (left, right) = bytes.split_at(cut);
        assert_eq!(read_pieces([left, right], limits, false), whole, "cut at {cut}: {text}");
        assert_eq!(read_pieces([left, right], limits, true), whole, "cut at {cut} with pauses: {text}");
    }
    whole
}

fn seen(bytes: impl AsRef<[u8]>) -> Vec<Seen> {
    seen_within(bytes.as_ref(), &LIMITS)
}

/// The status that refuses these bytes, which must be the only thing seen.
fn refused(bytes: impl AsRef<[u8]>) -> u16 {
    match seen(&bytes)[..] {
        [Seen::Refused(status)] => status,
        ref other => panic!("not refused: {other:?}: {}", String::from_utf8_lossy(bytes.as_ref())),
    }
}

/// What `visit` says of a head of this request line and these fields, with a Host.
fn on_head<R>(line: &str, fields: &str, visit: impl FnOnce(&Head<'_>) -> R) -> Result<R, Refusal> {
    let text = format!("{line}\r\nHost: a.example\r\n{fields}\r\n");
    parse_head(text.as_bytes(), |head| Ok(visit(head)))
}
