//! Runs that go well.

use super::{LOADTEST, MOCK, command, each, finish, mocked, stderr};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Every kind of scenario, small.
const SMALL: [(&str, &[&str]); 16] = [
    ("fanout", &["clients=20", "rate=200"]),
    ("fanout", &["clients=20", "channels=4", "rate=200", "payload_bytes=1024"]),
    ("fanout-burst", &["clients=20"]),
    ("fanout-saturated", &["clients=20"]),
    ("fanout-saturated-burst", &["clients=20"]),
    ("fanout-saturated-1k", &["clients=20"]),
    ("chat", &["clients=20"]),
    ("chat-saturated", &["clients=20"]),
    ("presence", &["clients=20", "members=5"]),
    ("connect-storm", &["clients=30", "connect_rate=200"]),
    ("reconnect-storm", &["clients=20", "cut.clients=10"]),
    ("slow-consumer", &["clients=20", "slow.clients=3", "slow.bytes_per_s=2000"]),
    ("idle", &["clients=30"]),
    ("idle-distinct", &["clients=30"]),
    ("round-trip", &[]),
    ("soak", &["clients=40", "warmup=50ms", "duration=250ms"]),
];

fn sets<'a>(changes: &[&'a str]) -> Vec<&'a str> {
    changes.iter().flat_map(|&change| ["--set", change]).collect()
}

/// Whether every message came as it should. Where other tests keep the machine busy the generator may be late, and the
/// figures be refused.
fn is_green(code: Option<i32>) -> bool {
    matches!(code, Some(0 | 4))
}

fn check(scenario: &str, (code, result, said): (Option<i32>, Value, String)) {
    assert!(is_green(code), "{scenario}: {said}");
    for fault in ["lost", "duplicated", "reordered", "misrouted", "recovery_gaps", "errors"] {
        assert_eq!(result[fault], 0, "{scenario}: {fault}");
    }
    if scenario.starts_with("idle") {
        assert!(result["bytes_per_connection"].is_number(), "{result}");
        return;
    }
    assert!(
        result["deliveries"].as_f64() > Some(0.0) && result["p50_us"].as_f64() > Some(1.0),
        "{scenario}: {result}"
    );
    assert!(result["cpu_us_per_delivery"].as_f64() > Some(0.0), "{scenario}: {result}");
    let side = match scenario {
        "presence" | "soak" => "join",
        "reconnect-storm" => "caught-up",
        "rest-mix" => "management",
        _ => return,
    };
    assert_eq!(result["side"]["name"], side, "{scenario}: {result}");
    assert!(result["side"]["count"].as_u64() > Some(5), "{scenario}: {result}");
}

#[test]
fn every_scenario_is_green_against_a_broker_that_does_right() {
    each(&SMALL, |(scenario, changes)| check(scenario, finish(mocked("", scenario, &sets(changes)))));
    check("rest-mix", finish(mocked("", "rest-mix", &sets(&["clients=20"]))));
}

#[test]
fn the_built_in_reference_does_right_too() {
    each(&SMALL, |(scenario, changes)| {
        let more = [vec!["--target", "limit", "--frame-bytes", "150"], sets(changes)].concat();
        let (code, result, said) = finish(command(scenario, &more));
        if *scenario == "fanout-burst" {
            assert_eq!(result["frame_bytes"].as_f64(), Some(150.0), "{result}");
        }
        check(scenario, (code, result, said));
    });
    let (code, result, _) = finish(command("rest-mix", &["--target", "limit"]));
    assert_eq!(code, Some(0));
    assert!(result["skipped"].as_str().unwrap().contains("no management"), "{result}");
}

#[test]
fn several_workers_find_what_one_finds() {
    for scenario in ["fanout", "chat-saturated", "presence", "reconnect-storm"] {
        let more =
            ["--cpu", "0,0,0", "--set", "clients=30", "--set", "members=10", "--set", "cut.clients=10"];
        let more = if scenario == "reconnect-storm" { &more[..] } else { &more[..6] };
        check(scenario, finish(mocked("", scenario, more)));
    }
}

#[test]
fn a_paced_run_delivers_what_was_due() {
    let changes = ["clients=10", "rate=100", "duration=1s"];
    let (code, result, said) = finish(mocked("", "fanout", &sets(&changes)));
    assert!(is_green(code), "{said}");
    let (published, deliveries) =
        (result["published"].as_f64().unwrap(), result["deliveries"].as_f64().unwrap());
    assert!((95.0..=105.0).contains(&published), "{result}");
    assert!((deliveries - published * 10.0).abs() <= 20.0, "{result}");
}

#[test]
fn latency_counts_from_when_a_message_was_due() {
    // A pause of the server is felt by every message that was due in it: a generator that waits for answers would
    // send one into it, and the 99th percentile miss that.
    let changes = ["clients=2", "rate=400", "warmup=0s", "duration=500ms"];
    let (code, result, said) = finish(mocked("pause", "fanout", &sets(&changes)));
    assert!(is_green(code), "{said}");
    assert!(result["p99_us"].as_f64() > Some(100_000.0), "{result}");
    assert!(result["published"].as_u64() > Some(190), "{result}");
    // And a pause of the generator, which sends late then, by every message that should have been sent.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("result.json");
    let changes = ["clients=2", "rate=400", "warmup=0s", "duration=2s"];
    let mut child = mocked("", "fanout", &sets(&changes)).arg("--json").arg(&file).spawn().unwrap();
    thread::sleep(Duration::from_millis(900));
    for (signal, wait_ms) in [("-STOP", 300), ("-CONT", 0)] {
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        thread::sleep(Duration::from_millis(wait_ms));
    }
    assert_eq!(child.wait().unwrap().code(), Some(4), "a run that is refused is no success");
    let result: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert!(result["p99_us"].as_f64() > Some(200_000.0), "{result}");
    assert_eq!(
        (&result["generator_late"], &result["generator_busy"]),
        (&true.into(), &false.into()),
        "{result}"
    );
}

#[test]
fn a_server_that_is_up_is_loaded_and_histograms_are_kept() {
    let mut mock = Command::new(MOCK).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(mock.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = format!("ws://{}/v1/realtime", address.trim());
    let mut run = command("fanout", &["--set", "clients=5", "--url", &url, "--key", "mock-key"]);
    let (code, result, said) = finish({
        run.arg("--hdr").arg(directory.path()).arg("--plots").arg(directory.path().join("plots"));
        run
    });
    let refused =
        command("fanout", &["--set", "clients=5", "--url", &url, "--key", "wrong"]).output().unwrap();
    mock.kill().unwrap();
    mock.wait().unwrap();
    assert!(is_green(code), "{said}");
    assert!(result["deliveries"].as_u64() > Some(0) && result["cpu_us_per_delivery"].is_null(), "{result}");
    assert!(directory.path().join("fanout-corecast-1-latency.hdr").metadata().unwrap().len() > 40);
    let plot = fs::read_to_string(directory.path().join("plots/fanout-latency.svg"));
    assert_eq!(plot.is_ok(), code == Some(0), "what is refused is not plotted");
    assert!(plot.is_err() || plot.is_ok_and(|text| text.contains("corecast") && text.contains("<polyline")));
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("401"), "{}", stderr(&refused));
}

#[test]
fn lower_rates_are_tried_where_an_objective_does_not_hold() {
    let changes = ["--set", "clients=2", "--set", "rate=6", "--slo", "max<1us"];
    let output = mocked("", "fanout", &changes).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("6.0 messages/s: does not hold") && said.contains("3.0 messages/s"), "{said}");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("no rate held"), "{}", stderr(&output));
    let idle = mocked("", "idle", &["--slo", "p99<1s"]).output().unwrap();
    assert_eq!(idle.status.code(), Some(2));
}

#[test]
fn targets_and_scenarios_are_listed() {
    let list = |word: &str| {
        let output = Command::new(LOADTEST).arg(word).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let peers = list("peers");
    for name in ["corecast", "corecast-xano", "uws", "nats", "redis", "mosquitto", "centrifugo", "limit"] {
        assert!(peers.lines().any(|line| line.starts_with(name)), "{peers}");
    }
    assert_eq!(list("scenarios").lines().count(), 18);
    for word in ["peers", "scenarios"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let unread = Command::new(LOADTEST).arg(word).stdout(writer).output().unwrap();
        assert!(unread.status.success() && unread.stderr.is_empty(), "{word}: {}", stderr(&unread));
    }
}
