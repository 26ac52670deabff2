//! Requests, where they are at home: groups, users' addresses, single connections.

use super::Relay;
use super::hearing::tell_connection;
use crate::base::ids::CoreId;
use crate::broker::home::Origin;
use crate::broker::relay::groups::GroupsPart;
use crate::model::channel::ChannelName;
use crate::model::command::RelayCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::relay::{GroupQuery, Handle, Notification, Relayed, RelayedWhat, Speaker};
use crate::model::reply::{RelayReply, Reply};
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::RelayMessage;
use crate::shard::requests::{notify, overloaded};
use std::sync::Arc;

/// Does a request of a connection of some core. What is to be told of it comes before the answer to another core, which goes on to
/// what the connection asks for next, and after the answer on this one.
pub(in crate::shard) fn begin_relay(
    edge: &mut Edge,
    homes: &mut HomeSide,
    relay: &mut Relay,
    origin: Origin<'_>,
    command: RelayCommand,
) -> Reply {
    if let RelayCommand::ListMembers { group, query } = command {
        return Reply::Relay(RelayReply::Members(Box::new(relay.groups.members(&group, *query))));
    }
    let Some(from) = origin.session.speaker() else { return Reply::Fault(unreachable_itself()) };
    let done = match command {
        RelayCommand::Join { group } => join(homes, relay, group, from),
        RelayCommand::Broadcast { group, json, notification } => {
            broadcast(homes, relay, &group, from, json, notification.as_deref())
        }
        RelayCommand::Tell { user, json, notification, .. } => {
            tell_user(homes, relay, user, from, json, notification.as_deref())
        }
        RelayCommand::Signal { to, json } => signal(edge, relay, to, from, json),
        RelayCommand::ListMembers { .. } => Ok(Reply::Done),
    };
    done.unwrap_or_else(Reply::Fault)
}

fn join(homes: &HomeSide, relay: &mut Relay, group: ChannelName, who: Speaker) -> Result<Reply, Fault> {
    if relay.groups.has(&group, &who) {
        return Ok(Reply::Relay(RelayReply::Joined { group }));
    }
    let mut cores = relay.groups.cores(&group);
    cores.push(who.handle.core());
    have_room(homes, &cores)?;
    relay.groups.join(&group, &who);
    tell_group(relay, &group, who, RelayedWhat::Joined);
    Ok(Reply::Relay(RelayReply::Joined { group }))
}

/// Of the group's users, the others are notified too where that is asked for: they are all connected.
fn broadcast(
    homes: &mut HomeSide,
    relay: &mut Relay,
    group: &ChannelName,
    from: Speaker,
    json: Box<str>,
    notification: Option<&Notification>,
) -> Result<Reply, Fault> {
    if !relay.groups.has(group, &from) {
        let sentence =
            "This connection is not in that group. Join it first: only its members can say something there.";
        return Err(Fault::new(FaultCode::NotSubscribed, sentence));
    }
    have_room(homes, &relay.groups.cores(group))?;
    relay.counts.broadcasts += 1;
    if let Some(notification) = notification.filter(|notification| notification.always) {
        let users = relay.groups.users(group, &from.user);
        notify(homes, users, &notification.payload);
    }
    tell_group(relay, group, from, RelayedWhat::Message(json));
    Ok(Reply::Relay(RelayReply::Relayed(None)))
}

/// A user without a connection is notified, where there is something to notify it of.
fn tell_user(
    homes: &mut HomeSide,
    relay: &mut Relay,
    user: Arc<str>,
    from: Speaker,
    json: Box<str>,
    notification: Option<&Notification>,
) -> Result<Reply, Fault> {
    let cores = relay.reachable.cores(&user);
    if cores.is_empty() && notification.is_none() {
        return Err(not_connected());
    }
    have_room(homes, &cores)?;
    relay.counts.privates += 1;
    if let Some(notification) = notification.filter(|one| one.always || cores.is_empty()) {
        notify(homes, vec![user.clone()], &notification.payload);
    }
    let relayed = Arc::new(Relayed { from, what: RelayedWhat::Private(json) });
    for core in cores {
        let (user, relayed) = (user.clone(), relayed.clone());
        relay.told.push((core, RelayMessage::User { user, relayed }));
    }
    Ok(Reply::Relay(RelayReply::Relayed(Some(relayed))))
}

fn signal(
    edge: &mut Edge,
    relay: &mut Relay,
    to: Handle,
    from: Speaker,
    json: Box<str>,
) -> Result<Reply, Fault> {
    if to == from.handle {
        let sentence = "This is your own connection. A signal is for another one.";
        return Err(Fault::new(FaultCode::InvalidRequest, sentence));
    }
    let id = relay.here.find(to).ok_or_else(not_connected)?;
    relay.counts.signals += 1;
    tell_connection(edge, relay, id, &Relayed { from, what: RelayedWhat::Signal(json) });
    Ok(Reply::Relay(RelayReply::Relayed(None)))
}

/// Leaves something to be told to all in a group.
pub(super) fn tell_group(relay: &mut Relay, group: &ChannelName, from: Speaker, what: RelayedWhat) {
    let is_notice = matches!(what, RelayedWhat::Joined | RelayedWhat::Left | RelayedWhat::Disconnected);
    relay.counts.notices += u64::from(is_notice);
    let relayed = Arc::new(Relayed { from, what });
    for core in relay.groups.cores(group) {
        let message = RelayMessage::Group { group: group.clone(), relayed: relayed.clone() };
        relay.told.push((core, message));
    }
}

/// This core's part of a list of groups.
pub(in crate::shard) fn list_groups(relay: &Relay, query: &GroupQuery) -> GroupsPart {
    relay.groups.list(query)
}

/// Whether these cores can be told something.
fn have_room(homes: &HomeSide, cores: &[CoreId]) -> Result<(), Fault> {
    if cores.iter().any(|core| homes.mesh.is_congested(*core)) { Err(overloaded()) } else { Ok(()) }
}

fn not_connected() -> Fault {
    Fault::new(FaultCode::NoSuchMember, "Recipient is not connected.")
}

fn unreachable_itself() -> Fault {
    let sentence = "Only a connection that others can reach can ask for this: open a socket for it.";
    Fault::new(FaultCode::Forbidden, sentence)
}
