//! Changes of definitions, and what they do to channels that are open: some channels at a time, so that no turn is
//! long however many there are.

use super::rules::Task;
use super::{Home, HomeOutput, HomePush};
use crate::base::ids::CoreId;
use crate::broker::catalog::Change;
use crate::model::fault::{Fault, FaultCode};
use std::collections::{BTreeSet, VecDeque};

/// Publications whose freeing costs as much as ending a channel does.
const FREED_PER_STEP: usize = 16;

/// A change whose channels are still being looked at.
struct Job {
    number: u64,
    tasks: VecDeque<Task>,
    /// The next channel of the first task.
    next: u32,
    told: BTreeSet<CoreId>,
}

/// The changes under way on a core, in their order.
#[derive(Default)]
pub struct Jobs(VecDeque<Job>);

/// A change that this core has done everything for.
#[derive(PartialEq, Eq, Debug)]
pub struct Settled {
    /// The change's number.
    pub number: u64,
    /// Cores that were told of channels that are over.
    pub told: Vec<CoreId>,
}

impl Home {
    /// Takes over a change of a definition. From here on commands are judged by it; [`Home::work`] follows until
    /// the number is settled.
    pub fn change(&mut self, number: u64, change: &Change) {
        let tasks = self.channels.rules.apply(change).into();
        self.jobs.0.push_back(Job { number, tasks, next: 0, told: BTreeSet::new() });
    }

    /// Whether a change is not settled.
    pub fn has_work(&self) -> bool {
        !self.jobs.0.is_empty()
    }

    /// Goes on with the oldest change, for as many steps as there are left. Says when it is settled; its outputs
    /// come before.
    pub fn work(&mut self, steps_left: &mut usize) -> Option<Settled> {
        let mut job = self.jobs.0.pop_front()?;
        while let Some(task) = job.tasks.front().copied() {
            while let Some(id) = self.channels.rules.next_channel(task.set(), job.next) {
                if *steps_left == 0 {
                    self.jobs.0.push_front(job);
                    return None;
                }
                job.next = id + 1;
                *steps_left = steps_left.saturating_sub(self.look_at(task, id as usize, &mut job.told));
            }
            self.channels.rules.finish(task);
            job.tasks.pop_front();
            job.next = 0;
        }
        Some(Settled { number: job.number, told: job.told.into_iter().collect() })
    }

    /// Does a task for one channel; says how many steps that took.
    fn look_at(&mut self, task: Task, id: usize, told: &mut BTreeSet<CoreId>) -> usize {
        let channel = self.channels.get(id);
        let steps = 1 + channel.history.as_ref().map_or(0, |history| history.len() / FREED_PER_STEP);
        match task {
            Task::Recheck(set) => {
                if !self.channels.rules.holds(set, &channel.name) {
                    told.extend(channel.shares.iter().map(|share| share.core));
                    self.end_channel(id);
                }
            }
            Task::DropGuests(_) => {
                for share in channel.shares.iter() {
                    told.insert(share.core);
                    let fault = Fault::new(FaultCode::GuestsRefused, "guests may not stay in this channel");
                    let push = HomePush::Ended { fault, guests: true };
                    let channel = channel.name.clone();
                    self.ends.push_back(HomeOutput::Push { to: share.core, channel, push });
                }
            }
        }
        steps
    }

    /// Ends a channel: its subscribers are told, nothing of it is left, and its name is free for another one.
    pub(super) fn end_channel(&mut self, id: usize) {
        let channel = self.channels.get(id);
        for share in channel.shares.iter() {
            self.congestion.forget(share.core, id);
            let fault = Fault::new(FaultCode::ChannelDeleted, "Channel deleted");
            let push = HomePush::Ended { fault, guests: false };
            let channel = channel.name.clone();
            self.ends.push_back(HomeOutput::Push { to: share.core, channel, push });
        }
        self.channels.forget(id);
    }
}
