//! Whether a scenario makes sense, before anything is started for it.

use super::{Load, Publishers, Scenario};
use crate::wire::stamp;
use std::time::Duration;

/// More connections than this do not fit the source addresses that the generator uses.
const CLIENTS_MAX: usize = 4_000_000;
const PAYLOAD_BYTES_MAX: usize = 65_536;
const BURST_MAX: u32 = 4096;
const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

impl Scenario {
    /// Why it makes no sense, if it makes none.
    pub fn check(&self) -> Result<(), String> {
        let (clients, channels) = (self.clients, self.channels());
        let stamp = stamp::BYTES_MIN;
        let rate = |rate: f64| rate > 0.0 && rate <= 1e6;
        let fault = if !(1..=CLIENTS_MAX).contains(&clients) {
            format!("{clients} clients: 1 to {CLIENTS_MAX}")
        } else if self.channels.is_some() == self.members.is_some() {
            "one of channels and members is to be given".to_owned()
        } else if self.members == Some(0) || channels == 0 || channels > clients {
            format!("{channels} channels need as many clients, and one at least")
        } else if !(stamp..=PAYLOAD_BYTES_MAX).contains(&self.payload_bytes) {
            format!("a payload of {} bytes: {stamp} (its stamp) to {PAYLOAD_BYTES_MAX}", self.payload_bytes)
        } else if self.duration.is_zero() || self.duration > DURATION_MAX || self.warmup > DURATION_MAX {
            "the duration is not within a week".to_owned()
        } else if self.is_paced() && !rate(self.rate) {
            format!("a rate of {} a second", self.rate)
        } else if self.connect_rate.is_some_and(|given| !rate(given)) {
            "a connect_rate that is none".to_owned()
        } else if self.load != Load::Idle && !(1..=BURST_MAX).contains(&self.burst) {
            format!("a burst of {} (1 to {BURST_MAX})", self.burst)
        } else if self.load == Load::Saturated && !(self.burst..=BURST_MAX).contains(&self.window) {
            format!(
                "a burst of {} does not fit a window of {} (at most {BURST_MAX})",
                self.burst, self.window
            )
        } else if (self.publishers == Publishers::Nobody) != (self.load == Load::Idle) {
            "publishers and load do not fit: nobody is idle".to_owned()
        } else {
            return self.check_extras();
        };
        Err(fault)
    }

    fn check_extras(&self) -> Result<(), String> {
        let clients = self.clients;
        if self.churn.is_some_and(|churn| !(churn.rate > 0.0 && churn.rate <= 1e5)) {
            return Err("a churn.rate that is none".to_owned());
        }
        if self.cut.is_some_and(|cut| cut.clients == 0 || cut.clients > clients) {
            return Err(format!("cut.clients is not 1 to {clients}"));
        }
        // The middle subscriber paces a saturated publisher.
        if self.slow.is_some_and(|slow| slow.clients == 0 || slow.clients * 2 > clients) {
            return Err(format!("slow.clients is not 1 to {}, half of the clients", clients / 2));
        }
        let calls = |calls: super::Management| calls.rate > 0.0 && (1..=1000).contains(&calls.connections);
        if self.management.is_some_and(|management| !calls(management)) {
            return Err("management needs a rate and 1 to 1000 connections".to_owned());
        }
        let moving = self.churn.is_some() || self.cut.is_some() || self.slow.is_some();
        if moving && (self.publishers != Publishers::Channel || self.load != Load::Paced) {
            return Err("churn, cut and slow need publishers = \"channel\" and load = \"paced\"".to_owned());
        }
        let answered = self.publishers == Publishers::Everyone && self.load == Load::Saturated;
        if self.acknowledged && !(answered && self.window == 1 && self.channels() == clients) {
            let needed = "publishers = \"everyone\", load = \"saturated\", window = 1 and members = 1";
            return Err(format!("acknowledged needs {needed}"));
        }
        if u8::from(self.churn.is_some()) + u8::from(self.cut.is_some()) + u8::from(self.slow.is_some()) > 1 {
            return Err("only one of churn, cut and slow".to_owned());
        }
        Ok(())
    }
}
