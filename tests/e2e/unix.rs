//! Unix sockets that are listened on.

use crate::client::Client;
use crate::server::Home;
use crate::startup::refused;
use std::os::unix::net::UnixStream;

#[test]
fn a_unix_socket_is_served_and_its_name_goes_with_the_node() {
    let mut home = Home::new(&[]);
    home.set(r#"listen=["127.0.0.1:0", "unix:socket"]"#);
    let mut server = home.start();
    assert!(server.banner.contains("listening on  unix:socket\n"), "{}", server.banner);
    let path = home.path().join("socket");
    let stream = UnixStream::connect(&path).unwrap();
    let key = format!("ws://test/v1/realtime?api_key={}", server.key);
    let (mut socket, _) = tungstenite::client(key.as_str(), stream).unwrap();
    socket.send(tungstenite::Message::text(r#"{"type":"ping"}"#)).unwrap();
    assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), r#"{"type":"pong"}"#);

    let mut second = Home::new(&[]);
    second.set(&format!(r#"listen=["unix:{}"]"#, path.display()));
    let error = refused(second.command(&["serve"]));
    assert!(error.contains("is in use by another process"), "{error}");

    server.signal(9);
    server.process.end();
    assert!(path.exists(), "nobody was there to remove it");
    let mut server = home.start();
    Client::connect(server.address, &server.key).assert_alive();
    server.signal(15);
    server.process.end();
    assert!(!path.exists());
}

#[test]
fn a_name_that_cannot_be_listened_on_is_named() {
    let mut home = Home::new(&[]);
    std::fs::write(home.path().join("occupied"), "a file").unwrap();
    home.set(r#"listen=["unix:occupied"]"#);
    let error = refused(home.command(&["serve"]));
    assert!(error.contains("unix:occupied: there is a file of this name, which is no socket"), "{error}");
    home.set(r#"listen=["unix:missing/socket"]"#);
    let error = refused(home.command(&["serve"]));
    assert!(error.contains("cannot listen on unix:missing/socket"), "{error}");
}
