//! TLS, spoken by rustls as a client and by tungstenite on top of it.

mod acme;
mod certificates;
mod client;
mod mistakes;
mod peers;
mod reload;
mod sessions;
mod traffic;

use crate::server::{Home, Server};
use certificates::Authority;

/// A node that speaks TLS on its only port, with a certificate for `localhost`.
fn node(authority: &Authority, settings: &[&str]) -> (Home, Server) {
    let home = home(authority, settings);
    let server = home.start();
    (home, server)
}

/// Where such a node can be started.
fn home(authority: &Authority, settings: &[&str]) -> Home {
    let mut home = Home::new(&[]);
    authority.issue(&["localhost", "127.0.0.1"]).write(home.path(), "server");
    for setting in LISTEN.iter().chain(settings) {
        home.set(setting);
    }
    home
}

const LISTEN: &[&str] = &[
    r#"listen=[{address="127.0.0.1:0",tls=true}, "127.0.0.2:0"]"#,
    "tls.certificate_file=server.crt",
    "tls.key_file=server.key",
];
