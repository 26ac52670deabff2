//! What clients and operators do wrong.

use super::certificates::Authority;
use super::client::{Secure, connect, session, shake, tcp};
use super::sessions::handshakes;
use super::{home, node};
use crate::server::Home;
use crate::startup::refused;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

/// Notes what is written.
struct Tap(TcpStream, Vec<u8>);

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Read for Tap {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

#[test]
fn a_handshake_that_is_cut_anywhere_ends_alone() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &[]);
    let mut healthy = Secure::open(connect(&authority.client(), &server), &server);
    let mut stream = session(&authority.client(), "localhost", Tap(tcp(server.address), Vec::new()));
    stream.conn.write_tls(&mut stream.sock).unwrap();
    let hello = std::mem::take(&mut stream.sock.1);
    drop(stream);
    let failed = handshakes(&server, "failed");
    let cuts: Vec<usize> = (0..hello.len()).step_by(13).collect();
    for cut in &cuts {
        let mut socket = tcp(server.address);
        socket.write_all(&hello[..*cut]).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        // An end or a reset, and nothing before it but what the hello asks for.
        let _ = socket.read_to_end(&mut rest);
        assert!(rest.len() < 16, "{cut}: {} bytes", rest.len());
    }
    crate::eventually("every cut handshake", || {
        (handshakes(&server, "failed") >= failed + cuts.len() as u64).then_some(())
    });
    healthy.assert_alive();
}

#[test]
fn what_is_no_tls_is_told_so_and_harms_nobody() {
    let authority = Authority::new();
    let (_home, server) = node(&authority, &[]);
    let mut healthy = Secure::open(connect(&authority.client(), &server), &server);
    let garbage: Vec<u8> =
        (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let endless = [&[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..], &vec![0; 200_000]].concat();
    for bytes in [b"GET / HTTP/1.1\r\nHost: test\r\n\r\n".to_vec(), garbage, endless, vec![0; 70_000]] {
        let mut socket = tcp(server.address);
        // The node may have closed before the last of it.
        let _ = socket.write_all(&bytes);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer[0] == 21, "an alert, if anything: {answer:?}");
    }
    // A record that does not hold ends a session that was shaken.
    let mut stream = connect(&authority.client(), &server);
    shake(&mut stream).unwrap();
    stream
        .sock
        .write_all(&[
            23, 3, 3, 0, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0,
        ])
        .unwrap();
    let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("BadRecordMac"), "{error}");
    healthy.assert_alive();
}

#[test]
fn certificates_and_keys_that_cannot_be_served_are_named() {
    let authority = Authority::new();
    let home = home(&authority, &[]);
    let path = |name: &str| home.path().join(name);
    let put = |name: &str, text: &str| fs::write(path(name), text).unwrap();
    let (chain, key) =
        (fs::read_to_string(path("server.crt")).unwrap(), fs::read_to_string(path("server.key")).unwrap());
    let encrypted = include_str!("../../fixtures/tls/rsa.encrypted.pem");
    let cases: [(&str, Option<&str>, &str); 8] = [
        (
            "server.crt",
            None,
            "tls.certificate_file names the file server.crt, which cannot be read: No such file",
        ),
        ("server.key", None, "tls.key_file names the file server.key, which cannot be read: No such file"),
        ("server.crt", Some("not a certificate\n"), "server.crt, which has no certificate in it"),
        ("server.crt", Some(&chain[..200]), "server.crt, which holds a certificate that cannot be read"),
        ("server.key", Some(&chain), "server.key, which has no private key in it"),
        (
            "server.key",
            Some(encrypted),
            "server.key, which holds a private key that is encrypted; decrypt it with: openssl",
        ),
        (
            "server.key",
            Some(&authority.issue(&["x"]).key),
            "server.key, which holds a private key that is not that of the certificate",
        ),
        (
            "server.crt",
            Some(&authority.issue_until(&["x"], 2020).chain),
            "which holds a certificate that ended on Thu, 31 Dec 2020",
        ),
    ];
    for (name, text, wanted) in cases {
        match text {
            Some(text) => put(name, text),
            None => fs::remove_file(path(name)).unwrap(),
        }
        for command in ["serve", "check"] {
            let error = refused(home.command(&[command]));
            assert!(error.contains(wanted), "{wanted}: {error}");
            let secret = key.lines().nth(1).unwrap();
            assert!(!error.contains(secret), "{error}");
        }
        put("server.crt", &chain);
        put("server.key", &key);
    }
    home.start();
}

#[test]
fn settings_that_do_not_go_together_are_named() {
    let cases = [
        (r#"listen=[{address="127.0.0.1:0",tls=true}]"#, "listen asks for TLS, and there is no certificate"),
        (
            r#"listen=[{address="127.0.0.1:0",tsl=true}]"#,
            "listen[0].tsl is not a setting; did you mean listen[0].tls?",
        ),
        ("listen=[{tls=true}]", "listen[0].address must be given"),
        (r#"listen=[{address="127.0.0.1:0",tls="yes"}]"#, "listen[0].tls must be true or false; it is text"),
        (r#"listen="unix:""#, "listen must hold a path after \"unix:\""),
        ("tls.certificate_file=a.crt", "tls.certificate_file names 1 files, and key_file 0"),
        (
            "tls.client_ca_file=missing.crt",
            "tls.client_ca_file names the file missing.crt, which cannot be read",
        ),
        ("tls.version_min=1.1", "tls.version_min must be \"1.2\" or \"1.3\""),
    ];
    for (setting, wanted) in cases {
        let error = refused(Home::new(&[setting]).command(&["serve"]));
        assert!(error.contains(wanted), "{setting}: {error}");
    }
}
