//! Few file descriptors: the server keeps those that it needs itself, refuses whom it has no place for, and still says how it is.

use crate::client::Client;
use crate::durable::{COMMIT, newest};
use crate::eventually;
use crate::http::Http;
use crate::server::{Guard, Home, Server, two_cpus};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

/// More silent connections than any server of these tests has places for.
const CROWD: usize = 400;

fn crowd(server: &Server) -> Vec<TcpStream> {
    (0..CROWD).map(|_| TcpStream::connect(server.address).unwrap()).collect()
}

fn home(settings: &[&str]) -> Home {
    let mut home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    // Who is silent keeps its place for as long as the test runs.
    home.set("limits.header_time_ms_max=60000");
    settings.iter().for_each(|setting| home.set(setting));
    home
}

#[test]
fn a_full_server_serves_whom_it_has_answers_probes_and_operators_and_goes_on_writing() {
    for files in [160, 200, 256] {
        let home = home(&[COMMIT, "history.segment_bytes=65536", "limits.idempotency_keys_max=1"]);
        let server = Server::start(home.command_with_files(files, &["serve"]), home.data());
        let mut first = server.client();
        let mut second = server.client();
        first.subscribe("room:a");
        let crowd = crowd(&server);
        // Each of them is in, or was refused and counted.
        let refused = || Http::connect(server.address).metric("corecast_connections_refused_total");
        eventually("the crowd to be refused", || (refused() > 200).then_some(()));
        let ready = server.http().get("/health/ready");
        assert_eq!(ready.status, 200, "{ready:?}");
        let before = newest(&home);
        for round in 0..100 {
            second.publish("room:a", json!(format!("{round} {}", "x".repeat(2_000))));
            assert!(first.next()["data"].as_str().unwrap().starts_with(&format!("{round} ")));
        }
        assert!(newest(&home) > before, "the log had descriptors for further segments");
        let rooms = server.http().call("GET", "/v1/rooms", &server.key, &Value::Null);
        assert_eq!(rooms.status, 503, "a place for probes is for nothing else: {rooms:?}");
        let backup = server.http().call("POST", "/admin/backup", &server.key, &Value::Null);
        assert_eq!(backup.status, 200, "the operator is answered: {backup:?}");
        drop(crowd);
        let mut late = eventually("places to be free", || {
            Client::open(server.address, "/v1/realtime", Some(&server.key)).ok()
        });
        late.assert_alive();
    }
}

#[test]
fn whoever_holds_the_places_of_probes_in_silence_loses_them() {
    let home = home(&["limits.connections_max=4"]);
    let server = home.start();
    // Far more than all places of both kinds, and they stay.
    let _crowd = crowd(&server);
    for _ in 0..20 {
        assert_eq!(server.http().get("/health/ready").status, 200);
    }
}

#[test]
fn a_full_server_rests() {
    let home = home(&[]);
    let server = Server::start(home.command_with_files(160, &["serve"]), home.data());
    let _crowd = crowd(&server);
    let refused = || Http::connect(server.address).metric("corecast_connections_refused_total");
    eventually("the crowd to be refused", || (refused() > 200).then_some(()));
    let before = server.cpu_ticks();
    std::thread::sleep(Duration::from_secs(2));
    let spent = server.cpu_ticks() - before;
    assert!(spent < 40, "{spent} ticks of CPU in two seconds of doing nothing");
}

#[test]
fn too_few_descriptors_to_serve_at_all_are_named() {
    let home = Home::new(&[]);
    let mut command = home.command_with_files(64, &["serve"]);
    let (status, error) =
        Guard(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()).failure();
    assert_eq!(status.code(), Some(1));
    assert!(error.contains("open files is 64") && error.contains("ulimit -n"), "{error}");
}

#[test]
fn fewer_descriptors_than_connections_are_told_at_the_start() {
    let home = Home::new(&["listen=[\"127.0.0.1:0\"]"]);
    let mut command = home.command_with_files(256, &["serve"]);
    let mut child = Guard(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    // It says so before it listens.
    crate::server::first_lines(child.0.stdout.take().unwrap());
    crate::process::signal(&child.0, libc::SIGTERM);
    let (status, error) = child.failure();
    assert!(status.success(), "{error}");
    assert!(
        error.contains("open files is 256") && error.contains("limits.connections_max is 1000000"),
        "{error}"
    );
}
