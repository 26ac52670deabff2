//! What waits on its way to the subscribers of this core, because its channel is paced.
//!
//! Whoever begins or ends to hear a channel meets nothing that waits: it leaves before the answer to a subscribe, which says
//! where the channel is, and before the answer to an unsubscribe, after which nothing comes.

use crate::broker::pacing::Passage;
use crate::model::channel::ChannelName;
use crate::model::publication::PublicationBytes;
use crate::shard::edge::Edge;

/// Publications after which a call leaves channels that are due to the next one.
const PUBLICATIONS_MAX: usize = 256;

/// Says a publication to the subscribers on this core, when the pace of its channel lets it leave. Nothing waits of channels
/// that are not paced.
pub(super) fn say(edge: &mut Edge, channel: &ChannelName, bytes: &PublicationBytes) {
    let Some(pace) = edge.setup.definitions.pace_of(channel).filter(|_| edge.drain.is_none()) else {
        return edge.push_publication(channel, bytes);
    };
    let bytes_max = edge.limits.get().egress_ring_bytes_max as usize;
    let passage = edge.pacing.take(edge.now.monotonic_us, channel, pace, bytes, bytes_max);
    let replaces = matches!(passage, Passage::Replaces | Passage::Fills { replaces: true });
    edge.counters.conflated += u64::from(replaces);
    match passage {
        Passage::Leaves => edge.push_publication(channel, bytes),
        Passage::Waits | Passage::Replaces => {}
        Passage::Fills { .. } => release(edge, channel),
    }
}

/// What waits of a channel leaves now.
pub(in crate::shard) fn release(edge: &mut Edge, channel: &ChannelName) {
    let held = edge.pacing.release(channel);
    leave(edge, channel, &held);
}

/// What waited of a channel leaves. Whoever falls behind by it is told so before anything else of the channel is taken to it.
fn leave(edge: &mut Edge, channel: &ChannelName, held: &[PublicationBytes]) {
    held.iter().for_each(|bytes| edge.push_publication(channel, bytes));
    edge.apply_slow_policies();
}

/// What waits of any channel leaves now: the process goes away, or other paces hold from here on.
pub(in crate::shard) fn release_all(edge: &mut Edge) {
    let channels: Vec<_> = edge.pacing.waiting().cloned().collect();
    channels.iter().for_each(|channel| release(edge, channel));
}

/// What is due leaves, of some channels.
pub(in crate::shard) fn send_due(edge: &mut Edge) {
    let definitions = edge.setup.definitions.clone();
    let conflate_ms = |channel: &ChannelName| definitions.pace_of(channel).map_or(0, |pace| pace.conflate_ms);
    let mut left = PUBLICATIONS_MAX;
    while left > 0
        && let Some((channel, held)) = edge.pacing.next_due(edge.now.monotonic_us, conflate_ms)
    {
        leave(edge, &channel, &held);
        left = left.saturating_sub(held.len());
    }
}
