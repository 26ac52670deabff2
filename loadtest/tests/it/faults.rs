//! Servers that do wrong, and things that cannot be done: each has its message and its exit code.

use super::{LOADTEST, MOCK, command, each, finish, is_running, mocked, stderr, wait};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_broker_that_does_wrong_is_red() {
    let cases = [
        ("lose", "lost"),
        ("forget", "lost"),
        ("duplicate", "duplicated"),
        ("reorder", "reordered"),
        ("refuse", "errors"),
        ("misroute", "misrouted"),
    ];
    each(&cases, |&(fault, field)| {
        let channels = if fault == "misroute" { "channels=2" } else { "channels=1" };
        let more = ["--set", "clients=4", "--set", "rate=810", "--set", channels];
        let (code, result, said) = finish(mocked(fault, "fanout", &more));
        assert_eq!(code, Some(1), "{fault}: {said}");
        assert!(said.contains("RED"), "{fault}: {said}");
        for name in ["lost", "duplicated", "reordered", "errors", "misrouted"] {
            assert_eq!(result[name].as_u64() > Some(0), name == field, "{fault}: {name} in {result}");
        }
    });
}

#[test]
fn a_recovery_that_leaves_a_gap_or_is_refused_is_red() {
    for fault in ["recovery-hole", "forget-history"] {
        let more =
            ["--set", "clients=10", "--set", "channels=1", "--set", "cut.clients=5", "--set", "rate=2000"];
        let (code, result, said) = finish(mocked(fault, "reconnect-storm", &more));
        assert_eq!(code, Some(1), "{fault}: {said}");
        assert!(result["recovery_gaps"].as_u64() > Some(0), "{fault}: {result}");
        // Who was told of a gap is owed nothing more.
        assert_eq!(result["lost"].as_u64() > Some(0), fault == "recovery-hole", "{fault}: {result}");
    }
}

#[test]
fn management_calls_that_fail_are_red() {
    let (code, result, said) =
        finish(mocked("refuse", "rest-mix", &["--set", "clients=10", "--set", "rate=20"]));
    assert_eq!(code, Some(1), "{said}");
    assert!(result["first_error"].as_str().unwrap().contains("429"), "{result}");
}

#[test]
fn a_broker_that_breaks_off_or_stalls_ends_the_run_with_a_reason() {
    let cases = [
        ("stall", "the server stalls"),
        ("close", "close without a code"),
        ("exit", "it ended with exit status: 3"),
        ("fragment", "a fragmented frame"),
        ("garbage", "the server ended connection"),
    ];
    each(&cases, |&(fault, reason)| {
        let start = Instant::now();
        let more = ["--set", "clients=4", "--set", "rate=400", "--set", "duration=30s"];
        let (code, result, said) = finish(mocked(fault, "fanout", &more));
        assert_eq!(code, Some(1), "{fault}: {said}");
        assert!(said.contains(reason), "{fault}: {said}");
        assert!(result["failure"].is_string(), "{fault}: {result}");
        assert!(result["deliveries"].as_u64() > Some(0), "what came until then is told: {fault}: {result}");
        assert!(start.elapsed() < Duration::from_secs(15), "{fault}");
    });
}

#[test]
fn a_search_whose_first_run_breaks_off_reports_no_rate() {
    let more = ["--set", "clients=4", "--set", "rate=400", "--slo", "p99<1s"];
    let output = mocked("exit", "fanout", &more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("rate that holds") && stderr(&output).contains("exit status: 3"), "{said}");
}

#[test]
fn what_cannot_be_done_is_told_with_the_right_exit_code() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], i32, &str); 11] = [
        (&["run", "nonsense"], 2, "fanout-saturated"),
        (&["run", "fanout", "--set", "clients=0"], 2, "clients"),
        (&["run", "fanout", "--target", "nobody"], 2, "corecast"),
        (&["run", "fanout", "--slo", "fast"], 2, "objective"),
        (&["run", "fanout", "--slo", "p99<20"], 2, "needs a unit"),
        (
            &["compare", "--targets", "limit", "--scenarios", "idle", "--set", "fanuot:rate=1"],
            2,
            "is not run",
        ),
        (&["run", "fanout", "--server", MOCK, "--port", &port], 1, "cannot use port"),
        (&["run", "fanout", "--server", "/bin/false"], 1, "ended at once with exit status: 1"),
        (&["run", "fanout", "--server", "/no/such/program"], 1, "is not installed: cargo build"),
        (&["run", "fanout", "--url", "ws://127.0.0.1:1/"], 1, "cannot connect to 127.0.0.1:1"),
        (&["run", "fanout", "--url", "tcp://127.0.0.1:1/"], 2, "does not fit corecast"),
    ];
    for (arguments, code, word) in cases {
        let output = Command::new(LOADTEST).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(word), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn too_few_open_files_are_told_and_a_low_soft_limit_is_raised() {
    let limited = |limit: &str| {
        let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, LOADTEST, "run", "fanout", "--target", "limit", "--set", "clients=200"]);
        command.args(["--set", "warmup=100ms", "--set", "duration=300ms"]);
        command.output().unwrap()
    };
    let hard = limited("-n 100");
    assert_eq!(hard.status.code(), Some(1));
    assert!(stderr(&hard).contains("raise the hard limit"), "{}", stderr(&hard));
    let soft = limited("-Sn 100");
    assert!(matches!(soft.status.code(), Some(0 | 4)), "{}", stderr(&soft));
}

#[test]
fn an_interrupt_ends_the_run_and_its_children() {
    // A frame length that no other test uses tells this child from theirs.
    let words = "--frame-bytes=397";
    let mut run = command("fanout", &["--target", "limit", "--set", "clients=3", "--set", "duration=60s"]);
    let mut child = run.args(["--frame-bytes", "397"]).stderr(Stdio::null()).spawn().unwrap();
    assert!(wait(&mut || is_running(words)));
    std::thread::sleep(Duration::from_millis(300));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut code = None;
    wait(&mut || {
        code = child.try_wait().unwrap();
        code.is_some()
    });
    assert_eq!(code.and_then(|status| status.code()), Some(130));
    assert!(!is_running(words));
}
