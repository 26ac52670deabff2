//! What joins a core with the history log: two queues and the ways to wake each other. What a core says is bounded by
//! its shard, in bytes; what the log says is bounded by the log.

use crate::runtime::core::doorbell::Doorbell;
use crate::shard::{LogMessage, LogNews};
use atomic_waker::AtomicWaker;
use crossbeam_queue::SegQueue;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// News of the log that a core hears in one turn. Pieces of a replay are the largest of them.
const HEARD_MAX: usize = 8;

/// The lanes of all cores, by core.
pub struct Lanes {
    lanes: Vec<Queues>,
    doorbells: Arc<[Doorbell]>,
    /// Wakes the log's task.
    waker: AtomicWaker,
    /// The log waits until cores have heard something.
    waits_for_room: AtomicBool,
    /// Every core has left: nothing is said any more.
    closed: AtomicBool,
    /// Every core left in order, so all that was staged has been said.
    in_order: AtomicBool,
}

#[derive(Default)]
struct Queues {
    to_log: SegQueue<LogMessage>,
    to_core: SegQueue<LogNews>,
}

/// A core's end.
pub struct Lane {
    lanes: Arc<Lanes>,
    core: usize,
}

impl Lanes {
    /// A lane for each core.
    pub fn new(doorbells: Arc<[Doorbell]>) -> Arc<Self> {
        Arc::new(Self {
            lanes: doorbells.iter().map(|_| Queues::default()).collect(),
            doorbells,
            waker: AtomicWaker::new(),
            waits_for_room: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            in_order: AtomicBool::new(false),
        })
    }

    /// The end of a core.
    pub fn lane(self: &Arc<Self>, core: usize) -> Lane {
        Lane { lanes: self.clone(), core }
    }

    /// Every core has left, in order or not.
    pub fn close(&self, in_order: bool) {
        self.in_order.store(in_order, Ordering::Relaxed);
        self.closed.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Cores.
    pub fn cores(&self) -> usize {
        self.lanes.len()
    }

    /// Whether nothing is said any more. What was said before may still have to be heard.
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether every core left in order.
    pub fn closed_in_order(&self) -> bool {
        self.closed() && self.in_order.load(Ordering::Relaxed)
    }

    /// The next that a core said.
    pub fn hear(&self, core: usize) -> Option<LogMessage> {
        self.lanes[core].to_log.pop()
    }

    /// Whether a core has said something.
    pub fn has_said(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.to_log.is_empty())
    }

    /// Says something to a core and wakes it.
    pub fn tell(&self, core: usize, news: LogNews) {
        self.lanes[core].to_core.push(news);
        self.doorbells[core].ring();
    }

    /// Waits, on the log's task, until a core has left less than `count` things unheard; false if that will never be.
    pub async fn room(&self, core: usize, count: usize) -> bool {
        let room = || match self.closed() {
            true => Some(false),
            false => (self.lanes[core].to_core.len() < count).then_some(true),
        };
        if let Some(room) = room() {
            return room;
        }
        self.waits_for_room.store(true, Ordering::SeqCst);
        let room = self.until(room).await;
        self.waits_for_room.store(false, Ordering::Relaxed);
        room
    }

    /// Waits, on the log's task, until `look` finds something. Cores wake it when they say or hear something.
    pub async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        poll_fn(|context| {
            if let Some(found) = look() {
                return Poll::Ready(found);
            }
            self.waker.register(context.waker());
            // What came between the two is seen here, or wakes.
            look().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

impl Lane {
    /// Hears what the log said, a bounded part of it.
    pub fn hear(&self, mut on_news: impl FnMut(LogNews)) {
        let queue = &self.lanes.lanes[self.core].to_core;
        let mut heard = 0;
        while heard < HEARD_MAX
            && let Some(news) = queue.pop()
        {
            on_news(news);
            heard += 1;
        }
        if heard > 0 && self.lanes.waits_for_room.load(Ordering::SeqCst) {
            self.lanes.waker.wake();
        }
    }

    /// Whether there is something to hear.
    pub fn ready(&self) -> bool {
        !self.lanes.lanes[self.core].to_core.is_empty()
    }

    /// Says what `next` has.
    pub fn tell(&self, mut next: impl FnMut() -> Option<LogMessage>) {
        let mut told = false;
        while let Some(message) = next() {
            self.lanes.lanes[self.core].to_log.push(message);
            told = true;
        }
        if told {
            self.lanes.waker.wake();
        }
    }
}
