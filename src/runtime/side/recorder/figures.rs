//! What the recorder counts, written by its thread and read by the cores.

use crate::metrics::beside::RecorderCounters;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the recorder counts.
#[derive(Debug, Default)]
pub struct RecorderFigures {
    peers: AtomicU64,
    datagrams: AtomicU64,
    strangers: AtomicU64,
    packets_lost: AtomicU64,
    bytes_written: AtomicU64,
    bytes_kept: AtomicU64,
    busy_us: AtomicU64,
}

impl RecorderFigures {
    /// Makes them known.
    pub fn tell(&self, counters: &RecorderCounters) {
        let RecorderCounters {
            peers,
            datagrams,
            strangers,
            packets_lost,
            bytes_written,
            bytes_kept,
            busy_us,
        } = counters;
        let figures = [
            (&self.peers, peers),
            (&self.datagrams, datagrams),
            (&self.strangers, strangers),
            (&self.packets_lost, packets_lost),
            (&self.bytes_written, bytes_written),
            (&self.bytes_kept, bytes_kept),
            (&self.busy_us, busy_us),
        ];
        figures.into_iter().for_each(|(figure, count)| figure.store(*count, Ordering::Relaxed));
    }

    /// What they are.
    pub fn read(&self) -> RecorderCounters {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        RecorderCounters {
            peers: read(&self.peers),
            datagrams: read(&self.datagrams),
            strangers: read(&self.strangers),
            packets_lost: read(&self.packets_lost),
            bytes_written: read(&self.bytes_written),
            bytes_kept: read(&self.bytes_kept),
            busy_us: read(&self.busy_us),
        }
    }
}
