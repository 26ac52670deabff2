//! `loadtest hostile`: clients that behave as badly as they can, one way after the other, and what that costs somebody who does
//! nothing but ask, now and then, whether the server is there. Each attack has a server of its own.

mod attacker;
mod attacks;
mod bystander;
mod turns;

use crate::cli;
use crate::failure::Failure;
use crate::launch::Place;
use crate::sample;
use crate::sys;
use crate::target::{self, Access, Installed};
use attacks::{ATTACKS, Attack};
use bystander::Bystander;
use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use turns::Turns;

/// What 99 of 100 answers to a bystander may take.
const PING_P99_US_MAX: u64 = 15_000;

/// Turns over 10 ms that there may be, as the server counts them.
const SLOW_TURNS_MAX: u64 = 0;

/// How long the bystander is alone at first.
const ALONE: Duration = Duration::from_secs(1);

/// Runs the attacks that are named, or all, and fails if one of them costs the bystander more than the bars allow.
pub fn run(arguments: &cli::Hostile) -> Result<(), Failure> {
    let unknown = arguments.attacks.iter().find(|name| ATTACKS.iter().all(|attack| attack.name != **name));
    if let Some(name) = unknown {
        return Err(Failure::Usage(format!("there is no attack \"{name}\"; --list names them")));
    }
    if arguments.list {
        ATTACKS.iter().for_each(|attack| println!("{:<20} {}", attack.name, attack.about));
        return Ok(());
    }
    let is_meant = |attack: &&Attack| {
        arguments.attacks.is_empty() || arguments.attacks.iter().any(|name| name == attack.name)
    };
    let mut missed = Vec::new();
    for attack in ATTACKS.iter().filter(is_meant) {
        let result = one(attack, arguments)?;
        println!("{}", result.summary(attack));
        missed.extend(result.misses().map(|why| format!("{}: {why}", attack.name)));
    }
    if missed.is_empty() { Ok(()) } else { Err(Failure::BarMissed(missed.join("; "))) }
}

/// Of microseconds up to the bystander's patience; what takes longer counts as that.
fn histogram() -> Result<Histogram<u64>, Failure> {
    let most_us = bystander::PATIENCE.as_micros() as u64;
    Histogram::new_with_bounds(1, most_us, 3).map_err(|error| Failure::Failed(error.to_string()))
}

/// What an attack cost.
struct Cost {
    pings: Histogram<u64>,
    /// What 99 of 100 answers took before, microseconds.
    alone_p99_us: u64,
    slow_turns: u64,
    /// Bound of the histogram's bucket in which the longest turn is, seconds, as the server writes it.
    longest_turn_s: String,
    /// The most memory that the server had, bytes.
    resident_bytes: u64,
    sent_bytes: u64,
    connections: u64,
}

impl Cost {
    fn summary(&self, attack: &Attack) -> String {
        let at = |quantile: f64| self.pings.value_at_quantile(quantile) as f64 / 1e3;
        format!(
            "{:<16} {:>5} pings: p50 {:.1} p99 {:.1} (alone {:.1}) max {:.1} ms; {} turns over 10 ms, longest up to {} s; \
             {} MB resident; {} MB over {} connections",
            attack.name,
            self.pings.len(),
            at(0.5),
            at(0.99),
            self.alone_p99_us as f64 / 1e3,
            self.pings.max() as f64 / 1e3,
            self.slow_turns,
            self.longest_turn_s,
            self.resident_bytes / 1_000_000,
            self.sent_bytes / 1_000_000,
            self.connections,
        )
    }

    fn misses(&self) -> impl Iterator<Item = String> {
        let p99_us = self.pings.value_at_quantile(0.99);
        let ping = (p99_us > PING_P99_US_MAX)
            .then(|| format!("p99 of the bystander's pings is {} us, the bar {PING_P99_US_MAX} us", p99_us));
        let turns = (self.slow_turns > SLOW_TURNS_MAX)
            .then(|| format!("{} turns over 10 ms, the bar {SLOW_TURNS_MAX}", self.slow_turns));
        [ping, turns].into_iter().flatten()
    }
}

fn one(attack: &Attack, arguments: &cli::Hostile) -> Result<Cost, Failure> {
    let target = target::by_name("corecast", &arguments.targets.options())?;
    if let Installed::Missing(install) = target.installed() {
        return Err(Failure::Failed(format!("corecast is not installed: {install}")));
    }
    let place = Place::new(arguments.targets.server_cpu, arguments.targets.port)?;
    let server = target.start(&place)?.keep(place);
    let (address, access) = (server.address, server.access.clone());
    let mut bystander = Bystander::connect(address, &access)?;
    let mut alone = histogram()?;
    bystander.ping_for(ALONE, &mut alone)?;
    let before = Turns::read(address)?;
    let mut pings = histogram()?;
    let over = AtomicBool::new(false);
    let (pinged, sent) = thread::scope(|scope| {
        let attacker = scope.spawn(|| attacker::run(attack, address, &access, &over));
        let pinged = bystander.ping_for(Duration::from_secs(arguments.seconds), &mut pings);
        over.store(true, Ordering::Relaxed);
        (pinged, attacker.join())
    });
    pinged?;
    let (sent_bytes, connections) =
        sent.map_err(|_| Failure::Failed(format!("{}: the attacker panicked", attack.name)))??;
    if sys::interrupted() {
        return Err(Failure::Interrupted);
    }
    let turns = Turns::read(address)?;
    Ok(Cost {
        pings,
        alone_p99_us: alone.value_at_quantile(0.99),
        slow_turns: turns.slow - before.slow,
        longest_turn_s: turns.longest_since(&before),
        resident_bytes: sample::peak_resident(server.pid())?,
        sent_bytes,
        connections,
    })
}

/// The header field that says who a client is.
fn authorization(access: &Access) -> String {
    access.key.as_ref().map_or_else(String::new, |key| format!("Authorization: Bearer {key}\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_over_a_bar_is_told() {
        let mut pings = histogram().expect("a histogram");
        (0..100).for_each(|_| pings.record(PING_P99_US_MAX / 2).expect("in range"));
        let mut cost = Cost {
            pings,
            alone_p99_us: 0,
            slow_turns: 0,
            longest_turn_s: String::new(),
            resident_bytes: 0,
            sent_bytes: 0,
            connections: 1,
        };
        assert_eq!(cost.misses().count(), 0);
        cost.slow_turns = 1;
        assert_eq!(cost.misses().count(), 1);
        (0..3).for_each(|_| cost.pings.record(PING_P99_US_MAX * 2).expect("in range"));
        assert_eq!(cost.misses().count(), 2);
    }

    #[test]
    fn attacks_have_names_of_their_own() {
        for (at, attack) in ATTACKS.iter().enumerate() {
            assert!(ATTACKS[..at].iter().all(|other| other.name != attack.name), "{}", attack.name);
        }
    }
}
