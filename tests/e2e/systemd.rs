//! What systemd hears of a node, by its own protocol: words on a socket that the environment names.

use crate::PATIENCE;
use crate::process::StoppedThread;
use crate::server::{Home, Server};
use std::os::unix::net::UnixDatagram;
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
