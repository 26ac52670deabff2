//! How the reader reads: in place, in turn, with pauses and stops.

use super::*;
use crate::protocol::http::Reading;
use proptest::prelude::*;

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn it_is_small_and_keeps_nothing_between_requests() {
    assert!(size_of::<RequestReader>() <= 16);
    let mut reader = RequestReader::default();
    let mut readings = Vec::new();
    let text = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
    for byte in text {
        reader.read(&[*byte], &LIMITS, |_| Flow::Continue).unwrap();
        readings.push(reader.reading());
    }
    readings.dedup();
    assert_eq!(readings, [Reading::Head, Reading::Body, Reading::Idle]);
    assert!(reader.is_idle());
}

#[test]
fn a_whole_request_is_read_where_it_lies() {
    let text = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab".repeat(3);
    let range = text.as_ptr_range();
    let mut visited = 0;
    let visit = |event: Event<'_>| {
        let Event::Request { head, body } = event else { return Flow::Continue };
        assert!(range.contains(&head.target.as_ptr()) && range.contains(&body.as_ptr()));
        visited += 1;
        Flow::Continue
    };
    RequestReader::default().read(&text, &LIMITS, visit).unwrap();
    assert_eq!(visited, 3);
}

#[test]
fn pipelined_requests_are_seen_in_order() {
    let requests: Vec<_> = (0..5).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    let expected: Vec<_> = (0..5).map(|n| request(&format!("GET /{n}"), "")).collect();
    assert_eq!(seen(requests.concat()), expected);
}

#[test]
fn a_pause_keeps_the_rest_and_the_next_read_parses_it_first() {
    let mut reader = RequestReader::default();
    let mut count = 0;
    let mut read = |reader: &mut RequestReader, bytes: &[u8]| {
        let consumed = reader.read(bytes, &LIMITS, |_| {
            count += 1;
            Flow::Pause
        });
        assert_eq!(consumed, Ok(bytes.len()));
        count
    };
    assert_eq!(read(&mut reader, &GET.repeat(3)), 1);
    assert_eq!(
        (reader.unparsed_bytes(), reader.is_idle(), reader.reading()),
        (2 * GET.len(), false, Reading::Idle)
    );
    reader.hold(GET);
    assert_eq!(read(&mut reader, b""), 2);
    assert_eq!(read(&mut reader, GET), 3);
    assert_eq!(reader.unparsed_bytes(), 3 * GET.len() - GET.len());
    assert_eq!(read(&mut reader, b""), 4);
    assert_eq!(read(&mut reader, b""), 5);
    assert!(reader.is_idle());
    assert_eq!(read(&mut reader, b""), 5);
}

#[test]
fn a_stop_hands_the_rest_back() {
    let bytes = [GET, b"frames"].concat();
    let mut reader = RequestReader::default();
    assert_eq!(reader.read(&bytes, &LIMITS, |_| Flow::Stop), Ok(GET.len()));
    assert!(reader.take_rest().is_empty());

    for cut in 1..GET.len() {
        let mut reader = RequestReader::default();
        assert_eq!(reader.read(&bytes[..cut], &LIMITS, |_| Flow::Stop), Ok(cut));
        assert_eq!(reader.read(&bytes[cut..], &LIMITS, |_| Flow::Stop), Ok(GET.len() - cut));
        assert!(reader.take_rest().is_empty());
    }

    let mut reader = RequestReader::default();
    reader.hold(GET);
    assert_eq!(reader.read(b"frames", &LIMITS, |_| Flow::Stop), Ok(6));
    assert_eq!(reader.take_rest(), b"frames");
    assert!(reader.is_idle());
}

#[test]
fn memory_follows_what_arrived_not_what_was_declared() {
    let limits = HttpLimits { body_bytes_max: 1 << 30, ..LIMITS };
    let mut reader = RequestReader::default();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc";
    reader.read(head, &limits, |_| Flow::Continue).unwrap();
    assert!(reader.kept_bytes() < 1024, "{}", reader.kept_bytes());
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_see_the_same(
        parts in prop::collection::vec(
            prop_oneof![
                Just("GET / HTTP/1.1\r\nHost: a\r\n"), Just("POST /x HTTP/1.1\r\nHost: a\r\n"), Just("\r\n"),
                Just("Content-Length: 3\r\n"), Just("Transfer-Encoding: chunked\r\n"), Just("Expect: 100-continue\r\n"),
                Just("abc"), Just("3\r\nabc\r\n"), Just("0\r\n"), Just(";x"), Just("\n"), Just(" "), Just("X: y"),
            ],
            0..12,
        ),
        cuts in prop::collection::vec(1_usize..20, 1..20),
        pause: bool,
    ) {
        let bytes = parts.concat().into_bytes();
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(read_pieces(pieces, &LIMITS, pause), read_pieces([&bytes[..]], &LIMITS, false));
    }
}
