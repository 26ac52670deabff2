//! Changes of definitions, and what they do to channels that are open: some channels at a time, so that no turn is
//! long however many there are.

use crate::base::ids::CoreId;
use crate::broker::home::{HomeOutput, HomePush, faults};
use crate::broker::order::Order;
use crate::broker::rules::catalog::DefinitionChange;
use crate::broker::rules::sets::Task;
use crate::model::definition::HistoryBounds;
use crate::model::fault::{Fault, FaultCode};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Publications whose freeing costs as much as ending a channel does.
const FREED_PER_STEP: usize = 16;

/// A change on its way.
struct Job {
    number: u64,
    change: Arc<DefinitionChange>,
    /// What is left to do, once the change is in force here.
    tasks: Option<VecDeque<Task>>,
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

impl Jobs {
    /// Takes over a change of a definition. [`Jobs::work`] follows until the number is settled. It is in force when
    /// all earlier ones are settled, so that each finds the channels as the one before left them: a channel that one
    /// change ends is not found alive by the next.
    pub fn add(&mut self, number: u64, change: Arc<DefinitionChange>) {
        self.0.push_back(Job { number, change, tasks: None, next: 0, told: BTreeSet::new() });
    }

    /// Whether every change is settled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes on with the oldest change, for as many steps as there are left. Says when it is settled; its outputs
    /// come before.
    pub fn work(&mut self, order: &mut Order, steps_left: &mut usize) -> Option<Settled> {
        let mut job = self.0.pop_front()?;
        let tasks = job.tasks.get_or_insert_with(|| order.channels.rules.apply(&job.change).into());
        while let Some(task) = tasks.front().copied() {
            while let Some(id) = order.channels.rules.next_channel(task.set(), job.next) {
                if *steps_left == 0 {
                    self.0.push_front(job);
                    return None;
                }
                job.next = id + 1;
                *steps_left = steps_left.saturating_sub(look_at(order, task, id as usize, &mut job.told));
            }
            order.channels.rules.finish(task);
            tasks.pop_front();
            job.next = 0;
        }
        Some(Settled { number: job.number, told: job.told.into_iter().collect() })
    }
}

/// Does a task for one channel; says how many steps that took.
fn look_at(order: &mut Order, task: Task, id: usize, told: &mut BTreeSet<CoreId>) -> usize {
    let channel = order.channels.get(id);
    let steps = 1 + channel.history.as_ref().map_or(0, |history| history.len() / FREED_PER_STEP);
    match task {
        Task::Recheck(set) => {
            if !order.channels.rules.holds(set, &channel.name) {
                told.extend(channel.shares.iter().map(|share| share.core));
                order.end_channel(id, &faults::channel_deleted());
            }
        }
        Task::DropGuests(_) => {
            for share in channel.shares.iter() {
                told.insert(share.core);
                let fault = Fault::new(FaultCode::GuestsRefused, "guests may not stay in this channel");
                let push = HomePush::Ended { fault, guests: true };
                let channel = channel.name.clone();
                order.ends.push_back(HomeOutput::Push { to: share.core, channel, push });
            }
        }
        Task::Trim(_) => {
            // Here and not when it is read next: what is let go of does not come back when more may be kept again.
            let bounds = HistoryBounds { age_ms_max: 0, ..order.channels.definition(id).history };
            order.channels.edit_history(id, |history| history.fit(&bounds, 0));
        }
    }
    steps
}
