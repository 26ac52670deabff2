//! Questions to all cores: listings, health, metrics. What a core does not answer within the deadline is left
//! out, and the answer says so: a core that does not turn must not stop the others from saying that.

use crate::base::ids::CoreId;
use crate::broker::meetings::merge_meetings;
use crate::broker::rooms::merge_rooms;
use crate::metrics::counters::Counters;
use crate::metrics::render::render;
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::node::{CoreState, NodeState};
use crate::model::reply::Reply;
use crate::shard::Shard;
use crate::shard::mesh::message::{Part, Question, Said, Ticket};
use std::collections::VecDeque;

/// Microseconds within which every core answers.
const DEADLINE_US: u64 = 1_000_000;

/// Gathers under way on one core; each request in flight may be one, this bounds them over all connections.
const GATHERS_MAX: usize = 1_024;

struct Gather {
    number: u64,
    ticket: Ticket,
    command: Command,
    parts: Vec<(CoreId, Part)>,
    deadline_us: u64,
}

/// See the module.
#[derive(Default)]
pub(in crate::shard) struct Gathers {
    /// Oldest first, so that the first deadline is at the front.
    list: VecDeque<Gather>,
    count: u64,
}

impl Gathers {
    /// Whether one more may begin.
    pub fn has_place(&self) -> bool {
        self.list.len() < GATHERS_MAX
    }

    pub fn next_us(&self) -> Option<u64> {
        self.list.front().map(|gather| gather.deadline_us)
    }
}

impl Shard {
    /// Asks every core, this one included.
    pub(in crate::shard) fn start_gather(&mut self, ticket: Ticket, command: Command, question: Question) {
        if !self.gathers.has_place() {
            let fault = Fault::new(
                FaultCode::Overloaded,
                "Too many listings are under way on this core. Try again shortly.",
            );
            return self.answer(ticket, Reply::Fault(fault));
        }
        self.gathers.count += 1;
        let number = self.gathers.count;
        let deadline_us = self.now.monotonic_us + DEADLINE_US;
        self.gathers.list.push_back(Gather { number, ticket, command, parts: Vec::new(), deadline_us });
        for core in 0..self.setup.cores {
            self.say(CoreId(core), Said::Ask { gather: number, question: question.clone() });
        }
    }

    /// One core answered.
    pub(in crate::shard) fn told(&mut self, number: u64, from: CoreId, part: Part) {
        let Some(at) = self.gathers.list.iter().position(|gather| gather.number == number) else { return };
        let gather = &mut self.gathers.list[at];
        gather.parts.push((from, part));
        if gather.parts.len() == usize::from(self.setup.cores)
            && let Some(gather) = self.gathers.list.remove(at)
        {
            self.finish_gather(gather);
        }
    }

    /// Answers with what there is when the time is up.
    pub(in crate::shard) fn expire_gathers(&mut self) {
        while self.gathers.next_us().is_some_and(|deadline| deadline <= self.now.monotonic_us)
            && let Some(gather) = self.gathers.list.pop_front()
        {
            self.finish_gather(gather);
        }
    }

    fn finish_gather(&mut self, gather: Gather) {
        let Gather { ticket, command, mut parts, .. } = gather;
        parts.sort_by_key(|(core, _)| *core);
        let silent = u32::from(self.setup.cores) - parts.len() as u32;
        let reply = match command {
            Command::NodeState => Reply::NodeState(self.node_state(&parts, silent)),
            Command::Metrics => {
                let counters = parts.into_iter().filter_map(|(core, part)| match part {
                    Part::Counters(counters) => Some((core, *counters)),
                    _ => None,
                });
                let cores: Vec<_> = counters.collect();
                Reply::Metrics(render(&cores, &self.setup.node, self.uptime_s()))
            }
            Command::ListRooms { page, .. } if silent == 0 => {
                let rooms = parts.into_iter().filter_map(|(_, part)| match part {
                    Part::Rooms(rooms) => Some(rooms),
                    _ => None,
                });
                merge_rooms(rooms.collect(), page)
            }
            Command::ListMeetings { page } if silent == 0 => {
                let meetings = parts.into_iter().filter_map(|(_, part)| match part {
                    Part::Meetings(meetings) => Some(meetings),
                    _ => None,
                });
                merge_meetings(meetings.collect(), page, self.setup.limits.meeting_page_bytes_max as usize)
            }
            Command::LogOut { .. } if silent == 0 => Reply::Done,
            Command::LogOut { .. } => Reply::Fault(Fault::new(
                FaultCode::Unavailable,
                "The logout is stored, but a core of this node does not answer, so it is not in force everywhere yet.",
            )),
            _ => Reply::Fault(Fault::new(
                FaultCode::Unavailable,
                "A core of this node does not answer, so the list would be incomplete. Try again shortly.",
            )),
        };
        self.answer(ticket, reply);
    }

    fn node_state(&self, parts: &[(CoreId, Part)], silent_cores: u32) -> NodeState {
        let mut total = CoreState::default();
        for (_, part) in parts {
            if let Part::State(state) = part {
                total.connections += state.connections;
                total.websocket_connections += state.websocket_connections;
                total.online_users += state.online_users;
                total.starting |= state.starting;
                total.history_lost |= state.history_lost;
                total.disk_fails |= state.disk_fails;
            }
        }
        NodeState {
            info: (*self.setup.node).clone(),
            uptime_s: self.uptime_s(),
            total,
            draining: self.drain.is_some(),
            silent_cores,
        }
    }

    fn uptime_s(&self) -> u64 {
        self.now.monotonic_us.saturating_sub(self.setup.node.started_monotonic_us) / 1_000_000
    }

    /// What this core says of itself.
    pub(in crate::shard) fn state(&self) -> CoreState {
        CoreState {
            connections: self.counters.connections_open,
            websocket_connections: self.counters.websockets_open,
            online_users: self.home.state().online_users,
            starting: self.log.is_starting(),
            history_lost: self.home.has_log_failed(),
            disk_fails: !self.effects.are_well(),
        }
    }

    /// The counters, with the gauges that live in tables filled in.
    pub(in crate::shard) fn counters_now(&self) -> Counters {
        let mut counters = self.counters.clone();
        let home = self.home.state();
        counters.publications = home.published;
        counters.duplicates = home.duplicates;
        counters.history_publications = home.history_publications;
        counters.history_bytes = home.history_bytes;
        counters.history_lost = self.home.has_log_failed().into();
        counters
    }
}
