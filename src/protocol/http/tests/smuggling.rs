//! Requests that two readers could cut differently (ATTACKS: handshake, request smuggling pairs). Each is refused, and
//! nothing after it is read.

use super::*;

fn post(fields: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}").into_bytes()
}

#[test]
fn length_and_coding_together() {
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\ncontent-length: 0",
        "Content-Length: 5\r\nTransfer-Encoding: identity",
        "Content-Length: 5\r\nTransfer-Encoding:",
    ] {
        assert_eq!(
            refused(post(fields, "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")),
            400,
            "{fields}"
        );
    }
}

#[test]
fn several_or_malformed_lengths() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5, 5",
        "Content-Length: 5,6",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 5 5",
        "Content-Length: 0x5",
        "Content-Length: 5a",
        "Content-Length: 5.0",
        "Content-Length: \"5\"",
        "Content-Length:",
        "Content-Length: 18446744073709551616",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: \u{0665}",
    ] {
        assert_eq!(refused(post(fields, "abcdefgh")), 400, "{fields}");
    }
    assert_eq!(seen(post("Content-Length: \t 05 ", "abcde")), [request("POST /", "abcde")]);
    assert_eq!(refused(post("Content-Length: 18446744073709551615", "")), 413);
}

#[test]
fn codings_without_a_known_end() {
    for fields in [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: , chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: x y, chunked",
        "Transfer-Encoding:",
    ] {
        assert_eq!(refused(post(fields, "0\r\n\r\n")), 400, "{fields}");
    }
    assert_eq!(refused(post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")), 501);
    let old = b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(refused(old), 400);
}

#[test]
fn lines_that_are_not_lines() {
    for bytes in [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nX:a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    ] {
        assert_eq!(refused(bytes), 400, "{bytes:?}");
    }
}

#[test]
fn malformed_fields() {
    for field in [
        "X : a",
        "X\t: a",
        "X",
        ": a",
        "X Y: a",
        "X\0: a",
        "X: a\0b",
        "X: a\x07b",
        "X: a\x7fb",
        "X\u{e4}: a",
        "X(: a",
        "Content-Length : 5",
    ] {
        assert_eq!(refused(post(field, "")), 400, "{field:?}");
    }
    assert_eq!(seen(post("X: a\tb \u{e4}:", "")).len(), 1, "tabs, spaces and other bytes may be in a value");
}

#[test]
fn nothing_is_read_after_a_refusal() {
    let mut reader = RequestReader::default();
    let result = reader.read(b"GET / HTTP/1.1\r\n\r\n", &LIMITS, |_| Flow::Continue);
    assert_eq!(result.map_err(|refusal| refusal.status), Err(400));
    let good = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    reader.hold(good);
    let result = reader.read(good, &LIMITS, |event| panic!("{event:?}"));
    assert_eq!((result, reader.unparsed_bytes()), (Ok(good.len()), 0));
}
