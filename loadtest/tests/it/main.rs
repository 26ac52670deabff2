//! The program from outside, against a naive broker that does right or is told to do wrong. No peer is needed.

mod compare;
mod faults;
mod runs;

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

const LOADTEST: &str = env!("CARGO_BIN_EXE_loadtest");
const MOCK: &str = env!("CARGO_BIN_EXE_mock-broker");
const AT_ONCE: usize = 3;

/// `loadtest run SCENARIO`, short.
fn command(scenario: &str, more: &[&str]) -> Command {
    let mut command = Command::new(LOADTEST);
    command.args(["run", scenario, "--set", "warmup=50ms", "--set", "duration=250ms"]).args(more);
    command
}

/// The same against a mock with a fault, started by the program as it would start corecast.
fn mocked(fault: &str, scenario: &str, more: &[&str]) -> Command {
    let mut command = command(scenario, more);
    command.args(["--server", MOCK, "--server-arg", "--fault", "--server-arg", fault]);
    command
}

/// Runs it: the exit code, the result, and what was said.
fn finish(mut command: Command) -> (Option<i32>, Value, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("result.json");
    let output = command.arg("--json").arg(&file).output().unwrap();
    let result = fs::read(&file).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
    (output.status.code(), result, stderr(&output))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Does `what` with each case, a few at once: most of the time they wait.
fn each<T: Sync>(cases: &[T], what: impl Fn(&T) + Sync) {
    for few in cases.chunks(AT_ONCE) {
        thread::scope(|scope| few.iter().for_each(|case| drop(scope.spawn(|| what(case)))));
    }
}

/// Waits until `what` holds, 10 seconds at most. Whether it does.
fn wait(what: &mut dyn FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !what() {
        if start.elapsed() > Duration::from_secs(10) {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Whether a process runs whose arguments contain `text`.
fn is_running(text: &str) -> bool {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok()).any(|line| {
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(text)
    })
}
