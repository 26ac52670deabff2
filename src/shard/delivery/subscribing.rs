//! Subscriptions of this core's connections.
//!
//! The answer to a subscribe leaves before the channel's publications, the answer to an unsubscribe after the
//! last of them. While an answer waits for an earlier one, its subscriber is held in the stream.

use crate::base::ids::ConnectionId;
use crate::broker::fanout::{Encoding, NewSubscriber, Unsubscribed};
use crate::metrics::counters::Counters;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::PublicationBytes;
use crate::model::reply::{ChannelReply, Push, Recovery, Reply};
use crate::protocol::framing::Framing;
use crate::shard::connections::pending::Opens;
use crate::shard::delivery::farewells::Farewell;
use crate::shard::edge::{Departure, Edge};
use crate::shard::people;
use crate::surface::Dialect;

impl Edge {
    /// Why this connection may not subscribe to one more channel, if it may not.
    pub(in crate::shard) fn subscription_limit(
        &self,
        id: ConnectionId,
        channel: &ChannelName,
    ) -> Option<Fault> {
        let connection = self.connections.get(id)?;
        let waiting = connection.pending.as_ref().map_or(0, |pending| pending.subscribing());
        let max = self.setup.limits.subscriptions_per_connection_max as usize;
        if self.fanout.count_of(id) + waiting < max || self.fanout.hears(id, channel) {
            return None;
        }
        Some(Fault::new(
            FaultCode::LimitExceeded,
            format!(
                "A connection may have {max} subscriptions and this one has them. Unsubscribe from some first."
            ),
        ))
    }

    /// The home core counted a subscriber: it hears the channel from here on. `paused` says that the answer does not
    /// leave at once; then it says which channel may be sent when it has.
    pub(in crate::shard) fn subscribed(
        &mut self,
        id: ConnectionId,
        dialect: &'static Dialect,
        paused: bool,
        reply: &mut Reply,
        before: &mut Vec<u8>,
    ) -> Option<Opens> {
        let Reply::Channel(ChannelReply::Subscribed { channel, position, recovery, .. }) = reply else {
            return None;
        };
        let (channel, position) = (channel.clone(), *position);
        let again = self.fanout.hears(id, &channel);
        if again {
            // Heard already: the home's count goes back, and nothing is told twice. But a gap has to be known.
            *recovery = match recovery {
                Recovery::Gap(_) => Recovery::Gap(Vec::new()),
                Recovery::NotAsked | Recovery::Complete(_) => Recovery::NotAsked,
            };
            let session = self.connections.get(id)?.session.clone()?;
            self.fanout.take_pending(id, &channel, before);
            if paused {
                // What comes now must not overtake what was just put before the answer.
                self.fanout.hold(id, &channel);
            }
            self.depart(Departure::Subscription { channel: channel.clone(), epoch: position.epoch, session });
        } else {
            let slow = self.setup.definitions.of(&channel).slow;
            let guest = self.connections.get(id)?.session.as_ref()?.is_guest();
            let encoding = encoding(self, id, dialect, &channel);
            let subscriber = NewSubscriber { connection: id, encoding, guest, paused };
            self.fanout.subscribe(&channel, slow, position, subscriber);
            self.counters.subscriptions_open += 1;
        }
        paused.then_some(Opens { channel, begins: !again })
    }

    /// The answer to a subscribe is on its way: the channel may follow.
    pub(in crate::shard) fn open_subscription(&mut self, id: ConnectionId, opens: &Opens) {
        if opens.begins {
            // The list keeps the order of the requests, not the one in which homes answered.
            self.fanout.move_back(id, &opens.channel);
        }
        if self.connections.pending_mut(id).is_some_and(|pending| pending.opening(&opens.channel).is_some()) {
            // A later answer holds it again.
            return;
        }
        self.fanout.release(id, &opens.channel);
    }

    /// Ends a subscription; what was published before is appended to `out`, so that the acknowledgement
    /// comes after the last of it.
    pub(in crate::shard) fn unsubscribed(
        &mut self,
        id: ConnectionId,
        channel: &ChannelName,
        out: &mut Vec<u8>,
    ) {
        self.fanout.take_pending(id, channel, out);
        let gone = self.fanout.unsubscribe(id, channel);
        self.note_unsubscribed(id, gone);
    }

    /// Counts a subscription that is over, and tells its home.
    pub(in crate::shard) fn note_unsubscribed(&mut self, id: ConnectionId, gone: Option<Unsubscribed>) {
        let Some(gone) = gone else { return };
        self.counters.subscriptions_open -= 1;
        let session = self.connections.get(id).and_then(|connection| connection.session.clone());
        if let Some(session) = session.filter(|_| is_told(&gone)) {
            self.depart(Departure::Subscription { channel: gone.channel, epoch: gone.epoch, session });
        }
    }

    /// Ends all subscriptions of a connection that goes away. Their homes are told some at a time.
    pub(in crate::shard) fn drop_subscriptions(&mut self, id: ConnectionId) {
        let session = self.connections.get(id).and_then(|connection| connection.session.clone());
        while let Some(gone) = self.fanout.unsubscribe_newest(id) {
            self.counters.subscriptions_open -= 1;
            if let Some(session) = session.as_ref().filter(|_| is_told(&gone)) {
                let Unsubscribed { channel, epoch, .. } = gone;
                let farewell = Farewell { channel, epoch, session: session.clone() };
                if let Some(Farewell { channel, epoch, session }) = self.farewells.put_off(farewell) {
                    self.depart(Departure::Subscription { channel, epoch, session });
                }
            }
        }
    }
}

/// Appends a piece of what follows the acknowledgement of a subscribe; the first is number 1.
pub(in crate::shard) fn encode_attachment(
    counters: &mut Counters,
    dialect: &Dialect,
    reply: &Reply,
    at: usize,
    out: &mut Vec<u8>,
) {
    let Reply::Channel(ChannelReply::Subscribed { channel, recovery, history, members, .. }) = reply else {
        return;
    };
    let missed = missed(recovery);
    let push = match at.checked_sub(1 + missed.len()) {
        None => Push::Publication(missed[at - 1].view()),
        Some(rest) => match (history, members) {
            (Some(history), _) if rest == 0 => Push::History(history),
            (_, Some(members)) => Push::Members(members),
            _ => return,
        },
    };
    let before = out.len();
    Framing::WebSocket.write(out, |out| (dialect.encode_push)(out, channel, push));
    counters.messages_sent += u64::from(out.len() > before);
}

/// What the bytes of a channel are for a connection.
pub(in crate::shard) fn encoding(
    edge: &Edge,
    id: ConnectionId,
    dialect: &Dialect,
    channel: &ChannelName,
) -> Encoding {
    let connection = edge.connections.get(id).filter(|_| edge.setup.definitions.of(channel).compress);
    let framing = connection.map_or(Framing::WebSocket, |connection| connection.framing);
    Encoding { dialect: dialect.index as u8, framing }
}

/// Whether a channel's home hears that a subscription is over. The home of an ended channel has forgotten who heard it.
fn is_told(gone: &Unsubscribed) -> bool {
    !gone.ended && !gone.channel.is_ring_only()
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
        Reply::Channel(ChannelReply::Subscribed { recovery, history, members, .. }) => {
            1 + missed(recovery).len() + usize::from(history.is_some()) + usize::from(members.is_some())
        }
        Reply::People(reply) => people::pieces(reply),
        _ => 1,
    }
}
