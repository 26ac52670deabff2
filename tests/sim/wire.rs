//! The client's side of HTTP and WebSocket, written apart from the node's own code.

use crate::rng::Rng;

pub const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to it that RFC 6455 section 1.3 gives.
pub const WEBSOCKET_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub struct HttpResponse {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Takes one whole response off the front, if it is there.
pub fn take_response(buffer: &mut Vec<u8>) -> Option<HttpResponse> {
    let end = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(buffer[..end].to_vec()).expect("a head is text");
    let status =
        head.strip_prefix("HTTP/1.1 ").expect("an HTTP/1.1 response")[..3].parse().expect("a status");
    let length = match header(&head, "content-length") {
        Some(length) => length.parse().expect("a length"),
        None => {
            assert!(status == 101 || status == 204 || status == 100, "a length is missing: {head}");
            0
        }
    };
    if buffer.len() < end + length {
        return None;
    }
    let body = String::from_utf8(buffer[end..end + length].to_vec()).expect("a body is text");
    buffer.drain(..end + length);
    Some(HttpResponse { status, head, body })
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[derive(Debug)]
pub enum Frame {
    Text(String),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

/// Takes one whole frame of the server off the front, if it is there (RFC 6455 section 5.2).
pub fn take_frame(buffer: &mut Vec<u8>) -> Option<Frame> {
    let (&first, &second) = (buffer.first()?, buffer.get(1)?);
    assert_eq!(first & 0x70, 0, "no reserved bits");
    assert_eq!(first & 0x80, 0x80, "the server does not fragment");
    assert_eq!(second & 0x80, 0, "the server does not mask");
    let (start, length) = match second {
        126 => (4, u16::from_be_bytes(buffer.get(2..4)?.try_into().expect("two")) as usize),
        127 => (10, u64::from_be_bytes(buffer.get(2..10)?.try_into().expect("eight")) as usize),
        short => (2, short as usize),
    };
    assert!(second < 126 || length > 125, "the shortest length");
    let payload = buffer.get(start..start + length)?.to_vec();
    buffer.drain(..start + length);
    Some(match first & 15 {
        1 => Frame::Text(String::from_utf8(payload).expect("text")),
        8 => Frame::Close(payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]))),
        9 => Frame::Ping(payload),
        10 => Frame::Pong,
        other => panic!("a frame of kind {other}"),
    })
}

/// Appends a masked frame.
pub fn put_frame(out: &mut Vec<u8>, fin: bool, opcode: u8, payload: &[u8], rng: &mut Rng) {
    out.push(if fin { 0x80 | opcode } else { opcode });
    match payload.len() {
        short @ 0..126 => out.push(0x80 | short as u8),
        medium @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend((medium as u16).to_be_bytes());
        }
        long => {
            out.push(0x80 | 127);
            out.extend((long as u64).to_be_bytes());
        }
    }
    let mask = (rng.next() as u32).to_be_bytes();
    out.extend(mask);
    out.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
}

/// Appends a text message, now and then in fragments with a ping in between.
pub fn put_text(out: &mut Vec<u8>, text: &str, rng: &mut Rng) -> bool {
    if !rng.percent(5) {
        put_frame(out, true, 1, text.as_bytes(), rng);
        return false;
    }
    let (first, second) = text.as_bytes().split_at(rng.below(text.len()));
    put_frame(out, false, 1, first, rng);
    put_frame(out, true, 9, b"between", rng);
    put_frame(out, true, 0, second, rng);
    true
}

pub fn upgrade(key: &str) -> String {
    format!(
        "GET /v1/realtime HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {WEBSOCKET_KEY}\r\nAuthorization: Bearer {key}\r\n\r\n"
    )
}

pub fn request(method: &str, target: &str, key: &str, fields: &str, body: &str) -> String {
    format!(
        "{method} {target} HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer {key}\r\n{fields}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
