//! Clients that dawdle, and addresses that want too much.

use crate::client::Client;
use crate::http::Http;
use crate::server::Home;
use std::io::Write;
use std::thread;
use std::time::Duration;

#[test]
fn a_head_that_does_not_come_is_answered_with_408() {
    let home = Home::new(&["limits.header_time_ms_max=400"]);
    let server = home.start();
    let mut silent = server.http();
    let mut dripping = server.http();
    let mut tap = dripping.stream.get_ref().try_clone().unwrap();
    // A byte now and then gives no more time.
    let drip = thread::spawn(move || {
        for byte in
            b"GET /health HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        {
            if tap.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    let answer = dripping.answer();
    assert_eq!(answer.status, 408, "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(dripping.ended());
    // Who said nothing at all is told nothing.
    assert!(silent.ended());
    drip.join().unwrap();
    // A second request on a connection that was in time with the first.
    let mut http = server.http();
    assert_eq!(http.get("/health").status, 200);
    http.write("GET /health HT");
    assert_eq!(http.answer().status, 408);
    assert!(http.ended());
    // A WebSocket has no head to wait for.
    let mut client = server.client();
    thread::sleep(Duration::from_millis(900));
    client.assert_alive();
}

#[test]
fn a_body_that_does_not_come_is_answered_with_408() {
    let home = Home::new(&["limits.body_time_ms_max=300"]);
    let server = home.start();
    let mut http = server.http();
    let key = &server.key;
    http.write(format!(
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 50\r\n\r\n{{\"room"
    ));
    assert_eq!(http.answer().status, 408);
    assert!(http.ended());
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let home = Home::new(&["limits.keep_alive_ms_max=300"]);
    let server = home.start();
    let mut http = server.http();
    assert_eq!(http.get("/health").status, 200);
    assert!(http.ended());
}

#[test]
fn an_address_has_so_many_connections() {
    let home = Home::new(&["limits.connections_per_address_max=3"]);
    let server = home.start();
    let mut clients: Vec<Client> = (0..3).map(|_| server.client()).collect();
    assert!(Http::connect(server.address).ended(), "the fourth is closed at once");
    clients.iter_mut().for_each(Client::assert_alive);
    drop(clients.pop());
    crate::eventually("a place to be free", || {
        Client::open(server.address, "/v1/realtime", Some(&server.key)).ok()
    })
    .assert_alive();
}

#[test]
fn an_address_has_so_many_strangers() {
    let home = Home::new(&["limits.unauthenticated_per_address_max=2"]);
    let server = home.start();
    // Who has said who they are does not count.
    let _known: Vec<Client> = (0..5).map(|_| server.client()).collect();
    let strangers: Vec<Http> = (0..2).map(|_| server.http()).collect();
    assert!(Http::connect(server.address).ended(), "the third is closed at once");
    drop(strangers);
    crate::eventually("a place to be free", || {
        Client::open(server.address, "/v1/realtime", Some(&server.key)).ok()
    })
    .assert_alive();
}
