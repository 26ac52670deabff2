//! Certificates that are replaced while the node runs.

use super::certificates::Authority;
use super::client::{Secure, connect, session, shake, tcp};
use super::node;
use crate::eventually;
use crate::server::Server;
use rustls::ClientConfig;
use std::fs;
use std::sync::Arc;

/// Whether a new connection is shown a certificate of this name.
fn is_shown(server: &Server, client: &Arc<ClientConfig>, name: &str) -> bool {
    shake(&mut session(client, name, tcp(server.address))).is_ok()
}

#[test]
fn a_signal_replaces_the_certificate_and_drops_no_connection() {
    let authority = Authority::new();
    let (home, server) = node(&authority, &[]);
    let client = authority.client();
    let mut old = Secure::open(connect(&client, &server), &server);
    assert!(!is_shown(&server, &client, "new.example"));
    authority.issue(&["new.example"]).write(home.path(), "server");
    server.signal(libc::SIGHUP);
    eventually("the new certificate", || is_shown(&server, &client, "new.example").then_some(()));
    // A client that was here before resumes its session.
    assert!(!is_shown(&server, &authority.client(), "localhost"));
    assert!(is_shown(&server, &client, "localhost"));
    old.assert_alive();
    // With a mistake all stays as it is.
    fs::write(home.path().join("server.key"), authority.issue(&["x"]).key).unwrap();
    server.signal(libc::SIGHUP);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(is_shown(&server, &client, "new.example"));
    old.assert_alive();
}

#[test]
fn a_renewed_certificate_is_served_without_a_signal() {
    let authority = Authority::new();
    let (home, server) = node(&authority, &[]);
    let client = authority.client();
    let mut old = Secure::open(connect(&client, &server), &server);
    authority.issue(&["new.example"]).write(home.path(), "server");
    eventually("the new certificate", || is_shown(&server, &client, "new.example").then_some(()));
    old.assert_alive();
    // A key of another certificate is not taken over, and the next good pair is.
    fs::write(home.path().join("server.key"), authority.issue(&["x"]).key).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(3_000));
    assert!(is_shown(&server, &client, "new.example"));
    authority.issue(&["newer.example"]).write(home.path(), "server");
    eventually("the newer certificate", || is_shown(&server, &client, "newer.example").then_some(()));
    old.assert_alive();
}
