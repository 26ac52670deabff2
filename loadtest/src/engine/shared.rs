//! What the workers of a run share: where each of them stands, how much was published, and whether one gave up.

use crate::failure::Failure;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// The shared state of a run.
pub struct Shared {
    /// Workers.
    pub workers: usize,
    /// Messages published, by stream.
    published: Vec<AtomicU32>,
    /// Workers that reached each of the meeting points.
    arrived: [AtomicUsize; Meeting::COUNT],
    /// When the load begins, in nanoseconds of the monotonic clock; 0 while nobody said.
    pub begin_ns: AtomicU64,
    /// Messages received so far, for the progress bar; a little late.
    pub deliveries: AtomicU64,
    /// Connections that stand.
    pub ready: AtomicUsize,
    /// How often progress was told.
    pub ticks: AtomicUsize,
    failed: AtomicBool,
    failure: Mutex<Option<Failure>>,
}

/// Where all workers wait for each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meeting {
    /// Every connection stands.
    Connected,
    /// Nobody publishes any more.
    Published,
}

impl Meeting {
    const COUNT: usize = 2;
}

impl Shared {
    /// For `workers` and `streams`.
    pub fn new(workers: usize, streams: usize) -> Shared {
        Shared {
            workers,
            published: (0..streams).map(|_| AtomicU32::new(0)).collect(),
            arrived: Default::default(),
            begin_ns: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
            ready: AtomicUsize::new(0),
            ticks: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// A stream has `count` messages now.
    pub fn publish(&self, stream: usize, count: u32) {
        self.published[stream].store(count, Ordering::Release);
    }

    /// The messages of a stream.
    pub fn published(&self, stream: usize) -> u32 {
        self.published[stream].load(Ordering::Acquire)
    }

    /// This worker is at `meeting`.
    pub fn arrive(&self, meeting: Meeting) {
        self.arrived[meeting as usize].fetch_add(1, Ordering::AcqRel);
    }

    /// Whether all are.
    pub fn all_at(&self, meeting: Meeting) -> bool {
        self.arrived[meeting as usize].load(Ordering::Acquire) >= self.workers
    }

    /// One worker gives up, and with it all; the first reason counts.
    pub fn fail(&self, failure: Failure) {
        if let Ok(mut first) = self.failure.lock() {
            first.get_or_insert(failure);
        }
        self.failed.store(true, Ordering::Release);
    }

    /// Whether one gave up.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Why.
    pub fn failure(&self) -> Option<Failure> {
        self.failure.lock().ok()?.clone()
    }
}
