//! What systemd hears of a node, by its own protocol: words on a socket that the environment names.

use crate::PATIENCE;
use crate::process::StoppedThread;
use crate::server::{Guard, Home, Server};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

/// Its end of the socket.
struct Systemd {
    socket: UnixDatagram,
}

impl Systemd {
    fn new(home: &Home) -> Self {
        let socket = UnixDatagram::bind(home.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket }
    }

    /// Lets other messages pass until one has this word, and gives that one back.
    #[track_caller]
    fn hears(&self, word: &str) -> String {
        loop {
            let mut bytes = [0; 1024];
            let count = self.socket.recv(&mut bytes).unwrap_or_else(|error| panic!("no {word}: {error}"));
            let message = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if message.lines().any(|line| line == word) {
                return message;
            }
        }
    }
}

#[test]
fn systemd_hears_of_the_start_reloads_life_and_the_end() {
    let home = Home::new(&["cores=1"]);
    let systemd = Systemd::new(&home);
    let mut command = home.command(&["serve"]);
    command.env("NOTIFY_SOCKET", home.path().join("notify")).env("WATCHDOG_USEC", "200000");
    let mut server = Server::start(command, home.data());
    let ready = systemd.hears("READY=1");
    assert!(ready.contains(&format!("STATUS=Serving on {}", server.address)), "{ready}");
    for _ in 0..3 {
        systemd.hears("WATCHDOG=1");
    }
    server.signal(libc::SIGHUP);
    let reloading = systemd.hears("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    systemd.hears("READY=1");
    server.signal(libc::SIGTERM);
    systemd.hears("STOPPING=1");
    assert!(server.process.end().success());
}

#[test]
fn a_node_whose_core_hangs_does_not_feed_its_watchdog() {
    let home = Home::new(&["cores=1"]);
    let systemd = Systemd::new(&home);
    let mut command = home.command(&["serve"]);
    command.env("NOTIFY_SOCKET", home.path().join("notify")).env("WATCHDOG_USEC", "200000");
    let server = Server::start(command, home.data());
    systemd.hears("WATCHDOG=1");
    let stopped = StoppedThread::of(&server.process.0, "core");
    // What was said before the core stopped, and the one question that it had answered.
    let quiet = Duration::from_secs(1);
    systemd.socket.set_read_timeout(Some(quiet)).unwrap();
    let mut words = 0;
    while systemd.socket.recv(&mut [0; 64]).is_ok() {
        words += 1;
        assert!(words < 5, "a node that hangs is silent");
    }
    drop(stopped);
    systemd.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    systemd.hears("WATCHDOG=1");
}

#[test]
fn a_socket_that_was_listened_on_before_serves_its_entry() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let socket = OwnedFd::from(listener);
    // A client is there before the node is.
    let mut early = TcpStream::connect(address).unwrap();
    early.set_read_timeout(Some(PATIENCE)).unwrap();
    early.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut home = Home::new(&[]);
    home.set(&format!(r#"listen=["{address}"]"#));
    let mut command = home.command_with_socket(socket.try_clone().unwrap(), &["serve"]);
    let node = Guard(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(node);
    // Whoever connects to a socket that no entry names would wait for ever.
    home.set(r#"listen=["127.0.0.1:0"]"#);
    let output = home.command_with_socket(socket, &["serve"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("which no entry of listen names"), "{said}");
}
