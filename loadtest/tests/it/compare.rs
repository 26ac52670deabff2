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
    "duration=600ms",
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

#[test]
fn targets_are_compared_round_by_round_and_every_report_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path();
    let bars = out.join("bars.toml");
    // Nothing takes less than no CPU, and nothing less than a second in these runs.
    let bar = |work: &str, figure: &str, most: f64| {
        format!(
            "[[bar]]\nwork = \"{work}\"\nscenario = \"fanout-saturated\"\nfigure = \"{figure}\"\ntarget = \"corecast\"\nmost = {most:.1}\n"
        )
    };
    fs::write(&bars, bar("impossible", "cpu_us_per_delivery", 0.0) + &bar("easy", "p50_us", 9e9)).unwrap();
    let more = ["--scenarios", "fanout-saturated,idle,round-trip", "--rounds", "2", "--quick"];
    let mut command = compare(out, &more);
    let output =
        command.args(["--targets", "corecast,centrifugo,limit", "--bars"]).arg(&bars).output().unwrap();
    let report = report(out);
    // On a machine that is busy a paced round may be refused, but the bars are of saturated ones.
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("impossible") && !stderr(&output).contains("easy"),
        "{}",
        stderr(&output)
    );
    assert_eq!(report["bars"][0]["met"], false);
    assert_eq!(report["bars"][1]["met"], true);
    assert_eq!(report["complete"], true);
    let results = report["results"].as_array().unwrap();
    let order: Vec<(u64, &str, &str)> = results
        .iter()
        .map(|run| {
            (
                run["round"].as_u64().unwrap(),
                run["scenario"].as_str().unwrap(),
                run["target"].as_str().unwrap(),
            )
        })
        .collect();
    let installed = report["targets"][1]["version"].is_string();
    let targets: Vec<&str> = ["corecast", "centrifugo", "limit"]
        .into_iter()
        .filter(|name| installed || *name != "centrifugo")
        .collect();
    let mut expected = Vec::new();
    for round in [1, 2] {
        for scenario in ["fanout-saturated", "idle", "round-trip"] {
            expected.extend(targets.iter().map(|target| (round, scenario, *target)));
        }
    }
    assert_eq!(order, expected);
    for name in [
        "deliveries",
        "cpu_us_per_delivery",
        "deliveries_per_s",
        "p50_us",
        "p99_us",
        "p999_us",
        "bytes_per_connection",
        "lost",
        "duplicated",
        "reordered",
    ] {
        assert!(results[0].get(name).is_some(), "{name}");
    }
    // The reference sends frames as long as the first target's.
    let difference = results[0]["frame_bytes"].as_f64().unwrap()
        - results[targets.len() - 1]["frame_bytes"].as_f64().unwrap();
    assert!(difference.abs() <= 1.0, "{difference}");
    let markdown = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(
        markdown.contains("## fanout-saturated") && markdown.contains("| limit | 2 of 2 |"),
        "{markdown}"
    );
    assert!(installed || markdown.contains("**missing**"), "{markdown}");
    let html = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        html.contains("<polyline") && html.contains("<rect") && html.contains("listen="),
        "plots and configuration"
    );
    assert!(!html.contains("src=") && !html.contains("<script") && !html.contains("NaN"), "self-contained");
    assert!(out.join("hdr/fanout-saturated-corecast-2-latency.hdr").exists());
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
