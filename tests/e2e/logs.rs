//! Lines for the operator on stderr, and the signals that make some of them.

use crate::http::Http;
use crate::process::{self, Terminal};
use crate::server::{Guard, Home, two_cpus};
use crate::{PATIENCE, eventually};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::sync::mpsc;

/// A node whose stderr is read line by line.
struct Logged {
    process: Guard,
    lines: mpsc::Receiver<String>,
    read: Vec<Value>,
}

impl Logged {
    fn start(home: &Home) -> Self {
        let mut command = home.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Guard(command.spawn().unwrap());
        let stderr = BufReader::new(process.0.stderr.take().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).for_each(|line| drop(send.send(line)));
        });
        Self { process, lines, read: Vec::new() }
    }

    /// The next line with this message.
    #[track_caller]
    fn line(&mut self, message: &str) -> Value {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            let value: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            self.read.push(value.clone());
            if value["message"].as_str().is_some_and(|found| found.starts_with(message)) {
                return value;
            }
        }
        panic!("no line {message:?} among {:?}", self.read);
    }

    fn address(&mut self) -> SocketAddr {
        self.line("the node listens")["address"].as_str().unwrap().parse().unwrap()
    }
}

#[test]
fn a_node_says_what_it_does_in_lines_of_json() {
    let home = Home::new(&["node_name=n1"]);
    let mut node = Logged::start(&home);
    let start = node.line("the node starts");
    assert_eq!((start["level"].as_str(), start["node"].as_str()), (Some("INFO"), Some("n1")), "{start}");
    assert!(start["timestamp"].as_str().is_some_and(|time| time.starts_with("20")), "{start}");
    assert!(node.address().port() != 0);
    process::signal(&node.process.0, libc::SIGTERM);
    assert_eq!(node.line("the node stops")["signal"], "SIGTERM");
    node.line("the node has stopped");
    assert_eq!(node.process.end().code(), Some(0));
    let said = format!("{:?}", node.read);
    for secret in ["api_key", "jwt_secret", "xano_hash_1"] {
        let secret = fs::read_to_string(home.data().join(secret)).unwrap();
        assert!(!said.contains(secret.trim_end()), "{said}");
    }
}

#[test]
fn lesser_lines_are_left_out() {
    let home = Home::new(&["log.level=error"]);
    let mut command = home.command(&["serve"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut node = Guard(child.unwrap());
    let mut first = [0];
    node.0.stdout.take().unwrap().read_exact(&mut first).unwrap();
    process::signal(&node.0, libc::SIGTERM);
    assert_eq!(node.failure().1, "");
}

#[test]
fn only_a_terminal_gets_text_and_at_the_first_start_the_key() {
    let home = Home::new(&[]);
    let mut printed = Vec::new();
    for _ in 0..2 {
        let terminal = Terminal::new();
        let mut command = home.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(terminal.end()).stderr(terminal.end());
        let node = Guard(command.spawn().unwrap());
        // The command keeps the other end open until it is dropped.
        drop(command);
        printed.push(terminal.read_until("token --user ada --ttl 1h"));
        drop(node);
    }
    let key = fs::read_to_string(home.data().join("api_key")).unwrap();
    assert!(printed[0].contains(&format!("admin API key {}", key.trim_end())), "{}", printed[0]);
    assert!(!printed[1].contains(key.trim_end()), "{}", printed[1]);
    for printed in printed {
        assert!(printed.contains("INFO the node starts version="), "{printed}");
        assert!(!printed.contains("\"timestamp\""), "{printed}");
    }
}

#[test]
fn a_reader_of_stderr_that_stopped_stalls_nothing() {
    let home = Home::new(&[]);
    let (_reader, writer) = process::small_pipe();
    let mut command = home.command(&["serve"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(writer);
    let mut node = Guard(command.spawn().unwrap());
    drop(command);
    let mut lines = BufReader::new(node.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let address = lines.find_map(|line| Some(line.trim().strip_prefix("listening on  http://")?.to_owned()));
    let address: SocketAddr = address.unwrap().parse().unwrap();
    // Each is a line of a hundred bytes and more, and the pipe holds a page.
    for _ in 0..200 {
        process::signal(&node.0, libc::SIGUSR1);
        assert_eq!(Http::connect(address).call("GET", "/health/live", "", &Value::Null).status, 200);
    }
    process::signal(&node.0, libc::SIGTERM);
    assert_eq!(node.end().code(), Some(0));
}

#[test]
fn signals_that_mean_nothing_are_ignored_and_told() {
    let home = Home::new(&[]);
    let mut node = Logged::start(&home);
    let address = node.address();
    for (signal, name) in [
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGVTALRM, "SIGVTALRM"),
        (libc::SIGPROF, "SIGPROF"),
        (libc::SIGIO, "SIGIO"),
        (libc::SIGSTKFLT, "SIGSTKFLT"),
        (libc::SIGRTMIN(), "SIGRTMIN+0"),
        (libc::SIGRTMAX(), "SIGRTMIN+30"),
    ] {
        process::signal(&node.process.0, signal);
        assert_eq!(node.line("the signal is ignored")["signal"], name);
    }
    for quiet in [libc::SIGPIPE, libc::SIGXFSZ, libc::SIGURG, libc::SIGWINCH, libc::SIGCHLD, libc::SIGCONT] {
        process::signal(&node.process.0, quiet);
    }
    assert_eq!(Http::connect(address).call("GET", "/", "", &Value::Null).json()["name"], "Corecast");
    process::signal(&node.process.0, libc::SIGTERM);
    assert_eq!(node.process.end().code(), Some(0));
}

#[test]
fn whatever_stops_a_node_drains_it() {
    let home = Home::new(&[]);
    for (signal, name) in [
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGPWR, "SIGPWR"),
        (libc::SIGXCPU, "SIGXCPU"),
    ] {
        let mut node = Logged::start(&home);
        node.address();
        process::signal(&node.process.0, signal);
        assert_eq!(node.line("the node stops")["signal"], name);
        // The kernel repeats it each second.
        process::signal(&node.process.0, libc::SIGXCPU);
        node.line("the node has stopped");
        assert_eq!(node.process.end().code(), Some(0), "{name}");
    }
}

#[test]
fn a_reload_takes_over_all_that_it_can_or_nothing() {
    let home = Home::with_config("node.toml");
    let file = home.path().join("node.toml");
    let write =
        |text: &str| fs::write(&file, format!("cores = 1\nlisten = \"127.0.0.1:0\"\n{text}")).unwrap();
    write("[log]\nlevel = \"info\"\n");
    let mut node = Logged::start(&home);
    node.address();
    write("drain_time_s = 5\n[log]\nlevel = \"warn\"\nlevle = 1\n");
    process::signal(&node.process.0, libc::SIGHUP);
    let refused = node.line("the configuration is not taken over");
    assert_eq!(refused["level"], "ERROR");
    assert_eq!(refused["mistakes"], "node.toml:6:1: log.levle is not a setting; did you mean log.level?");
    write("drain_time_s = 5\n[log]\nlevel = \"warn\"\n");
    process::signal(&node.process.0, libc::SIGHUP);
    assert_eq!(node.line("these settings have changed")["settings"], "drain_time_s");
    // At the new level this is not told.
    process::signal(&node.process.0, libc::SIGUSR1);
    write("[log]\nlevel = \"info\"\n");
    process::signal(&node.process.0, libc::SIGHUP);
    assert_eq!(node.line("the configuration is taken over")["changed"], "log.level");
    let ignored = node.read.iter().filter(|line| line["signal"] == "SIGUSR1");
    assert_eq!(ignored.count(), 0);
    process::signal(&node.process.0, libc::SIGTERM);
    eventually("the end", || node.process.0.try_wait().unwrap());
}

#[test]
fn refused_credentials_are_told_with_who_it_was_and_without_them() {
    let home = Home::new(&["log.level=info"]);
    let mut node = Logged::start(&home);
    let address = node.address();
    for _ in 0..3 {
        let answer = Http::connect(address).call("GET", "/v1/users/me", "cc_a_wrong_key", &Value::Null);
        assert_eq!(answer.status, 401);
    }
    let line = node.line("a key, token or session was refused");
    assert_eq!((line["address"].as_str(), line["count"].as_u64()), (Some("127.0.0.1"), Some(1)), "{line}");
    assert!(line["connection"].as_str().is_some_and(|name| name.starts_with("0-")), "{line}");
    process::signal(&node.process.0, libc::SIGTERM);
    node.line("the node has stopped");
    let said = format!("{:?}", node.read);
    assert!(!said.contains("wrong_key"), "{said}");
}

#[test]
fn a_reload_changes_keys_and_limits_on_every_core() {
    let home = Home::with_config("node.toml");
    let write = |key: &str, names: u32| {
        let cores = if two_cpus() { 2 } else { 1 };
        let text = format!(
            "cores = {cores}\nlisten = \"127.0.0.1:0\"\n[limits]\nheaders_max = {names}\n\
             [[auth.api_keys]]\nkey = \"{key}\"\nuser = \"u\"\n"
        );
        fs::write(home.path().join("node.toml"), text).unwrap();
    };
    write("the-first-key", 64);
    let mut node = Logged::start(&home);
    let address = node.address();
    // Several connections, so that each core has one.
    let statuses = |key: &str| -> Vec<u16> {
        let ask = |_| Http::connect(address).call("GET", "/v1/users/me", key, &Value::Null).status;
        (0..8).map(ask).collect()
    };
    assert_eq!((statuses("the-first-key"), statuses("the-next-key")), (vec![200; 8], vec![401; 8]));
    write("the-next-key", 32);
    process::signal(&node.process.0, libc::SIGHUP);
    assert_eq!(node.line("the configuration is taken over")["changed"], "auth.api_keys, limits.headers_max");
    eventually("the key to be known", || (statuses("the-next-key") == [200; 8]).then_some(()));
    assert_eq!(statuses("the-first-key"), [401; 8]);
}

#[test]
fn lines_in_the_journal_begin_with_their_priorities() {
    let home = Home::new(&[]);
    let path = home.path().join("journal");
    let file = fs::File::create(&path).unwrap();
    let metadata = file.metadata().unwrap();
    let mut command = home.command(&["serve"]);
    command.env("JOURNAL_STREAM", format!("{}:{}", metadata.dev(), metadata.ino()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    let _process = Guard(command.spawn().unwrap());
    let text = eventually("the first lines", || {
        let text = fs::read_to_string(&path).unwrap();
        (text.contains("the node listens") && text.ends_with('\n')).then_some(text)
    });
    for line in text.lines() {
        let value = line.strip_prefix("<6>").or_else(|| line.strip_prefix("<4>"));
        let value: Value = serde_json::from_str(value.expect(line)).expect(line);
        assert_eq!(value["level"] == "INFO", line.starts_with("<6>"), "{line}");
    }
}

#[test]
fn requests_are_logged_without_their_credentials_where_that_is_asked_for() {
    let home = Home::with_config("node.toml");
    let write = |access: bool| {
        let text = format!("cores = 1\nlisten = \"127.0.0.1:0\"\n[log]\naccess = {access}\n");
        fs::write(home.path().join("node.toml"), text).unwrap();
    };
    write(false);
    let mut node = Logged::start(&home);
    let address = node.address();
    let key = fs::read_to_string(home.data().join("api_key")).unwrap().trim_end().to_owned();
    let hash = fs::read_to_string(home.data().join("xano_hash_1")).unwrap().trim_end().to_owned();
    let get = |path: &str| Http::connect(address).get(path).status;
    let reload = || Http::connect(address).call("POST", "/admin/reload", &key, &Value::Null).status;
    assert_eq!(get("/v1/users/me?not=logged"), 401);
    write(true);
    assert_eq!(reload(), 200);
    assert_eq!(Http::connect(address).call("GET", "/v1/users/me?a=1", &key, &Value::Null).status, 200);
    let line = node.line("request");
    let shown = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    assert_eq!([shown("method"), shown("target")], ["GET", "/v1/users/me?a=1"], "{line}");
    assert_eq!([shown("address"), shown("user")], ["127.0.0.1", "admin"], "{line}");
    assert_eq!(line["status"], 200, "{line}");
    assert!(line["bytes"].as_u64() > Some(20) && line["ms"].as_f64() >= Some(0.0), "{line}");
    for (path, target) in [
        (format!("/v1/realtime?api_key={key}"), "/v1/realtime?api_key=***"),
        (format!("/health?token={key}&x=1"), "/health?token=***&x=1"),
        ("/health?%74oken=short".to_owned(), "/health?%74oken=***"),
        (format!("/health?other={key}"), "/health?other=***"),
        (format!("/rt/{hash}"), "/rt/{hash}"),
        (format!("/v1/{key}"), "/v1…"),
        (format!("/{key}"), "/"),
    ] {
        get(&path);
        let line = node.line("request");
        let shown = line["target"].as_str().unwrap();
        assert!(shown.starts_with(target), "{path}: {line}");
    }
    // What is refused before it can be read is a request too.
    let mut http = Http::connect(address);
    http.write(format!("GET /health/{key} HTTP/1.1\r\nHost: test\r\nno field\r\n\r\n"));
    assert_eq!(http.answer().status, 400);
    let line = node.line("request");
    assert_eq!((line["status"].as_u64(), line["method"].as_str()), (Some(400), Some("-")), "{line}");
    let mut client = crate::client::Client::connect(address, &key);
    client.assert_alive();
    let line = node.line("request");
    assert_eq!((line["status"].as_u64(), line["user"].as_str()), (Some(101), Some("admin")), "{line}");
    write(false);
    assert_eq!(reload(), 200);
    assert_eq!(get("/health/live?gone=1"), 200);
    process::signal(&node.process.0, libc::SIGTERM);
    node.line("the node has stopped");
    let said = format!("{:?}", node.read);
    for absent in [&*key, &hash, "not=logged", "gone=1", "short"] {
        assert!(!said.contains(absent), "{absent}: {said}");
    }
}

#[test]
fn each_request_behind_a_trusted_proxy_is_logged_with_its_own_client() {
    let home = Home::new(&["log.access=true", "trusted_proxies=[\"127.0.0.1\"]"]);
    let mut node = Logged::start(&home);
    let mut http = Http::connect(node.address());
    for client in ["198.51.100.1", "198.51.100.2"] {
        http.write(format!("GET /health/live HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: {client}\r\n\r\n"));
        assert_eq!(http.answer().status, 200);
        assert_eq!(node.line("request")["address"], client);
    }
    http.write("GET /health/live HTTP/1.1\r\nHost: test\r\nno field\r\n\r\n");
    assert_eq!(http.answer().status, 400);
    assert!(node.line("request")["address"].as_str().is_none_or(|address| !address.starts_with("198.")));
}
