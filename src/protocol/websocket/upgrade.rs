//! The opening handshake, server's side (RFC 6455 section 4.2).

use super::deflate::{self, Agreement};
use crate::protocol::http::{Head, Method, Refusal, Version, is_token};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tungstenite::handshake::derive_accept_key;

/// A valid request for an upgrade.
#[derive(Clone, Copy, Debug)]
pub struct Upgrade<'a> {
    /// The value of `Sec-WebSocket-Key`.
    pub key: &'a str,
    head: Head<'a>,
}

impl<'a> Upgrade<'a> {
    /// The subprotocols that the client offers, in its order of preference.
    pub fn protocols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        protocols(&self.head)
    }

    /// What can be agreed on of the compression that the client offers, if it offers any.
    pub fn compression(&self) -> Option<Agreement> {
        deflate::agree(&self.head)
    }
}

/// The subprotocols that a request offers, whether or not it is an upgrade. Names that are no text are left out.
pub fn protocols<'a>(head: &Head<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    head.list("sec-websocket-protocol").filter_map(|name| str::from_utf8(name).ok())
}

/// Whether a request is a valid upgrade. Its `Origin` is judged elsewhere, by
/// [`crate::protocol::http::origin::check`].
///
/// # Errors
/// 426 for one that is none, or of another version; 405 for another method; 400 for everything that is malformed,
/// missing, twice there, or has a body. The connection is closed after any of them.
pub fn check<'a>(head: &Head<'a>) -> Result<Upgrade<'a>, Refusal> {
    if head.method != Some(Method::Get) {
        return Err(Refusal::new(405, "a WebSocket is opened with GET"));
    }
    if head.version != Version::Http11 {
        return Err(Refusal::bad_request("a WebSocket is opened with HTTP/1.1"));
    }
    if head.host().is_none_or(str::is_empty) {
        return Err(Refusal::bad_request("the request has no Host"));
    }
    let has_body = |value: &[u8]| value.iter().any(|&byte| byte != b'0');
    if head.header("transfer-encoding").is_some() || head.header_all("content-length").any(has_body) {
        return Err(Refusal::bad_request("a WebSocket upgrade has no body"));
    }
    if head.header("upgrade").is_none() {
        return Err(Refusal::UPGRADE_REQUIRED);
    }
    // `Upgrade` and `Connection` are lists, which may come in several lines. These are none (RFC 6455 section 11.3).
    for name in ["sec-websocket-key", "sec-websocket-version"] {
        if head.header_all(name).nth(1).is_some() {
            return Err(Refusal::bad_request("a header field of the WebSocket upgrade is there twice"));
        }
    }
    if !head.has_token("upgrade", "websocket") {
        return Err(Refusal::bad_request("the Upgrade is not to websocket"));
    }
    if !head.has_token("connection", "upgrade") {
        return Err(Refusal::bad_request("the Connection does not say upgrade"));
    }
    if head.header("sec-websocket-version") != Some(b"13") {
        return Err(Refusal::UPGRADE_REQUIRED);
    }
    let Some(key) = head.header_str("sec-websocket-key").filter(|key| is_key(key)) else {
        return Err(Refusal::bad_request("the Sec-WebSocket-Key is not 16 bytes in base64"));
    };
    // One of them goes into the answer.
    if !head.list("sec-websocket-protocol").all(|name| name.iter().all(|&byte| is_token(byte))) {
        return Err(Refusal::bad_request(
            "a name in Sec-WebSocket-Protocol has a character that no name has",
        ));
    }
    Ok(Upgrade { key, head: *head })
}

/// Room for what 24 characters can decode to; more characters do not fit and fail.
fn is_key(key: &str) -> bool {
    let mut bytes = [0; 18];
    STANDARD.decode_slice(key, &mut bytes) == Ok(16)
}

/// Appends the response that accepts an upgrade; frames follow it. `protocol` is one of those offered, `agreement` is to what was
/// offered.
pub fn write_switching(out: &mut Vec<u8>, key: &str, protocol: Option<&str>, agreement: Option<Agreement>) {
    let accept = derive_accept_key(key.as_bytes());
    out.extend_from_slice(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
    );
    out.extend_from_slice(accept.as_bytes());
    if let Some(protocol) = protocol {
        out.extend_from_slice(b"\r\nSec-WebSocket-Protocol: ");
        out.extend_from_slice(protocol.as_bytes());
    }
    if let Some(agreement) = agreement {
        agreement.write(out);
    }
    out.extend_from_slice(b"\r\n\r\n");
}
