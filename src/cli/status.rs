//! `corecast status`: how the running node is.

use super::ask::{self, Answer, Silence};
use super::figures::Figures;
use super::{Failure, load, print};
use crate::base::json;
use crate::base::time::rfc3339;
use crate::config::Sources;
use serde::Deserialize;
use std::fmt::Write;
use std::net::SocketAddr;

#[derive(Deserialize)]
struct Health {
    status: String,
    version: String,
    uptime: u64,
    node: String,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    websocket_connections: u64,
    online_users: u64,
    active_calls: u64,
    active_huddles: u64,
}

/// Prints how the node is, or only whether it is ready. Fails if it is not well.
pub(super) fn run(sources: &Sources, ready: bool) -> Result<(), Failure> {
    let config = load(sources)?;
    let address = ask::address_of(&config)?;
    if ready {
        let answer = asked(address, "/health/ready")?;
        let body = String::from_utf8_lossy(&answer.body);
        return match answer.status {
            200 => print("ready"),
            _ => Err(Failure::Said(format!("the node on {address} is not ready: {body}"))),
        };
    }
    let answer = asked(address, "/health")?;
    let health: Health = json::read_bytes(&answer.body).map_err(|error| {
        Failure::Said(format!("what answers on {address} is no node of this kind: {error}"))
    })?;
    let figures = metrics(address)?;
    let printed = print(text(&health, &figures, address).trim_end());
    match answer.status {
        200 => printed,
        _ => {
            Err(Failure::Said(format!("the node is {}; GET /health/ready says what is wrong", health.status)))
        }
    }
}

/// The figures of the node at an address.
///
/// # Errors
/// Nobody answers there, or somebody else.
pub(super) fn metrics(address: SocketAddr) -> Result<Figures, Failure> {
    let answer = asked(address, "/metrics")?;
    match answer.status {
        200 => Ok(Figures::read(&String::from_utf8_lossy(&answer.body))),
        _ => Err(Failure::Said(format!("the node on {address} tells no metrics: {}", answer.fault()))),
    }
}

fn asked(address: SocketAddr, path: &str) -> Result<Answer, Failure> {
    ask::get(address, path).map_err(|silence| match silence {
        Silence::Nobody(error) => Failure::Said(format!(
            "no node answers on {address} ({error}); is it running, and is this its configuration (--config, --set)?"
        )),
        Silence::NoAnswer(error) => Failure::Said(format!("the node on {address} did not answer: {error}")),
    })
}

fn text(health: &Health, figures: &Figures, address: SocketAddr) -> String {
    let uptime = humantime::format_duration(std::time::Duration::from_secs(health.uptime));
    let mut text = format!("{}  corecast {}  {}  up {uptime}\n", health.node, health.version, health.status);
    let mut line = |name: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {name:<14}{value}");
    };
    line("address", format!("http://{address}"));
    line("cores", format!("{}", figures.sum("corecast_cores")));
    line(
        "connections",
        format!(
            "{} ({} WebSockets)",
            figures.sum("corecast_connections_open"),
            health.stats.websocket_connections
        ),
    );
    line("subscriptions", figures.sum("corecast_subscriptions_open").to_string());
    line("users", health.stats.online_users.to_string());
    line("calls", format!("{}, {} huddles", health.stats.active_calls, health.stats.active_huddles));
    line("publications", figures.sum("corecast_publications_total").to_string());
    line("slow", format!("{} subscribers since the start", figures.sum("corecast_slow_consumers_total")));
    let until_unix_s = figures.sum("corecast_acme_certificate_expiry_timestamp_seconds") as u64;
    let orders = figures.by_label("corecast_acme_orders_total");
    let failed = orders.filter(|(outcome, _)| *outcome == "failed").map(|(_, count)| count).sum::<f64>();
    if until_unix_s > 0 || failed > 0.0 {
        let until = match until_unix_s {
            0 => "none yet".to_owned(),
            until => format!("until {}", rfc3339(until.saturating_mul(1_000))),
        };
        line("certificate", format!("{until}; {failed} tries to get one failed since the start"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_who_it_is_and_what_it_has() {
        let stats = Stats { websocket_connections: 2, online_users: 1, active_calls: 0, active_huddles: 3 };
        let health =
            Health { status: "healthy".into(), version: "1".into(), uptime: 61, node: "n@h".into(), stats };
        let figures = Figures::read(
            "corecast_cores 2\ncorecast_connections_open{core=\"0\"} 2\ncorecast_connections_open{core=\"1\"} 3\n",
        );
        let text = text(&health, &figures, "127.0.0.1:8080".parse().unwrap());
        assert!(text.starts_with("n@h  corecast 1  healthy  up 1m 1s\n"), "{text}");
        assert!(text.contains("  connections   5 (2 WebSockets)\n"), "{text}");
        assert!(!text.contains("certificate"), "{text}");
    }
}
