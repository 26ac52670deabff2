//! Messages of all sizes through the echo endpoint.

use crate::client::{Client, End};
use crate::server::{Home, Server};
use serde_json::json;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Bytes, Message};

const MIB: usize = 1 << 20;

fn echo(server: &Server) -> Client {
    Client::open(server.address, "/debug/echo", None).unwrap()
}

/// Text of this many bytes, with characters of one to four bytes.
fn text(length: usize) -> String {
    let mut text: String = "aé€😀".chars().cycle().take(length / 3).collect();
    while text.len() > length {
        text.pop();
    }
    text.extend(std::iter::repeat_n('.', length - text.len()));
    text
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|place| (place * 31 % 251) as u8).collect::<Vec<_>>().into()
}

#[track_caller]
fn assert_echoed(client: &mut Client, message: Message) {
    client.socket.send(message.clone()).unwrap();
    let back = client.socket.read().unwrap();
    assert!(back == message, "{} bytes came back as {} bytes", message.len(), back.len());
}

#[test]
fn every_size_comes_back_as_it_was() {
    let home = Home::new(&["debug.echo=true"]);
    let server = home.start();
    let mut client = echo(&server);
    for length in [0, 1, 125, 126, 127, 4095, 16384, 65535, 65536, 65537, 300_000, MIB - 1, MIB] {
        assert_echoed(&mut client, Message::text(text(length)));
        assert_echoed(&mut client, Message::binary(bytes(length)));
    }
}

#[test]
fn fragments_come_back_as_one_message() {
    let home = Home::new(&["debug.echo=true"]);
    let server = home.start();
    let mut client = echo(&server);
    let whole = text(MIB);
    // Not at the limits of characters.
    for size in [4097, 250_000, MIB] {
        let pieces: Vec<&[u8]> = whole.as_bytes().chunks(size).collect();
        for (place, piece) in pieces.iter().enumerate() {
            let kind = if place == 0 { Data::Text } else { Data::Continue };
            let payload = Bytes::copy_from_slice(piece);
            let frame = Frame::message(payload, OpCode::Data(kind), place + 1 == pieces.len());
            client.socket.send(Message::Frame(frame)).unwrap();
            if place == 0 {
                client.socket.send(Message::Ping(Bytes::from_static(b"between"))).unwrap();
            }
        }
        let mut back = client.socket.read().unwrap();
        if size < MIB {
            assert_eq!(back, Message::Pong(Bytes::from_static(b"between")));
            back = client.socket.read().unwrap();
        }
        assert!(back == Message::text(whole.as_str()), "{size}");
        if size == MIB {
            assert_eq!(client.socket.read().unwrap(), Message::Pong(Bytes::from_static(b"between")));
        }
    }
}

/// The limit holds to the byte, for whole and for fragmented messages, on both endpoints.
#[track_caller]
fn assert_limit(server: &Server, limit: usize) {
    let mut client = echo(server);
    assert_echoed(&mut client, Message::binary(bytes(limit)));
    client.socket.send(Message::binary(bytes(limit + 1))).unwrap();
    assert_eq!(client.end(), End::Closed(1009));

    let mut client = echo(server);
    let first = Frame::message(bytes(limit), OpCode::Data(Data::Binary), false);
    client.socket.send(Message::Frame(first)).unwrap();
    let second = Frame::message(bytes(1), OpCode::Data(Data::Continue), true);
    client.socket.send(Message::Frame(second)).unwrap();
    assert_eq!(client.end(), End::Closed(1009));

    let mut client = server.client();
    client.socket.send(Message::text(text(limit + 1))).unwrap();
    assert_eq!(client.end(), End::Closed(1009));
}

#[test]
fn the_default_limit_holds() {
    let home = Home::new(&["debug.echo=true"]);
    let server = home.start();
    assert_limit(&server, MIB);
    echo(&server).socket.send(Message::Close(None)).unwrap();
}

#[test]
fn a_limit_of_ones_own_holds() {
    let home = Home::new(&["debug.echo=true", "limits.message_bytes_max=1000"]);
    assert_limit(&home.start(), 1000);
    let large = Home::new(&[
        "debug.echo=true",
        "limits.message_bytes_max=3000000",
        "limits.outbox_bytes_max=8000000",
        "limits.egress_ring_bytes_max=8000000",
    ]);
    assert_limit(&large.start(), 3_000_000);
}

#[test]
fn many_large_messages_on_the_way_at_once() {
    let home = Home::new(&["debug.echo=true"]);
    let server = home.start();
    let mut client = echo(&server);
    let mut writer = client.stream().try_clone().unwrap();
    // A frame by hand, so that writing does not wait for reading: 12 MB, more than the server may owe.
    let payload = bytes(400_000);
    let sender = std::thread::spawn(move || {
        use std::io::Write;
        let mut frame = vec![0x82, 0x80 | 127];
        frame.extend(400_000u64.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(&payload);
        (0..30).for_each(|_| writer.write_all(&frame).unwrap());
        payload
    });
    let first = client.socket.read().unwrap();
    // The server stands still with its outbox full until we go on.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let mut back = vec![first];
    back.extend((1..30).map(|_| client.socket.read().unwrap()));
    let payload = sender.join().unwrap();
    assert!(back.iter().all(|message| *message == Message::binary(payload.clone())));
}

#[test]
fn echo_is_off_unless_asked_for() {
    let home = Home::new(&[]);
    let server = home.start();
    assert!(Client::open(server.address, "/debug/echo", None).is_err());
    assert_eq!(server.http().get("/debug/echo").status, 404);
}

#[test]
fn a_large_publication_reaches_its_subscribers() {
    let home = Home::new(&[]);
    let server = home.start();
    let mut subscriber = server.client();
    subscriber.subscribe("room:a");
    let data = text(MIB - 200);
    server.client().publish("room:a", json!(data));
    assert!(subscriber.next()["data"] == data);
    subscriber.assert_alive();
}
