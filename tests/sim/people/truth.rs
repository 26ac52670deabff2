//! What was asked for, and what of it was told.

use std::collections::{BTreeMap, BTreeSet};

/// A call that somebody asked for.
pub struct Asked {
    /// The caller and those who are rung.
    pub people: BTreeSet<String>,
    /// When it was asked for.
    pub step: u64,
}

/// What everybody knows.
#[derive(Default)]
pub struct Truth {
    /// Steps so far.
    pub step: u64,
    /// By the number that its conversation is called by.
    pub asked: Vec<Asked>,
    /// Which number a call's id belongs to.
    pub calls: BTreeMap<String, usize>,
    /// How a call that is over ended, as it was told first: its event and by whom.
    pub ends: BTreeMap<String, (String, String)>,
    /// Calls, and who did something in them.
    pub came: BTreeSet<(String, String)>,
    /// Users who may come to a huddle: who made it, and who was invited.
    pub huddles: BTreeMap<String, BTreeSet<String>>,
    /// Users that say they are invisible, and whose sockets all live.
    pub hidden: BTreeSet<String>,
    /// Signals that were sent: who is to get each.
    pub signals: Vec<String>,
    people: usize,
    pub ended: u64,
    pub missed: u64,
    pub cancelled: u64,
    pub heard: u64,
    pub compared: u64,
    pub expected_ends: u64,
    pub refused: u64,
    pub put_out: u64,
}

impl Truth {
    pub fn next_number(&mut self) -> usize {
        self.people += 1;
        self.people - 1
    }

    /// The process is another one.
    pub fn forget(&mut self) {
        self.hidden.clear();
        self.step += 1;
        // Calls of the process before were never told an end; nobody who heard of them is left.
        self.calls.clear();
        self.huddles.clear();
    }

    pub fn add(&mut self, other: &Self) {
        self.ended += other.ended;
        self.missed += other.missed;
        self.cancelled += other.cancelled;
        self.heard += other.heard;
        self.compared += other.compared;
        self.expected_ends += other.expected_ends;
        self.refused += other.refused;
        self.put_out += other.put_out;
    }

    pub fn summary(&self) -> String {
        format!(
            "{} ends, {} missed, {} cancelled, {} of them certain; {} signals heard; {} views of presence compared; {} \
             requests refused, {} stays ended for want of room",
            self.ended,
            self.missed,
            self.cancelled,
            self.expected_ends,
            self.heard,
            self.compared,
            self.refused,
            self.put_out
        )
    }

    pub fn is_busy(&self, seeds: u64) -> bool {
        self.ended > seeds
            && self.missed > seeds
            && self.cancelled > seeds
            && self.heard > seeds
            && self.compared > seeds
            && self.expected_ends > seeds
            && self.refused > 0
    }
}
