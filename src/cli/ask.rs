//! One HTTP request to a node on this machine.

use crate::auth::Secret;
use serde::Deserialize;
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a node may take to take a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Bytes of an answer, head and body: those of a node are far below.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// What a node answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Fault,
}

#[derive(Deserialize)]
struct Fault {
    message: String,
}

impl Answer {
    /// What it says went wrong.
    pub(super) fn fault(&self) -> String {
        let fault = serde_json::from_slice(&self.body).map(|envelope: Envelope| envelope.error.message);
        fault.unwrap_or_else(|_| format!("it answered with status {}", self.status))
    }
}

/// A connection to a node.
pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&address, CONNECT_TIME)
}

/// Asks for something that takes as long as it takes.
pub(super) fn post(mut node: TcpStream, path: &str, key: &Secret) -> io::Result<Answer> {
    let host = node.peer_addr()?;
    let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nAuthorization: Bearer ");
    node.write_all(&[head.as_bytes(), key.expose(), b"\r\n\r\n"].concat())?;
    read(BufReader::new(node.take(ANSWER_BYTES_MAX)))
}

fn read(mut answer: impl BufRead) -> io::Result<Answer> {
    let strange = || Error::new(ErrorKind::InvalidData, "what came is no answer of a node");
    let status = line(&mut answer)?;
    let status =
        status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(strange)?;
    let mut length = None;
    loop {
        let field = line(&mut answer)?;
        if field.is_empty() {
            break;
        }
        if let Some((name, value)) = field.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
    let length: u64 = length.ok_or_else(strange)?;
    let mut body = Vec::new();
    answer.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Answer { status, body })
}

fn line(answer: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    answer.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(Error::new(ErrorKind::UnexpectedEof, "the connection ended before the answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not() {
        let whole =
            "HTTP/1.1 409 Conflict\r\ncontent-length: 29\r\n\r\n{\"error\":{\"message\":\"later\"}}and more";
        let answer = read(whole.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.fault()), (409, "later".into()));
        for cut in 0..whole.len() - "and more".len() {
            assert!(read(&whole.as_bytes()[..cut]).is_err(), "{cut}");
        }
        assert!(read(&b"SSH-2.0-x\r\n\r\n"[..]).is_err());
        let other = read(&b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1\r\n\r\n<"[..]).unwrap();
        assert_eq!(other.fault(), "it answered with status 502");
    }
}
