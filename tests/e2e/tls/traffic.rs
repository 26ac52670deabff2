//! What goes through a session: large and small, in pieces, to slow readers, and to its end.

use super::certificates::Authority;
use super::client::{Secure, connect, get, session, shake, tcp};
use super::node;
use crate::server::Server;
use serde_json::json;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

/// Writes one byte at a time.
struct Trickle(TcpStream);

impl Write for Trickle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Read for Trickle {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

fn publish(socket: &mut Secure, count: usize, length: usize) {
    for index in 0..count {
        let data = json!({"index": index, "text": "x".repeat(length)});
        let answer = socket.ask(&json!({"type": "publish", "channel": "room:1", "data": data}));
        assert_eq!(answer["type"], "published", "{answer}");
    }
}

#[test]
fn a_session_may_come_byte_by_byte() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &[]);
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let client = authority.client_with(versions, None);
        let mut socket = Secure::open(session(&client, "localhost", Trickle(tcp(server.address))), &server);
        socket.assert_alive();
        let data = json!({"text": "x".repeat(2_000)});
        let answer = socket.ask(&json!({"type": "publish", "channel": "room:1", "data": data}));
        assert_eq!(answer["type"], "published", "{answer}");
    }
}

#[test]
fn a_slow_reader_gets_every_byte_in_order() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &["limits.egress_ring_bytes_max=33554432"]);
    let mut reader = Secure::open(connect(&authority.client(), &server), &server);
    reader.subscribe("room:1");
    let mut writer = Secure::open(connect(&authority.client(), &server), &server);
    let (count, length) = (200, 100_000);
    publish(&mut writer, count, length);
    for index in 0..count {
        let message = reader.next();
        let data = message.pointer("/data").unwrap_or_else(|| panic!("{message}"));
        assert_eq!(data["index"], index, "after {index}");
        assert_eq!(data["text"].as_str().unwrap().len(), length);
    }
    reader.assert_alive();
}

#[test]
fn keys_may_be_updated_by_the_client() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &[]);
    let mut socket = Secure::open(connect(&authority.client(), &server), &server);
    for _ in 0..5 {
        socket.0.get_mut().conn.refresh_traffic_keys().unwrap();
        socket.assert_alive();
        publish(&mut socket, 1, 40_000);
    }
}

/// Asks for something large, and reads it only when the node has closed its side.
fn large_page(server: &Server, authority: &Authority, end: impl Fn(&mut super::client::Stream)) -> String {
    let mut stream = connect(&authority.client(), server);
    shake(&mut stream).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    end(&mut stream);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the last word of TLS comes before the end of the socket");
    answer
}

#[test]
fn a_half_closed_session_is_answered_to_its_end() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &[]);
    let last_word = |stream: &mut super::client::Stream| {
        stream.conn.send_close_notify();
        stream.conn.complete_io(&mut stream.sock).unwrap();
    };
    let ends: [&dyn Fn(&mut super::client::Stream); 3] =
        [&|stream| stream.flush().unwrap(), &last_word, &|stream| {
            last_word(stream);
            stream.sock.shutdown(Shutdown::Write).unwrap();
        }];
    for (index, end) in ends.iter().enumerate() {
        let answer = large_page(&server, &authority, end);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with('\n'), "{index}: {answer}");
    }
    assert!(get(&mut connect(&authority.client(), &server), "/health").unwrap().starts_with("HTTP/1.1 "));
}

#[test]
fn a_node_that_drains_says_its_last_word() {
    let authority = Authority::new();
    let (_home, mut server) = node(&authority, &["drain_time_s=1"]);
    let mut socket = Secure::open(connect(&authority.client(), &server), &server);
    let _silent = tcp(server.address);
    socket.assert_alive();
    server.signal(libc::SIGTERM);
    let code = loop {
        if let tungstenite::Message::Close(frame) = socket.0.read().unwrap() {
            break frame.unwrap().code;
        }
    };
    assert_eq!(u16::from(code), 1012);
    assert!(server.process.end().success());
}
