//! The program from outside, against a naive broker that does right or is told to do wrong.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const LOADTEST: &str = env!("CARGO_BIN_EXE_loadtest");
const MOCK: &str = env!("CARGO_BIN_EXE_mock-broker");

struct Mock {
    child: Child,
    address: String,
}

impl Mock {
    fn start(fault: &str) -> Mock {
        let mut command = Command::new(MOCK);
        let mut child =
            command.args(["--fault", fault]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Mock { child, address: address.trim().to_owned() }
    }

    fn run(&self, scenario: &str, key: &str, more: &[&str]) -> Command {
        let mut command = Command::new(LOADTEST);
        command.args(["run", scenario, "--url", &format!("ws://{}/v1/realtime", self.address), "--key", key]);
        command.args([
            "--server-pid",
            &self.child.id().to_string(),
            "--warmup",
            "100ms",
            "--duration",
            "400ms",
        ]);
        command.args(more);
        command
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs against a mock with a fault, and gives the exit code, the result and what was said.
fn run(fault: &str, scenario: &str, more: &[&str]) -> (Option<i32>, Value, String) {
    let mock = Mock::start(fault);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("result.json");
    let output = mock.run(scenario, "mock-key", more).arg("--json").arg(&file).output().unwrap();
    let result = fs::read(&file).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
    (output.status.code(), result, stderr(&output))
}

#[test]
fn every_scenario_is_green_against_a_broker_that_does_right() {
    let cases: [(&str, &[&str]); 7] = [
        ("fanout", &["--clients", "20", "--rate", "200"]),
        ("fanout", &["--clients", "20", "--channels", "4", "--rate", "200", "--payload", "1024"]),
        ("fanout", &["--clients", "20", "--rate", "800", "--burst", "16"]),
        ("fanout-saturated", &["--clients", "20"]),
        ("chat-saturated", &["--clients", "20", "--channels", "5"]),
        ("round-trip", &[]),
        ("idle", &["--clients", "30", "--distinct"]),
    ];
    for (scenario, more) in cases {
        let (code, result, said) = run("", scenario, more);
        assert_eq!(code, Some(0), "{scenario}: {said}");
        for fault in ["lost", "duplicated", "reordered", "misrouted", "errors"] {
            assert_eq!(result[fault], 0, "{scenario}: {fault}");
        }
        assert_eq!(result["bytes_per_connection"].as_f64() > Some(0.0), scenario == "idle", "{result}");
        if scenario == "idle" {
            continue;
        }
        let deliveries = result["deliveries"].as_f64().unwrap();
        assert!(deliveries > 0.0 && result["p50_us"].as_f64() > Some(1.0), "{scenario}: {result}");
        assert!(result["cpu_us_per_delivery"].as_f64() > Some(0.0), "{scenario}: {result}");
    }
}

#[test]
fn a_paced_run_delivers_what_was_due() {
    let (code, result, said) = run("", "fanout", &["--clients", "10", "--rate", "100", "--duration", "1s"]);
    assert_eq!(code, Some(0), "{said}");
    let (published, deliveries) =
        (result["published"].as_f64().unwrap(), result["deliveries"].as_f64().unwrap());
    assert!((95.0..=105.0).contains(&published), "{result}");
    assert!((deliveries - published * 10.0).abs() <= 20.0, "{result}");
}

#[test]
fn a_broker_that_does_wrong_is_red() {
    for (fault, field) in [
        ("lose", "lost"),
        ("forget", "lost"),
        ("duplicate", "duplicated"),
        ("reorder", "reordered"),
        ("refuse", "errors"),
    ] {
        let (code, result, said) = run(fault, "fanout", &["--clients", "4", "--rate", "410"]);
        assert_eq!(code, Some(1), "{fault}: {said}");
        assert!(said.contains("RED"), "{fault}: {said}");
        for name in ["lost", "duplicated", "reordered", "errors"] {
            assert_eq!(result[name].as_u64() > Some(0), name == field, "{fault}: {name} in {result}");
        }
    }
}

#[test]
fn a_broker_that_breaks_off_ends_the_run_with_a_reason() {
    for (fault, reason) in
        [("close", "close"), ("exit", "the server ended"), ("fragment", "a fragmented frame")]
    {
        let start = Instant::now();
        let (code, result, said) =
            run(fault, "fanout", &["--clients", "4", "--rate", "400", "--duration", "30s"]);
        assert_eq!(code, Some(1), "{fault}: {said}");
        assert!(said.contains(reason), "{fault}: {said}");
        assert!(result["failure"].is_string(), "{fault}: {result}");
        assert!(start.elapsed() < Duration::from_secs(15), "{fault}");
    }
}

#[test]
fn what_cannot_be_done_is_told_with_the_right_exit_code() {
    let mock = Mock::start("");
    let refused = mock.run("fanout", "wrong", &["--clients", "2"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("401"), "{}", stderr(&refused));
    let unknown = mock.run("nonsense", "mock-key", &[]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("fanout-saturated"), "{}", stderr(&unknown));
    let none = mock.run("fanout", "mock-key", &["--clients", "0"]).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
    let nobody =
        Command::new(LOADTEST).args(["run", "fanout", "--url", "ws://127.0.0.1:1/"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    assert!(stderr(&nobody).contains("cannot connect to 127.0.0.1:1"), "{}", stderr(&nobody));
}

#[test]
fn the_references_start_by_themselves() {
    let quick = ["--warmup", "100ms", "--duration", "400ms"];
    for (more, bytes) in [(["limit", "--clients", "8"], 180.0), (["round-trip", "--target", "echo"], 180.0)] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("result.json");
        let mut command = Command::new(LOADTEST);
        let output = command.arg("run").args(more).args(quick).arg("--json").arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let result: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(result["frame_bytes"].as_f64(), Some(bytes), "{result}");
        assert!(result["deliveries"].as_u64() > Some(0), "{result}");
    }
}

/// Whether a process runs whose arguments contain `text`.
fn runs(text: &str) -> bool {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok()).any(|line| {
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(text)
    })
}

#[test]
fn an_interrupt_ends_the_run_and_its_children() {
    // A rate that no other test uses tells this child from theirs.
    let mut command = Command::new(LOADTEST);
    command.args(["run", "limit", "--clients", "3", "--rate", "97.25"]).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let wait = |what: &mut dyn FnMut() -> bool| {
        let start = Instant::now();
        while !what() && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait(&mut || runs("limit-server --subscribers=3 --rate=97.25"));
    assert!(runs("limit-server --subscribers=3 --rate=97.25"));
    std::thread::sleep(Duration::from_millis(300));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut code = None;
    wait(&mut || {
        code = child.try_wait().unwrap();
        code.is_some()
    });
    assert_eq!(code.and_then(|status| status.code()), Some(130));
    assert!(!runs("limit-server --subscribers=3 --rate=97.25"));
}

fn figures(out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(LOADTEST);
    command.args(["figures", "--server", MOCK, "--warmup", "100ms", "--duration", "300ms"]);
    command.args(["--clients", "20", "--idle-clients", "50", "--cpu", "0", "--out"]).arg(out).args(more);
    command.output().unwrap()
}

#[test]
fn figures_start_servers_and_write_both_reports() {
    let directory = tempfile::tempdir().unwrap();
    let output = figures(directory.path(), &["--rounds", "2"]);
    // A naive broker misses the bars, which is not the same as a fault.
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let report: Value =
        serde_json::from_slice(&fs::read(directory.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["results"].as_array().unwrap().len(), 16);
    for figure in report["figures"].as_array().unwrap() {
        assert!(figure["rounds"].as_u64() <= Some(2), "{figure}");
    }
    assert!(report["figures"][1]["held"].is_number(), "{report}");
    let limit = &report["results"][1];
    let fanout = &report["results"][0];
    assert_eq!(limit["target"], "limit");
    let difference = limit["frame_bytes"].as_f64().unwrap() - fanout["frame_bytes"].as_f64().unwrap();
    assert!(difference.abs() <= 1.0, "the reference sends other frames: {difference}");
    assert!(fs::read_to_string(directory.path().join("report.md")).unwrap().contains("| chat, saturated"));
}

#[test]
fn figures_of_a_faulty_broker_are_red_and_those_of_a_broken_one_fail() {
    let directory = tempfile::tempdir().unwrap();
    let output =
        figures(directory.path(), &["--server-arg", "--fault", "--server-arg", "lose", "--rounds", "1"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(fs::read_to_string(directory.path().join("report.md")).unwrap().contains(" lost"));
    let mut command = Command::new(LOADTEST);
    command.args(["figures", "--server", "/bin/false", "--cpu", "0", "--out"]).arg(directory.path());
    let broken = command.output().unwrap();
    assert_eq!(broken.status.code(), Some(1));
    assert!(stderr(&broken).contains("ended with"), "{}", stderr(&broken));
}
