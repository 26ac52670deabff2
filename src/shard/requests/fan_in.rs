//! Questions to all cores, whose answers make one. What a core does not answer within the deadline is left out, and
//! the answer says so: a core that does not turn must not stop the others from saying that.

use super::node::answer_whole;
use crate::base::ids::CoreId;
use crate::base::time::Now;
use crate::model::admin::Removal;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::model::meeting::MeetingPage;
use crate::model::people::command::PeopleCommand;
use crate::model::relay::GroupQuery;
use crate::model::reply::Reply;
use crate::shard::Shard;
use crate::shard::connections::account;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh;
use crate::shard::mesh::message::{CoreMessage, FanInPart, Question, Ticket};
use crate::shard::places::Places;
use std::collections::VecDeque;
use std::sync::Arc;

/// Microseconds within which every core answers.
const DEADLINE_US: u64 = 1_000_000;

/// Questions under way on one core; each request in flight may be one, this bounds them over all connections.
const FAN_INS_MAX: usize = 1_024;

/// What the parts of all cores make together.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::shard) enum Whole {
    /// The state of the node.
    State,
    /// The node's metrics.
    Metrics,
    /// A list of rooms.
    Rooms(Page),
    /// A list of groups.
    Groups(Page),
    /// A list of groups of connections.
    ConnectionGroups(Arc<GroupQuery>),
    /// A list of meetings.
    Meetings(MeetingPage),
    /// A list of connections, with so many items at most.
    Connections(u32),
    /// A list of channels, with so many items at most.
    Channels(u32),
    /// That connections close.
    Removed(Removal),
    /// That every core knows of a logout.
    LoggedOut,
    /// That every core knows that tokens were revoked.
    TokensRevoked {
        /// Up to which second after 1970.
        at_unix_s: u64,
    },
    /// That every core knows what a person says of its state.
    StatusKnown,
    /// What people asked for.
    People(Box<PeopleCommand>),
}

impl Whole {
    /// Whether it says nothing where a part is missing.
    pub(super) fn needs_every_part(&self) -> bool {
        match self {
            Self::State
            | Self::Metrics
            | Self::Removed(_)
            | Self::LoggedOut
            | Self::TokensRevoked { .. }
            | Self::StatusKnown => false,
            Self::Rooms(_)
            | Self::Groups(_)
            | Self::ConnectionGroups(_)
            | Self::Meetings(_)
            | Self::Connections(_)
            | Self::Channels(_)
            | Self::People(_) => true,
        }
    }
}

/// A question under way.
pub(in crate::shard) struct FanIn {
    number: u64,
    /// The request that is answered with it.
    pub ticket: Ticket,
    /// What its parts make.
    pub whole: Whole,
    /// What cores answered.
    pub parts: Vec<(CoreId, FanInPart)>,
    deadline_us: u64,
    /// In whose account it is.
    account: Arc<str>,
}

/// Questions that this core asked and that are not answered.
#[derive(Default)]
pub(in crate::shard) struct FanIns {
    /// Oldest first, so that the first deadline is at the front.
    list: VecDeque<FanIn>,
    count: u64,
    /// Whose they are: users', or hosts' where somebody proved nothing.
    places: Places,
}

impl FanIns {
    /// Whether one more may begin in somebody's account, of which all have a share.
    fn has_place(&self, account: &str) -> bool {
        self.places.may_take(account, FAN_INS_MAX - self.list.len())
    }

    pub fn next_us(&self) -> Option<u64> {
        self.list.front().map(|fan_in| fan_in.deadline_us)
    }

    /// Waits for the answers to a question; says its number, from 1.
    fn open(&mut self, now: Now, ticket: Ticket, whole: Whole, account: Arc<str>) -> u64 {
        self.count += 1;
        let deadline_us = now.monotonic_us + DEADLINE_US;
        self.places.take(&account);
        self.list.push_back(FanIn {
            number: self.count,
            ticket,
            whole,
            parts: Vec::new(),
            deadline_us,
            account,
        });
        self.count
    }

    /// Takes the answer of one core in. With the last, all of them.
    fn take(&mut self, number: u64, from: CoreId, part: FanInPart, cores: u16) -> Option<FanIn> {
        let at = self.list.iter().position(|fan_in| fan_in.number == number)?;
        let fan_in = &mut self.list[at];
        fan_in.parts.push((from, part));
        if fan_in.parts.len() < usize::from(cores) {
            return None;
        }
        let whole = self.list.remove(at);
        self.closed(whole)
    }

    fn closed(&mut self, fan_in: Option<FanIn>) -> Option<FanIn> {
        fan_in.iter().for_each(|fan_in| self.places.give_back(&fan_in.account));
        fan_in
    }

    /// The oldest question whose time is up.
    fn expire(&mut self, now: Now) -> Option<FanIn> {
        self.list.front().filter(|fan_in| fan_in.deadline_us <= now.monotonic_us)?;
        let oldest = self.list.pop_front();
        self.closed(oldest)
    }
}

/// The parts of a core that functions which ask all cores work on: its edge with whoever wants to know, its home side, which
/// speaks with cores, and what was asked.
pub(in crate::shard) struct FanInSide<'a> {
    pub edge: &'a mut Edge,
    pub homes: &'a mut HomeSide,
    pub fan_ins: &'a mut FanIns,
}

impl Shard {
    pub(in crate::shard) fn fan_in_side(&mut self) -> FanInSide<'_> {
        FanInSide { edge: &mut self.edge, homes: &mut self.homes, fan_ins: &mut self.fan_ins }
    }
}

impl FanInSide<'_> {
    /// Asks every core, this one included.
    pub fn scatter(&mut self, ticket: Ticket, question: Question, whole: Whole) {
        let Some(number) = self.gather(ticket, whole) else { return };
        for core in 0..self.edge.setup.cores {
            let said = CoreMessage::Ask { fan_in: number, question: question.clone() };
            mesh::post(self.edge, self.homes, CoreId(core), said);
        }
    }

    /// Waits for every core's answer to what another core asks them; says the number that they answer to. `None` if too
    /// much is waited for, which is answered.
    pub fn gather(&mut self, ticket: Ticket, whole: Whole) -> Option<u64> {
        let account = account(&self.edge.connections, ticket.connection, &ticket.session);
        if self.fan_ins.has_place(&account) {
            return Some(self.fan_ins.open(self.edge.now, ticket, whole, account));
        }
        let message = "Too many listings are under way on this core, or as many of yours as your share is. Try again shortly.";
        self.homes.answer_here(ticket, Reply::Fault(Fault::new(FaultCode::Overloaded, message)));
        None
    }

    /// Whether what a request asks of all cores has a place among what is waited for.
    pub(super) fn has_place(&self, ticket: &Ticket) -> bool {
        self.fan_ins.has_place(&account(&self.edge.connections, ticket.connection, &ticket.session))
    }

    /// Takes the answer of one core in. With the last, whoever wanted to know is answered.
    pub fn take(&mut self, number: u64, from: CoreId, part: FanInPart) {
        if let Some(whole) = self.fan_ins.take(number, from, part, self.edge.setup.cores) {
            answer_whole(self.edge, self.homes, whole);
        }
    }

    /// Answers with what there is when the time is up.
    pub fn expire(&mut self) {
        while let Some(fan_in) = self.fan_ins.expire(self.edge.now) {
            answer_whole(self.edge, self.homes, fan_in);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::ConnectionId;
    use crate::model::session::{Scopes, Session};

    #[test]
    fn a_user_leaves_questions_to_others() {
        let mut fan_ins = FanIns::default();
        let now = Now { monotonic_us: 1, unix_ms: 0 };
        let ask = |fan_ins: &mut FanIns, user: &str| {
            let session = Arc::new(Session::of(user, Scopes::READ));
            let connection = ConnectionId { index: 1, generation: 0 };
            let ticket = Ticket { connection, sequence: 0, part: 0, session };
            fan_ins.has_place(user).then(|| fan_ins.open(now, ticket, Whole::State, user.into()))
        };
        let greedy: Vec<_> = std::iter::from_fn(|| ask(&mut fan_ins, "greedy")).collect();
        assert_eq!(greedy.len(), FAN_INS_MAX / 2 + 1);
        assert!((0..100).all(|user| ask(&mut fan_ins, &user.to_string()).is_some()), "others have places");
        assert_eq!(ask(&mut fan_ins, "greedy"), None);
        for number in &greedy[..200] {
            assert!(fan_ins.take(*number, CoreId(0), FanInPart::Noted, 1).is_some());
        }
        assert!(ask(&mut fan_ins, "greedy").is_some(), "its answered ones count no more");
        let later = Now { monotonic_us: 10 * DEADLINE_US, unix_ms: 0 };
        while fan_ins.expire(later).is_some() {}
        assert_eq!(fan_ins.places.taken(), 0);
    }
}
