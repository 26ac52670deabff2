//! What one core counts.

use super::beside::BesideCounters;
use super::histogram::Histogram;
use super::words::{CLOSE_REASONS, CloseReason, FAULT_CODES, MEMORY_KINDS, STATUS_CLASSES};
use crate::model::definition::SlowPolicy;
use crate::model::fault::FaultCode;
use crate::model::web_push::PUSH_ENDS;

/// Microseconds after which a turn of a core counts as slow: everyone on the core waited that long.
pub const SLOW_TURN_US: u64 = 10_000;

/// Bounds of 1 us to 2^20 us (about a second), and what is above.
pub type TurnHistogram = Histogram<22>;

/// Bounds of 1 us to 2^24 us (about 17 seconds), and what is above.
pub type CallHistogram = Histogram<26>;

/// Bounds of 1 to 1024 messages, and what is above.
pub type ChunkHistogram = Histogram<12>;

/// The counters of one core, from its start. Fields are added to directly; those of more than one step have a
/// method.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Counters {
    // Connections.
    /// Sockets taken in.
    pub connections_accepted: u64,
    /// Sockets turned away at accept because of a limit.
    pub connections_refused: u64,
    /// Connections ended, by [`CloseReason`].
    pub connections_closed: [u64; CLOSE_REASONS.len()],
    /// Connections open now, HTTP and WebSocket.
    pub connections_open: u64,
    /// WebSocket connections open now.
    pub websockets_open: u64,
    /// Subscriptions held now by connections of this core.
    pub subscriptions_open: u64,

    /// Of what is beside the shard.
    pub beside: BesideCounters,

    // Traffic.
    /// WebSocket messages received, whole.
    pub messages_received: u64,
    /// WebSocket messages sent: replies, and pushes once per subscriber.
    pub messages_sent: u64,
    /// Pushes encoded: one for each channel, dialect and core, however many subscribers hear it.
    pub frames_encoded: u64,
    /// Bytes received from sockets.
    pub bytes_received: u64,
    /// Bytes that the kernel took.
    pub bytes_sent: u64,
    /// Writes to sockets.
    pub sends: u64,
    /// Writes of which the kernel took a part or nothing.
    pub short_sends: u64,
    /// Writes between two looks at what arrived: the chunks of the fan-out.
    pub chunks: ChunkHistogram,
    /// Writes since the last look, not yet in `chunks`.
    pub chunk: u64,
    /// HTTP responses by class of status, `1xx` first.
    pub responses: [u64; STATUS_CLASSES.len()],

    // Broker.
    /// Publications given an offset, by channels homed on this core.
    pub publications: u64,
    /// Publishes answered from the memory of idempotency keys.
    pub duplicates: u64,
    /// Publications kept in history now, by channels homed on this core.
    pub history_publications: u64,
    /// Bytes of them.
    pub history_bytes: u64,
    /// Bytes of memory that clients make it take, by [`MEMORY_KINDS`].
    pub memory_bytes: [u64; MEMORY_KINDS.len()],
    /// 1 if the core cannot write histories any more.
    pub history_lost: u64,
    /// Faults answered, by [`FaultCode`].
    pub faults: [u64; FAULT_CODES.len()],
    /// Subscribers that were too slow for a channel: connections that were closed for it, and subscribers that were moved to
    /// the newest publication.
    pub slow: [u64; 2],
    /// Publications that gave way to newer ones on the way to this core's subscribers.
    pub conflated: u64,

    // People.
    /// Calls, huddles and whatever else is about people.
    pub people: PeopleCounters,
    /// Messages to browsers.
    pub web_push: WebPushCounters,

    // The disk.
    /// Changes that were stored, that could not be, and that were refused because too many waited for the disk.
    pub writes: [u64; 3],

    // Cores.
    /// Messages from other cores.
    pub peer_messages: u64,
    /// Commands answered `overloaded` because a core's queue was full.
    pub peer_overloads: u64,
    /// Times a channel lost publications on the way to a core.
    pub gaps: u64,
    /// Gaps that were closed from history.
    pub heals: u64,
    /// Microseconds of each turn of the core, without the sleep.
    pub turns: TurnHistogram,
    /// Turns longer than [`SLOW_TURN_US`].
    pub slow_turns: u64,
}

/// Groups of connections, and what connections say to each other past any channel, of one core.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct RelayCounters {
    /// Groups homed on this core.
    pub groups_open: u64,
    /// Connections in them.
    pub group_members: u64,
    /// Notices of who came and went, each once whoever hears it.
    pub notices: u64,
    /// Messages to groups.
    pub broadcasts: u64,
    /// Messages to users.
    pub privates: u64,
    /// Messages to single connections.
    pub signals: u64,
    /// Credentials verified that single frames came with, whether they held or not.
    pub proofs: u64,
}

impl RelayCounters {
    fn merge(&mut self, other: &Self) {
        let Self { groups_open, group_members, notices, broadcasts, privates, signals, proofs } = other;
        self.groups_open += groups_open;
        self.group_members += group_members;
        self.notices += notices;
        self.broadcasts += broadcasts;
        self.privates += privates;
        self.signals += signals;
        self.proofs += proofs;
    }
}

/// What is about people, of one core.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct PeopleCounters {
    /// Calls homed on this core that are not over.
    pub calls_active: u64,
    /// Recordings that run.
    pub recordings_running: u64,
    /// Calls that somebody ended.
    pub calls_ended: u64,
    /// Calls that nobody answered.
    pub calls_missed: u64,
    /// Calls whose caller was gone before anybody answered.
    pub calls_cancelled: u64,
    /// Calls whose time was up, or where nobody was left.
    pub calls_expired: u64,
    /// Invitations to calls.
    pub rings: u64,
    /// Signals that were handed on in calls.
    pub signals: u64,
    /// Huddles homed on this core.
    pub huddles_active: u64,
    /// Circles homed on this core that have sockets.
    pub circles_open: u64,
    /// Devices kept of users homed on this core.
    pub devices_kept: u64,
    /// What is kept in memory of people, whatever it is of.
    pub entries: u64,
    /// Groups of connections, and what connections say to each other.
    pub relay: RelayCounters,
}

impl PeopleCounters {
    fn merge(&mut self, other: &Self) {
        let Self {
            calls_active,
            recordings_running,
            calls_ended,
            calls_missed,
            calls_cancelled,
            calls_expired,
            rings,
            signals,
            huddles_active,
            circles_open,
            devices_kept,
            entries,
            relay,
        } = other;
        self.relay.merge(relay);
        self.calls_active += calls_active;
        self.recordings_running += recordings_running;
        self.calls_ended += calls_ended;
        self.calls_missed += calls_missed;
        self.calls_cancelled += calls_cancelled;
        self.calls_expired += calls_expired;
        self.rings += rings;
        self.signals += signals;
        self.huddles_active += huddles_active;
        self.circles_open += circles_open;
        self.devices_kept += devices_kept;
        self.entries += entries;
    }
}

/// What is about Web Push, of one core.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct WebPushCounters {
    /// Subscriptions kept.
    pub subscriptions: u64,
    /// Messages that were taken in.
    pub messages: u64,
    /// Messages of the node's own making that found no room.
    pub refused: u64,
    /// Deliveries without an end.
    pub waiting: u64,
    /// Calls of push services under way.
    pub in_flight: u64,
    /// Deliveries that ended, in the order of [`PUSH_ENDS`].
    pub ended: [u64; PUSH_ENDS.len()],
    /// Calls that failed and are made again.
    pub retries: u64,
    /// Microseconds of each call.
    pub calls: CallHistogram,
}

impl WebPushCounters {
    fn merge(&mut self, other: &Self) {
        let Self { subscriptions, messages, refused, waiting, in_flight, ended, retries, calls } = other;
        self.subscriptions += subscriptions;
        self.messages += messages;
        self.refused += refused;
        self.waiting += waiting;
        self.in_flight += in_flight;
        add(&mut self.ended, ended);
        self.retries += retries;
        self.calls.merge(calls);
    }
}

impl Counters {
    /// Counts the end of a connection; the open ones are the caller's to lower.
    pub fn note_close(&mut self, reason: CloseReason) {
        self.connections_closed[reason as usize] += 1;
    }

    /// Counts a fault that was answered.
    pub fn note_fault(&mut self, code: FaultCode) {
        self.faults[code as usize] += 1;
    }

    /// Counts a response.
    pub fn note_response(&mut self, status: u16) {
        let class = usize::from(status / 100).clamp(1, STATUS_CLASSES.len());
        self.responses[class - 1] += 1;
    }

    /// Counts what was done about a slow subscriber.
    pub fn note_slow(&mut self, policy: SlowPolicy) {
        match policy {
            SlowPolicy::Disconnect => self.slow[0] += 1,
            SlowPolicy::Skip => self.slow[1] += 1,
        }
    }

    /// Counts a write to a socket.
    pub fn note_send(&mut self, offered_bytes: usize, taken_bytes: usize) {
        self.sends += 1;
        self.chunk += 1;
        self.bytes_sent += taken_bytes as u64;
        self.short_sends += u64::from(taken_bytes < offered_bytes);
    }

    /// Counts a turn of the core.
    pub fn note_turn(&mut self, busy_us: u64) {
        self.turns.note(busy_us);
        if self.chunk > 0 {
            self.chunks.note(std::mem::take(&mut self.chunk));
        }
        self.slow_turns += u64::from(busy_us > SLOW_TURN_US);
    }

    /// Adds what another core counted. Every field is named, so that a new one cannot be forgotten.
    pub fn merge(&mut self, other: &Self) {
        let Self {
            connections_accepted,
            connections_refused,
            connections_closed,
            connections_open,
            websockets_open,
            subscriptions_open,
            beside: _,
            messages_received,
            messages_sent,
            frames_encoded,
            bytes_received,
            bytes_sent,
            sends,
            short_sends,
            chunks,
            chunk: _,
            responses,
            publications,
            duplicates,
            history_publications,
            history_bytes,
            memory_bytes,
            history_lost,
            faults,
            slow: _,
            conflated: _,
            people: _,
            web_push: _,
            writes,
            peer_messages,
            peer_overloads,
            gaps,
            heals,
            turns,
            slow_turns,
        } = other;
        self.connections_accepted += connections_accepted;
        self.connections_refused += connections_refused;
        self.merge_nouns(other);
        add(&mut self.connections_closed, connections_closed);
        self.connections_open += connections_open;
        self.websockets_open += websockets_open;
        self.subscriptions_open += subscriptions_open;
        self.messages_received += messages_received;
        self.messages_sent += messages_sent;
        self.frames_encoded += frames_encoded;
        self.bytes_received += bytes_received;
        self.bytes_sent += bytes_sent;
        (self.sends, self.short_sends) = (self.sends + sends, self.short_sends + short_sends);
        self.chunks.merge(chunks);
        add(&mut self.responses, responses);
        (self.publications, self.duplicates) =
            (self.publications + publications, self.duplicates + duplicates);
        self.history_publications += history_publications;
        self.history_bytes += history_bytes;
        add(&mut self.memory_bytes, memory_bytes);
        self.history_lost += history_lost;
        add(&mut self.faults, faults);
        add(&mut self.writes, writes);
        (self.peer_messages, self.peer_overloads) =
            (self.peer_messages + peer_messages, self.peer_overloads + peer_overloads);
        (self.gaps, self.heals) = (self.gaps + gaps, self.heals + heals);
        self.turns.merge(turns);
        self.slow_turns += slow_turns;
    }

    fn merge_nouns(&mut self, other: &Self) {
        add(&mut self.slow, &other.slow);
        self.conflated += other.conflated;
        self.beside.merge(&other.beside);
        self.people.merge(&other.people);
        self.web_push.merge(&other.web_push);
    }
}

fn add(sums: &mut [u64], more: &[u64]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_land_in_their_place() {
        let mut counters = Counters::default();
        counters.note_close(CloseReason::Drain);
        counters.note_fault(FaultCode::InvalidSyntax);
        counters.note_slow(SlowPolicy::Skip);
        counters.note_send(100, 40);
        counters.note_send(10, 10);
        for status in [101, 204, 404, 503, 999, 0] {
            counters.note_response(status);
        }
        counters.note_turn(SLOW_TURN_US);
        counters.note_turn(SLOW_TURN_US + 1);
        assert_eq!(counters.connections_closed, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!((counters.faults[0], counters.faults.iter().sum::<u64>()), (1, 1));
        assert_eq!(counters.slow, [0, 1]);
        assert_eq!((counters.sends, counters.bytes_sent, counters.short_sends), (2, 50, 1));
        assert_eq!(counters.responses, [2, 1, 0, 1, 2]);
        assert_eq!((counters.turns.count(), counters.slow_turns), (2, 1));
        assert_eq!((counters.chunks.count(), counters.chunks.sum()), (1, 2), "one turn wrote, twice");
    }

    #[test]
    fn merging_adds() {
        let mut one = Counters { connections_open: 2, gaps: 1, ..Counters::default() };
        one.note_fault(FaultCode::Conflict);
        one.chunks.note(3);
        let mut both = one.clone();
        both.merge(&one);
        assert_eq!((both.connections_open, both.gaps), (4, 2));
        assert_eq!((both.faults.iter().sum::<u64>(), both.chunks.count()), (2, 2));
        let mut again = Counters::default();
        again.merge(&one);
        assert_eq!(again, one);
    }
}
