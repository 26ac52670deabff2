//! Handshakes: versions, names, resumption, time, clients' certificates.

use super::certificates::Authority;
use super::client::{Secure, connect, get, session, shake, tcp};
use super::node;
use crate::eventually;
use crate::http::Http;
use crate::server::{Server, addresses};
use rustls::HandshakeKind;
use std::io::{Read, Write};
use std::sync::Arc;

/// The plain port of the node, which tells its metrics.
pub fn handshakes(server: &Server, outcome: &str) -> u64 {
    let plain = addresses(&server.banner)[1];
    let series = Http::connect(plain).metrics("corecast_tls_handshakes_total");
    series.iter().find(|(labels, _)| labels.contains(outcome)).unwrap().1
}

#[test]
fn both_versions_are_served_and_sessions_are_resumed() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &[]);
    for (versions, resumed) in [(&[&rustls::version::TLS13], 1), (&[&rustls::version::TLS12], 2)] {
        let client = authority.client_with(versions, None);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut stream = connect(&client, &server);
            shake(&mut stream).unwrap();
            assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert_eq!(stream.conn.handshake_kind(), Some(kind));
            Secure::open(stream, &server).assert_alive();
        }
        assert_eq!(handshakes(&server, "resumed"), resumed);
        assert_eq!(handshakes(&server, "full"), resumed);
    }
    let open =
        |server: &Server| Http::connect(addresses(&server.banner)[1]).metric("corecast_tls_connections_open");
    eventually("the end of the sessions", || (open(&server) == 0).then_some(()));
    assert_eq!(handshakes(&server, "failed"), 0);
}

#[test]
fn versions_and_tickets_are_as_configured() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &["tls.version_min=1.3", "tls.tickets=false"]);
    let old = authority.client_with(&[&rustls::version::TLS12], None);
    shake(&mut connect(&old, &server)).expect_err("TLS 1.2 is not spoken");
    let client = authority.client();
    for _ in 0..2 {
        let mut stream = connect(&client, &server);
        assert!(get(&mut stream, "/health").unwrap().starts_with("HTTP/1.1 "));
        assert_eq!(stream.conn.handshake_kind(), Some(HandshakeKind::Full));
    }
    assert_eq!(handshakes(&server, "failed"), 1);
}

#[test]
fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() {
    let authority = Authority::new();
    let mut home = super::home(&authority, &[]);
    authority.issue(&["other.example"]).write(home.path(), "other");
    home.set(r#"tls.certificate_file=["server.crt","other.crt"]"#);
    home.set(r#"tls.key_file=["server.key","other.key"]"#);
    let server = home.start();
    let client = authority.client();
    for name in ["localhost", "other.example", "127.0.0.1"] {
        let mut stream = session(&client, name, tcp(server.address));
        shake(&mut stream).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let mut stream = session(&client, "third.example", tcp(server.address));
    let error = shake(&mut stream).expect_err("the first certificate is shown, which has another name");
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn clients_show_certificates_where_they_have_to() {
    let (authority, people, others) = (Authority::new(), Authority::new(), Authority::new());
    let home = super::home(&authority, &["tls.client_ca_file=people.crt"]);
    std::fs::write(home.path().join("people.crt"), people.pem()).unwrap();
    let server = home.start();
    let versions = [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]];
    // In TLS 1.3 the handshake ends for the client before the server has judged it, so a request is on its way then.
    let refused = |client: &Arc<rustls::ClientConfig>, server: &Server| {
        get(&mut connect(client, server), "/").unwrap_err()
    };
    for versions in versions {
        let known = authority.client_with(versions, Some(&people.issue(&["ada"])));
        Secure::open(connect(&known, &server), &server).assert_alive();
        let unknown = authority.client_with(versions, Some(&others.issue(&["eve"])));
        let error = refused(&unknown, &server).to_string();
        assert!(error.contains("UnknownCA") || error.contains("DecryptError"), "{error}");
        let error = refused(&authority.client_with(versions, None), &server).to_string();
        assert!(error.contains("CertificateRequired") || error.contains("HandshakeFailure"), "{error}");
    }
    assert_eq!(handshakes(&server, "failed"), 4);
    // Who was known to an authority that is trusted no more does not come back by a ticket.
    let known = authority.client_with(&[&rustls::version::TLS13], Some(&people.issue(&["ada"])));
    get(&mut connect(&known, &server), "/").unwrap();
    std::fs::write(home.path().join("people.crt"), others.pem()).unwrap();
    server.signal(libc::SIGHUP);
    eventually("the other authority", || get(&mut connect(&known, &server), "/").err());
}

#[test]
fn a_handshake_has_a_time() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &["limits.tls_handshake_time_ms_max=200"]);
    let mut silent = tcp(server.address);
    let mut slow = tcp(server.address);
    slow.write_all(&[22, 3, 1]).unwrap();
    let mut shaken = connect(&authority.client(), &server);
    shake(&mut shaken).unwrap();
    for socket in [&mut silent, &mut slow] {
        assert_eq!(socket.read(&mut [0; 16]).unwrap_or(0), 0, "closed without a word");
    }
    assert_eq!(handshakes(&server, "failed"), 2);
    Secure::open(shaken, &server).assert_alive();
}
