//! `loadtest run`: one scenario, once.

use crate::cli::Run;
use crate::engine::{self, Plan};
use crate::failure::Failure;
use crate::launch::Server;
use crate::reference::limit::Job;
use crate::scenario::{self, Load, Publishers, Scenario};
use crate::{sys, target};
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};

/// Runs it, prints the result, and fails if a message did not arrive as it should.
pub fn run(arguments: &Run) -> Result<(), Failure> {
    let (scenario, target_name) = resolve(arguments)?;
    let target =
        target::by_name(target_name, arguments.key.as_deref(), arguments.frame_bytes).ok_or_else(|| {
            Failure::Usage(format!("no target {target_name}; there are {}", target::NAMES.join(", ")))
        })?;
    let server = start_reference(target_name, &scenario, arguments)?;
    let (host, address, path) = match &server {
        Some(server) => (server.address.to_string(), server.address, "/".to_owned()),
        None => parse_url(&arguments.url)?,
    };
    if let Some(cpu) = arguments.cpu {
        sys::pin_to(cpu).map_err(|error| Failure::Usage(format!("cannot run on CPU {cpu}: {error}")))?;
    }
    let plan = Plan {
        scenario: &scenario,
        target: target.as_ref(),
        address,
        host,
        path,
        server_pid: server.as_ref().map(Server::pid).or(arguments.server_pid),
        round: 1,
    };
    let outcome = engine::run(&plan)?;
    drop(server);
    println!("{}", outcome.summary());
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(&outcome).map_err(|error| error.to_string())?;
        fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    outcome.red().map_or(Ok(()), |red| Err(Failure::Red(format!("RED: {red}"))))
}

fn resolve(arguments: &Run) -> Result<(Scenario, &str), Failure> {
    let name = match arguments.scenario.as_str() {
        "idle" if arguments.distinct => "idle-distinct",
        name => name,
    };
    let unknown = || format!("no scenario {name}; there are {}", scenario::NAMES.join(", "));
    let scenario = Scenario::named(name).ok_or_else(|| Failure::Usage(unknown()))?;
    let mut scenario = scenario.with(&arguments.overrides()).map_err(Failure::Usage)?;
    let target = if name == "limit" { "limit" } else { &arguments.target };
    match target {
        "limit" if scenario.name != "fanout" || scenario.channels != 1 => {
            return Err(Failure::Usage("the send loop knows only fanout to one channel".to_owned()));
        }
        "limit" => scenario.publishers = Publishers::Server,
        "echo" if scenario.clients != 1 || scenario.publishers != Publishers::Everyone => {
            return Err(Failure::Usage(
                "the echo knows only one connection that publishes to itself".to_owned(),
            ));
        }
        _ => {}
    }
    Ok((scenario, target))
}

fn start_reference(target: &str, scenario: &Scenario, arguments: &Run) -> Result<Option<Server>, Failure> {
    Ok(match (target, scenario.load) {
        ("echo", _) => Some(Server::echo(arguments.server_cpu)?),
        ("limit", Load::Paced { rate, burst }) => Some(Server::limit(
            &limit_job(scenario, (rate, burst), arguments.frame_bytes),
            arguments.server_cpu,
        )?),
        _ => None,
    })
}

/// The send loop that does what `scenario` asks of a server.
pub fn limit_job(scenario: &Scenario, (rate, burst): (f64, u32), frame_bytes: usize) -> Job {
    Job { subscribers: scenario.clients, rate, burst, payload_bytes: scenario.payload_bytes, frame_bytes }
}

/// Host, address and path of a `ws://` URL.
fn parse_url(url: &str) -> Result<(String, SocketAddr, String), Failure> {
    let usage = |why: &str| Failure::Usage(format!("{url}: {why}"));
    let rest = url.strip_prefix("ws://").ok_or_else(|| usage("only ws:// is supported"))?;
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let with_port = if has_port { host.to_owned() } else { format!("{host}:80") };
    let mut addresses = with_port.to_socket_addrs().map_err(|error| usage(&error.to_string()))?;
    let address = addresses.next().ok_or_else(|| usage("the host has no address"))?;
    Ok((host.to_owned(), address, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let parts = parse_url("ws://127.0.0.1:8080/v1/realtime?x=1").unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        assert_eq!(parts, ("127.0.0.1:8080".to_owned(), address, "/v1/realtime?x=1".to_owned()));
        assert_eq!(parse_url("ws://[::1]").unwrap().1.port(), 80);
        for bad in ["wss://localhost/", "http://localhost/", "ws://", "localhost"] {
            assert!(matches!(parse_url(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
