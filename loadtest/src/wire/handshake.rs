//! The opening handshake (RFC 6455 section 4), both sides. The generator's connections share one key: they are
//! not a browser's, and the answer to it is checked all the same.

use std::sync::LazyLock;
use tungstenite::handshake::derive_accept_key;

/// Sixteen bytes in base64, as section 4.1 asks.
const KEY: &str = "Y29yZWNhc3QgbG9hZGdlbg==";
/// The longest head taken, in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

static ACCEPT: LazyLock<String> = LazyLock::new(|| derive_accept_key(KEY.as_bytes()));

/// A client's request for `path` at `host`, with more header lines (each ended by CRLF).
pub fn request(host: &str, path: &str, headers: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
    )
    .into_bytes()
}

/// Reads a server's answer: none while its head is not all there, else the head's length in bytes. An error
/// says what the server answered instead of an upgrade.
pub fn read_response(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(length) = head_bytes(bytes)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes[..length]);
    let status = text.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        let body = String::from_utf8_lossy(&bytes[length..]);
        return Err(format!("the upgrade was refused: {status} {}", body.trim()));
    }
    match header(&text, "sec-websocket-accept") {
        Some(accept) if accept == *ACCEPT => Ok(Some(length)),
        _ => Err("the upgrade's Sec-WebSocket-Accept is wrong".to_owned()),
    }
}

/// A server's answer to the request at the start of `bytes`, with the request's length in bytes: none while its
/// head is not all there.
pub fn respond(bytes: &[u8]) -> Result<Option<(usize, Vec<u8>)>, String> {
    let Some(length) = head_bytes(bytes)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes[..length]);
    let key = header(&text, "sec-websocket-key").ok_or("a request without Sec-WebSocket-Key")?;
    let accept = derive_accept_key(key.as_bytes());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Ok(Some((length, response.into_bytes())))
}

fn head_bytes(bytes: &[u8]) -> Result<Option<usize>, String> {
    match bytes.windows(4).position(|window| window == b"\r\n\r\n") {
        Some(at) => Ok(Some(at + 4)),
        None if bytes.len() > HEAD_BYTES_MAX => Err("a head without an end".to_owned()),
        None => Ok(None),
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_sides_agree_at_every_cut() {
        let request = request("localhost", "/v1/realtime", "Authorization: Bearer k\r\n");
        for cut in 0..request.len() {
            assert_eq!(respond(&request[..cut]), Ok(None));
        }
        let (length, response) = respond(&request).unwrap().unwrap();
        assert_eq!(length, request.len());
        for cut in 0..response.len() {
            assert_eq!(read_response(&response[..cut]), Ok(None));
        }
        assert_eq!(read_response(&response), Ok(Some(response.len())));
    }

    #[test]
    fn a_refusal_is_told_with_its_body() {
        let error = read_response(b"HTTP/1.1 401 Unauthorized\r\n\r\n{\"success\":false}").unwrap_err();
        assert!(error.contains("401") && error.contains("success"), "{error}");
        assert!(read_response(b"HTTP/1.1 101 x\r\nSec-WebSocket-Accept: no\r\n\r\n").is_err());
    }
}
