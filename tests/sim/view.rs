//! What one connection knows of one channel that it hears.

use crate::oracle::At;
use std::collections::BTreeMap;

pub struct View {
    /// The last event, or where the subscription began.
    pub at: At,
    /// After a gap on subscribing, what history still has follows: it begins anywhere and ends at `at`.
    remainder: bool,
    /// The last word on each member: joined or left.
    pub members: BTreeMap<String, bool>,
}

impl View {
    pub fn new(at: At, remainder: bool) -> Self {
        Self { at, remainder, members: BTreeMap::new() }
    }

    pub fn event(&mut self, channel: &str, at: At) {
        let remainder = std::mem::take(&mut self.remainder);
        if remainder && at.epoch == self.at.epoch && at.offset <= self.at.offset {
            self.at = at;
            return;
        }
        assert_eq!(at, self.at.next(), "the next event of {channel} follows the last one");
        self.at = at;
    }

    pub fn gap(&mut self, channel: &str, at: At) {
        assert!(at >= self.at, "a gap of {channel} leads on: {:?} to {at:?}", self.at);
        self.at = at;
        self.members.clear();
    }

    pub fn member(&mut self, channel: &str, user: &str, joined: bool) {
        let before = self.members.insert(user.to_owned(), joined);
        assert_ne!(before, Some(joined), "{user} joins and leaves {channel} in turn ({joined})");
    }
}
