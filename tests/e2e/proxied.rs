//! The PROXY protocol: who the client is, said by the proxy before the client's own bytes.

use crate::server::Home;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n";

/// IPv6, in the binary form.
fn binary() -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24".to_vec();
    header.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    header.extend([0; 20]);
    header
}

/// All that is answered to these pieces until the node closes.
fn ask(address: SocketAddr, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for piece in pieces {
        // A node that refused the start need not take the rest.
        let _ = stream.write_all(piece);
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut answer = Vec::new();
    // A reset is an end without an answer.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn listing(token: &str) -> Vec<u8> {
    format!(
        "GET /admin/connections HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.1\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    )
    .into_bytes()
}

fn home(trusted: &str) -> Home {
    let mut home = Home::new(&[]);
    home.set(r#"listen=[{address="127.0.0.1:0",proxy_protocol=true}, "127.0.0.2:0"]"#);
    home.set(&format!(r#"trusted_proxies=["{trusted}"]"#));
    home
}

#[test]
fn a_trusted_proxy_says_who_its_client_is() {
    let home = home("127.0.0.1");
    let server = home.start();
    let request = listing(&server.token("root", "admin"));
    let shown = |header: &[u8]| ask(server.address, &[&[header, &request[..]].concat()]);
    assert!(shown(LINE).contains(r#""address":"192.0.2.7""#), "{}", shown(LINE));
    assert!(shown(&binary()).contains(r#""address":"2001:db8::9""#), "{}", shown(&binary()));
    let unknown = shown(b"PROXY UNKNOWN\r\n");
    assert!(unknown.contains(r#""address":"127.0.0.1""#) && !unknown.contains("203.0.113.1"), "{unknown}");
    let whole = [&binary()[..], &request[..]].concat();
    let bytes: Vec<&[u8]> = whole.chunks(1).collect();
    assert!(ask(server.address, &bytes).contains(r#""address":"2001:db8::9""#), "byte by byte");
}

#[test]
fn whoever_sends_no_header_or_is_not_trusted_gets_no_answer() {
    let trusting = home("127.0.0.1");
    let server = trusting.start();
    let request = listing(&server.token("root", "admin"));
    assert_eq!(ask(server.address, &[&request]), "", "no header");
    assert_eq!(ask(server.address, &[b"PROXY TCP4 no 10.0.0.1 1 1\r\n", &request]), "", "a wrong one");
    let elsewhere = home("10.0.0.1");
    let strangers = elsewhere.start();
    let request = listing(&strangers.token("root", "admin"));
    assert_eq!(ask(strangers.address, &[&[LINE, &request[..]].concat()]), "", "from a stranger");
}
