//! What is asked of the node as a whole: each core says its part, the core that was asked puts the parts together.

use super::fan_in::{FanIn, FanInSide, Whole};
use super::{admin, revoking};
use crate::base::ids::CoreId;
use crate::broker::groups::merge_groups;
use crate::broker::meetings::merge_meetings;
use crate::broker::order::oversight::list_channels;
use crate::broker::relay::groups::merge_connection_groups;
use crate::broker::rooms::merge_rooms;
use crate::metrics::counters::{Counters, PeopleCounters};
use crate::metrics::render::render;
use crate::model::command::NodeCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::node::{CoreState, NodeState};
use crate::model::people::reply::PeopleReply;
use crate::model::relay::GroupQuery;
use crate::model::reply::{NodeReply, RelayReply, Reply};
use crate::model::session::Session;
use crate::shard::Shard;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::{FanInPart, Question, Ticket};
use crate::shard::people::{self, People, merge_people};
use crate::shard::relay::{self, Relay};

/// Asks all cores what a client asked of the node.
pub(super) fn serve_node(side: &mut FanInSide<'_>, ticket: Ticket, command: NodeCommand) {
    let (question, whole) = question_of(&ticket, command);
    side.scatter(ticket, question, whole);
}

/// Answers with what the cores said.
pub(super) fn answer_whole(edge: &Edge, homes: &mut HomeSide, fan_in: FanIn) {
    let FanIn { ticket, whole, parts, .. } = fan_in;
    let reply = put_together(edge, &ticket.session, whole, parts);
    homes.answer_here(ticket, reply);
}

impl Shard {
    /// This core's part.
    pub(in crate::shard) fn part(&mut self, question: Question) -> FanInPart {
        match question {
            Question::State => FanInPart::State(state(&self.edge, &self.homes, &self.people)),
            Question::Counters => {
                let counters = counters_now(&self.edge, &self.homes, &self.people, &self.relay);
                FanInPart::Counters(Box::new(counters))
            }
            Question::Meetings { session, page } => {
                FanInPart::Meetings(self.homes.home.meetings.list_of(&session, page))
            }
            Question::ConnectionGroups(query) => {
                FanInPart::ConnectionGroups(relay::list_groups(&self.relay, &query))
            }
            Question::LoggedIn { place, user } => {
                self.homes.know_address(&user, place);
                FanInPart::Noted
            }
            Question::LoggedOut { id, until_unix_s } => {
                let session_s = self.setup.limits.session_s_max;
                self.homes.logins.log_out(self.edge.now, id, until_unix_s, session_s);
                FanInPart::Noted
            }
            Question::TokensRevoked { user, at_unix_s } => {
                revoking::hear(&self.edge, &mut self.homes, &mut self.endings, &user, at_unix_s);
                FanInPart::Noted
            }
            Question::Connections { user, from, size } => {
                FanInPart::Connections(admin::list_connections(&self.edge, user.as_deref(), from, size))
            }
            Question::Channels { prefix, from, size } => {
                FanInPart::Channels(list_channels(&self.homes.home, &prefix, self.setup.core, from, size))
            }
            Question::Remove(removal) => {
                let users = &self.relay.users;
                FanInPart::Removed(admin::remove(&mut self.edge, &mut self.endings, users, &removal))
            }
            Question::People(question) => people::tell_of_people(&self.people, &self.homes, question),
            Question::Rooms { session, namespace, page } => {
                FanInPart::Rooms(self.homes.home.list_rooms(&session, namespace, page))
            }
            Question::Groups { session, namespace, page } => {
                FanInPart::Groups(self.homes.home.groups.list_of(&session, namespace, page))
            }
        }
    }
}

/// The counters of this core, with those that live in tables filled in.
fn counters_now(edge: &Edge, homes: &HomeSide, people: &People, relay: &Relay) -> Counters {
    let mut counters = edge.counters.clone();
    let home = homes.home.state();
    counters.publications = home.published;
    counters.duplicates = home.duplicates;
    counters.history_publications = home.history_publications;
    counters.history_bytes = home.history_bytes;
    counters.memory_bytes =
        [home.history_held_bytes, edge.fanout.size().1 as u64, edge.connections.unfinished_bytes() as u64];
    counters.history_lost = homes.home.log().has_failed().into();
    counters.people = PeopleCounters { relay: relay.counts(), ..people.counts() };
    counters.web_push = homes.web_push.counters();
    let writes = homes.effects.writes();
    counters.writes = [writes.stored, writes.failed, writes.refused];
    counters
}

/// What this core says of itself.
fn state(edge: &Edge, homes: &HomeSide, people: &People) -> CoreState {
    let (active_calls, active_huddles) = people.active();
    let home = homes.home.state();
    let ice = &edge.setup.people.ice;
    CoreState {
        channels: home.channels,
        publications: home.history_publications,
        active_calls,
        active_huddles,
        connections: edge.counters.connections_open,
        websocket_connections: edge.counters.websockets_open,
        online_users: home.online_users,
        starting: homes.log.is_starting(),
        history_lost: homes.home.log().has_failed(),
        has_turn: !ice.turn_urls.is_empty() && ice.turn_secret.is_some(),
        disk_fails: !homes.effects.is_store_well(),
    }
}

/// What all cores are asked, and what their parts make together.
fn question_of(ticket: &Ticket, command: NodeCommand) -> (Question, Whole) {
    match command {
        NodeCommand::GetState | NodeCommand::GetStats => (Question::State, Whole::State),
        NodeCommand::GetMetrics => (Question::Counters, Whole::Metrics),
        NodeCommand::ListConnections { user, from, size } => {
            (Question::Connections { user, from, size }, Whole::Connections(size))
        }
        NodeCommand::ListChannels { prefix, from, size } => {
            (Question::Channels { prefix, from, size }, Whole::Channels(size))
        }
        NodeCommand::Remove(removal) => (Question::Remove(removal.clone()), Whole::Removed(removal)),
        NodeCommand::ListRooms { namespace, page } => {
            let session = ticket.session.clone();
            (Question::Rooms { session, namespace, page }, Whole::Rooms(page))
        }
        NodeCommand::ListGroups { namespace, page } => {
            let session = ticket.session.clone();
            (Question::Groups { session, namespace, page }, Whole::Groups(page))
        }
        NodeCommand::ListConnectionGroups { query } => {
            (Question::ConnectionGroups(query.clone()), Whole::ConnectionGroups(query))
        }
        NodeCommand::ListMeetings { page } => {
            let session = ticket.session.clone();
            (Question::Meetings { session, page }, Whole::Meetings(page))
        }
    }
}

/// What the parts of the cores that answered in time make together.
fn put_together(edge: &Edge, session: &Session, whole: Whole, mut parts: Vec<(CoreId, FanInPart)>) -> Reply {
    parts.sort_by_key(|(core, _)| *core);
    let silent = u32::from(edge.setup.cores) - parts.len() as u32;
    if silent > 0 && whole.needs_every_part() {
        return Reply::Fault(incomplete());
    }
    match whole {
        Whole::State => Reply::Node(NodeReply::State(node_state(edge, &parts, silent))),
        Whole::Metrics => {
            let counters = parts.into_iter().filter_map(|(core, part)| match part {
                FanInPart::Counters(counters) => Some((core, *counters)),
                _ => None,
            });
            let cores: Vec<_> = counters.collect();
            Reply::Node(NodeReply::Metrics(render(&cores, &edge.setup.node, uptime_s(edge))))
        }
        Whole::Rooms(page) => {
            let rooms = parts.into_iter().filter_map(|(_, part)| match part {
                FanInPart::Rooms(rooms) => Some(rooms),
                _ => None,
            });
            merge_rooms(rooms.collect(), page)
        }
        Whole::Groups(page) => {
            let groups = parts.into_iter().filter_map(|(_, part)| match part {
                FanInPart::Groups(groups) => Some(groups),
                _ => None,
            });
            merge_groups(groups.collect(), page)
        }
        Whole::ConnectionGroups(query) => {
            let parts = parts.into_iter().filter_map(|(_, part)| match part {
                FanInPart::ConnectionGroups(groups) => Some(groups),
                _ => None,
            });
            let list = merge_connection_groups(parts.collect(), GroupQuery::clone(&query));
            Reply::Relay(RelayReply::Groups(Box::new(list)))
        }
        Whole::Meetings(page) => {
            let meetings = parts.into_iter().filter_map(|(_, part)| match part {
                FanInPart::Meetings(meetings) => Some(meetings),
                _ => None,
            });
            let bytes_max = edge.setup.limits.meeting_page_bytes_max as usize;
            merge_meetings(meetings.collect(), page, bytes_max, |meeting| meeting.admits(&session.user))
        }
        Whole::People(command) => {
            let parts = parts.into_iter().filter_map(|(_, part)| match part {
                FanInPart::People(part) => Some(part),
                _ => None,
            });
            merge_people(*command, parts.collect())
        }
        Whole::Connections(size) => admin::merge_connections(parts, size),
        Whole::Channels(size) => admin::merge_channels(parts, size),
        Whole::Removed(removal) => admin::merge_removed(parts, &removal, silent),
        Whole::StatusKnown if silent == 0 => Reply::People(Box::new(PeopleReply::Done)),
        Whole::StatusKnown => Reply::Fault(status_unknown()),
        Whole::TokensRevoked { at_unix_s } => revoking::revoked(at_unix_s, silent),
        Whole::LoggedOut if silent == 0 => Reply::Done,
        Whole::LoggedOut => Reply::Fault(Fault::new(
            FaultCode::Unavailable,
            "The logout is stored, but a core of this node does not answer, so it is not in force everywhere yet.",
        )),
    }
}

/// A core does not know what somebody said of its state.
fn status_unknown() -> Fault {
    let message = "A core of this node does not answer, so others may be shown what you said before. Try again shortly.";
    Fault::new(FaultCode::Unavailable, message)
}

fn node_state(edge: &Edge, parts: &[(CoreId, FanInPart)], silent_cores: u32) -> NodeState {
    let mut total = CoreState::default();
    for (_, part) in parts {
        if let FanInPart::State(state) = part {
            total.connections += state.connections;
            total.websocket_connections += state.websocket_connections;
            total.online_users += state.online_users;
            total.channels += state.channels;
            total.publications += state.publications;
            total.active_calls += state.active_calls;
            total.active_huddles += state.active_huddles;
            total.starting |= state.starting;
            total.history_lost |= state.history_lost;
            total.has_turn |= state.has_turn;
            total.disk_fails |= state.disk_fails;
        }
    }
    NodeState {
        info: (*edge.setup.node).clone(),
        uptime_s: uptime_s(edge),
        total,
        draining: edge.drain.is_some(),
        silent_cores,
    }
}

fn uptime_s(edge: &Edge) -> u64 {
    edge.now.monotonic_us.saturating_sub(edge.setup.node.started_monotonic_us) / 1_000_000
}

/// A list without the part of a core would pass for a whole one.
fn incomplete() -> Fault {
    Fault::new(
        FaultCode::Unavailable,
        "A core of this node does not answer, so the list would be incomplete. Try again shortly.",
    )
}
