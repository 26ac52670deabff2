//! What keeps a server from starting is said on stderr, with exit code 1.

use crate::process;
use crate::server::{Guard, Home, two_cpus};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Runs what must fail; says what it wrote to stderr.
#[track_caller]
pub fn refused(mut command: Command) -> String {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut guard = Guard(command.spawn().unwrap());
    let mut stdout = guard.0.stdout.take().unwrap();
    let (status, error) = guard.failure();
    assert_eq!(status.code(), Some(1), "{error}");
    let mut printed = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut printed).unwrap();
    assert_eq!(printed, "", "nothing listens, so nothing is said to");
    assert!(!error.contains("panicked"), "{error}");
    error
}

#[test]
fn a_mistake_in_the_configuration_is_named() {
    let home = Home::new(&["limits.rooms_max=0"]);
    assert!(refused(home.command(&["serve"])).contains("limits.rooms_max must be"));
    let home = Home::new(&["lisen=1"]);
    assert!(refused(home.command(&["serve"])).contains("did you mean listen?"));
    let home = Home::new(&["cores=4096"]);
    let error = refused(home.command(&["serve"]));
    assert!(error.contains("4096"), "{error}");
}

#[test]
fn a_port_in_use_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let home = Home::new(&[&format!(r#"listen=["{address}"]"#)]);
    let error = refused(home.command(&["serve"]));
    assert!(error.contains(&format!("{address} is in use")), "{error}");
}

#[test]
fn two_servers_do_not_share_a_port() {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = home.start();
    let second = Home::new(&[&format!(r#"listen=["{}"]"#, server.address)]);
    let error = refused(second.command(&["serve"]));
    assert!(error.contains(&format!("{} is in use", server.address)), "{error}");
    server.client().assert_alive();
}

#[test]
fn several_addresses_are_served() {
    let mut home = Home::new(&[]);
    home.set(r#"listen=["127.0.0.1:0","127.0.0.2:0"]"#);
    let server = home.start();
    let addresses =
        server.banner.lines().filter_map(|line| line.trim().strip_prefix("listening on  http://"));
    let addresses: Vec<std::net::SocketAddr> = addresses.map(|address| address.parse().unwrap()).collect();
    assert_eq!(addresses.len(), 2);
    for address in addresses {
        crate::client::Client::connect(address, &server.key).assert_alive();
    }
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let home = Home::new(&["data_dir=occupied/data"]);
    std::fs::write(home.path().join("occupied"), "a file").unwrap();
    let error = refused(home.command(&["serve"]));
    assert!(error.contains("occupied"), "{error}");
}

#[test]
fn a_forbidden_io_uring_is_named_with_its_fix() {
    let home = Home::new(&[]);
    let mut command = home.command(&["serve"]);
    process::forbid_io_uring(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            return eprintln!("SKIPPED: this machine does not let a test filter system calls: {error}");
        }
    };
    let (status, error) = Guard(child).failure();
    assert_eq!(status.code(), Some(1), "{error}");
    assert!(error.contains("io_uring") && error.contains("seccomp"), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}

#[test]
fn a_successor_starts_on_the_port_of_a_predecessor_that_just_ended() {
    let first = Home::new(&[]).start();
    let address = first.address;
    let home = Home::new(&[&format!(r#"listen=["{address}"]"#)]);
    let mut server = first;
    for signal in [9, 15, 9, 15, 9, 15] {
        let client = server.client();
        server.signal(signal);
        server.process.end();
        server = home.start();
        drop(client);
        server.client().assert_alive();
    }
}

#[test]
fn threads_that_compute_or_carry_much_step_back_behind_the_cores_and_no_other_does() {
    let server = Home::new(&["quikapp.recorder_addresses=[\"127.0.0.1:0\"]"]).start();
    let niceness = server.niceness();
    let core = niceness["core"];
    for (name, nice) in &niceness {
        let steps_back =
            ["passwords", "decoding", "heap", "outbound", "recorder", "recordings"].contains(&name.as_str());
        assert_eq!(*nice > core, steps_back, "{name} is at {nice}, a core at {core}");
    }
    assert!(niceness.contains_key("recorder") && niceness.contains_key("outbound"), "{niceness:?}");
}
