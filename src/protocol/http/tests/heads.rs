//! Request lines, targets and header fields.

use super::*;
use crate::protocol::http::scan::Scan;
use crate::protocol::http::{Connection, Method, Version, decode_segment};

#[test]
fn a_head_says_what_was_sent() {
    let bytes = b"POST /v1/rooms/a%20b?x=1&y=a+b%26 HTTP/1.1\r\nHost: a.example:8080\r\nX-One: 1\r\n\
        x-one:\t2 \r\nEmpty:\r\nText: \xff\r\n\r\n";
    let visited = parse_head(bytes, |head| {
        assert_eq!((head.method, head.method_name), (Some(Method::Post), "POST"));
        assert_eq!((head.path, head.query), ("/v1/rooms/a%20b", "x=1&y=a+b%26"));
        assert_eq!((head.version, head.host()), (Version::Http11, Some("a.example:8080")));
        assert_eq!(head.header("X-ONE"), Some(&b"1"[..]));
        assert_eq!(head.header_all("x-one").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!((head.header("empty"), head.header("absent")), (Some(&b""[..]), None));
        assert_eq!((head.header("text"), head.header_str("text")), (Some(&b"\xff"[..]), None));
        assert_eq!(head.headers().count(), 5);
        assert_eq!(head.query_value("y").as_deref(), Some("a b&"));
        assert_eq!(head.query_value("z"), None);
        let segments: Vec<_> = head.segments().map(Result::unwrap).collect();
        assert_eq!(segments, ["v1", "rooms", "a b"]);
        Ok(())
    });
    assert_eq!(visited, Ok(()));
}

#[test]
fn one_empty_line_before_a_request_is_skipped() {
    let text = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(seen(text.repeat(2)), [request("GET /", ""), request("GET /", "")]);
    assert_eq!(refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

#[test]
fn a_malformed_request_line_is_refused() {
    for line in [
        "GET",
        "GET /",
        "GET / ",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET / x HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1",
        "GET / HTTP/11.1",
        "GET / HTTP/1.1.1",
        "GET / XTTP/1.1",
        "GET / HTTP/+1.1",
        "GET relative HTTP/1.1",
        "GET /#fragment HTTP/1.1",
        "GET /\u{e4} HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET /\r HTTP/1.1",
    ] {
        assert_eq!(refused(format!("{line}\r\nHost: a\r\n\r\n")), 400, "{line:?}");
    }
    assert_eq!(refused(b"\x16\x03\x01\x02\x00"), 400, "a TLS greeting");
}

#[test]
fn only_major_version_1_is_spoken() {
    for version in ["0.9", "2.0", "3.1", "9.9"] {
        assert_eq!(refused(format!("GET / HTTP/{version}\r\nHost: a\r\n\r\n")), 505, "{version}");
    }
    assert_eq!(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    assert_eq!(on_head("GET / HTTP/1.2", "", |head| head.version), Ok(Version::Http11));
}

#[test]
fn targets_come_in_four_forms() {
    let parts = |line: &str| {
        let line = format!("{line} HTTP/1.1");
        let of = |head: &Head<'_>| format!("{} {} {}", head.path, head.query, head.host().unwrap_or("-"));
        on_head(&line, "", of).map_err(|refusal| refusal.status)
    };
    assert_eq!(parts("GET /a/b?c?d").as_deref(), Ok("/a/b c?d a.example"));
    assert_eq!(parts("GET http://b.example:1/a?q").as_deref(), Ok("/a q b.example:1"));
    assert_eq!(parts("GET HTTPS://[::1]?q").as_deref(), Ok("/ q [::1]"));
    assert_eq!(parts("OPTIONS *").as_deref(), Ok("*  a.example"));
    assert_eq!(parts("CONNECT b.example:443").as_deref(), Ok("  b.example:443"));
    for bad in [
        "GET *",
        "OPTIONS *a",
        "GET b.example:443",
        "CONNECT /",
        "CONNECT http://b.example/",
        "GET ftp://b.example/",
        "GET http:///a",
        "GET http://user@b.example/",
        "GET http://b.example:65536/",
        "GET http://b.example:x/",
        "GET http://[::1/",
        "GET http://[::1]x/",
        "GET //",
    ] {
        let expected = if bad == "GET //" { Ok("//  a.example".to_owned()) } else { Err(400) };
        assert_eq!(parts(bad), expected, "{bad}");
    }
}

#[test]
fn host_is_there_once_and_valid() {
    let status = |version: &str, fields: &str| {
        let text = format!("GET / HTTP/{version}\r\n{fields}\r\n");
        match seen(text)[..] {
            [Seen::Refused(status)] => status,
            _ => 200,
        }
    };
    assert_eq!(status("1.1", ""), 400);
    assert_eq!(status("1.0", ""), 200);
    for version in ["1.0", "1.1"] {
        assert_eq!(status(version, "Host: a\r\nhost: a\r\n"), 400);
        for good in ["a", "a:80", "a:", "127.0.0.1:8080", "[::1]:8080", "xn--a_b-c.example", ""] {
            assert_eq!(status(version, &format!("Host: {good}\r\n")), 200, "{good}");
        }
        for bad in [
            "a b", "a, b", "a/b", "a@b", "a:b", "a:65536", "a:80:80", "[::1", "[]", "::1", "http://a",
            "\u{e4}",
        ] {
            assert_eq!(status(version, &format!("Host: {bad}\r\n")), 400, "{bad}");
        }
    }
}

#[test]
fn the_connection_stays_as_version_and_field_say() {
    let connection = |version: &str, fields: &str| {
        on_head(&format!("GET / HTTP/{version}"), fields, |head| {
            assert_eq!(head.keep_alive(), head.connection() != Connection::Close);
            head.connection()
        })
        .unwrap()
    };
    assert_eq!(connection("1.1", ""), Connection::Keep);
    assert_eq!(connection("1.1", "Connection: upgrade, CLOSE\r\n"), Connection::Close);
    assert_eq!(connection("1.1", "Connection: keep-alive\r\nConnection: close\r\n"), Connection::Close);
    assert_eq!(connection("1.1", "Connection: closed\r\n"), Connection::Keep);
    assert_eq!(connection("1.0", ""), Connection::Close);
    assert_eq!(connection("1.0", "Connection: Keep-Alive\r\n"), Connection::KeepStated);
    assert_eq!(connection("1.0", "Connection: keep-alive, close\r\n"), Connection::Close);
}

#[test]
fn a_bearer_token_is_one_word_sent_once() {
    let bearer =
        |fields: &str| on_head("GET / HTTP/1.1", fields, |head| head.bearer().map(str::to_owned)).unwrap();
    assert_eq!(bearer("Authorization: Bearer rc_abc.d-e_f~+/=\r\n").as_deref(), Some("rc_abc.d-e_f~+/="));
    assert_eq!(bearer("authorization: bEARER   x\r\n").as_deref(), Some("x"));
    for bad in
        ["", "Bearer", "Bearer ", "Bearerx y", "Basic x", "Bearer a b", "Bearer a\tb", "Bearer \u{e4}", "x"]
    {
        assert_eq!(bearer(&format!("Authorization: {bad}\r\n")), None, "{bad}");
    }
    assert_eq!(bearer("Authorization: Bearer a\r\nAuthorization: Bearer a\r\n"), None);
}

#[test]
fn what_is_shown_of_a_head_has_no_credentials() {
    let shown = on_head("GET /a?api_key=secret HTTP/1.1", "Authorization: Bearer secret\r\n", |head| {
        format!("{head:?} {:?}", Event::Request { head, body: b"" })
    });
    assert!(shown.is_ok_and(|shown| shown.contains("GET /a ") && !shown.contains("secret")));
}

#[test]
fn a_segment_is_decoded_once_and_has_no_control_characters() {
    assert_eq!(decode_segment("plain").as_deref(), Ok("plain"));
    assert_eq!(decode_segment("a%2Fb%20%C3%A4").as_deref(), Ok("a/b \u{e4}"));
    assert_eq!(decode_segment("%2541").as_deref(), Ok("%41"), "not decoded twice");
    assert_eq!(decode_segment("%252e%252e").as_deref(), Ok("%2e%2e"));
    for bad in ["%", "%4", "%zz", "a%+1", "%00", "%0a", "%7f", "%C2%85", "%ff", "%C3", "%ED%A0%80"] {
        assert_eq!(decode_segment(bad).map_err(|refusal| refusal.status), Err(400), "{bad}");
    }
}

#[test]
fn an_expectation_is_met_or_refused() {
    let put = |expect: &str| {
        format!("PUT / HTTP/1.1\r\nHost: a\r\nExpect: {expect}\r\nContent-Length: 2\r\n\r\nab")
    };
    assert_eq!(seen(put("100-Continue")), [Seen::Continue, request("PUT /", "ab")]);
    assert_eq!(refused(put("200-ok")), 417);
    assert_eq!(refused(put("100-continue, x")), 417);
    assert_eq!(seen(put("200-ok").replace("1.1", "1.0")), [request("PUT /", "ab")]);
    let empty = put("100-continue").replace("Content-Length: 2\r\n\r\nab", "\r\n");
    assert_eq!(seen(empty), [request("PUT /", "")], "nothing to wait for");
    let large = put("100-continue").replace("Content-Length: 2", "Content-Length: 65");
    assert_eq!(refused(large), 413, "not continued");
    let chunked = put("100-continue")
        .replace("Content-Length: 2\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(seen(chunked), [Seen::Continue, request("PUT /", "")]);
}

#[test]
fn parse_head_takes_exactly_one_head() {
    let status = |text: &str| parse_head(text.as_bytes(), |_| Ok(())).map_err(|refusal| refusal.status);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(()));
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\n"), Err(400));
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\n\r\nx"), Err(400));
    assert_eq!(status(""), Err(400));
}

#[test]
fn a_wrong_byte_is_found_wherever_it_stands_in_a_long_target_or_value() {
    for (place, byte) in (0..24).flat_map(|place| (0..=255).map(move |byte| (place, byte))) {
        for (before, after) in [("GET /", " HTTP/1.1\r\n\r\n"), ("GET / HTTP/1.1\r\nhost: ", "\r\n\r\n")] {
            let mut middle = [b'a'; 24];
            middle[place] = byte;
            let head = [before.as_bytes(), &middle, after.as_bytes()].concat();
            let whole = Scan::default().advance(&head, &LIMITS);
            // Of single bytes none is passed in a word of several.
            let mut scan = Scan::default();
            let ends = |(at, one)| match scan.advance(std::slice::from_ref(one), &LIMITS) {
                Ok(None) => None,
                Ok(Some(_)) => Some(Ok(Some(at + 1))),
                Err(refusal) => Some(Err(refusal)),
            };
            let one_by_one = head.iter().enumerate().find_map(ends).unwrap_or(Ok(None));
            assert_eq!(whole, one_by_one, "{byte} at {place} after {before:?}");
        }
    }
}
