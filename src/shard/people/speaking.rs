//! What people's sockets here say, and how they come to circles, leave them and die.

use super::sockets::Stay;
use super::{People, PeopleSide};
use crate::base::ids::ConnectionId;
use crate::broker::fanout::NewSubscriber;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::circle::Circle;
use crate::model::people::command::PeopleCommand;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Push;
use crate::model::session::Session;
use crate::protocol::framing::Framing;
use crate::shard::connections::pending::Opens;
use crate::shard::delivery::subscribing::encoding;
use crate::shard::edge::Edge;
use crate::shard::mesh::message::{CoreMessage, PeopleMessage, Ticket};
use crate::shard::people::hearing::send_left;
use crate::surface::Dialect;
use std::sync::Arc;

type Decoded = Result<PeopleCommand, Fault>;

/// A person opened a socket.
pub(in crate::shard) fn person_came(
    side: &mut PeopleSide<'_>,
    id: ConnectionId,
    session: &Session,
    device: Arc<str>,
) {
    let user = session.user.clone();
    side.people.sockets.open(id, user.clone(), device.clone(), side.edge.now.unix_s());
    let home = side.edge.setup.home_of(&user);
    side.post(home, CoreMessage::People(PeopleMessage::Opened { user, connection: id, device }));
}

/// A socket is gone, maybe a person's.
pub(in crate::shard) fn person_left(side: &mut PeopleSide<'_>, id: ConnectionId) {
    let Some(socket) = side.people.sockets.get(id) else { return };
    let calls = socket.calls.iter().cloned().map(Circle::Call);
    let stays = socket.stays.iter().map(|stay| stay.circle.clone());
    let stays = stays.filter(|circle| !matches!(circle, Circle::Call(_) | Circle::Calls | Circle::Huddles));
    for circle in calls.chain(stays).collect::<Vec<_>>() {
        send_left(side, id, circle, true);
    }
    let Some(socket) = side.people.sockets.close(id) else { return };
    let home = side.edge.setup.home_of(&socket.user);
    side.post(home, CoreMessage::People(PeopleMessage::Closed { user: socket.user, connection: id }));
}

/// What a socket says in a circle: what it asks for, or what is wrong with it. `None` if it is not to be answered: the
/// socket says it of an earlier stay.
pub(in crate::shard) fn hear_socket(
    side: &mut PeopleSide<'_>,
    id: ConnectionId,
    circle: Option<Circle>,
    label: Option<Box<str>>,
    joins: bool,
    act: Result<Box<PeopleCommand>, Fault>,
) -> Option<Decoded> {
    let Some(circle) = circle else { return Some(act.map(|act| *act)) };
    let socket = side.people.sockets.get(id)?;
    let stay = socket.stays.iter().find(|stay| stay.circle == circle);
    match stay {
        None if joins => {
            if socket.stays.len() >= side.edge.setup.limits.people.circles_per_connection_max as usize {
                return Some(Err(too_many()));
            }
        }
        None if act.as_ref().is_ok_and(|act| act.leaves()) => {}
        None => return Some(Err(not_in_it())),
        Some(_) if joins && act.is_ok() => leave_for_another(side, id, &circle),
        Some(_) if joins => {}
        Some(stay) if label.is_some() && label != stay.label => return None,
        Some(_) => {}
    }
    let mut decoded = act.map(|act| *act);
    if let (Ok(command), Some(socket)) = (&mut decoded, side.people.sockets.get_mut(id))
        && command.come_as(&socket.device, socket.opened_s)
    {
        socket.coming = label;
    }
    Some(decoded)
}

/// A socket comes to a circle in which it is: its stay there ends, and another one begins.
pub(in crate::shard) fn leave_for_another(side: &mut PeopleSide<'_>, id: ConnectionId, circle: &Circle) {
    let mut out = Vec::new();
    end_stay_into(side, id, circle, &mut out);
    side.edge.write_in_turn(id, out, false);
}

/// Ends a socket's stay; what it is told last is appended.
pub(in crate::shard) fn end_stay_into(
    side: &mut PeopleSide<'_>,
    id: ConnectionId,
    circle: &Circle,
    out: &mut Vec<u8>,
) {
    let Some(stay) = side.people.sockets.take_stay(id, circle) else { return };
    side.edge.unsubscribed(id, &stay.channel, out);
    if let Some(dialect) = side.edge.connections.get(id).and_then(|connection| connection.dialect()) {
        append_push(side.edge, dialect, &stay.channel, Push::Closed(stay.label.as_deref()), out);
    }
    note_left(side, id, stay.circle);
}

/// What leaving a circle means for calls: whoever leaves a call's circle, or the door by which it was told of calls,
/// does not talk any more.
pub(in crate::shard) fn note_left(side: &mut PeopleSide<'_>, id: ConnectionId, circle: Circle) {
    let Some(socket) = side.people.sockets.get_mut(id) else { return };
    let left: Vec<Circle> = match &circle {
        Circle::Call(call) => {
            socket.calls.remove(call);
            vec![circle]
        }
        Circle::Calls => {
            let stays = &socket.stays;
            let in_circle =
                |call: &Arc<str>| stays.iter().any(|stay| stay.circle == Circle::Call(call.clone()));
            let (kept, left) = std::mem::take(&mut socket.calls).into_iter().partition(in_circle);
            socket.calls = kept;
            std::collections::BTreeSet::into_iter(left).map(Circle::Call).collect()
        }
        Circle::Huddles => Vec::new(),
        _ => vec![circle],
    };
    for circle in left {
        send_left(side, id, circle, false);
    }
}

/// Does what an answer means for a person's socket: it comes to a circle or leaves it, or talks in a call. Says which
/// circle may be told once the answer is on its way, if that is `paused`.
pub(in crate::shard) fn prepare_person(
    side: &mut PeopleSide<'_>,
    id: ConnectionId,
    dialect: &'static Dialect,
    paused: bool,
    reply: &mut PeopleReply,
    before: &mut Vec<u8>,
) -> Option<Opens> {
    match reply {
        PeopleReply::Joined { circle, rings, .. } => {
            let channel = arrive(side.edge, side.people, id, dialect, paused, circle)?;
            if *circle == Circle::Calls {
                let user = side.people.sockets.get(id)?.user.clone();
                *rings = side.people.rings.of(&user);
            }
            return paused.then_some(Opens { channel, begins: true });
        }
        PeopleReply::Left { circle, stay } => {
            if let Some(own) = side.people.sockets.take_stay(id, circle) {
                side.edge.unsubscribed(id, &own.channel, before);
                note_left(side, id, own.circle);
                *stay = Some(own.label);
            }
        }
        PeopleReply::Call { call, .. } => {
            if let Some(socket) = side.people.sockets.get_mut(id) {
                socket.calls.insert(call.id.clone());
            }
        }
        _ => {}
    }
    None
}

/// A socket's stay in a circle begins; says the name of the circle's ring.
pub(in crate::shard) fn arrive(
    edge: &mut Edge,
    people: &mut People,
    id: ConnectionId,
    dialect: &'static Dialect,
    paused: bool,
    circle: &Circle,
) -> Option<ChannelName> {
    let socket = people.sockets.get_mut(id)?;
    let channel = circle.channel();
    socket.stays.push(Stay { circle: circle.clone(), channel: channel.clone(), label: socket.coming.take() });
    if let Circle::Call(call) = circle {
        socket.calls.insert(call.clone());
    }
    if circle.shows_who_is_there() {
        let encoding = encoding(edge, id, dialect, &channel);
        let subscriber = NewSubscriber { connection: id, encoding, guest: false, paused };
        edge.fanout.subscribe(&channel, SlowPolicy::Disconnect, Position::default(), subscriber);
        edge.counters.subscriptions_open += 1;
    }
    Some(channel)
}

/// Appends what follows an answer: what rings, the end of a stay. The first is number 1; who is in the circle, which comes
/// before what rings, is [`super::shown`]'s.
pub(in crate::shard) fn append_after_reply(
    edge: &mut Edge,
    dialect: &Dialect,
    reply: &PeopleReply,
    at: usize,
    out: &mut Vec<u8>,
) {
    match reply {
        PeopleReply::Joined { circle, cards, rings, .. } => {
            if let Some(ring) = rings.get(at - 1 - usize::from(cards.is_some())) {
                append_push(edge, dialect, &circle.channel(), Push::People(ring), out);
            }
        }
        PeopleReply::Left { circle, stay: Some(label) } => {
            append_push(edge, dialect, &circle.channel(), Push::Closed(label.as_deref()), out);
        }
        _ => {}
    }
}

pub(in crate::shard) fn append_push(
    edge: &mut Edge,
    dialect: &Dialect,
    channel: &ChannelName,
    push: Push<'_>,
    out: &mut Vec<u8>,
) {
    let before = out.len();
    Framing::WebSocket.write(out, |out| (dialect.encode_push)(out, channel, push));
    edge.counters.messages_sent += u64::from(out.len() > before);
}

/// An answer came for a socket that is gone: what its home counts on is not there.
pub(in crate::shard) fn answer_nobody(side: &mut PeopleSide<'_>, ticket: &Ticket, reply: &PeopleReply) {
    let circle = match reply {
        PeopleReply::Joined { circle, .. } => circle.clone(),
        PeopleReply::Call { call, .. } => Circle::Call(call.id.clone()),
        _ => return,
    };
    let (user, connection) = (ticket.session.user.clone(), ticket.connection);
    let home = side.edge.setup.home_of_key(circle.key());
    side.post(home, CoreMessage::People(PeopleMessage::Left { circle, user, connection, died: true }));
}

fn not_in_it() -> Fault {
    Fault::new(FaultCode::NotFound, "Join this first.").about(Subject::Circle)
}

fn too_many() -> Fault {
    Fault::new(FaultCode::LimitExceeded, "A socket can be in no more circles. Leave one first.")
        .about(Subject::Circle)
}

/// How many pieces an answer has: itself, and what follows it.
pub(in crate::shard) fn pieces(reply: &PeopleReply) -> usize {
    match reply {
        PeopleReply::Joined { cards, rings, .. } => 1 + usize::from(cards.is_some()) + rings.len(),
        PeopleReply::Left { stay, .. } => 1 + usize::from(stay.is_some()),
        _ => 1,
    }
}
