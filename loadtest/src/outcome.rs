//! The result of one run, as it stands in reports.

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
    /// Connections, those that only publish included.
    pub connections: usize,
    /// Measured time in seconds.
    pub seconds: f64,
    /// Messages received in the measured time, all receivers together.
    pub deliveries: u64,
    /// Messages published in the measured time.
    pub published: u64,
    /// Deliveries a second.
    pub deliveries_per_s: f64,
    /// Mean length of a delivered frame in bytes, over the whole run.
    pub frame_bytes: f64,
    /// Server CPU over deliveries.
    pub cpu_us_per_delivery: Option<f64>,
    /// Server CPU over the measured time: 1 is a whole core.
    pub server_cpu: Option<f64>,
    /// Latency from the time a message was due (paced) or written (saturated).
    pub p50_us: Option<f64>,
    /// 99th percentile.
    pub p99_us: Option<f64>,
    /// 99.9th percentile.
    pub p999_us: Option<f64>,
    /// RSS before any connection, in bytes.
    pub base_rss_bytes: Option<u64>,
    /// Growth of RSS over connections, in bytes; idle runs only.
    pub bytes_per_connection: Option<f64>,
    /// Growth of PSS over connections, in bytes; idle runs only.
    pub pss_bytes_per_connection: Option<f64>,
    /// Messages never received.
    pub lost: u64,
    /// Messages received again.
    pub duplicated: u64,
    /// Messages received after a later one.
    pub reordered: u64,
    /// Messages received where they do not belong.
    pub misrouted: u64,
    /// Error replies.
    pub errors: u64,
    /// The first of them.
    pub first_error: Option<String>,
    /// The generator's own CPU over the measured time.
    pub generator_cpu: f64,
    /// How late the generator sent, 99th percentile; paced runs only.
    pub generator_lag_p99_us: Option<f64>,
    /// The generator was itself at its limit in a paced run: the figures say nothing about the server.
    pub generator_overloaded: bool,
    /// The server did not keep up with a paced schedule: it was measured at its limit.
    pub behind_schedule: bool,
    /// CPU that other processes of the machine used over the measured time, in cores.
    pub other_cpu: f64,
    /// Why the run ended early.
    pub failure: Option<String>,
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

    /// What makes the figures doubtful though every message came, in words.
    pub fn doubts(&self) -> Vec<&'static str> {
        let marks = [
            (self.generator_overloaded, "generator overloaded"),
            (self.behind_schedule, "server behind schedule"),
            (self.other_cpu > OTHER_CPU_MAX, "other processes on the machine"),
        ];
        marks.into_iter().filter_map(|(holds, words)| holds.then_some(words)).collect()
    }

    /// The line for people.
    pub fn summary(&self) -> String {
        let us = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        let mut line = format!(
            "{} on {}: {} deliveries ({:.0}/s)",
            self.scenario, self.target, self.deliveries, self.deliveries_per_s
        );
        if let Some(cpu) = self.cpu_us_per_delivery {
            line += &format!(", server CPU {cpu:.3} us each");
        }
        if self.p50_us.is_some() {
            line +=
                &format!(", p50 {} p99 {} p99.9 {} us", us(self.p50_us), us(self.p99_us), us(self.p999_us));
        }
        if let Some(bytes) = self.bytes_per_connection {
            line += &format!(", {bytes:.0} bytes of RSS per connection");
        }
        line += &format!(", generator at {:.0} % CPU", self.generator_cpu * 100.0);
        if let Some(lag) = self.generator_lag_p99_us {
            line += &format!(", lag p99 {lag:.1} us");
        }
        if self.behind_schedule {
            line += " -- BEHIND SCHEDULE, the server could not keep this pace";
        }
        if self.other_cpu > OTHER_CPU_MAX {
            line += &format!(" -- DISTURBED, other processes used {:.2} cores", self.other_cpu);
        }
        if self.generator_overloaded {
            line += " -- GENERATOR OVERLOADED, do not use this result";
        }
        line
    }
}
