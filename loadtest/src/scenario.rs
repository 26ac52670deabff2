//! What a run does, as plain data: the built-in scenarios, and what the command line changes in them.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Scenario {
    /// Its name in reports.
    pub name: String,
    /// Connections that subscribe, each to one channel, dealt round-robin.
    pub clients: usize,
    /// Channels.
    pub channels: usize,
    /// Who publishes.
    pub publishers: Publishers,
    /// When they publish.
    pub load: Load,
    /// Length of the message published, in bytes of JSON.
    pub payload_bytes: usize,
    /// Load that is not measured, before the rest.
    pub warmup: Duration,
    /// Load that is measured.
    pub duration: Duration,
}

/// Who publishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publishers {
    /// Nobody.
    Nobody,
    /// The server itself, one stream to every channel (the bare send loop does).
    Server,
    /// One connection for each channel, which subscribes to nothing.
    OnePerChannel,
    /// Every client, on its own channel.
    Everyone,
}

/// When messages are sent.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// Never.
    Idle,
    /// Open loop: a schedule fixed before the run, whatever the server does. Messages a second, all
    /// publishers together.
    Paced {
        /// Messages a second.
        rate: f64,
        /// Messages in one write; they are due together.
        burst: u32,
    },
    /// Closed loop: each publisher has up to `window` messages that its pacemaker (its own subscription, or
    /// for a publisher without one the middle subscriber of its channel) has not received, and sends `burst` in one write.
    Saturated {
        /// Messages outstanding, per publisher.
        window: u32,
        /// Messages in one write.
        burst: u32,
    },
}

/// What the command line says; everything left out keeps the scenario's own value.
#[derive(Clone, Default, Debug)]
pub struct Overrides {
    /// Subscribing connections.
    pub clients: Option<usize>,
    /// Channels.
    pub channels: Option<usize>,
    /// Messages a second, all publishers together.
    pub rate: Option<f64>,
    /// Message length in bytes.
    pub payload_bytes: Option<usize>,
    /// Measured time.
    pub duration: Option<Duration>,
    /// Time before it.
    pub warmup: Option<Duration>,
    /// Messages in one write.
    pub burst: Option<u32>,
    /// Messages outstanding per publisher.
    pub window: Option<u32>,
}

/// The names of the built-in scenarios.
pub const NAMES: [&str; 7] =
    ["fanout", "fanout-saturated", "chat-saturated", "idle", "idle-distinct", "round-trip", "limit"];

impl Scenario {
    /// A built-in scenario.
    pub fn named(name: &str) -> Option<Scenario> {
        let base = Scenario {
            name: name.to_owned(),
            clients: 1000,
            channels: 1,
            publishers: Publishers::OnePerChannel,
            load: Load::Paced { rate: 100.0, burst: 1 },
            payload_bytes: 64,
            warmup: Duration::from_secs(2),
            duration: Duration::from_secs(10),
        };
        let idle = |channels| Scenario {
            clients: 10_000,
            channels,
            publishers: Publishers::Nobody,
            load: Load::Idle,
            warmup: Duration::from_secs(1),
            duration: Duration::from_secs(2),
            ..base.clone()
        };
        Some(match name {
            "fanout" => base,
            "fanout-saturated" => Scenario { load: Load::Saturated { window: 32, burst: 16 }, ..base },
            "chat-saturated" => Scenario {
                channels: 100,
                publishers: Publishers::Everyone,
                load: Load::Saturated { window: 2, burst: 1 },
                ..base
            },
            "idle" => idle(1),
            "idle-distinct" => idle(10_000),
            "round-trip" => Scenario {
                clients: 1,
                publishers: Publishers::Everyone,
                load: Load::Paced { rate: 200.0, burst: 1 },
                ..base
            },
            "limit" => Scenario { name: "fanout".to_owned(), publishers: Publishers::Server, ..base },
            _ => return None,
        })
    }

    /// The scenario with the command line's changes, or why they make no sense.
    pub fn with(mut self, changes: &Overrides) -> Result<Scenario, String> {
        self.clients = changes.clients.unwrap_or(self.clients);
        // One channel per connection stays so when the number of connections changes.
        let one_each = self.name == "idle-distinct" && changes.channels.is_none();
        self.channels = if one_each { self.clients } else { changes.channels.unwrap_or(self.channels) };
        self.payload_bytes = changes.payload_bytes.unwrap_or(self.payload_bytes);
        self.duration = changes.duration.unwrap_or(self.duration);
        self.warmup = changes.warmup.unwrap_or(self.warmup);
        match &mut self.load {
            Load::Idle => {}
            Load::Paced { rate, burst } => {
                *rate = changes.rate.unwrap_or(*rate);
                *burst = changes.burst.unwrap_or(*burst);
            }
            Load::Saturated { window, burst } => {
                *window = changes.window.unwrap_or(*window);
                *burst = changes.burst.unwrap_or(*burst);
            }
        }
        self.check().map(|()| self)
    }

    fn check(&self) -> Result<(), String> {
        let stamp = crate::wire::stamp::BYTES_MIN;
        let fault = match self.load {
            _ if self.clients == 0 => "no clients".to_owned(),
            _ if self.channels == 0 || self.channels > self.clients => {
                format!("{} channels need as many clients, and one at least", self.channels)
            }
            _ if !(stamp..=65_536).contains(&self.payload_bytes) => {
                format!(
                    "a payload of {} bytes: it carries a stamp of {stamp}, and 65536 is the most",
                    self.payload_bytes
                )
            }
            _ if self.duration.is_zero() || self.duration > Duration::from_secs(3600) => {
                "the duration is not within an hour".to_owned()
            }
            Load::Paced { rate, .. } if !(rate > 0.0 && rate <= 1e6) => format!("a rate of {rate} a second"),
            Load::Paced { burst, .. } if !(1..=4096).contains(&burst) => {
                format!("a burst of {burst} (1 to 4096)")
            }
            Load::Saturated { window, burst } if burst == 0 || burst > window || window > 4096 => {
                format!("a burst of {burst} does not fit a window of {window} (4096 at most)")
            }
            _ => return Ok(()),
        };
        Err(fault)
    }

    /// The number of connections that only publish.
    pub fn extra_connections(&self) -> usize {
        if self.publishers == Publishers::OnePerChannel { self.channels } else { 0 }
    }

    /// Whether the schedule is fixed before the run.
    pub fn is_paced(&self) -> bool {
        matches!(self.load, Load::Paced { .. })
    }
}

/// Reads `10s`, `500ms`, `2m` or a bare number of seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        other => return Err(format!("{other:?} is no unit of time: ms, s or m")),
    };
    let number: f64 = digits.parse().map_err(|_| format!("{text:?} is no duration, such as 10s or 500ms"))?;
    Duration::try_from_secs_f64(number * unit).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_makes_sense() {
        for name in NAMES {
            Scenario::named(name).unwrap().with(&Overrides::default()).unwrap();
        }
        assert_eq!(Scenario::named("none"), None);
    }

    #[test]
    fn changes_are_taken_and_nonsense_is_told() {
        let fanout = || Scenario::named("fanout").unwrap();
        let changed = fanout().with(&Overrides { clients: Some(5), rate: Some(7.0), ..Overrides::default() });
        let changed = changed.unwrap();
        assert_eq!((changed.clients, changed.load), (5, Load::Paced { rate: 7.0, burst: 1 }));
        for bad in [
            Overrides { clients: Some(0), ..Overrides::default() },
            Overrides { channels: Some(2000), ..Overrides::default() },
            Overrides { payload_bytes: Some(10), ..Overrides::default() },
            Overrides { rate: Some(0.0), ..Overrides::default() },
            Overrides { rate: Some(f64::NAN), ..Overrides::default() },
        ] {
            assert!(fanout().with(&bad).is_err(), "{bad:?}");
        }
        let distinct = Scenario::named("idle-distinct").unwrap();
        let fewer = distinct.with(&Overrides { clients: Some(10), ..Overrides::default() }).unwrap();
        assert_eq!(fewer.channels, 10);
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "10h", "-1s", "1e300"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
