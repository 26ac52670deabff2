//! What a worker counts, and the marks at both ends of the measured time.

use crate::failure::Failure;
use crate::oracle::Faults;
use crate::sys::{now_ns, thread_cpu_ns, thread_wait_ns};
use hdrhistogram::Histogram;
use std::ops::Range;

/// How often progress is told and throughput noted, in nanoseconds.
pub const TICK_NS: u64 = 250_000_000;
/// With messages outstanding, nothing delivered for so long is a server that stalls.
const STALL_NS: u64 = 5_000_000_000;
const LATENCY_NS_MAX: u64 = 120_000_000_000;

/// Counters since the start.
#[derive(Clone, Copy, Default, Debug)]
pub struct Counts {
    /// Messages received for the first time; in a connection storm, connections that stand.
    pub deliveries: u64,
    /// Bytes of their units.
    pub bytes: u64,
    /// Messages published.
    pub published: u64,
}

/// A moment.
#[derive(Clone, Copy, Default)]
struct Mark {
    at_ns: u64,
    counts: Counts,
    cpu_ns: u64,
    wait_ns: u64,
}

/// A worker's counters, histograms and marks; merged, those of all.
pub struct Tally {
    /// The counters.
    pub now: Counts,
    /// Messages due within it are measured, in nanoseconds of the monotonic clock.
    pub window: Range<u64>,
    /// Messages due before it go to a histogram of their own.
    pub split_ns: u64,
    /// Latency of messages, in nanoseconds.
    pub latency: Histogram<u64>,
    /// Latency of those due before the split.
    pub before: Histogram<u64>,
    /// How late the generator sent.
    pub lag: Histogram<u64>,
    /// Latency of what happens beside the traffic: joins, recoveries, management calls.
    pub side: Histogram<u64>,
    /// Error replies.
    pub errors: u64,
    /// The first of them.
    pub first_error: Option<String>,
    /// What the oracle found; filled in at the end.
    pub faults: Faults,
    /// Recoveries that the server said it cannot make.
    pub refused_recoveries: u64,
    /// Messages published while a client was away that did not recover them.
    pub missed: u64,
    /// Slow clients that the server disconnected.
    pub slow_closed: u64,
    /// Moves not made because the one before was not done.
    pub skipped_moves: u64,
    /// Management calls that were due.
    pub calls: u64,
    /// Management calls sent.
    pub requests: u64,
    /// Deliveries by tick, with the time.
    pub timeline: Vec<(u64, u64)>,
    from: Option<Mark>,
    to: Option<Mark>,
    ticked_at: u64,
    ticked_deliveries: u64,
    /// Messages published when something was last delivered, and since when more were.
    told: u64,
    owed_since: Option<u64>,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Result<Tally, Failure> {
        let histogram =
            || Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).map_err(|error| error.to_string());
        Ok(Tally {
            now: Counts::default(),
            window: 0..0,
            split_ns: 0,
            latency: histogram()?,
            before: histogram()?,
            lag: histogram()?,
            side: histogram()?,
            errors: 0,
            first_error: None,
            faults: Faults::default(),
            refused_recoveries: 0,
            missed: 0,
            slow_closed: 0,
            skipped_moves: 0,
            calls: 0,
            requests: 0,
            timeline: Vec::new(),
            from: None,
            to: None,
            ticked_at: 0,
            ticked_deliveries: 0,
            told: 0,
            owed_since: None,
        })
    }

    /// The histogram of a message due at this time.
    #[inline]
    pub fn latency(&mut self, due_ns: u64) -> &mut Histogram<u64> {
        if due_ns < self.split_ns { &mut self.before } else { &mut self.latency }
    }

    /// The measured time begins.
    pub fn begin(&mut self) {
        self.from = Some(self.mark());
    }

    /// The measured time ends.
    pub fn end(&mut self) {
        self.to = Some(self.mark());
    }

    /// The run is over before its time: what was measured until now is told.
    pub fn break_off(&mut self) {
        if self.from.is_some() && self.to.is_none() {
            self.end();
        }
    }

    /// An error reply came.
    pub fn error(&mut self, error: String) {
        self.errors += 1;
        self.first_error.get_or_insert(error);
    }

    /// Notes the throughput now and then, and says how many deliveries there were since. Fails where a server
    /// stalls.
    pub fn tick(&mut self, now: u64, publishing: bool) -> Result<Option<u64>, Failure> {
        if now < self.ticked_at + TICK_NS {
            return Ok(None);
        }
        let deliveries = self.now.deliveries;
        let delta = deliveries - self.ticked_deliveries;
        (self.ticked_at, self.ticked_deliveries) = (now, deliveries);
        self.timeline.push((now, deliveries));
        if delta > 0 || !publishing {
            (self.told, self.owed_since) = (self.now.published, None);
        } else if self.now.published > self.told && now > *self.owed_since.get_or_insert(now) + STALL_NS {
            let published = self.now.published;
            return Err(Failure::Failed(format!(
                "the server stalls: it delivered nothing for 5 s, and {published} messages were published"
            )));
        }
        Ok(Some(delta))
    }

    /// Adds another worker's.
    pub fn add(&mut self, other: Tally) {
        let merge = |into: &mut Histogram<u64>, from: &Histogram<u64>| {
            // Both have the same bounds.
            let _ = into.add(from);
        };
        merge(&mut self.latency, &other.latency);
        merge(&mut self.before, &other.before);
        merge(&mut self.lag, &other.lag);
        merge(&mut self.side, &other.side);
        self.now.bytes += other.now.bytes;
        self.now.deliveries += other.now.deliveries;
        self.now.published += other.now.published;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        self.faults.add(&other.faults);
        self.refused_recoveries += other.refused_recoveries;
        self.missed += other.missed;
        self.slow_closed += other.slow_closed;
        self.skipped_moves += other.skipped_moves;
        for (at, (_, deliveries)) in other.timeline.into_iter().enumerate() {
            if let Some((_, sum)) = self.timeline.get_mut(at) {
                *sum += deliveries;
            }
        }
        for (mine, its) in [(&mut self.from, other.from), (&mut self.to, other.to)] {
            if let (Some(mine), Some(its)) = (mine, its) {
                mine.counts.deliveries += its.counts.deliveries;
                mine.counts.published += its.counts.published;
                mine.cpu_ns += its.cpu_ns;
                mine.wait_ns += its.wait_ns;
            }
        }
    }

    /// What lies between the marks: seconds, deliveries, messages published, and the generator's CPU and waiting for
    /// a CPU as parts of that time.
    pub fn measured(&self) -> Option<(f64, u64, u64, f64, f64)> {
        let (from, to) = (self.from?, self.to?);
        let ns = (to.at_ns - from.at_ns).max(1) as f64;
        Some((
            ns / 1e9,
            to.counts.deliveries - from.counts.deliveries,
            to.counts.published - from.counts.published,
            (to.cpu_ns - from.cpu_ns) as f64 / ns,
            to.wait_ns.saturating_sub(from.wait_ns) as f64 / ns,
        ))
    }

    fn mark(&self) -> Mark {
        Mark { at_ns: now_ns(), counts: self.now, cpu_ns: thread_cpu_ns(), wait_ns: thread_wait_ns() }
    }
}
