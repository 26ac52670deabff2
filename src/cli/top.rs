//! `corecast top`: what the running node does, as rates between two looks at its metrics.

use super::figures::Figures;
use super::{Failure, ask, load, print, status};
use crate::config::Sources;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Moves to the corner and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Figures of the node as a whole, and what they are called.
const RATES: &[(&str, &str)] = &[
    ("messages in", "corecast_messages_received_total"),
    ("messages out", "corecast_messages_sent_total"),
    ("publications", "corecast_publications_total"),
    ("bytes in", "corecast_bytes_received_total"),
    ("bytes out", "corecast_bytes_sent_total"),
    ("responses", "corecast_http_responses_total"),
    ("faults", "corecast_faults_total"),
    ("slow", "corecast_slow_consumers_total"),
    ("closed", "corecast_connections_closed_total"),
];

/// Looks every so often, for so many times or until the process is ended.
pub(super) fn run(sources: &Sources, every: Duration, count: Option<u64>) -> Result<(), Failure> {
    let address = ask::address_of(&load(sources)?)?;
    let clears = std::io::stdout().is_terminal();
    let mut before = (Instant::now(), status::metrics(address)?);
    let mut looks = 0;
    while count.is_none_or(|count| looks < count) {
        std::thread::sleep(every);
        let after = (Instant::now(), status::metrics(address)?);
        let table = table(&before.1, &after.1, after.0.duration_since(before.0).as_secs_f64());
        print(format_args!("{}{}", if clears { CLEAR } else { "" }, table.trim_end()))?;
        before = after;
        looks += 1;
    }
    Ok(())
}

/// What happened in so many seconds.
fn table(before: &Figures, after: &Figures, seconds: f64) -> String {
    // Of a process that was restarted in between, the figures since its start.
    let restarted = after.sum("corecast_uptime_seconds") < before.sum("corecast_uptime_seconds");
    let nothing = Figures::default();
    let before = if restarted { &nothing } else { before };
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "up {}  connections {}  websockets {}  subscriptions {}",
        humantime::format_duration(Duration::from_secs(after.sum("corecast_uptime_seconds") as u64)),
        after.sum("corecast_connections_open"),
        after.sum("corecast_websockets_open"),
        after.sum("corecast_subscriptions_open"),
    );
    let _ = writeln!(text, "\n{:<14}{:>14}", "", "per second");
    for (word, name) in RATES {
        let rate = (after.sum(name) - before.sum(name)) / seconds;
        let _ = writeln!(text, "{word:<14}{rate:>14.1}");
    }
    let _ = writeln!(text, "\n{:<6}{:>12}{:>12}{:>8}", "core", "connections", "turns/s", "busy");
    let mut cores: Vec<u64> =
        after.by_label("corecast_connections_open").filter_map(|(core, _)| core.parse().ok()).collect();
    cores.sort_unstable();
    for core in cores {
        let rate = |name| (after.of_core(name, core) - before.of_core(name, core)) / seconds;
        let connections = after.of_core("corecast_connections_open", core);
        let (turns, busy) = (rate("corecast_turn_seconds_count"), 100.0 * rate("corecast_turn_seconds_sum"));
        let _ = writeln!(text, "{core:<6}{connections:>12}{turns:>12.0}{busy:>7.1}%");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(uptime: u64, messages: u64, busy: f64) -> Figures {
        Figures::read(&format!(
            "corecast_uptime_seconds {uptime}\ncorecast_messages_sent_total {messages}\n\
             corecast_connections_open{{core=\"0\"}} 3\ncorecast_turn_seconds_sum{{core=\"0\"}} {busy}\n"
        ))
    }

    #[test]
    fn rates_are_the_differences_of_two_looks() {
        let text = table(&look(10, 100, 1.0), &look(12, 300, 1.5), 2.0);
        assert!(text.contains("messages out           100.0\n"), "{text}");
        assert!(text.contains("0                3           0   25.0%\n"), "{text}");
    }

    #[test]
    fn a_restart_between_two_looks_begins_anew() {
        let text = table(&look(100, 5000, 9.0), &look(1, 40, 0.1), 2.0);
        assert!(text.contains("messages out            20.0\n"), "{text}");
    }
}
