//! The `[limits]` section.

use super::reader::{Context, Reader};
use crate::base::limits::{EndedLimits, Limits, ListLimits, PeopleLimits, PushLimits, TlsLimits};

/// What a ring or an outbox needs besides messages: frame headers and control frames.
const OVERHEAD_BYTES: u64 = 64 << 10;

/// Reads each limit within its range. A field without a range does not compile.
macro_rules! read_limits {
    ($of:ident, $reader:ident, $prefix:literal: $($field:ident in $range:expr),* $(; $part:ident: $limits:expr)* $(,)?) => {{
        let default = $of::default();
        $of {
            $($part: $limits,)*
            $($field: $reader.integer(concat!($prefix, stringify!($field)), $range).unwrap_or(default.$field)),*
        }
    }};
}

/// Reads every limit.
pub(super) fn read(mut reader: Reader<'_>) -> (Limits, TlsLimits) {
    let people = read_people(&mut reader);
    let ended = read_limits!(EndedLimits, reader, "":
        logouts_max in 1..=10_000_000,
        revocations_max in 1..=10_000_000,
        revocation_s_max in 60..=315_360_000,
    );
    let lists = read_limits!(ListLimits, reader, "":
        group_bytes_max in 65_536..=1 << 40,
        group_members_max in 1..=10_000,
        meeting_bytes_max in 65_536..=1 << 40,
        meeting_members_max in 1..=10_000,
        meeting_messages_bytes_max in 65_536..=1 << 50,
    );
    let push = read_push(&mut reader);
    let tls = read_limits!(TlsLimits, reader, "": tls_handshake_time_ms_max in 1..=600_000);
    let limits = read_limits!(Limits, reader, "":
        connections_max in 1..=1 << 24,
        connections_per_address_max in 1..=1 << 24,
        unauthenticated_per_address_max in 1..=1 << 24,
        subscriptions_per_connection_max in 1..=1_000_000,
        commands_per_second_max in 0..=1_000_000_000,
        requests_in_flight_max in 1..=1_000_000,
        outbox_bytes_max in 1..=1 << 30,
        message_bytes_max in 1..=256 << 20,
        unfinished_bytes_max in 1 << 20..=1 << 31,
        fragments_per_message_max in 1..=1 << 20,
        header_bytes_max in 512..=1 << 20,
        headers_max in 8..=1024,
        header_time_ms_max in 1..=600_000,
        body_time_ms_max in 1..=3_600_000,
        peer_bytes_per_second_min in 1..=1 << 30,
        keep_alive_ms_max in 1..=3_600_000,
        channel_name_bytes_max in 8..=4096,
        channels_per_namespace_max in 1..=100_000_000,
        egress_ring_bytes_max in 1..=1 << 30,
        history_bytes_max in 1..=1 << 40,
        history_queue_bytes_max in 65_536..=1 << 30,
        members_per_channel_max in 1..=10_000_000,
        idempotency_keys_max in 1..=100_000_000,
        idempotency_ms_max in 1..=86_400_000,
        rooms_max in 1..=100_000_000,
        profiles_max in 1..=100_000_000,
        definitions_max in 1..=10_000_000,
        definition_source_bytes_max in 256..=1 << 20,
        message_history_max in 0..=1 << 20,
        session_s_max in 1..=31_536_000,
        login_attempts_per_minute_max in 1..=1_000_000,
        vouchers_max in 1..=10_000_000,
        groups_max in 1..=10_000_000,
        group_changes_waiting_max in 1..=1_000_000,
        meetings_max in 1..=10_000_000,
        meeting_message_bytes_max in 1..=16 << 20,
        meeting_messages_per_request_max in 1..=10_000,
        meeting_page_bytes_max in 1..=16 << 20,
        meeting_changes_waiting_max in 1..=1_000_000,
        effects_in_flight_max in 1..=1 << 16,
        backups_max in 1..=10_000,
        peer_queue_messages_max in 16..=1 << 24;
        lists: lists;
        people: people;
        ended: ended;
        push: push
    );
    reader.finish();
    (limits, tls)
}

fn read_people(reader: &mut Reader<'_>) -> PeopleLimits {
    read_limits!(PeopleLimits, reader, "":
        circles_per_connection_max in 1..=10_000,
        calls_max in 1..=10_000_000,
        rings_by_user_max in 1..=1_000_000,
        rings_of_user_max in 1..=10_000,
        huddles_max in 1..=10_000_000,
        recordings_max in 1..=100_000_000,
        recordings_at_once_max in 1..=1_000,
        recording_s_max in 1..=604_800,
        recording_bytes_max in 1 << 20..=1 << 40,
        recordings_bytes_max in 1 << 20..=1 << 50,
        recording_age_s_max in 0..=4_000_000_000,
        downloads_max in 1..=10_000,
        device_users_max in 1..=100_000_000,
    )
}

fn read_push(reader: &mut Reader<'_>) -> PushLimits {
    read_limits!(PushLimits, reader, "push_":
        subscriptions_max in 1..=100_000_000,
        subscriptions_per_user_max in 1..=1_000_000,
        in_flight_max in 1..=16_384,
        queue_max in 1..=10_000_000,
        queue_bytes_max in 65_536..=1 << 31,
        time_ms_max in 1..=600_000,
    )
}

/// Checks that hold between limits.
pub(super) fn check(limits: &Limits, context: &Context) {
    let message = u64::from(limits.message_bytes_max);
    let least = [
        ("limits.egress_ring_bytes_max", limits.egress_ring_bytes_max, 2, "2 * message_bytes_max"),
        ("limits.outbox_bytes_max", limits.outbox_bytes_max, 1, "message_bytes_max"),
    ];
    for (path, value, messages, formula) in least {
        let needed = messages * message + OVERHEAD_BYTES;
        if u64::from(value) < needed {
            let place = context.latest(&[path, "limits.message_bytes_max"]);
            let reason = format!("{path} must be at least {formula} + 65536 = {needed}; it is {value}");
            context.findings.add(&place, reason);
        }
    }
}
