//! What this core hears of people, and what follows for the sockets here.

use super::{People, PeopleSide};
use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::fanout::Audience;
use crate::broker::told::{Ringing, Told};
use crate::model::channel::ChannelName;
use crate::model::people::UserId;
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::event::{CallEvent, Event};
use crate::model::reply::Push;
use crate::protocol::framing::Framing;
use crate::shard::edge::Edge;
use crate::shard::mesh::message::{CoreMessage, FanInPart, PeopleMessage};
use crate::shard::people::requests::serve_people;
use crate::shard::people::statuses;
use std::sync::Arc;

/// Bytes that most events take.
const FRAME_BYTES: usize = 256;

pub(in crate::shard) fn hear_of_people(side: &mut PeopleSide<'_>, from: CoreId, message: PeopleMessage) {
    let now = side.edge.now;
    let message = match message {
        PeopleMessage::Request { ticket, command } => return serve_people(side, from, ticket, command),
        PeopleMessage::Status { user, status, fan_in } => {
            return statuses::say(side, from, &user, status, fan_in);
        }
        PeopleMessage::Known { fan_in, asker } => {
            return side.post(asker, CoreMessage::Tell { fan_in, part: FanInPart::Noted });
        }
        message => message,
    };
    let people = &mut *side.people;
    let socket = |connection| SocketId { core: from, connection };
    match message {
        PeopleMessage::Opened { user, connection, device } => {
            people.persons.connect(now, &user, socket(connection), device, &mut people.told);
        }
        PeopleMessage::Closed { user, connection } => {
            people.persons.disconnect(now, &user, socket(connection), &mut people.told);
        }
        PeopleMessage::Left { circle, user, connection, died } => {
            let (socket, told) = (socket(connection), &mut people.told);
            if circle.shows_who_is_there() {
                people.circles.leave(&circle, &user, socket, died, told);
            }
            match &circle {
                Circle::Call(id) => people.calls.leave(now, id, socket, told),
                Circle::Huddle(id) => people.huddles.leave(now, id, socket, told),
                _ => {}
            }
        }
        PeopleMessage::Circle { channel, event, except } => {
            tell_circle(side.edge, &channel, &event, except);
        }
        PeopleMessage::Missed { circle } => put_out_all(side, &circle),
        PeopleMessage::Sockets { connections, circle, door, event } => {
            let mut frames = Frames::new(&event);
            for id in connections {
                deliver(side.edge, side.people, id, &circle, &door, &mut frames);
            }
        }
        PeopleMessage::Out { connections, circle } => {
            for id in connections {
                end_stay(side, id, &circle, false);
            }
        }
        PeopleMessage::All(Told::Person { user, news }) => {
            people.circles.person(now, &user, &news, &mut people.told)
        }
        PeopleMessage::All(Told::People { users, circle, door, event, except, ring }) => {
            deliver_to_people((side.edge, side.people), &users, &circle, &door, &event, except, ring);
        }
        PeopleMessage::All(_)
        | PeopleMessage::Request { .. }
        | PeopleMessage::Status { .. }
        | PeopleMessage::Known { .. } => {}
    }
}

/// Tells a circle's sockets something, all but one of them where that has it already.
fn tell_circle(edge: &mut Edge, channel: &ChannelName, event: &Event, except: Option<SocketId>) {
    let audience = match except {
        Some(SocketId { core, connection }) if core == edge.setup.core => Audience::Except(connection),
        _ => Audience::All,
    };
    edge.push_frame(channel, None, audience, Push::People(event));
    edge.apply_slow_policies();
}

fn deliver_to_people(
    (edge, people): (&mut Edge, &mut People),
    users: &[UserId],
    circle: &Circle,
    door: &Circle,
    event: &Arc<Event>,
    except: Option<SocketId>,
    ring: Ringing,
) {
    match ring {
        Ringing::Begins => users.iter().for_each(|user| people.rings.begin(user, circle, event)),
        Ringing::Over(over) => over.iter().for_each(|user| people.rings.end(user, circle)),
        Ringing::Unchanged => {}
    }
    let over = match &**event {
        Event::Call { call, event: CallEvent::Ended(_) | CallEvent::Missed | CallEvent::Cancelled } => {
            Some(call)
        }
        _ => None,
    };
    let mut frames = Frames::new(event);
    for user in users {
        for id in people.sockets.of(user).to_vec() {
            let own = SocketId { core: edge.setup.core, connection: id };
            if except != Some(own) {
                deliver(edge, people, id, circle, door, &mut frames);
            }
            if let (Some(call), Some(socket)) = (over, people.sockets.get_mut(id)) {
                socket.calls.remove(call);
            }
        }
    }
}

/// Tells one socket something: in a circle if it is there, at the circle's door if it is there.
fn deliver(
    edge: &mut Edge,
    people: &People,
    id: ConnectionId,
    circle: &Circle,
    door: &Circle,
    frames: &mut Frames<'_>,
) {
    let sockets = &people.sockets;
    let Some(stay) = sockets.stay(id, circle).or_else(|| sockets.stay(id, door)) else { return };
    let Some(dialect) = edge.connections.get(id).and_then(|connection| connection.dialect()) else {
        return;
    };
    let (channel, has_ring) = (stay.channel.clone(), stay.circle.shows_who_is_there());
    let made = frames.made.iter().position(|(index, of, _)| *index == dialect.index && *of == channel);
    let at = made.unwrap_or_else(|| {
        let mut frame = Vec::with_capacity(FRAME_BYTES);
        Framing::WebSocket
            .write(&mut frame, |out| (dialect.encode_push)(out, &channel, Push::People(frames.event)));
        edge.counters.frames_encoded += 1;
        frames.made.push((dialect.index, channel.clone(), frame));
        frames.made.len() - 1
    });
    edge.counters.messages_sent += 1;
    let frame = &frames.made[at].2;
    if !has_ring {
        return edge.tell_one(id, &channel, frame);
    }
    // What the circle was told before comes before.
    let mut out = Vec::new();
    edge.fanout.take_pending(id, &channel, &mut out);
    out.extend_from_slice(frame);
    edge.tell_one(id, &channel, &out);
}

/// Something of a circle is lost here: its sockets are put out, and may come again.
fn put_out_all(side: &mut PeopleSide<'_>, circle: &Circle) {
    let channel = circle.channel();
    for id in side.edge.fanout.hearers(&channel) {
        end_stay(side, id, circle, true);
    }
    side.edge.counters.gaps += 1;
}

/// A socket's stay in a circle is over, and it is told so.
fn end_stay(side: &mut PeopleSide<'_>, id: ConnectionId, circle: &Circle, failed: bool) {
    let Some(stay) = side.people.sockets.take_stay(id, circle) else { return };
    let Some(dialect) = side.edge.connections.get(id).and_then(|connection| connection.dialect()) else {
        return;
    };
    let mut out = Vec::new();
    side.edge.unsubscribed(id, &stay.channel, &mut out);
    let label = stay.label.as_deref();
    let push = if failed { Push::Failed(label) } else { Push::Closed(label) };
    Framing::WebSocket.write(&mut out, |out| (dialect.encode_push)(out, &stay.channel, push));
    side.edge.counters.messages_sent += 1;
    side.edge.tell_one(id, &stay.channel, &out);
    send_left(side, id, stay.circle, false);
}

/// Tells the home of a circle that a socket has left it.
pub(in crate::shard) fn send_left(side: &mut PeopleSide<'_>, id: ConnectionId, circle: Circle, died: bool) {
    let Some(socket) = side.people.sockets.get(id) else { return };
    let user = socket.user.clone();
    let home = side.edge.setup.home_of_key(circle.key());
    side.post(home, CoreMessage::People(PeopleMessage::Left { circle, user, connection: id, died }));
}

/// One event's frames: one for each dialect and name that it is told under here.
struct Frames<'e> {
    event: &'e Event,
    made: Vec<(usize, ChannelName, Vec<u8>)>,
}

impl<'e> Frames<'e> {
    fn new(event: &'e Event) -> Self {
        Self { event, made: Vec::new() }
    }
}
