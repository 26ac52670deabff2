//! The opening handshake (ATTACKS: handshake). Each request passes the HTTP reader first, as on the wire.

use super::*;
use crate::protocol::http::{Event, HttpLimits, RequestReader};
use crate::protocol::websocket::{upgrade, write_switching};

const LIMITS: HttpLimits = HttpLimits { head_bytes_max: 1024, headers_max: 16, body_bytes_max: 64 };

const GOOD: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The key and the protocols, or the status that refuses; and what is left for the next protocol.
fn handshake(bytes: &[u8]) -> (Result<String, u16>, Vec<u8>) {
    let mut reader = RequestReader::default();
    let mut verdict = Err(0);
    let consumed = reader.read(bytes, &LIMITS, |event| {
        let Event::Request { head, .. } = event else { return Flow::Continue };
        verdict = upgrade::check(head)
            .map(|upgrade| format!("{} {}", upgrade.key, upgrade.protocols().collect::<Vec<_>>().join(" ")))
            .map_err(|refusal| refusal.status);
        Flow::Stop
    });
    match consumed {
        Ok(consumed) => (verdict, bytes[consumed..].to_vec()),
        Err(refusal) => (Err(refusal.status), Vec::new()),
    }
}

fn status(text: impl AsRef<[u8]>) -> u16 {
    handshake(text.as_ref()).0.map_or_else(|status| status, |_| 101)
}

#[test]
fn the_example_of_section_1_3() {
    let (verdict, rest) = handshake([GOOD.as_bytes(), b"pipelined"].concat().as_slice());
    assert_eq!(verdict.as_deref(), Ok("dGhlIHNhbXBsZSBub25jZQ== chat superchat"));
    assert_eq!(rest, b"pipelined");
    let mut out = Vec::new();
    write_switching(&mut out, "dGhlIHNhbXBsZSBub25jZQ==", Some("chat"), None);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
    out = Vec::new();
    write_switching(&mut out, "dGhlIHNhbXBsZSBub25jZQ==", None, None);
    assert!(out.ends_with(b"xOo=\r\n\r\n"));
}

#[test]
fn tokens_are_in_lists_and_in_any_case() {
    assert_eq!(status(GOOD.replace("Upgrade: websocket", "upgrade: h2c, WebSocket")), 101);
    assert_eq!(status(GOOD.replace("Connection: Upgrade", "connection: keep-alive, UPGRADE")), 101);
    assert_eq!(status(GOOD.replace("GET /chat", "GET http://server.example.com/chat")), 101);
    assert_eq!(status(GOOD.replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n")), 101);
}

#[test]
fn a_field_that_is_missing_or_wrong_or_twice_there() {
    for (line, missing, wrong) in [
        ("Host: server.example.com\r\n", 400, "Host:\r\n"),
        ("Upgrade: websocket\r\n", 426, "Upgrade: websockets\r\n"),
        ("Connection: Upgrade\r\n", 400, "Connection: keep-alive\r\n"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400, "Sec-WebSocket-Key: x\r\n"),
    ] {
        assert!(GOOD.contains(line));
        assert_eq!(status(GOOD.replace(line, "")), missing, "without {line}");
        assert_eq!(status(GOOD.replace(line, wrong)), 400, "{wrong}");
        let twice = if line.starts_with("Upgrade") || line.starts_with("Connection") { 101 } else { 400 };
        assert_eq!(status(GOOD.replace(line, &line.repeat(2))), twice, "twice {line}");
    }
}

#[test]
fn lists_may_come_in_several_lines() {
    for (line, lines) in [
        ("Connection: Upgrade\r\n", "Connection: keep-alive\r\nConnection: Upgrade\r\n"),
        (
            "Connection: Upgrade\r\n",
            "Connection: ,keep-alive,,\r\nConnection:\r\nConnection: x , upgrade\r\n",
        ),
        ("Upgrade: websocket\r\n", "Upgrade: h2c\r\nUpgrade: websocket\r\n"),
        (
            "Host: server.example.com\r\n",
            "Host: server.example.com\r\nAccept-Encoding: gzip\r\nAccept-Encoding: br\r\n",
        ),
        (
            "Host: server.example.com\r\n",
            "Host: server.example.com\r\nSec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b;c=\"d,e\"\r\n",
        ),
    ] {
        assert_eq!(status(GOOD.replace(line, lines)), 101, "{lines}");
    }
    assert_eq!(status(GOOD.replace("Connection: Upgrade\r\n", "Connection: a\r\nConnection: b\r\n")), 400);
    let protocols = GOOD.replace(
        "Sec-WebSocket-Protocol: chat, superchat\r\n",
        "Sec-WebSocket-Protocol: a ,\r\nSec-WebSocket-Protocol: b,c\r\n",
    );
    let (verdict, _) = handshake(protocols.as_bytes());
    assert_eq!(verdict.as_deref(), Ok("dGhlIHNhbXBsZSBub25jZQ== a b c"));
}

#[test]
fn a_subprotocol_is_a_name() {
    let with = |offer: &str| status(GOOD.replace("chat, superchat", offer));
    for good in ["", ",", "a.b-c_d", "eyJ.e30.x-_", "!#$%&'*+-.^_`|~", "a, b"] {
        assert_eq!(with(good), 101, "{good}");
    }
    for bad in
        ["a b", "a<b>", "a, b c", "a/b", "a=b", "\"a\"", "(a)", "a;b", "a@b", "[a]", "é", "a\tb", "a:b"]
    {
        assert_eq!(with(bad), 400, "{bad}");
    }
}

#[test]
fn the_version_is_13() {
    let line = "Sec-WebSocket-Version: 13\r\n";
    for version in [
        "",
        "Sec-WebSocket-Version: 8\r\n",
        "Sec-WebSocket-Version: 13, 8\r\n",
        "Sec-WebSocket-Version: 013\r\n",
    ] {
        let text = GOOD.replace(line, version);
        assert_eq!(status(&text), 426, "{version}");
    }
    assert_eq!(status(GOOD.replace(line, &line.repeat(2))), 400);
    let fields = crate::protocol::http::Refusal::UPGRADE_REQUIRED.fields();
    assert!(fields.contains(&("Sec-WebSocket-Version", "13")) && fields.contains(&("Upgrade", "websocket")));
}

#[test]
fn the_key_is_16_bytes_in_base64() {
    for key in [
        "",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25jZQ==AAAA",
        "dGhlIHNhbXBsZSBub25jZWVl",
        "dGhlIHNhbXBsZSBub25jZ*==",
        "dGhlIHNhbXBsZSBub25jZR==",
        "dGhlIHNhbXBsZSBub25j ZQ==",
    ] {
        assert_eq!(status(GOOD.replace("dGhlIHNhbXBsZSBub25jZQ==", key)), 400, "{key}");
    }
}

#[test]
fn method_and_http_version() {
    assert_eq!(status(GOOD.replace("GET", "POST")), 405);
    assert_eq!(status(GOOD.replace("GET", "HEAD")), 405);
    assert_eq!(status(GOOD.replace("HTTP/1.1", "HTTP/1.0")), 400);
    assert_eq!(status(GOOD.replace("HTTP/1.1", "HTTP/2.0")), 505);
}

#[test]
fn a_body_on_the_upgrade() {
    let with = |fields: &str, body: &str| GOOD.replace("\r\n\r\n", &format!("\r\n{fields}\r\n{body}"));
    assert_eq!(status(with("Content-Length: 5\r\n", "hello")), 400);
    assert_eq!(status(with("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")), 400);
    assert_eq!(status(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")), 400);
    assert_eq!(status(with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")), 400);
}

#[test]
fn malformed_lines() {
    assert_eq!(status(GOOD.replace("Upgrade: websocket\r\n", "Upgrade:\r\n websocket\r\n")), 400, "obs-fold");
    assert_eq!(status(GOOD.replace("\r\n", "\n")), 400, "bare LF");
    assert_eq!(status(GOOD.replace("/chat", "/ch\0at")), 400, "NUL");
    assert_eq!(status(GOOD.replace("websocket", "websocket\0")), 400, "NUL");
    assert_eq!(status(GOOD.replace("Upgrade:", "Upgrade :")), 400, "a space before the colon");
    let long = format!("X: {}\r\n\r\n", "x".repeat(64 << 10));
    assert_eq!(status(GOOD.replace("\r\n\r\n", &format!("\r\n{long}"))), 431, "64 KiB");
}
