//! What one connection knows of one channel that it hears.

use crate::oracle::At;
use std::collections::BTreeMap;

pub struct View {
    /// The last event, or where the subscription began.
    pub at: At,
    /// After a gap on subscribing, what history still has follows, up to `at` and with holes: the last of it that came.
    remainder: Option<At>,
    /// Where the subscription began to hear what is said: all before that was recovered.
    pub since: At,
    /// Deletions that were answered before the subscription was asked for.
    pub deletions: usize,
    /// The last word on each member: joined or left.
    pub members: BTreeMap<String, bool>,
    /// Bytes of what was said since the last quiet and came before the subscription, was heard, or is lost.
    pub heard_bytes: usize,
}

impl View {
    /// Subscribed at `since`, and told what came after `at`.
    pub fn new(at: At, since: At, deletions: usize) -> Self {
        Self { at, remainder: None, since, deletions, members: BTreeMap::new(), heard_bytes: 0 }
    }

    /// Subscribed with a gap.
    pub fn after_gap(at: At, deletions: usize) -> Self {
        Self { remainder: Some(At { offset: 0, ..at }), ..Self::new(at, at, deletions) }
    }

    pub fn event(&mut self, channel: &str, at: At) {
        if let Some(last) = &mut self.remainder
            && at.epoch == self.at.epoch
            && at.offset <= self.at.offset
        {
            assert!(at > *last, "what history still has of {channel} is in order: {at:?} after {last:?}");
            *last = at;
            return;
        }
        self.remainder = None;
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
