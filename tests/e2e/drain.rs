//! SIGTERM: what a rolling restart sees.

use crate::client::{Client, End};
use crate::eventually;
use crate::http::Http;
use crate::server::{Home, two_cpus};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn connections_close_paced_and_the_process_ends_well() {
    let cores = if two_cpus() { "cores=2" } else { "cores=1" };
    let home = Home::new(&[cores, "drain_time_s=4"]);
    let mut server = home.start();
    let clients: Vec<Client> = (0..40).map(|_| server.client()).collect();
    let mut probes: Vec<Http> = (0..40).map(|_| server.http()).collect();
    assert_eq!(probes[0].get("/health/ready").status, 200);
    let start = Instant::now();
    let readers: Vec<_> = clients
        .into_iter()
        .map(|mut client| std::thread::spawn(move || (client.end(), Instant::now())))
        .collect();
    server.signal(libc::SIGTERM);

    // Each answer ends its connection, so there is one connection for each question.
    let refusal = eventually("not ready", || {
        let ready = probes.pop().expect("it drains before all are used").get("/health/ready");
        std::thread::sleep(Duration::from_millis(30));
        (ready.status == 503).then_some(ready)
    });
    assert_eq!(refusal.json()["checks"]["accepting"], false, "{refusal:?}");
    assert_eq!(probes.pop().unwrap().get("/health/live").status, 200, "alive all the same");
    assert_eq!(probes.pop().unwrap().get("/health").json()["status"], "draining");
    eventually("new connections to be refused", || TcpStream::connect(server.address).err());

    let mut ends: Vec<Instant> = Vec::new();
    for reader in readers {
        let (end, at) = reader.join().unwrap();
        assert_eq!(end, End::Closed(1012));
        ends.push(at);
    }
    ends.sort();
    // Not all at once: a machine that is slow makes these spans longer, not shorter.
    let (half, last) = (ends[20] - start, ends[39] - start);
    assert!(half > Duration::from_millis(800), "half of them had gone after {half:?}");
    assert!(last > Duration::from_millis(2000), "the last went after {last:?}");
    assert_eq!(server.process.end().code(), Some(0));
}

#[test]
fn a_client_that_does_not_answer_holds_nothing_up() {
    let home = Home::new(&["drain_time_s=1", "limits.header_time_ms_max=600000"]);
    let mut server = home.start();
    let _silent: Vec<Client> = (0..3).map(|_| server.client()).collect();
    let _half_a_request = {
        let mut http = server.http();
        http.write("GET /health HT");
        http
    };
    let _nothing = TcpStream::connect(server.address).unwrap();
    server.signal(libc::SIGINT);
    assert_eq!(server.process.end().code(), Some(0));
}

#[test]
fn nobody_there_ends_soon() {
    let home = Home::new(&["drain_time_s=600"]);
    let mut server = home.start();
    server.signal(libc::SIGTERM);
    assert_eq!(server.process.end().code(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let home = Home::new(&["drain_time_s=600"]);
    let mut server = home.start();
    // Two, because one is closed at the beginning of the drain.
    let mut clients = [server.client(), server.client()];
    server.signal(libc::SIGTERM);
    eventually("new connections to be refused", || TcpStream::connect(server.address).err());
    assert!(server.process.0.try_wait().unwrap().is_none(), "it drains");
    server.signal(libc::SIGTERM);
    assert_eq!(server.process.end().code(), Some(130));
    clients.iter_mut().for_each(|client| {
        client.end();
    });
}
