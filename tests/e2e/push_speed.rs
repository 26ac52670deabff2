//! What a push costs: many encrypted notices to a service on this machine that speaks HTTP/2.

use crate::push::{home, subscribe};
use crate::server::{Guard, Server};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Each of them hears each notice.
const SUBSCRIPTIONS: u64 = 1_000;

/// Notices in each of the parts that are timed.
const NOTICES: u64 = 20;

/// Notices that wait for a service which does not answer.
const WAITING: u64 = 100;

/// As long as the longest part may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A service, and where it is.
fn service(certificate: &str, key: &str) -> (Guard, String) {
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/push_sink.mjs"));
    node.env("CERTIFICATE", certificate).env("KEY", key);
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut node = Guard(node.spawn().unwrap());
    let mut url = String::new();
    BufReader::new(node.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    (node, url.trim_end().to_owned())
}

fn notify(server: &Server) {
    let body =
        json!({"title": "A title of a notice", "body": "What it has to say, in some eighty bytes of text."});
    let answer = server.http().call("POST", "/skapi/api/push-notification", &server.key, &body);
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn accepted(server: &Server) -> u64 {
    let ends = server.http().metrics("corecast_push_deliveries_total");
    ends.iter().filter(|(labels, _)| labels.contains("accepted")).map(|(_, count)| count).sum()
}

/// Waits until so many were accepted; the most memory that it saw meanwhile, in bytes.
fn until(server: &Server, count: u64) -> u64 {
    let (began, mut most) = (Instant::now(), 0);
    while accepted(server) < count {
        most = most.max(server.memory());
        assert!(began.elapsed() < PATIENCE, "{} of {count} were accepted", accepted(server));
        std::thread::sleep(Duration::from_millis(20));
    }
    most
}

/// CPU of the threads that have to do with a push, in seconds.
fn used(server: &Server) -> [f64; 4] {
    [server.cpu_s("outbound"), server.cpu_s("store"), server.cpu_s("core"), server.cpu_ticks() as f64 / 100.0]
}

fn told(what: &str, server: &Server, before: [f64; 4], took: Duration) {
    let pushes = (NOTICES * SUBSCRIPTIONS) as f64;
    let after = used(server);
    let [outbound, store, core, all] = [0, 1, 2, 3].map(|at| (after[at] - before[at]) / pushes * 1e6);
    println!(
        "{what}: {pushes} in {:.2} s, {:.0} a second; CPU each: outbound {outbound:.0} us, store {store:.0}, core {core:.0}, in all {all:.0}",
        took.as_secs_f64(),
        pushes / took.as_secs_f64(),
    );
}

/// With `--release`, `--ignored` and `--nocapture`: at 2,000 a second, as fast as they are taken, and with 100,000 that wait.
#[test]
#[ignore = "a measurement, which takes its time"]
fn two_thousand_notices_a_second() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (mut node, url) = service(&made.cert.pem(), &made.signing_key.serialize_pem());
    let home = home(&made.cert.pem(), &["limits.push_time_ms_max=60000"]);
    let server = home.start();
    let memory = |server: &Server| server.memory() as f64 / (1 << 20) as f64;
    println!("RSS at the start: {:.1} MiB", memory(&server));
    let mut http = server.http();
    for number in 0..SUBSCRIPTIONS {
        subscribe(&server, &mut http, &format!("{url}/taken/{number}"));
    }
    println!("with {SUBSCRIPTIONS} subscriptions: {:.1} MiB", memory(&server));

    let (before, began) = (used(&server), Instant::now());
    let pause = Duration::from_micros(SUBSCRIPTIONS * 1_000_000 / 2_000);
    let mut most_late = Duration::ZERO;
    for number in 0..NOTICES {
        notify(&server);
        let due = pause * (number as u32 + 1);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        until(&server, (number + 1) * SUBSCRIPTIONS);
        most_late = most_late.max(began.elapsed().saturating_sub(due));
    }
    told("at 2,000 a second", &server, before, began.elapsed());
    println!(
        "a thousand was accepted {:.0} ms after the next was due, at most",
        most_late.as_secs_f64() * 1e3
    );

    let (before, began) = (used(&server), Instant::now());
    (0..NOTICES).for_each(|_| notify(&server));
    until(&server, 2 * NOTICES * SUBSCRIPTIONS);
    told("as fast as they are taken", &server, before, began.elapsed());

    drop(server);
    let server = home.start();
    let mut http = server.http();
    for number in 0..SUBSCRIPTIONS {
        subscribe(&server, &mut http, &format!("{url}/held/{number}"));
    }
    let deleted = |number| {
        let keys = json!({"p256dh": crate::push::P256DH, "auth": crate::push::AUTH});
        json!({"endpoint": format!("{url}/taken/{number}"), "keys": keys})
    };
    for number in 0..SUBSCRIPTIONS {
        let answer = http.call("POST", "/skapi/api/delete-subscription", &server.key, &deleted(number));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let rest = memory(&server);
    (0..WAITING).for_each(|_| notify(&server));
    let waits = memory(&server);
    let began = Instant::now();
    node.0.stdin.as_mut().unwrap().write_all(b"answer\n").unwrap();
    let most = until(&server, WAITING * SUBSCRIPTIONS) as f64 / (1 << 20) as f64;
    println!(
        "{} that wait: {rest:.1} MiB before, {waits:.1} while they wait, at most {most:.1} while they go, in {:.1} s; {:.1} at the end",
        WAITING * SUBSCRIPTIONS,
        began.elapsed().as_secs_f64(),
        memory(&server),
    );
}
