//! What is held back from cores whose queue is full: per (channel, core) pair the place where its gap starts.

use crate::base::ids::CoreId;
use crate::broker::order::members::Member;
use crate::model::session::Session;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Joins and leaves remembered for one pair; more are lost.
pub const PRESENCE_CHANGES_MAX: usize = 1_024;

/// The gaps of all cores. A pair that has a gap gets nothing until the gap is healed, and every gap belongs to
/// a channel that has subscribers on the core.
pub struct Congestion(Vec<Peer>);

#[derive(Default)]
struct Peer {
    congested: bool,
    /// By channel number.
    gaps: BTreeMap<usize, Gap>,
}

/// What one pair missed.
#[derive(Debug)]
pub struct Gap {
    /// Offset of the last publication that was pushed.
    pub after: u64,
    /// The members that joined (true) or left (false) since, net.
    pub presence: BTreeMap<Member, bool>,
    /// Whether there were more changes than are remembered.
    pub presence_lost: bool,
}

impl Congestion {
    /// No core is congested.
    pub fn new(cores: u16) -> Self {
        Self((0..cores).map(|_| Peer::default()).collect())
    }

    /// Notes whether a core's queue is full.
    pub fn set(&mut self, core: CoreId, congested: bool) {
        self.0[core.index()].congested = congested;
    }

    /// Whether nothing may be pushed to the subscribers of a channel on a core.
    pub fn blocks(&self, core: CoreId, channel: usize) -> bool {
        let peer = &self.0[core.index()];
        peer.congested || peer.gaps.contains_key(&channel)
    }

    /// Whether a publication after the offset `after` is held back; notes the gap if so.
    pub fn hold_publication(&mut self, core: CoreId, channel: usize, after: u64) -> bool {
        self.hold(core, channel, after).is_some()
    }

    /// Whether a join or leave at the offset `after` is held back; notes it if so.
    pub fn hold_presence(
        &mut self,
        core: CoreId,
        channel: usize,
        after: u64,
        session: &Arc<Session>,
        joined: bool,
    ) -> bool {
        let Some(gap) = self.hold(core, channel, after) else { return false };
        if gap.presence.get(session.member()).is_some_and(|before| *before != joined) {
            gap.presence.remove(session.member());
        } else if gap.presence.len() < PRESENCE_CHANGES_MAX {
            gap.presence.insert(Member(session.clone()), joined);
        } else {
            gap.presence_lost = true;
        }
        true
    }

    fn hold(&mut self, core: CoreId, channel: usize, after: u64) -> Option<&mut Gap> {
        let peer = &mut self.0[core.index()];
        if !peer.congested && (peer.gaps.is_empty() || !peer.gaps.contains_key(&channel)) {
            return None;
        }
        let fresh = || Gap { after, presence: BTreeMap::new(), presence_lost: false };
        Some(peer.gaps.entry(channel).or_insert_with(fresh))
    }

    /// The core has no subscribers of the channel any more.
    pub fn forget(&mut self, core: CoreId, channel: usize) {
        self.0[core.index()].gaps.remove(&channel);
    }

    /// Takes a gap that can be healed now; `None` while the core is congested or if there is none.
    pub fn take(&mut self, core: CoreId) -> Option<(usize, Gap)> {
        let peer = &mut self.0[core.index()];
        if peer.congested { None } else { peer.gaps.pop_first() }
    }

    /// Gaps of all cores.
    pub fn gaps(&self) -> usize {
        self.0.iter().map(|peer| peer.gaps.len()).sum()
    }

    /// Gaps of a core.
    pub fn gaps_of(&self, core: CoreId) -> usize {
        self.0[core.index()].gaps.len()
    }

    /// Cores.
    pub fn cores(&self) -> u16 {
        self.0.len() as u16
    }

    /// All gaps, for checks.
    pub fn iter(&self) -> impl Iterator<Item = (CoreId, usize, &Gap)> {
        let peers = (0..self.cores()).map(CoreId).zip(&self.0);
        peers.flat_map(|(core, peer)| peer.gaps.iter().map(move |(channel, gap)| (core, *channel, gap)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::Scopes;

    const CORE: CoreId = CoreId(1);

    #[test]
    fn a_gap_starts_at_the_first_thing_held_back_and_outlives_the_congestion() {
        let mut congestion = Congestion::new(2);
        assert!(!congestion.hold_publication(CORE, 7, 4));
        congestion.set(CORE, true);
        assert!(congestion.hold_publication(CORE, 7, 4));
        assert!(congestion.hold_publication(CORE, 7, 5));
        assert!(!congestion.hold_publication(CoreId(0), 7, 5), "other cores are not held back");
        assert!(congestion.take(CORE).is_none());
        congestion.set(CORE, false);
        assert!(congestion.blocks(CORE, 7) && !congestion.blocks(CORE, 8));
        assert!(congestion.hold_publication(CORE, 7, 6), "until the gap is healed");
        assert_eq!(congestion.take(CORE).map(|(channel, gap)| (channel, gap.after)), Some((7, 4)));
        assert!(!congestion.hold_publication(CORE, 7, 7));
    }

    #[test]
    fn joins_and_leaves_cancel_out_and_too_many_are_lost() {
        let mut congestion = Congestion::new(2);
        congestion.set(CORE, true);
        let user = |n: usize| Arc::new(Session::of(&format!("{n}"), Scopes::READ));
        for n in 0..PRESENCE_CHANGES_MAX {
            congestion.hold_presence(CORE, 7, 0, &user(n), true);
        }
        congestion.hold_presence(CORE, 7, 0, &user(0), false);
        congestion.hold_presence(CORE, 7, 0, &user(5_000), false);
        congestion.set(CORE, false);
        assert!(!congestion.0[1].gaps[&7].presence_lost);
        congestion.hold_presence(CORE, 7, 0, &user(5_001), true);
        let (_, gap) = congestion.take(CORE).expect("a gap");
        assert!(gap.presence_lost);
        assert_eq!(gap.presence.len(), PRESENCE_CHANGES_MAX);
        assert!(!gap.presence.contains_key("0"));
        assert_eq!(gap.presence.get("5000"), Some(&false));
    }
}
