//! What the parts of the broker want told goes to the cores that have to hear it.

use super::PeopleSide;
use super::{hear_of_people, recorder};
use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::told::Told;
use crate::model::people::circle::SocketId;
use crate::shard::mesh::message::{CoreMessage, PeopleMessage};

/// Places that are kept for what is to be told.
const TOLD_KEPT_MAX: usize = 64;

/// Passes on whatever is to be told.
pub(in crate::shard) fn pump_people(side: &mut PeopleSide<'_>) {
    while !side.people.told.is_empty() {
        let mut told = std::mem::take(&mut side.people.told);
        told.drain(..).for_each(|one| tell_people(side, one));
        if side.people.told.is_empty() && told.capacity() <= TOLD_KEPT_MAX {
            // For the next ones, without asking for memory again.
            side.people.told = told;
        }
    }
}

pub(in crate::shard) fn tell_people(side: &mut PeopleSide<'_>, told: Told) {
    match told {
        Told::Circle { circle, channel, event, except } => {
            let cores: Vec<CoreId> = side.people.circles.cores(&circle).collect();
            for core in cores {
                if side.homes.mesh.is_congested(core) {
                    side.people.missed[core.index()].insert(circle.clone());
                    continue;
                }
                let (channel, event) = (channel.clone(), event.clone());
                say(side, core, PeopleMessage::Circle { channel, event, except });
            }
        }
        Told::Sockets { sockets, circle, door, event } => {
            for (core, connections) in by_core(sockets) {
                let (circle, door, event) = (circle.clone(), door.clone(), event.clone());
                say(side, core, PeopleMessage::Sockets { connections, circle, door, event });
            }
        }
        Told::Out { sockets, circle } => {
            for (core, connections) in by_core(sockets) {
                let circle = circle.clone();
                side.post(core, CoreMessage::People(PeopleMessage::Out { connections, circle }));
            }
        }
        Told::People { .. } | Told::Person { .. } => {
            if let Told::People { event, .. } = &told {
                recorder::note_event(side.people, side.homes, event);
            }
            for core in 0..side.edge.setup.cores {
                side.post(CoreId(core), CoreMessage::People(PeopleMessage::All(told.clone())));
            }
        }
    }
}

/// Says something to a core. What it says to itself it hears at once, where nothing is before that.
fn say(side: &mut PeopleSide<'_>, core: CoreId, message: PeopleMessage) {
    let is_next = side.edge.departures.is_empty() && !side.homes.mesh.has_local();
    if core == side.edge.setup.core && is_next {
        hear_of_people(side, core, message);
    } else {
        side.post(core, CoreMessage::People(message));
    }
}

/// There is room for a core again: it is told of which circles it missed something.
pub(in crate::shard) fn tell_missed(side: &mut PeopleSide<'_>, core: CoreId) {
    for circle in std::mem::take(&mut side.people.missed[core.index()]) {
        side.post(core, CoreMessage::People(PeopleMessage::Missed { circle }));
    }
}

/// The sockets of each core, in the order of the cores.
fn by_core(mut sockets: Vec<SocketId>) -> impl Iterator<Item = (CoreId, Vec<ConnectionId>)> {
    sockets.sort_by_key(|socket| socket.core);
    let mut rest = sockets.into_iter().peekable();
    std::iter::from_fn(move || {
        let core = rest.peek()?.core;
        let here = std::iter::from_fn(|| rest.next_if(|socket| socket.core == core));
        Some((core, here.map(|socket| socket.connection).collect()))
    })
}
