//! `loadtest compare`: series, reports, exit codes.

use super::{LOADTEST, MOCK, is_running, stderr, wait};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const SHORT: [&str; 10] = [
    "--cpu",
    "0",
    "--set",
    "clients=20",
    "--set",
    "warmup=100ms",
    "--set",
    "duration=300ms",
    "--server",
    MOCK,
];

fn compare(out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(LOADTEST);
    command.arg("compare").args(SHORT).arg("--out").arg(out).args(more);
    command
}

fn report(out: &Path) -> Value {
    serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap()
}

/// A file with a bar that nothing meets and one that everything does.
fn write_bars(file: &Path) {
    let bar = |work: &str, figure: &str, most: f64| {
        let scenario = "scenario = \"fanout-saturated\"\ntarget = \"corecast\"";
        format!("[[bar]]\nwork = \"{work}\"\nfigure = \"{figure}\"\n{scenario}\nmost = {most:.1}\n")
    };
    fs::write(file, bar("impossible", "cpu_us_per_delivery", 0.0) + &bar("easy", "p50_us", 9e9)).unwrap();
}

#[test]
fn targets_are_compared_round_by_round_and_every_report_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path();
    let bars = out.join("bars.toml");
    write_bars(&bars);
    let more = ["--scenarios", "fanout-saturated,idle,round-trip", "--rounds", "2", "--quick"];
    let mut command = compare(out, &more);
    let output =
        command.args(["--targets", "corecast,centrifugo,limit", "--bars"]).arg(&bars).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("bars missed: impossible") && !said.contains("easy"), "{said}");
    let report = report(out);
    assert_eq!(
        (&report["bars"][0]["met"], &report["bars"][1]["met"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    assert_eq!(report["complete"], true);
    check_results(&report);
    check_pages(out, report["targets"][1]["version"].is_string());
    assert!(out.join("hdr/fanout-saturated-corecast-2-latency.hdr").exists());
    let plot = fs::read_to_string(out.join("plots/fanout-saturated-cpu.svg")).unwrap();
    assert!(plot.contains("corecast") && plot.ends_with("</svg>"), "{plot}");
}

/// Order and fields of the results.
fn check_results(report: &Value) {
    let results = report["results"].as_array().unwrap();
    let text = |run: &Value, name: &str| run[name].as_str().unwrap().to_owned();
    let order: Vec<(u64, String, String)> = results
        .iter()
        .map(|run| (run["round"].as_u64().unwrap(), text(run, "scenario"), text(run, "target")))
        .collect();
    let peers = report["targets"].as_array().unwrap();
    let targets: Vec<String> =
        peers.iter().filter(|peer| peer["version"].is_string()).map(|peer| text(peer, "name")).collect();
    let mut expected = Vec::new();
    for round in [1, 2] {
        for scenario in ["fanout-saturated", "idle", "round-trip"] {
            expected.extend(targets.iter().map(|target| (round, scenario.to_owned(), target.clone())));
        }
    }
    assert_eq!(order, expected);
    let promised = "deliveries cpu_us_per_delivery deliveries_per_s p50_us p99_us p999_us \
                    bytes_per_connection lost duplicated reordered";
    for name in promised.split_whitespace() {
        assert!(results[0].get(name).is_some(), "{name}");
    }
    // The reference sends frames as long as the first target's.
    let bytes = |at: usize| results[at]["frame_bytes"].as_f64().unwrap();
    let difference = bytes(0) - bytes(targets.len() - 1);
    assert!(difference.abs() <= 1.0, "{difference}");
}

fn check_pages(out: &Path, all_installed: bool) {
    let markdown = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(markdown.contains("## fanout-saturated"), "{markdown}");
    assert!(markdown.contains("| limit | 2 of 2 |"), "{markdown}");
    assert!(all_installed || markdown.contains("**missing**"), "{markdown}");
    let html = fs::read_to_string(out.join("report.html")).unwrap();
    for part in ["<polyline", "<rect", "listen="] {
        assert!(html.contains(part), "plots and configurations: {part}");
    }
    for foreign in ["src=", "<script", "NaN"] {
        assert!(!html.contains(foreign), "not self-contained: {foreign}");
    }
}

#[test]
fn a_faulty_target_makes_the_comparison_red_and_one_that_does_not_start_too() {
    for (server, arguments, word) in [
        (MOCK, &["--server-arg", "--fault", "--server-arg", "lose"][..], " lost"),
        ("/bin/false", &[], "ended at once"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let more =
            ["--scenarios", "fanout", "--rounds", "1", "--targets", "corecast,limit", "--set", "rate=200"];
        let mut command = Command::new(LOADTEST);
        command.arg("compare").args(&SHORT[..8]).args(["--server", server]).args(arguments).args(more);
        let output = command.arg("--out").arg(directory.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let results = report(directory.path());
        assert_eq!(results["results"].as_array().unwrap().len(), 2, "the other target still runs");
        let markdown = fs::read_to_string(directory.path().join("report.md")).unwrap();
        assert!(markdown.contains("**RED**") && markdown.contains(word), "{markdown}");
    }
}

#[test]
fn an_interrupted_comparison_leaves_a_partial_report_and_no_children() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("new");
    let words = "--frame-bytes=398";
    let more = ["--scenarios", "connect-storm,fanout", "--targets", "limit", "--frame-bytes", "398"];
    let mut command = compare(&out, &more);
    command.args(["--set", "fanout:duration=60s"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let first = out.join("hdr/connect-storm-limit-1-latency.hdr");
    assert!(wait(&mut || first.exists()) && wait(&mut || is_running(words)));
    std::thread::sleep(Duration::from_millis(300));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut code = None;
    wait(&mut || {
        code = child.try_wait().unwrap();
        code.is_some()
    });
    assert_eq!(code.and_then(|status| status.code()), Some(130));
    assert!(!is_running(words));
    let report = report(&out);
    assert_eq!(report["complete"], false);
    assert_eq!(report["results"].as_array().unwrap().len(), 1);
    assert!(fs::read_to_string(out.join("report.html")).unwrap().contains("broke off"));
}
