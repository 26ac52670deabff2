//! What a run does, as data: a TOML file, with what the command line changes in it. The files of `scenarios/` are
//! compiled in and found by name.

mod builtin;
mod check;
mod duration;

pub use builtin::names;
pub use duration::parse_duration;

use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;
use toml::{Table, Value};

/// One scenario. Lengths are in bytes, rates per second.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name in reports; a file's own name where it says none.
    pub name: String,
    /// What it is about, in one sentence.
    #[serde(default)]
    pub about: String,
    /// Connections that subscribe, each to one channel, dealt round-robin.
    pub clients: usize,
    /// Channels. One of `channels` and `members` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Clients on each channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// Who publishes.
    pub publishers: Publishers,
    /// When they publish.
    pub load: Load,
    /// Paced: messages a second, all publishers together.
    #[serde(default)]
    pub rate: f64,
    /// Messages in one write; paced ones are due together.
    #[serde(default = "one")]
    pub burst: u32,
    /// Saturated: messages outstanding, per publisher.
    #[serde(default = "one")]
    pub window: u32,
    /// Length of the message published, which is JSON.
    #[serde(default = "sixty_four")]
    pub payload_bytes: usize,
    /// Connections opened a second, on a schedule; none means as fast as they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_rate: Option<f64>,
    /// A message counts when the server has answered its publisher that it took it. Nobody subscribes.
    #[serde(default)]
    pub acknowledged: bool,
    /// Load that is not measured, before the rest.
    #[serde(default = "two_seconds", with = "duration::text")]
    pub warmup: Duration,
    /// Load that is measured.
    #[serde(default = "ten_seconds", with = "duration::text")]
    pub duration: Duration,
    /// Joins and leaves beside the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub churn: Option<Churn>,
    /// Clients cut off in the middle of the measured time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// Clients that read slowly from the middle of the measured time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<Slow>,
    /// Management calls beside the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<Management>,
}

/// Who publishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publishers {
    /// Nobody.
    Nobody,
    /// One connection for each channel, which subscribes to nothing.
    Channel,
    /// Every client, on its own channel.
    Everyone,
}

/// When messages are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// Never.
    Idle,
    /// Open loop: a schedule fixed before the run, whatever the server does.
    Paced,
    /// Closed loop: each publisher has up to `window` messages that its pacemaker (its own subscription, or for a
    /// publisher without one the middle subscriber of its channel) has not received.
    Saturated,
}

/// Clients that leave their channel and join it again.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// Such pairs a second.
    pub rate: f64,
}

/// Clients whose sockets are closed at once, and who come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// How many.
    pub clients: usize,
}

/// Clients that read slowly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// How many.
    pub clients: usize,
    /// How fast each reads; 0 is not at all.
    pub bytes_per_s: usize,
}

/// HTTP calls.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// Calls a second.
    pub rate: f64,
    /// Connections they are dealt to.
    pub connections: usize,
}

impl Scenario {
    /// The scenario of a built-in name or of a file, with `changes`, each `key=value` where the key may be dotted
    /// (`slow.clients=5`) and the value is TOML or else taken as text. Errors say what is wrong, for the user.
    pub fn load(name_or_file: &str, changes: &[String]) -> Result<Scenario, String> {
        let (name, text) = match builtin::text(name_or_file) {
            Some(text) => (name_or_file.to_owned(), text.to_owned()),
            None => from_file(name_or_file)?,
        };
        let fail = |why: &dyn std::fmt::Display| format!("scenario {name}: {}", why.to_string().trim_end());
        let mut table: Table = text.parse().map_err(|error| fail(&error))?;
        table.entry("name").or_insert_with(|| Value::String(name.clone()));
        for change in changes {
            apply(&mut table, change).map_err(|why| fail(&why))?;
        }
        let scenario: Scenario = table.try_into().map_err(|error: toml::de::Error| fail(&error.message()))?;
        scenario.check().map_err(|why| fail(&why))?;
        Ok(scenario)
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        let by_members = self.members.map(|members| self.clients.div_ceil(members.max(1)));
        self.channels.or(by_members).unwrap_or(1)
    }

    /// The number of connections that only publish.
    pub fn extra_connections(&self) -> usize {
        if self.publishers == Publishers::Channel { self.channels() } else { 0 }
    }

    /// Connections of all kinds.
    pub fn connections(&self) -> usize {
        self.clients + self.extra_connections() + self.management.map_or(0, |calls| calls.connections)
    }

    /// Whether the schedule is fixed before the run.
    pub fn is_paced(&self) -> bool {
        self.load == Load::Paced
    }
}

fn from_file(file: &str) -> Result<(String, String), String> {
    let path = Path::new(file);
    if path.extension().is_none() && !path.exists() {
        return Err(format!("no scenario {file}; there are {}, or a TOML file", names().join(", ")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
    let name = path.file_stem().map_or(file.into(), |stem| stem.to_string_lossy());
    Ok((name.into_owned(), text))
}

fn apply(table: &mut Table, change: &str) -> Result<(), String> {
    let (key, value) = change.split_once('=').ok_or_else(|| format!("{change:?} is not key=value"))?;
    let value = format!("v = {value}").parse::<Table>().ok().and_then(|mut parsed| parsed.remove("v"));
    let value = value.unwrap_or_else(|| Value::String(change[key.len() + 1..].to_owned()));
    let mut path: Vec<&str> = key.split('.').collect();
    let last = path.pop().unwrap_or_default();
    let mut place = table;
    for step in path {
        let entry = place.entry(step).or_insert_with(|| Value::Table(Table::new()));
        place = entry.as_table_mut().ok_or_else(|| format!("{step} is no table"))?;
    }
    // The two say the same thing: the one given last counts.
    match last {
        "channels" => drop(place.remove("members")),
        "members" => drop(place.remove("channels")),
        _ => {}
    }
    // A whole number will do where a fraction may stand.
    let value = match (last, value) {
        ("rate" | "connect_rate", Value::Integer(whole)) => Value::Float(whole as f64),
        (_, value) => value,
    };
    place.insert(last.to_owned(), value);
    Ok(())
}

fn one() -> u32 {
    1
}

fn sixty_four() -> usize {
    64
}

fn two_seconds() -> Duration {
    Duration::from_secs(2)
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, changes: &[&str]) -> Result<Scenario, String> {
        Scenario::load(name, &changes.iter().map(|&change| change.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_built_in_scenario_makes_sense_and_says_what_it_is_about() {
        for name in names() {
            let scenario = load(name, &[]).unwrap();
            assert_eq!(scenario.name, name);
            assert!(scenario.about.ends_with(['.', '?']), "{name}");
        }
        assert!(load("none", &[]).unwrap_err().contains("fanout-saturated"));
    }

    #[test]
    fn changes_are_taken() {
        let changed =
            load("fanout", &["clients=5", "rate=7", "duration=500ms", "payload_bytes=100"]).unwrap();
        assert_eq!((changed.clients, changed.rate, changed.payload_bytes), (5, 7.0, 100));
        assert_eq!(changed.duration, Duration::from_millis(500));
        assert_eq!(
            load("fanout", &["slow.clients=5", "slow.bytes_per_s=9"]).unwrap().slow.unwrap().clients,
            5
        );
        assert_eq!(load("chat", &["clients=50"]).unwrap().channels(), 5);
        assert_eq!(load("chat", &["clients=50", "channels=2"]).unwrap().channels(), 2);
        assert_eq!(load("idle-distinct", &["clients=10"]).unwrap().channels(), 10);
    }

    #[test]
    fn nonsense_is_told_with_its_name() {
        for (change, word) in [
            ("clients=0", "clients"),
            ("channels=2000", "channels"),
            ("payload_bytes=10", "payload"),
            ("rate=0", "rate"),
            ("rate=nan", "rate"),
            ("burst=0", "burst"),
            ("duration=0s", "duration"),
            ("colour=red", "colour"),
            ("rate", "key=value"),
            ("clients.x=1", "no table"),
            ("cut.clients=5000", "cut"),
        ] {
            let why = load("fanout", &[change]).unwrap_err();
            assert!(why.contains(word), "{change}: {why}");
        }
    }

    #[test]
    fn a_file_is_a_scenario_named_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mine.toml");
        std::fs::write(
            &file,
            "clients = 3\nchannels = 1\npublishers = \"channel\"\nload = \"paced\"\nrate = 5",
        )
        .unwrap();
        let scenario = load(file.to_str().unwrap(), &[]).unwrap();
        assert_eq!((scenario.name.as_str(), scenario.clients), ("mine", 3));
        std::fs::write(&file, "clients = [").unwrap();
        assert!(load(file.to_str().unwrap(), &[]).is_err());
    }
}
