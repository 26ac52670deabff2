//! The result of one run, as it stands in reports.

use crate::engine::Sample;
use serde::Serialize;

/// Cores that other processes may use before a result is marked as disturbed.
pub const OTHER_CPU_MAX: f64 = 0.1;

/// One scenario on one target, once. Times are microseconds; what could not be measured is null.
#[derive(Clone, Default, Debug, Serialize)]
pub struct Outcome {
    /// The scenario's name.
    pub scenario: String,
    /// The target's name.
    pub target: String,
    /// Which round of a series, from 1.
    pub round: u32,
    /// Connections of all kinds.
    pub connections: usize,
    /// Measured time in seconds.
    pub seconds: f64,
    /// Messages received in the measured time, all receivers together; in a connection storm, connections.
    pub deliveries: u64,
    /// Messages published in the measured time.
    pub published: u64,
    /// Deliveries a second.
    pub deliveries_per_s: f64,
    /// Mean length of a delivered unit (frame, packet, line and data) in bytes, over the whole run.
    pub frame_bytes: f64,
    /// Server CPU over deliveries.
    pub cpu_us_per_delivery: Option<f64>,
    /// Server CPU over the measured time: 1 is a whole core.
    pub server_cpu: Option<f64>,
    /// Part of the measured time that the server's tasks waited for a CPU, summed over them.
    pub server_wait: Option<f64>,
    /// The server's context switches over deliveries.
    pub switches_per_delivery: Option<f64>,
    /// Latency from the time a message was due (paced) or written (saturated).
    pub p50_us: Option<f64>,
    /// 99th percentile.
    pub p99_us: Option<f64>,
    /// 99.9th percentile.
    pub p999_us: Option<f64>,
    /// The largest.
    pub max_us: Option<f64>,
    /// What happened beside the traffic: joins, clients catching up, management calls.
    pub side: Option<Named>,
    /// Latency while every client read, where later some did not.
    pub before: Option<Named>,
    /// RSS before any connection, in bytes.
    pub base_rss_bytes: Option<u64>,
    /// RSS at the end of the measured time, in bytes.
    pub end_rss_bytes: Option<u64>,
    /// Growth of RSS over connections, in bytes: idle, or before the traffic.
    pub bytes_per_connection: Option<f64>,
    /// Growth of PSS over connections, in bytes.
    pub pss_bytes_per_connection: Option<f64>,
    /// Descriptors the server had open at the end.
    pub server_fds: Option<usize>,
    /// Messages never received.
    pub lost: u64,
    /// Messages received again.
    pub duplicated: u64,
    /// Messages received after a later one.
    pub reordered: u64,
    /// Messages received where they do not belong.
    pub misrouted: u64,
    /// Of those lost, missing after a recovery; and recoveries that the server refused.
    pub recovery_gaps: u64,
    /// Published while a client was away, of a server that knows no recovery. No fault.
    pub missed: u64,
    /// Slow clients that the server disconnected. No fault.
    pub slow_closed: Option<u64>,
    /// Joins not begun because the client's one before was not done.
    pub skipped_moves: u64,
    /// Error replies.
    pub errors: u64,
    /// The first of them.
    pub first_error: Option<String>,
    /// The generator's own CPU over the measured time, in cores.
    pub generator_cpu: f64,
    /// Part of the measured time that the generator waited for a CPU: its scheduling lag.
    pub generator_wait: f64,
    /// How late the generator sent, 99th percentile; paced runs only.
    pub generator_lag_p99_us: Option<f64>,
    /// The generator used nearly all of its CPU in a paced run: the figures say nothing about the server.
    pub generator_busy: bool,
    /// The generator sent late in a paced run, however little CPU it used: they say nothing either.
    pub generator_late: bool,
    /// The generator was itself at its limit in a saturated run: the server could have delivered more.
    pub generator_bound: bool,
    /// The server did not keep up with a paced schedule: it was measured at its limit.
    pub behind_schedule: bool,
    /// CPU that other processes of the machine used over the measured time, in cores.
    pub other_cpu: f64,
    /// Why the run ended early.
    pub failure: Option<String>,
    /// Why there was none: the target knows no such thing.
    pub skipped: Option<String>,
    /// Deliveries over time.
    pub throughput: Vec<Throughput>,
    /// The server over time.
    pub samples: Vec<Sample>,
}

/// Latency of something beside the traffic.
#[derive(Clone, Default, Debug, Serialize)]
pub struct Named {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
    /// Median.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// The largest: with clients catching up, when all had.
    pub max_us: f64,
}

/// Deliveries at some time.
#[derive(Clone, Copy, Default, Debug, Serialize)]
pub struct Throughput {
    /// Seconds since the measured time began.
    pub at_s: f64,
    /// Deliveries a second since the value before.
    pub deliveries_per_s: f64,
}

impl Outcome {
    /// What makes the run red, in words.
    pub fn red(&self) -> Option<String> {
        let mut faults = Vec::new();
        let counts = [
            (self.lost, "lost"),
            (self.duplicated, "duplicated"),
            (self.reordered, "reordered"),
            (self.misrouted, "misrouted"),
            (self.recovery_gaps, "gaps after a recovery"),
            (self.errors, "error replies"),
        ];
        for (count, what) in counts {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        }
        faults.extend(self.first_error.iter().map(|error| format!("the first error: {error}")));
        faults.extend(self.failure.clone());
        (!faults.is_empty()).then(|| faults.join(", "))
    }

    /// Whether its figures count.
    pub fn counts(&self) -> bool {
        self.red().is_none() && self.refused().is_none() && self.skipped.is_none()
    }

    /// What makes the figures doubtful though every message came, in words.
    pub fn doubts(&self) -> Vec<String> {
        let marks = [
            (self.generator_bound, "generator at its limit"),
            (self.behind_schedule, "server behind schedule"),
            (self.other_cpu > OTHER_CPU_MAX, "other processes on the machine"),
        ];
        let doubts = marks.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words.to_owned());
        self.refused().map(|why| format!("refused: {why}")).into_iter().chain(doubts).collect()
    }

    /// Why the figures say nothing about the server, in words: the generator did not do its part.
    pub fn refused(&self) -> Option<String> {
        let busy = format!("the generator used {:.0} % CPU", self.generator_cpu * 100.0);
        let lag = self.generator_lag_p99_us.unwrap_or_default();
        let late = format!("the generator sent late, by {lag:.0} us at the 99th percentile");
        match (self.generator_busy, self.generator_late) {
            (true, true) => Some(format!("{busy} and sent late, by {lag:.0} us at the 99th percentile")),
            (true, false) => Some(busy),
            (false, true) => Some(late),
            (false, false) => None,
        }
    }

    /// The line for people.
    pub fn summary(&self) -> String {
        let Outcome { scenario, target, deliveries, .. } = self;
        if let Some(why) = &self.skipped {
            return format!("{scenario} on {target}: skipped, {why}");
        }
        let us = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        let mut line =
            format!("{scenario} on {target}: {deliveries} deliveries ({:.0}/s)", self.deliveries_per_s);
        if let Some(cpu) = self.cpu_us_per_delivery {
            line += &format!(", server CPU {cpu:.3} us each");
        }
        if self.p50_us.is_some() {
            line +=
                &format!(", p50 {} p99 {} p99.9 {} us", us(self.p50_us), us(self.p99_us), us(self.p999_us));
        }
        for side in self.before.iter().chain(&self.side) {
            let Named { name, count, p50_us, p99_us, max_us } = side;
            line += &format!(", {name} x {count}: p50 {p50_us:.1} p99 {p99_us:.1} max {max_us:.1} us");
        }
        if self.missed > 0 {
            line += &format!(", {} missed while away (it knows no recovery)", self.missed);
        }
        if let Some(closed) = self.slow_closed {
            line += &format!(", {closed} slow clients disconnected");
        }
        if let Some(bytes) = self.bytes_per_connection {
            line += &format!(", {bytes:.0} bytes of RSS per connection");
        }
        line += &format!(", generator at {:.0} % CPU", self.generator_cpu * 100.0);
        if let Some(lag) = self.generator_lag_p99_us {
            line += &format!(", lag p99 {lag:.1} us");
        }
        for doubt in self.doubts() {
            line += &format!(" -- {doubt}");
        }
        line
    }
}
