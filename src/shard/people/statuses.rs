//! What people say of their state: answered when every core knows it, so that whoever was told that it is invisible is
//! shown by none.
//!
//! Its home decides the order and tells every core; behind that, in the same queue, goes the word to answer the core
//! that asked. That core waits for all of them, and reads nothing more of the socket until then: what the socket asks for
//! next, on whatever core, comes after what it said.

use super::PeopleSide;
use crate::base::ids::{ConnectionId, CoreId};
use crate::model::people::UserId;
use crate::model::people::status::Status;
use crate::model::session::Session;
use crate::shard::connections::expect::Expect;
use crate::shard::mesh;
use crate::shard::mesh::message::{CoreMessage, PeopleMessage, Ticket};
use crate::shard::people::telling::pump_people;
use crate::shard::requests::{FanInSide, Whole};
use std::sync::Arc;

/// Passes on what somebody says on a socket of this core.
pub(super) fn ask(
    side: &mut FanInSide<'_>,
    id: ConnectionId,
    session: &Arc<Session>,
    status: Status,
    expect: Expect,
) {
    let sequence = side.edge.connections.open_slot(id, expect);
    side.edge.connections.hold_reading(id, sequence);
    let ticket = Ticket { connection: id, sequence, part: 0, session: session.clone() };
    let Some(fan_in) = side.gather(ticket, Whole::StatusKnown) else { return };
    let user = session.user.clone();
    let home = side.edge.setup.home_of(&user);
    let said = CoreMessage::People(PeopleMessage::Status { user, status, fan_in });
    mesh::post(side.edge, side.homes, home, said);
}

/// Takes it in at the person's home.
pub(super) fn say(side: &mut PeopleSide<'_>, asker: CoreId, user: &UserId, status: Status, fan_in: u64) {
    let (now, people) = (side.edge.now, &mut *side.people);
    people.persons.set_status(now, user, status, &mut people.told);
    pump_people(side);
    for core in 0..side.edge.setup.cores {
        side.post(CoreId(core), CoreMessage::People(PeopleMessage::Known { fan_in, asker }));
    }
}
