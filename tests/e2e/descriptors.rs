//! No file descriptor is left: the server goes on with whom it has, and comes back.

use crate::client::Client;
use crate::eventually;
use crate::http::Http;
use crate::server::{Guard, Home, Server, two_cpus};
use serde_json::json;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

const FILES: u32 = 160;

#[test]
fn a_server_without_descriptors_serves_whom_it_has_and_comes_back() {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = Server::start(home.command_with_files(FILES, &["serve"]), home.data());
    let mut first = server.client();
    let mut second = server.client();
    first.subscribe("room:a");
    let at_rest = server.files();

    let crowd: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    // One may have been inherited, one may come and go.
    eventually("the last descriptors to be taken", || (server.files() + 2 >= FILES as usize).then_some(()));
    // Whoever is in is served.
    for round in 0..10 {
        second.publish("room:a", json!(round));
        assert_eq!(first.next()["data"], round);
    }
    let before = server.cpu_ticks();
    std::thread::sleep(Duration::from_secs(2));
    let spent = server.cpu_ticks() - before;
    assert!(spent < 40, "{spent} ticks of CPU in two seconds of waiting for a descriptor");

    // Whoever waits gets in when others leave.
    let mut waiting = Http { stream: std::io::BufReader::new(TcpStream::connect(server.address).unwrap()) };
    waiting.stream.get_ref().set_read_timeout(Some(crate::PATIENCE)).unwrap();
    waiting.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    drop(crowd);
    assert_eq!(waiting.answer().status, 200);
    drop(waiting);
    eventually("the descriptors to be free", || (server.files() == at_rest).then_some(()));
    let late: Vec<Client> = (0..10).map(|_| server.client()).collect();
    late.into_iter().for_each(|mut client| client.assert_alive());
    second.publish("room:a", json!("after"));
    assert_eq!(first.next()["data"], "after");
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
