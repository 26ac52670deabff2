//! Subscriptions of this core's connections.
//!
//! The answer to a subscribe leaves before the channel's publications, the answer to an unsubscribe after the
//! last of them. While an answer waits for an earlier one, its subscriber is held in the stream.

use crate::base::ids::ConnectionId;
use crate::broker::fanout::NewSubscriber;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{Publication, PublicationBytes};
use crate::model::reply::{Push, Recovery, Reply};
use crate::protocol::websocket::{Opcode, write_frame};
use crate::shard::Shard;
use crate::shard::connections::connection::Subscription;
use crate::shard::connections::pending::Opens;
use crate::surface::Dialect;

impl Shard {
    /// The channels a connection hears, in the order of subscribing.
    pub(in crate::shard) fn channels_of(&self, id: ConnectionId) -> Vec<ChannelName> {
        let Some(connection) = self.connections.get(id) else { return Vec::new() };
        let channel = |subscription: &Subscription| self.edge.stream(subscription.stream).channel().clone();
        connection.subscriptions.iter().map(channel).collect()
    }

    /// Why this connection may not subscribe to one more channel, if it may not.
    pub(in crate::shard) fn subscription_limit(
        &self,
        id: ConnectionId,
        channel: &ChannelName,
    ) -> Option<Fault> {
        let connection = self.connections.get(id)?;
        let waiting = connection.pending.as_ref().map_or(0, |pending| pending.subscribes().count());
        let max = self.setup.limits.subscriptions_per_connection_max as usize;
        if connection.subscriptions.len() + waiting < max || self.subscription(id, channel).is_some() {
            return None;
        }
        Some(Fault::new(
            FaultCode::LimitExceeded,
            format!(
                "A connection may have {max} subscriptions and this one has them. Unsubscribe from some first."
            ),
        ))
    }

    /// Whether a connection hears a channel.
    pub(in crate::shard) fn hears(&self, id: ConnectionId, channel: &ChannelName) -> bool {
        self.subscription(id, channel).is_some()
    }

    /// Where in its list a connection has the subscription to a channel.
    fn subscription(&self, id: ConnectionId, channel: &ChannelName) -> Option<usize> {
        let connection = self.connections.get(id)?;
        let stream = self.edge.find(channel, connection.dialect()?.index as u8)?;
        connection.subscriptions.iter().position(|subscription| subscription.stream == stream)
    }

    /// The home core counted a subscriber: it hears the channel from here on. `held` says that the answer does not
    /// leave at once; then it says which channel may be sent when it has.
    pub(in crate::shard) fn subscribed(
        &mut self,
        id: ConnectionId,
        dialect: &'static Dialect,
        held: bool,
        reply: &mut Reply,
        before: &mut Vec<u8>,
    ) -> Option<Opens> {
        let Reply::Subscribed { channel, position, recovery, .. } = reply else { return None };
        let (channel, position) = (channel.clone(), *position);
        let again = self.subscription(id, &channel);
        if let Some(at) = again {
            // Heard already: the home's count goes back, and nothing is told twice.
            *recovery = Recovery::NotAsked;
            let connection = self.connections.get(id)?;
            let (subscription, session) = (connection.subscriptions[at], connection.session.clone()?);
            self.edge.take_pending(subscription.stream, subscription.place, before);
            if held {
                // What comes now must not overtake what was just put before the answer.
                self.edge.hold(subscription.stream, subscription.place);
            }
            self.say_unsubscribed(channel.clone(), position.epoch, session);
        } else {
            let slow = self.setup.definitions.of(&channel).slow;
            let guest = self.connections.get(id)?.session.as_ref()?.is_guest();
            let subscriber = NewSubscriber { connection: id, held, authenticated: !guest };
            let (stream, place) =
                self.edge.subscribe(&channel, dialect.index as u8, slow, position, subscriber);
            self.connections.get_mut(id)?.subscriptions.push(Subscription { stream, place });
            self.counters.subscriptions_open += 1;
        }
        held.then_some(Opens { channel, begins: again.is_none() })
    }

    /// Appends a piece of what follows the acknowledgement of a subscribe; the first is number 1.
    pub(in crate::shard) fn encode_attachment(
        &mut self,
        dialect: &Dialect,
        reply: &Reply,
        at: usize,
        out: &mut Vec<u8>,
    ) {
        let Reply::Subscribed { channel, recovery, history, members, .. } = reply else { return };
        let missed = missed(recovery);
        let push = match at.checked_sub(1 + missed.len()) {
            None => match Publication::view(&missed[at - 1]) {
                Some(publication) => Push::Publication(publication),
                None => return,
            },
            Some(rest) => match (history, members) {
                (Some(history), _) if rest == 0 => Push::History(history),
                (_, Some(members)) => Push::Members(members),
                _ => return,
            },
        };
        let mut text = Vec::new();
        (dialect.encode_push)(&mut text, channel, push);
        if !text.is_empty() {
            write_frame(out, Opcode::Text, &text);
            self.counters.messages_sent += 1;
        }
    }

    /// The answer to a subscribe is on its way: the channel may follow.
    pub(in crate::shard) fn open_subscription(&mut self, id: ConnectionId, opens: &Opens) {
        let Some(at) = self.subscription(id, &opens.channel) else { return };
        let Some(connection) = self.connections.get_mut(id) else { return };
        let subscription = connection.subscriptions[at];
        if opens.begins {
            // The list keeps the order of the requests, not the one in which homes answered.
            connection.subscriptions[at..].rotate_left(1);
        }
        if connection.pending.as_mut().is_some_and(|pending| pending.opening(&opens.channel).is_some()) {
            // A later answer holds it again.
            return;
        }
        self.edge.release(subscription.stream, subscription.place);
    }

    /// Ends a subscription; what was published before is appended to `out`, so that the acknowledgement
    /// comes after the last of it.
    pub(in crate::shard) fn unsubscribed(
        &mut self,
        id: ConnectionId,
        channel: &ChannelName,
        out: &mut Vec<u8>,
    ) {
        if let Some(at) = self.subscription(id, channel) {
            let subscription = self.connections.get(id).expect("it has a subscription").subscriptions[at];
            self.edge.take_pending(subscription.stream, subscription.place, out);
            self.drop_subscription(id, at);
        }
    }

    /// Ends the subscription at a place of a connection's list.
    pub(in crate::shard) fn drop_subscription(&mut self, id: ConnectionId, at: usize) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let subscription = connection.subscriptions.remove(at);
        let stream = self.edge.stream(subscription.stream);
        // The home of an ended channel has forgotten who heard it.
        let told = connection.session.clone().filter(|_| !stream.has_ended());
        let (channel, epoch) = (stream.channel().clone(), stream.position().epoch);
        self.counters.subscriptions_open -= 1;
        if let Some(moved) = self.edge.unsubscribe(subscription.stream, subscription.place)
            && let Some(other) = self.connections.get_mut(moved.connection)
        {
            let was = Subscription { stream: subscription.stream, place: moved.from };
            if let Some(entry) = other.subscriptions.iter_mut().find(|entry| **entry == was) {
                entry.place = moved.to;
            }
        }
        if let Some(session) = told {
            self.say_unsubscribed(channel, epoch, session);
        }
    }

    /// Ends all subscriptions of a connection that goes away.
    pub(in crate::shard) fn drop_subscriptions(&mut self, id: ConnectionId) {
        while let Some(connection) = self.connections.get(id)
            && !connection.subscriptions.is_empty()
        {
            self.drop_subscription(id, connection.subscriptions.len() - 1);
        }
    }
}

/// What a subscriber missed, as far as it is told.
fn missed(recovery: &Recovery) -> &[PublicationBytes] {
    match recovery {
        Recovery::NotAsked => &[],
        Recovery::Complete(missed) | Recovery::Gap(missed) => missed,
    }
}

/// Of how many pieces an answer is, each encoded and written for itself.
pub(in crate::shard) fn pieces(reply: &Reply) -> usize {
    match reply {
        Reply::Subscribed { recovery, history, members, .. } => {
            1 + missed(recovery).len() + usize::from(history.is_some()) + usize::from(members.is_some())
        }
        _ => 1,
    }
}
