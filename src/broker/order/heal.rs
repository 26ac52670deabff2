//! Gaps: what happens when a core's queue is full, and when it is not any more.

use crate::base::ids::CoreId;
use crate::base::time::Now;
use crate::broker::home::{HomeOutput, HomePush};
use crate::broker::order::Order;
use crate::broker::order::congestion::Gap;
use crate::broker::order::members::Member;
use crate::broker::rules::access::tells_presence;
use crate::model::channel::Position;
use crate::model::reply::Recovery;

/// Gaps healed in one call, so that healing neither stalls a turn nor fills the queue again at once.
const HEALED_MAX: usize = 256;

/// Publications, joins and leaves pushed in one call, after which it ends; the gap that reaches it is healed whole.
const HEALED_PUSHES_MAX: usize = 4_096;

/// Publications in one push, so that the core that hears it encodes no more of them at once.
const PUSHED_MAX: usize = 256;

impl Order {
    /// The queue to a core is full, or has room again. While it is full nothing is pushed to the core; when it
    /// has room, its channels are healed: each gets what it missed, or is told that it lost state. Some of them are
    /// healed in one call; true says that none is left. If it is false, call again when the
    /// queue has room; [`Order::sweep`] goes on too. A channel still to be healed is pushed nothing.
    pub fn set_congested(&mut self, now: Now, core: CoreId, congested: bool) -> bool {
        self.congestion.set(core, congested);
        self.heal(now, core);
        self.congestion.gaps_of(core) == 0
    }

    /// Heals some of a core's gaps, if it is not congested.
    pub(in crate::broker) fn heal(&mut self, now: Now, core: CoreId) {
        let mut pushes = 0;
        for _ in 0..HEALED_MAX {
            if pushes >= HEALED_PUSHES_MAX {
                return;
            }
            let Some((id, gap)) = self.congestion.take(core) else { return };
            pushes += self.heal_channel(now, core, id, gap);
        }
    }

    /// Heals a channel on a core; says with how many publications, joins and leaves.
    fn heal_channel(&mut self, now: Now, core: CoreId, id: usize, gap: Gap) -> usize {
        let channel = self.channels.get(id);
        if !self.channels.rules.holds(channel.rules, &channel.name) {
            // It is over, and its subscribers are about to be told that.
            return 0;
        }
        let at = channel.position();
        let missed = self.channels.since(now, id, Position { offset: gap.after, ..at });
        let channel = &self.channels.get(id).name;
        let mut push = |push| {
            self.outputs.push_back(HomeOutput::Push { to: core, channel: channel.clone(), push });
        };
        let told = tells_presence(self.channels.definition(id));
        let mut lost = gap.presence_lost;
        let mut healed = gap.presence.len();
        match missed {
            Recovery::Complete(publications) => {
                healed += publications.len();
                publications.chunks(PUSHED_MAX).for_each(|some| push(HomePush::Heal(some.to_vec())));
            }
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
        healed
    }
}
