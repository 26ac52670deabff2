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
    /// Statuses that users said and that are not answered.
    pub statuses_open: BTreeMap<String, usize>,
    /// Users that said one before another one was answered: which of them is the last one, nobody was told.
    pub statuses_mixed: BTreeSet<String>,
    /// Users that were answered that they are invisible and said nothing since, and which time that is.
    pub secret: BTreeMap<String, u64>,
    secrets: u64,
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
    /// Views of presence of which somebody was kept out who hides.
    pub kept: u64,
}

impl Truth {
    pub fn next_number(&mut self) -> usize {
        self.people += 1;
        self.people - 1
    }

    /// Somebody says how it is.
    pub fn says_status(&mut self, user: &str) {
        self.secret.remove(user);
        let open = self.statuses_open.entry(user.to_owned()).or_default();
        if *open > 0 {
            self.statuses_mixed.insert(user.to_owned());
        }
        *open += 1;
    }

    /// It is answered.
    pub fn said_status(&mut self, user: &str, status: &str) {
        let open = self.statuses_open.entry(user.to_owned()).or_default();
        *open = open.saturating_sub(1);
        if *open == 0 && !self.statuses_mixed.remove(user) && status == "invisible" {
            self.secrets += 1;
            self.secret.insert(user.to_owned(), self.secrets);
        }
    }

    /// The process is another one.
    pub fn forget(&mut self) {
        self.hidden.clear();
        self.statuses_open.clear();
        self.statuses_mixed.clear();
        self.secret.clear();
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
        self.kept += other.kept;
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
            && self.kept > 0
    }
}
