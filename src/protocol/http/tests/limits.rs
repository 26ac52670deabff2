//! Bounds of the head, and of what surrounds the chunks of a body.

use super::*;

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

#[test]
fn a_head_of_exactly_the_limit_passes() {
    let base = get("/", "X: \r\n").len();
    let fits = get("/", &format!("X: {}\r\n", "x".repeat(LIMITS.head_bytes_max - base)));
    assert_eq!(fits.len(), LIMITS.head_bytes_max);
    assert_eq!(seen(fits), [request("GET /", "")]);
    let over = get("/", &format!("X: {}\r\n", "x".repeat(LIMITS.head_bytes_max - base + 1)));
    assert_eq!(refused(over), 431);
}

#[test]
fn a_request_line_over_the_limit_has_its_own_status() {
    assert_eq!(refused(get(&format!("/{}", "x".repeat(LIMITS.head_bytes_max)), "")), 414);
    assert_eq!(refused("G".repeat(LIMITS.head_bytes_max + 1)), 414);
    let line = get(&format!("/{}", "x".repeat(LIMITS.head_bytes_max - 20)), "");
    assert_eq!(refused(line), 431, "the line fits, the fields do not");
}

#[test]
fn a_head_of_64_kib_is_refused_under_the_default_limits() {
    let limits = HttpLimits::from(&crate::base::limits::Limits::default());
    let text = get("/", &format!("X: {}\r\n", "x".repeat(64 << 10)));
    assert_eq!(read_pieces([text.as_bytes()], &limits, false), [Seen::Refused(431)]);
    assert_eq!(read_pieces(text.as_bytes().chunks(1000), &limits, false), [Seen::Refused(431)]);
}

#[test]
fn fields_are_counted() {
    let most = LIMITS.headers_max - 1;
    assert_eq!(seen(get("/", &"X: 1\r\n".repeat(most))), [request("GET /", "")]);
    assert_eq!(refused(get("/", &"X: 1\r\n".repeat(most + 1))), 431);
}

#[test]
fn fields_are_bounded_whatever_the_limit_says() {
    let limits = HttpLimits { head_bytes_max: 1 << 20, headers_max: 100_000, body_bytes_max: 0 };
    let text = |fields: usize| get("/", &"X: 1\r\n".repeat(fields - 1));
    let most = crate::protocol::http::FIELDS_MAX;
    assert_eq!(read_pieces([text(most).as_bytes()], &limits, false), [request("GET /", "")]);
    assert_eq!(read_pieces([text(most + 1).as_bytes()], &limits, false), [Seen::Refused(431)]);
}

#[test]
fn trailers_and_extensions_are_bounded() {
    let chunked =
        |body: &str| format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let long = "x".repeat(LIMITS.head_bytes_max);
    assert_eq!(refused(chunked(&format!("0\r\nX: {long}\r\n\r\n"))), 431);
    assert_eq!(refused(chunked(&format!("0\r\n{}\r\n", "X: 1\r\n".repeat(LIMITS.headers_max + 1)))), 431);
    assert_eq!(refused(chunked(&format!("1;{long}\r\na\r\n0\r\n\r\n"))), 431);
    let each = format!("1;{}\r\na\r\n", "x".repeat(LIMITS.head_bytes_max / 4));
    assert_eq!(refused(chunked(&(each.repeat(5) + "0\r\n\r\n"))), 431, "extensions of all chunks together");
}
