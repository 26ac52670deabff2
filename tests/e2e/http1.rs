//! HTTP/1.1 on raw sockets.

use crate::server::{Home, two_cpus};
use serde_json::{Value, json};
use std::net::Shutdown;

#[test]
fn a_connection_serves_request_after_request() {
    let home = Home::new(&[]);
    let server = home.start();
    let mut http = server.http();
    for _ in 0..50 {
        let answer = http.get("/health");
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("healthy")));
        assert!(answer.header("date").is_some());
    }
    assert_eq!(http.get("/nothing").status, 404);
    http.write("DELETE /health HTTP/1.1\r\nHost: x\r\n\r\n");
    let answer = http.answer();
    assert_eq!(answer.status, 405);
    assert!(answer.header("allow").unwrap().contains("GET"), "{answer:?}");
    assert_eq!(http.get("/health").status, 200, "faults of a request do not end the connection");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = home.start();
    let key = &server.key;
    let mut requests = String::new();
    // Each asks a room of its own, so that the answers come from different cores; some are faults.
    for number in 0..100 {
        let path = if number % 10 == 9 { "/nothing".to_owned() } else { format!("/v1/rooms/r{number}") };
        requests += &format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
    }
    let mut http = server.http();
    for number in (0..100).filter(|number| number % 10 != 9) {
        let room = json!({"id": format!("r{number}"), "name": format!("Room {number}")});
        assert_eq!(http.call("POST", "/v1/rooms", key, &room).status, 201);
    }
    http.write(&requests);
    for number in 0..100 {
        let answer = http.answer();
        if number % 10 == 9 {
            assert_eq!(answer.status, 404);
        } else {
            assert_eq!(answer.json()["data"]["name"], format!("Room {number}"), "{answer:?}");
        }
    }
    assert_eq!(http.get("/health").status, 200);
}

#[test]
fn a_body_may_come_in_chunks_and_byte_by_byte() {
    let home = Home::new(&[]);
    let server = home.start();
    let key = &server.key;
    let body = json!({"room_id": "a", "content": "piece by piece"}).to_string();
    let (first, second) = body.split_at(7);
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x};extension=1\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\nTrailer: x\r\n\r\n",
        first.len(),
        second.len()
    );
    let mut http = server.http();
    for byte in request.as_bytes() {
        http.write([*byte]);
    }
    let answer = http.answer();
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["data"]["content"], "piece by piece");
    // The same in one piece, with the next request behind it.
    http.write(format!("{request}GET /health HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(http.answer().status, 201);
    assert_eq!(http.answer().status, 200);
}

#[test]
fn head_has_no_body_and_close_closes() {
    let home = Home::new(&[]);
    let server = home.start();
    let mut http = server.http();
    http.write("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let head = http.head();
    assert_eq!(head.status, 200);
    assert!(head.header("content-length").is_some_and(|length| length != "0"), "{head:?}");
    let last = http.answer();
    assert_eq!((last.status, last.header("connection")), (200, Some("close")));
    assert_eq!(last.json()["alive"], true);
    assert!(http.ended());

    let mut old = server.http();
    old.write("GET /health/live HTTP/1.0\r\n\r\n");
    assert_eq!(old.answer().status, 200);
    assert!(old.ended());
}

#[test]
fn who_has_said_all_still_gets_the_answers() {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = home.start();
    let key = &server.key;
    for number in 0..20 {
        let mut http = server.http();
        let get =
            |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
        http.write(get("/health") + &get(&format!("/v1/rooms/none{number}")) + &get("/v1/rooms"));
        http.stream.get_ref().shutdown(Shutdown::Write).unwrap();
        assert_eq!([http.answer().status, http.answer().status, http.answer().status], [200, 404, 200]);
        assert!(http.ended());
    }
}

#[test]
fn nonsense_is_refused_and_the_connection_closed() {
    let home = Home::new(&["limits.message_bytes_max=1000"]);
    let server = home.start();
    let long = format!("GET /health HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for (request, status) in [
        ("no such thing\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (
            "POST /v1/rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("POST /v1/rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("POST /v1/rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413),
        (&long, 431),
    ] {
        let mut http = server.http();
        http.write(request);
        let answer = http.answer();
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        assert!(http.ended(), "{request}");
    }
    assert_eq!(server.http().call("GET", "/v1/rooms", &server.key, &Value::Null).status, 200);
}
