//! Gaps: what happens when a core's queue is full, and when it is not any more.

use crate::base::ids::CoreId;
use crate::base::time::Now;
use crate::broker::home::{Home, HomeOutput, HomePush};
use crate::broker::order::congestion::Gap;
use crate::broker::order::members::Member;
use crate::broker::rules::access::tells_presence;
use crate::model::channel::Position;
use crate::model::reply::Recovery;

/// Gaps healed in one call, so that healing neither stalls a turn nor fills the queue again at once.
const HEALED_MAX: usize = 256;

impl Home {
    /// The queue to a core is full, or has room again. While it is full nothing is pushed to the core; when it
    /// has room, its channels are healed: each gets what it missed, or is told that it lost state. At most 256
    /// channels are healed in one call; true says that none is left. If it is false, call again when the
    /// queue has room; [`Home::sweep`] goes on too. A channel still to be healed is pushed nothing.
    pub fn set_congested(&mut self, now: Now, core: CoreId, congested: bool) -> bool {
        self.congestion.set(core, congested);
        self.heal(now, core);
        self.congestion.gaps_of(core) == 0
    }

    /// Heals some of a core's gaps, if it is not congested.
    pub(in crate::broker) fn heal(&mut self, now: Now, core: CoreId) {
        for _ in 0..HEALED_MAX {
            let Some((id, gap)) = self.congestion.take(core) else { return };
            self.heal_channel(now, core, id, gap);
        }
    }

    fn heal_channel(&mut self, now: Now, core: CoreId, id: usize, gap: Gap) {
        let channel = self.channels.get(id);
        if !self.channels.rules.holds(channel.rules, &channel.name) {
            // It is over, and its subscribers are about to be told that.
            return;
        }
        let at = channel.position();
        let missed = self.channels.since(now, id, Position { offset: gap.after, ..at });
        let channel = &self.channels.get(id).name;
        let mut push = |push| {
            self.outputs.push_back(HomeOutput::Push { to: core, channel: channel.clone(), push });
        };
        let told = tells_presence(self.channels.definition(id));
        let mut lost = gap.presence_lost;
        match missed {
            Recovery::Complete(publications) if publications.is_empty() => {}
            Recovery::Complete(publications) => push(HomePush::Heal(publications)),
            Recovery::Gap(_) | Recovery::NotAsked => lost = true,
        }
        if lost {
            push(HomePush::Lost(at));
        }
        for (Member(session), joined) in gap.presence.into_iter().filter(|_| told) {
            let except = None;
            push(if joined {
                HomePush::Joined { session, except }
            } else {
                HomePush::Left { session, except }
            });
        }
    }
}
