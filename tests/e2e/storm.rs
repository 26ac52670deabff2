//! Clients that come and go in every unfriendly way leave nothing behind.

use crate::client::{Client, End};
use crate::server::{Home, Server, two_cpus};
use crate::{eventually, process};
use serde_json::json;
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

/// One client of the storm.
fn visit(address: SocketAddr, key: &str, number: usize) {
    match number % 8 {
        // Says nothing.
        0 => drop(TcpStream::connect(address).unwrap()),
        1 => process::reset_on_close(&TcpStream::connect(address).unwrap()),
        // Half a handshake.
        2 => {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\nUpgrade: webs").unwrap();
            process::reset_on_close(&stream);
        }
        // An answer that nobody reads.
        3 => {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        }
        kind => {
            let mut client = Client::connect(address, key);
            let channel = format!("room:{}", number % 50);
            client.subscribe(&channel);
            client.send(json!({"type": "publish", "channel": channel, "data": number}));
            match kind {
                4 => process::reset_on_close(client.stream()),
                5 => client.stream().shutdown(Shutdown::Write).unwrap(),
                // Half a frame.
                6 => client.socket.get_mut().write_all(&[0x81, 0xfe, 0x01]).unwrap(),
                _ => {
                    client.socket.close(None).unwrap();
                    client.end();
                }
            }
        }
    }
}

fn storm(server: &Server, visits: usize) {
    thread::scope(|scope| {
        for worker in 0..4 {
            scope.spawn(move || {
                (0..visits / 4)
                    .for_each(|round| visit(server.address, &server.key, round * 4 + worker + round / 8));
            });
        }
    });
}

#[test]
fn a_storm_leaves_nothing_behind() {
    let cores = if two_cpus() { "cores=2" } else { "cores=1" };
    let home = Home::new(&[cores]);
    let server = home.start();
    let mut probe = server.http();
    probe.get("/health");
    let files = server.files();
    // Half-open: they stay through the storm and go after it.
    let half_open: Vec<TcpStream> = (0..20)
        .map(|_| {
            let client = server.client();
            client.stream().shutdown(Shutdown::Write).unwrap();
            client.stream().try_clone().unwrap()
        })
        .collect();
    storm(&server, 1000);
    drop(half_open);

    eventually("the connections to be gone", || {
        (probe.metric("corecast_connections_open") == 1).then_some(())
    });
    assert_eq!(probe.metric("corecast_websockets_open"), 0);
    assert_eq!(probe.metric("corecast_subscriptions_open"), 0);
    let accepted = probe.metric("corecast_connections_accepted_total");
    let closed = probe.metric("corecast_connections_closed_total");
    assert_eq!(accepted, closed + 1, "each end is counted once");
    // Who has left before it is accepted is not counted.
    assert!(accepted >= 600, "{accepted}");
    eventually("the descriptors to be closed", || (server.files() == files).then_some(()));
    assert_eq!(probe.get("/health").json()["stats"]["online_users"], 0);
    server.client().assert_alive();
}

#[test]
fn a_silent_client_is_found_by_a_ping() {
    let home = Home::new(&["websocket.ping_interval_s=1", "websocket.pong_timeout_s=1"]);
    let server = home.start();
    let mut silent = server.client();
    let mut healthy = server.client();
    // tungstenite answers pings only while it is read, and nobody reads the silent one.
    let reader = thread::spawn(move || {
        let pings =
            (0..4).map(|_| healthy.socket.read().unwrap()).filter(tungstenite::Message::is_ping).count();
        healthy.socket.flush().unwrap();
        (pings, healthy)
    });
    eventually("the silent one to be closed", || {
        (server.metric("corecast_websockets_open") == 1).then_some(())
    });
    let (pings, mut healthy) = reader.join().unwrap();
    assert_eq!(pings, 4);
    healthy.assert_alive();
    assert!(matches!(silent.end(), End::Closed(4000) | End::Cut));
}
