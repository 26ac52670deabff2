//! A named client of a transcript: how its lines become bytes, and its bytes items.

use crate::pattern::{Words, fill};
use crate::script::Said;
use crate::wire::{Item, deflate, frame, read_frame, read_response, unhex};

/// The key of every handshake that is not spelled out; it is the one of RFC 6455.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to it.
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A client of a transcript, from its own side of the wire.
#[derive(Default)]
pub struct Client {
    /// Its socket; `None` after a refusal.
    pub socket: Option<usize>,
    /// Bytes of its output that were read as items.
    pub read: usize,
    /// It speaks WebSocket since its 101.
    pub upgraded: bool,
    /// The end of its connection was expected and came.
    pub gone: bool,
}

impl Client {
    /// The bytes that a line sends.
    pub fn bytes(&self, said: &Said, words: &Words) -> Vec<u8> {
        let whole = fill(&said.whole(), words);
        let (first, rest) = said.text.split_once(' ').unwrap_or((&said.text, ""));
        match said.verb.as_str() {
            "" if self.upgraded => frame(true, 1, whole.as_bytes()),
            "" if said.text.contains(" HTTP/") => spelled_request(said, words),
            "" => request(said, words),
            "text" => frame(true, 1, whole.as_bytes()),
            "binary" => frame(true, 2, &unhex(&said.text)),
            "deflated" => frame(true, 0x41, &deflate(whole.as_bytes())),
            "ping" => frame(true, 9, said.text.as_bytes()),
            "pong" => frame(true, 10, said.text.as_bytes()),
            "close" if said.text.is_empty() => frame(true, 8, &[]),
            "close" => {
                let code: u16 = first.parse().expect("a close code");
                frame(true, 8, &[&code.to_be_bytes(), rest.as_bytes()].concat())
            }
            // `more` has fragments to follow, `last` is the last one.
            "more" | "last" => {
                let opcode = match first {
                    "text" => 1,
                    "binary" => 2,
                    "rest" => 0,
                    other => panic!("{other} is no kind of fragment: text, binary or rest"),
                };
                frame(said.verb == "last", opcode, rest.as_bytes())
            }
            "hex" => unhex(&said.whole()),
            "raw" => {
                unescape(&fill(&said.more.iter().fold(said.text.clone(), |all, line| all + line), words))
            }
            verb => panic!("{verb} is nothing to send"),
        }
    }

    /// The next item of this output. `head` says that a response answers a HEAD.
    pub fn next_item(&self, output: &[u8], head: bool) -> Option<(Item, usize)> {
        let rest = &output[self.read..];
        if rest.is_empty() {
            return None;
        }
        let read = match self.upgraded {
            true => read_frame(rest),
            false => read_response(rest, head).map(|(response, used)| (Item::Response(response), used)),
        };
        Some(read.unwrap_or_else(|| (Item::Torn(rest.to_vec()), rest.len())))
    }
}

/// A request as it is spelled, its line ends aside.
fn spelled_request(said: &Said, words: &Words) -> Vec<u8> {
    let (fields, body) = said.fields_and_body();
    let head = [std::slice::from_ref(&said.text), fields].concat().join("\r\n");
    fill(&format!("{head}\r\n\r\n{body}"), words).into_bytes()
}

/// `GET /path as ada`: a request with all that it needs.
fn request(said: &Said, words: &Words) -> Vec<u8> {
    let (line, key) = match said.text.split_once(" as ") {
        Some((line, key)) => (line, Some(key)),
        None => (said.text.as_str(), None),
    };
    let (mut fields, body) = (said.fields_and_body().0.to_vec(), fill(&said.fields_and_body().1, words));
    let upgrade = line.strip_prefix("OPEN ");
    let line = upgrade.map_or(line.to_owned(), |path| format!("GET {path}"));
    let given = |name: &str, fields: &[String]| fields.iter().any(|field| field.starts_with(name));
    if !given("Host:", &fields) {
        fields.insert(0, "Host: corecast.example".into());
    }
    if let Some(key) = key {
        fields.push(format!("Authorization: Bearer rc_{key}"));
    }
    if upgrade.is_some() {
        fields.extend(
            ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"].map(String::from),
        );
        fields.push(format!("Sec-WebSocket-Key: {KEY}"));
    }
    if !body.is_empty() && !given("Content-Length:", &fields) {
        fields.push(format!("Content-Length: {}", body.len()));
    }
    let head = format!("{line} HTTP/1.1\r\n{}\r\n\r\n", fields.join("\r\n"));
    (fill(&head, words) + &body).into_bytes()
}

/// `\r`, `\n`, `\t`, `\\` and `\x00` as the bytes they stand for.
fn unescape(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => out.push(b'\r'),
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'\\') => out.push(b'\\'),
            Some(b'x') => {
                let digits = [rest.next().expect("two digits"), rest.next().expect("two digits")];
                out.extend(unhex(std::str::from_utf8(&digits).expect("digits")));
            }
            other => panic!("\\{:?} is no escape", other.map(char::from)),
        }
    }
    out
}
