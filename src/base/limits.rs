//! Every bound of the broker that an operator can set, with its unit in its name. The config fills it;
//! `config/default.toml` explains each.

use std::cell::{Ref, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// The limits of a core as they are at present. Whoever is bounded by one of them holds the same and reads it where it is
/// needed, so that a reload replaces all of them at once.
#[derive(Clone, Debug)]
pub struct InForce(Rc<RefCell<Arc<Limits>>>);

impl InForce {
    /// These are in force.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self(Rc::new(RefCell::new(limits)))
    }

    /// The limits at present.
    pub fn get(&self) -> Ref<'_, Limits> {
        Ref::map(self.0.borrow(), |limits| &**limits)
    }

    /// Others are in force from here on. What is above a lower one stays until it goes by itself.
    pub fn replace(&self, limits: Arc<Limits>) {
        *self.0.borrow_mut() = limits;
    }
}

impl From<Limits> for InForce {
    fn from(limits: Limits) -> Self {
        Self::new(Arc::new(limits))
    }
}

/// Full rings for which a core has room.
pub const RINGS_PER_CORE: u32 = 32;

/// Bounds of one node. All are caps on what is received from outside or owed to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    // Connections.
    /// Connections a node holds; more are refused at accept.
    pub connections_max: u32,
    /// Connections from one address (IPv4 address or IPv6 /64), per core.
    pub connections_per_address_max: u32,
    /// Connections from one address that have not authenticated yet, per core.
    pub unauthenticated_per_address_max: u32,
    /// Subscriptions of one connection.
    pub subscriptions_per_connection_max: u32,
    /// Commands a connection may send in a second; a burst of as many is allowed. 0 is no limit.
    pub commands_per_second_max: u32,
    /// Requests of one connection that wait for an answer; past it the connection is not read.
    pub requests_in_flight_max: u32,
    /// Bytes of replies owed to one connection; past it the connection is closed as too slow.
    pub outbox_bytes_max: u32,

    // Messages.
    /// Payload bytes of one WebSocket message or HTTP body.
    pub message_bytes_max: u32,
    /// Bytes of messages and bodies that are not whole yet, of all connections of one core. Connections of one address may
    /// have a quarter of it.
    pub unfinished_bytes_max: u32,
    /// Fragments of one WebSocket message.
    pub fragments_per_message_max: u32,

    // HTTP.
    /// Bytes of a request line and its headers.
    pub header_bytes_max: u32,
    /// Header fields of one request.
    pub headers_max: u32,
    /// Milliseconds from the first byte (or accept) to a complete request head.
    pub header_time_ms_max: u32,
    /// Milliseconds from the head to the complete body.
    pub body_time_ms_max: u32,
    /// Bytes a second that a peer reads at least of what it is owed; one that is not heard of and reads slower is gone.
    pub peer_bytes_per_second_min: u32,
    /// Milliseconds a keep-alive connection may stay without a request.
    pub keep_alive_ms_max: u32,

    // Channels.
    /// Bytes of a channel's name.
    pub channel_name_bytes_max: u32,
    /// Channels of one namespace, per core.
    pub channels_per_namespace_max: u32,
    /// Bytes of encoded frames a channel keeps for its subscribers on one core: what a subscriber may owe.
    pub egress_ring_bytes_max: u32,
    /// Bytes of memory for all histories of one core; past it, the histories of whoever has the most are cut short.
    pub history_bytes_max: u64,
    /// Bytes of records that wait for the disk, per core; past it publishes to durable channels are refused.
    pub history_queue_bytes_max: u32,
    /// Members in one presence list.
    pub members_per_channel_max: u32,
    /// Idempotency keys remembered, per core.
    pub idempotency_keys_max: u32,
    /// Milliseconds an idempotency key is remembered.
    pub idempotency_ms_max: u32,
    /// Rooms kept as records, per core.
    pub rooms_max: u32,
    /// User profiles kept as records, per core.
    pub profiles_max: u32,

    // Realms.
    /// Channel definitions of all realms of the node.
    pub definitions_max: u32,
    /// Bytes of the text that a definition was written in.
    pub definition_source_bytes_max: u32,
    /// Publications that a definition may have kept, for each of its channels.
    pub message_history_max: u32,

    // Logins and meetings.
    /// Seconds that a session lasts from its login.
    pub session_s_max: u32,
    /// Logins that may fail in a minute from one address or for one user before further ones have to wait, per core.
    pub login_attempts_per_minute_max: u32,
    /// Credentials that were ended before their time.
    pub ended: EndedLimits,
    /// Vouchers that were given out and whose time is not over, per core.
    pub vouchers_max: u32,
    /// Groups kept, per core: channels with a list of members.
    pub groups_max: u32,
    /// What groups and meetings take.
    pub lists: ListLimits,
    /// Changes of groups that wait for an earlier change of the same one, per core.
    pub group_changes_waiting_max: u32,
    /// Meetings kept, per core.
    pub meetings_max: u32,
    /// Bytes of the content of one message in a meeting.
    pub meeting_message_bytes_max: u32,
    /// Messages that one request may add to a meeting.
    pub meeting_messages_per_request_max: u32,
    /// Bytes of messages of a meeting in one answer.
    pub meeting_page_bytes_max: u32,
    /// Changes of meetings that wait for an earlier change of the same one, per core.
    pub meeting_changes_waiting_max: u32,

    /// Calls, huddles and whatever else is about people.
    pub people: PeopleLimits,

    // The disk.
    /// Changes and questions that may wait for the disk, and logins for their check, per core.
    pub effects_in_flight_max: u32,
    /// Backups of the store kept in the data directory.
    pub backups_max: u32,

    /// Messages to browsers.
    pub push: PushLimits,

    // Between cores.
    /// Requests that may wait for one peer core before they are refused, and as much of what else is said to it before publications
    /// are gapped.
    pub peer_queue_messages_max: u32,
}

/// Bounds of what is remembered of credentials that were ended before their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedLimits {
    /// Sessions that were logged out, remembered until they would have ended.
    pub logouts_max: u32,
    /// Users whose tokens were revoked, remembered.
    pub revocations_max: u32,
    /// Seconds for which that is remembered.
    pub revocation_s_max: u32,
}

/// Bounds of what groups and meetings take, with their members and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListLimits {
    /// Bytes of memory for groups with their members, per core.
    pub group_bytes_max: u64,
    /// Members of one group.
    pub group_members_max: u32,
    /// Bytes of memory for meetings with their members, per core.
    pub meeting_bytes_max: u64,
    /// Members of one meeting.
    pub meeting_members_max: u32,
    /// Bytes of messages of meetings that are stored, per core.
    pub meeting_messages_bytes_max: u64,
}

/// Bounds of what is about people, per core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleLimits {
    /// Circles that one socket can be in.
    pub circles_per_connection_max: u32,
    /// Calls that are not over, per core.
    pub calls_max: u32,
    /// People whom the calls that one user began ring at the same time, per core.
    pub rings_by_user_max: u32,
    /// Calls that ring for one user at the same time.
    pub rings_of_user_max: u32,
    /// Huddles, per core.
    pub huddles_max: u32,
    /// Records of recordings kept, per core.
    pub recordings_max: u32,
    /// Recordings that run, in the whole node.
    pub recordings_at_once_max: u32,
    /// Seconds of one recording.
    pub recording_s_max: u32,
    /// Bytes of one recording.
    pub recording_bytes_max: u64,
    /// Bytes of all recordings that are kept.
    pub recordings_bytes_max: u64,
    /// Seconds after its end at which a recording is deleted; 0 is never.
    pub recording_age_s_max: u32,
    /// Recordings that are fetched at the same time, per core.
    pub downloads_max: u32,
    /// Users whose devices are kept, and people of whom it is remembered when they were last here, per core.
    pub device_users_max: u32,
}

/// Bounds of Web Push; their settings begin with `push_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushLimits {
    /// Push subscriptions kept.
    pub subscriptions_max: u32,
    /// Push subscriptions of one user.
    pub subscriptions_per_user_max: u32,
    /// Calls of push services under way.
    pub in_flight_max: u32,
    /// Deliveries that wait for their push service.
    pub queue_max: u32,
    /// Bytes of the messages that wait.
    pub queue_bytes_max: u32,
    /// Milliseconds within which a push service answers.
    pub time_ms_max: u32,
}

/// Bounds of the connections that speak TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsLimits {
    /// Milliseconds from the accept to the end of the handshake.
    pub tls_handshake_time_ms_max: u32,
}

impl Default for TlsLimits {
    fn default() -> Self {
        Self { tls_handshake_time_ms_max: 5_000 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_000_000,
            connections_per_address_max: 100_000,
            unauthenticated_per_address_max: 20_000,
            subscriptions_per_connection_max: 1_000,
            commands_per_second_max: 50_000,
            requests_in_flight_max: 1_024,
            outbox_bytes_max: 4 << 20,
            message_bytes_max: 1 << 20,
            unfinished_bytes_max: 128 << 20,
            fragments_per_message_max: 1_024,
            header_bytes_max: 16 << 10,
            headers_max: 64,
            header_time_ms_max: 10_000,
            body_time_ms_max: 30_000,
            peer_bytes_per_second_min: 16 << 10,
            keep_alive_ms_max: 75_000,
            channel_name_bytes_max: 128,
            channels_per_namespace_max: 1_000_000,
            egress_ring_bytes_max: 4 << 20,
            history_bytes_max: 512 << 20,
            history_queue_bytes_max: 32 << 20,
            members_per_channel_max: 100_000,
            idempotency_keys_max: 100_000,
            idempotency_ms_max: 300_000,
            rooms_max: 100_000,
            profiles_max: 100_000,
            definitions_max: 100_000,
            definition_source_bytes_max: 64 << 10,
            message_history_max: 10_000,
            session_s_max: 43_200,
            login_attempts_per_minute_max: 30,
            ended: EndedLimits::default(),
            vouchers_max: 10_000,
            groups_max: 100_000,
            lists: ListLimits::default(),
            group_changes_waiting_max: 1_024,
            meetings_max: 100_000,
            meeting_message_bytes_max: 256 << 10,
            meeting_messages_per_request_max: 1_000,
            meeting_page_bytes_max: 256 << 10,
            meeting_changes_waiting_max: 1_024,
            people: PeopleLimits::default(),
            effects_in_flight_max: 1_024,
            backups_max: 32,
            push: PushLimits::default(),
            peer_queue_messages_max: 8_192,
        }
    }
}

impl Default for EndedLimits {
    fn default() -> Self {
        Self { logouts_max: 100_000, revocations_max: 100_000, revocation_s_max: 31_536_000 }
    }
}

impl Default for ListLimits {
    fn default() -> Self {
        Self {
            group_bytes_max: 256 << 20,
            group_members_max: 1_000,
            meeting_bytes_max: 256 << 20,
            meeting_members_max: 1_000,
            meeting_messages_bytes_max: 8 << 30,
        }
    }
}

impl Default for PeopleLimits {
    fn default() -> Self {
        Self {
            circles_per_connection_max: 100,
            calls_max: 100_000,
            rings_by_user_max: 1_000,
            rings_of_user_max: 100,
            huddles_max: 100_000,
            recordings_max: 1_000_000,
            recordings_at_once_max: 16,
            recording_s_max: 14_400,
            recording_bytes_max: 16 << 30,
            recordings_bytes_max: 64 << 30,
            recording_age_s_max: 0,
            downloads_max: 64,
            device_users_max: 1_000_000,
        }
    }
}

impl Default for PushLimits {
    fn default() -> Self {
        Self {
            subscriptions_max: 1_000_000,
            subscriptions_per_user_max: 10_000,
            in_flight_max: 512,
            queue_max: 200_000,
            queue_bytes_max: 256 << 20,
            time_ms_max: 10_000,
        }
    }
}
