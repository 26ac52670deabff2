//! Input that is not whole: how much of it is kept, of one address and in all, and for how long.

use super::Connections;
use super::closing::CloseFrame;
use super::connection::{Connection, Phase};
use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::metrics::words::CloseReason;
use crate::protocol::http::Refusal;
use crate::shard::edge::Edge;

/// The connections of one address may keep such a part of `unfinished_bytes_max`.
const ADDRESS_SHARE: usize = 4;

impl Connections {
    /// Counts what a connection keeps by now of input that is not whole. Whether it keeps any.
    pub fn note_kept(&mut self, now: Now, id: ConnectionId) -> bool {
        let Some(connection) = self.slab.get_mut(id) else { return false };
        let kept = match &connection.phase {
            Phase::Http(reader) => reader.kept_bytes(),
            Phase::Socket { reader, .. } => reader.kept_bytes(),
            Phase::Closing => 0,
        };
        let kept = u32::try_from(kept).unwrap_or(u32::MAX).saturating_add(connection.decoding_bytes);
        if kept != connection.kept_bytes {
            self.admission.keep(connection.address, connection.kept_bytes, kept);
            connection.kept_bytes = kept;
        }
        match kept {
            0 => connection.unfinished_s = 0,
            _ if connection.unfinished_s == 0 => connection.unfinished_s = now_s(now),
            _ => {}
        }
        kept > 0
    }

    /// Bytes kept of all input that is not whole.
    pub fn unfinished_bytes(&self) -> usize {
        self.admission.kept()
    }

    /// Who has to give way, if more is kept than may be: of an address that has more than its share, or of all. It is a
    /// connection that keeps no less than they do on average, so whoever keeps little is not touched.
    pub fn over_share(&self, id: ConnectionId, bytes_max: usize, share_max: usize) -> Option<ConnectionId> {
        let connection = self.slab.get(id)?;
        let (of_address, count) = self.admission.kept_of(connection.address);
        let (average, address) = match (of_address > share_max, self.admission.kept() > bytes_max) {
            (true, _) => (of_address / count.max(1), Some(connection.address)),
            (false, true) => (self.admission.kept() / self.slab.len().max(1), None),
            (false, false) => return None,
        };
        if connection.kept_bytes as usize >= average {
            return Some(id);
        }
        let is_meant = |one: &Connection| address.is_none_or(|address| one.address == address);
        let kept = |id: &ConnectionId| {
            self.slab.get(*id).filter(|one| is_meant(one)).map_or(0, |one| one.kept_bytes)
        };
        self.slab.ids().max_by_key(kept)
    }

    /// Whether a message of a WebSocket takes longer than the least rate allows, after the time that any may take.
    pub fn is_dawdling(&self, now: Now, id: ConnectionId, time_ms: u32, per_second_min: u32) -> bool {
        let Some(connection) = self.slab.get(id) else { return false };
        // What waits unparsed waits for this node.
        if connection.unfinished_s == 0 || connection.holds_input() {
            return false;
        }
        let elapsed_s = u64::from(now_s(now).saturating_sub(connection.unfinished_s));
        let earned = u64::from(connection.kept_bytes) / u64::from(per_second_min.max(1));
        elapsed_s > u64::from(time_ms) / 1000 + earned
    }
}

fn now_s(now: Now) -> u32 {
    // Zero is no second.
    u32::try_from(now.monotonic_us / 1_000_000).unwrap_or(u32::MAX).max(1)
}

impl Edge {
    /// Counts what a connection keeps after it was read, and ends whoever keeps too much.
    pub(in crate::shard) fn bound_input(&mut self, id: ConnectionId) {
        if !self.connections.note_kept(self.now, id) {
            return;
        }
        let bytes_max = self.setup.limits.unfinished_bytes_max as usize;
        // One message must have room, however large messages may be.
        let share_max = (bytes_max / ADDRESS_SHARE).max(2 * self.setup.limits.message_bytes_max as usize);
        let Some(over) = self.connections.over_share(id, bytes_max, share_max) else { return };
        let is_socket = self.connections.get(over).is_some_and(|connection| connection.is_socket());
        if is_socket {
            self.close_socket(over, CloseFrame::UNFINISHED);
        } else {
            let reason =
                "too much unfinished input comes from this address, or to this node: try again later";
            self.refuse(over, &Refusal::new(503, reason), None, CloseReason::Limit);
        }
    }
}
