//! The counters of all cores as one page of Prometheus text.

use super::counters::Counters;
use super::text::Page;
use super::words::{CLOSE_REASONS, FAULT_CODES, MEMORY_KINDS, STATUS_CLASSES};
use crate::base::ids::CoreId;
use crate::model::node::NodeInfo;
use crate::model::web_push::PUSH_ENDS;

/// Writes the page. Sums over the cores, but for the turns and the connections: there one core that differs
/// from the others is the news. `uptime_s` is in whole seconds.
pub fn render(per_core: &[(CoreId, Counters)], node: &NodeInfo, uptime_s: u64) -> String {
    let mut sum = Counters::default();
    for (_, counters) in per_core {
        sum.merge(counters);
    }
    let mut page = Page::default();
    page.info(
        "corecast_build_info",
        "Always 1; the labels say what runs.",
        &[("version", node.version), ("node", &node.name)],
    );
    page.gauge("corecast_uptime_seconds", "Seconds since the start of the process.", uptime_s);
    page.counter(
        "corecast_log_lines_lost_total",
        "Lines for the operator that stderr did not take.",
        sum.beside.log_lines_lost,
    );
    page.gauge("corecast_cores", "Cores that answered this scrape.", per_core.len() as u64);
    connections(&mut page, &sum, per_core);
    traffic(&mut page, &sum);
    broker(&mut page, &sum);
    people(&mut page, &sum);
    recorder(&mut page, &sum);
    relay(&mut page, &sum);
    web_push(&mut page, &sum);
    disk(&mut page, &sum);
    cores(&mut page, &sum, per_core);
    page.finish()
}

fn connections(page: &mut Page, sum: &Counters, per_core: &[(CoreId, Counters)]) {
    page.counter("corecast_connections_accepted_total", "Sockets taken in.", sum.connections_accepted);
    page.counter(
        "corecast_connections_refused_total",
        "Sockets turned away at accept because of a limit.",
        sum.connections_refused,
    );
    let closed = CLOSE_REASONS.iter().zip(sum.connections_closed).map(|((_, word), count)| (word, count));
    page.counters("corecast_connections_closed_total", "Connections ended, by reason.", "reason", closed);
    let open = per_core.iter().map(|(core, counters)| (core.0, counters.connections_open));
    page.gauges("corecast_connections_open", "Connections open now, HTTP and WebSocket.", "core", open);
    page.gauge("corecast_websockets_open", "WebSocket connections open now.", sum.websockets_open);
    page.gauge("corecast_subscriptions_open", "Subscriptions held now.", sum.subscriptions_open);
    page.gauge("corecast_tls_connections_open", "Connections open now that speak TLS.", sum.beside.tls.open);
    let handshakes = [
        ("full", sum.beside.tls.handshakes_full),
        ("resumed", sum.beside.tls.handshakes_resumed),
        ("failed", sum.beside.tls.handshakes_failed),
    ];
    page.counters(
        "corecast_tls_handshakes_total",
        "TLS handshakes that ended, by how.",
        "outcome",
        handshakes.into_iter(),
    );
    page.counters(
        "corecast_acme_orders_total",
        "Certificates ordered by ACME, by what became of them.",
        "outcome",
        [("got", sum.beside.tls.acme.got), ("failed", sum.beside.tls.acme.failed)].into_iter(),
    );
    page.gauge(
        "corecast_acme_certificate_expiry_timestamp_seconds",
        "When the certificate that was got by ACME ends; 0 is none.",
        sum.beside.tls.acme.until_unix_s,
    );
}

fn traffic(page: &mut Page, sum: &Counters) {
    page.counter("corecast_messages_received_total", "WebSocket messages received.", sum.messages_received);
    page.counter(
        "corecast_messages_sent_total",
        "WebSocket messages sent: replies, and pushes once per subscriber.",
        sum.messages_sent,
    );
    page.counter("corecast_bytes_received_total", "Bytes received from sockets.", sum.bytes_received);
    page.counter("corecast_bytes_sent_total", "Bytes sent to sockets.", sum.bytes_sent);
    page.counter(
        "corecast_frames_encoded_total",
        "Pushes encoded: one for each channel, dialect and core.",
        sum.frames_encoded,
    );
    page.counter("corecast_sends_total", "Writes to sockets.", sum.sends);
    page.counter(
        "corecast_short_sends_total",
        "Writes of which the kernel took a part or nothing.",
        sum.short_sends,
    );
    let chunks = std::iter::once((String::new(), &sum.chunks));
    page.histograms("corecast_sends_per_turn", "Writes to sockets in one turn that wrote.", 1.0, chunks);
    let responses = STATUS_CLASSES.iter().zip(sum.responses);
    page.counters("corecast_http_responses_total", "HTTP responses, by class of status.", "class", responses);
}

fn broker(page: &mut Page, sum: &Counters) {
    page.counter("corecast_publications_total", "Publications given an offset.", sum.publications);
    page.counter(
        "corecast_duplicates_total",
        "Publishes answered from the memory of idempotency keys.",
        sum.duplicates,
    );
    page.gauge("corecast_history_publications", "Publications kept in history.", sum.history_publications);
    page.gauge("corecast_history_bytes", "Bytes of publications kept in history.", sum.history_bytes);
    let memory = MEMORY_KINDS.iter().zip(sum.memory_bytes);
    page.gauges(
        "corecast_memory_bytes",
        "Bytes of memory that clients make it take, by what for.",
        "kind",
        memory,
    );
    page.gauge(
        "corecast_history_lost",
        "Cores that cannot write histories at present; 0 is good.",
        sum.history_lost,
    );
    let faults = FAULT_CODES.iter().zip(sum.faults).map(|((_, word), count)| (word, count));
    page.counters("corecast_faults_total", "Faults answered, by code.", "code", faults);
    let slow = [("disconnect", sum.slow[0]), ("skip", sum.slow[1])];
    page.counters(
        "corecast_slow_consumers_total",
        "Subscribers that were too slow for a channel, by what was done.",
        "policy",
        slow.into_iter(),
    );
    page.counter(
        "corecast_publications_conflated_total",
        "Publications that gave way to newer ones on the way to subscribers, on each core.",
        sum.conflated,
    );
}

fn relay(page: &mut Page, sum: &Counters) {
    let relay = &sum.people.relay;
    page.gauge("corecast_connection_groups", "Groups that have connections.", relay.groups_open);
    page.gauge("corecast_connection_group_members", "Connections in groups.", relay.group_members);
    let relayed = [
        ("notice", relay.notices),
        ("broadcast", relay.broadcasts),
        ("private", relay.privates),
        ("signal", relay.signals),
    ];
    let help = "What connections told each other past any channel, by kind.";
    page.counters("corecast_relayed_total", help, "kind", relayed.into_iter());
    page.counter(
        "corecast_frame_credentials_verified_total",
        "Credentials verified that single frames came with, whether they held or not.",
        relay.proofs,
    );
}

fn people(page: &mut Page, sum: &Counters) {
    page.gauge("corecast_calls_active", "Calls that are not over.", sum.people.calls_active);
    let ends = [
        ("ended", sum.people.calls_ended),
        ("missed", sum.people.calls_missed),
        ("cancelled", sum.people.calls_cancelled),
        ("expired", sum.people.calls_expired),
    ];
    page.counters("corecast_calls_total", "Calls that are over, by how they ended.", "end", ends.into_iter());
    page.counter("corecast_call_rings_total", "Invitations to calls.", sum.people.rings);
    page.counter("corecast_call_signals_total", "Signals handed on in calls.", sum.people.signals);
    page.gauge("corecast_huddles_active", "Huddles that are not over.", sum.people.huddles_active);
    page.gauge("corecast_circles_open", "Circles that have sockets.", sum.people.circles_open);
    page.gauge("corecast_people_entries", "Entries kept in memory of people.", sum.people.entries);
    page.gauge("corecast_devices", "Devices that are kept.", sum.people.devices_kept);
}

fn recorder(page: &mut Page, sum: &Counters) {
    page.gauge("corecast_recordings_running", "Calls that are recorded.", sum.people.recordings_running);
    let recorder = &sum.beside.recorder;
    page.gauge("corecast_recorder_peers", "Programs that the recorder is connected with.", recorder.peers);
    page.counter("corecast_recorder_packets_total", "Datagrams that the recorder got.", recorder.datagrams);
    page.counter(
        "corecast_recorder_packets_refused_total",
        "Datagrams that the recorder got and that were nobody's.",
        recorder.strangers,
    );
    page.counter(
        "corecast_recorder_packets_lost_total",
        "Packets of media that never reached the recorder.",
        recorder.packets_lost,
    );
    page.counter(
        "corecast_recorder_written_bytes_total",
        "Bytes written to files of recordings.",
        recorder.bytes_written,
    );
    page.gauge("corecast_recordings_bytes", "Bytes of the files of recordings.", recorder.bytes_kept);
    page.counter_of_seconds(
        "corecast_recorder_busy_seconds_total",
        "Seconds in which the recorder's thread did something.",
        recorder.busy_us,
    );
}

fn web_push(page: &mut Page, sum: &Counters) {
    let push = &sum.web_push;
    page.gauge("corecast_push_subscriptions", "Push subscriptions that are kept.", push.subscriptions);
    page.counter("corecast_push_messages_total", "Push messages that were taken in.", push.messages);
    page.counter(
        "corecast_push_messages_refused_total",
        "Push messages of the node's own making that found no room.",
        push.refused,
    );
    page.gauge("corecast_push_waiting", "Deliveries of push messages that have no end yet.", push.waiting);
    page.gauge("corecast_push_in_flight", "Calls of push services under way.", push.in_flight);
    let ends = PUSH_ENDS.iter().zip(push.ended).map(|((_, word), count)| (word, count));
    page.counters("corecast_push_deliveries_total", "Deliveries that ended, by how.", "end", ends);
    page.counter("corecast_push_retries_total", "Calls that failed and are made again.", push.retries);
    let calls = std::iter::once(("to=\"push\"".to_owned(), &push.calls));
    page.histograms(
        "corecast_outbound_seconds",
        "Time from the wish to call a server outside to its answer.",
        1e6,
        calls,
    );
}

fn disk(page: &mut Page, sum: &Counters) {
    let writes = ["stored", "failed", "refused"].into_iter().zip(sum.writes);
    page.counters(
        "corecast_writes_total",
        "Changes of definitions and rooms on their way to the disk, by what became of them.",
        "outcome",
        writes,
    );
}

fn cores(page: &mut Page, sum: &Counters, per_core: &[(CoreId, Counters)]) {
    page.counter("corecast_peer_messages_total", "Messages between cores.", sum.peer_messages);
    page.counter(
        "corecast_peer_overloads_total",
        "Commands answered overloaded because a core's queue was full.",
        sum.peer_overloads,
    );
    page.counter("corecast_gaps_total", "Times a channel lost publications on the way to a core.", sum.gaps);
    page.counter("corecast_heals_total", "Gaps closed from history.", sum.heals);
    let turns = per_core.iter().map(|(core, counters)| (format!("core=\"{}\"", core.0), &counters.turns));
    page.histograms("corecast_turn_seconds", "Time of one turn of a core, without its sleep.", 1e6, turns);
    page.counter("corecast_slow_turns_total", "Turns of more than 10 ms.", sum.slow_turns);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::words::CloseReason;
    use std::collections::BTreeSet;

    fn page(per_core: &[(CoreId, Counters)]) -> String {
        let node = NodeInfo {
            name: "corecast@a".into(),
            version: "0.1.0",
            started_unix_ms: 0,
            started_monotonic_us: 0,
        };
        render(per_core, &node, 61)
    }

    fn cores() -> Vec<(CoreId, Counters)> {
        let mut one = Counters { connections_open: 2, sends: 5, ..Counters::default() };
        one.note_close(CloseReason::Slow);
        one.note_turn(3);
        let mut two = Counters { connections_open: 3, sends: 7, ..Counters::default() };
        for core in [&mut one, &mut two] {
            core.beside.log_lines_lost = 2;
            core.beside.recorder.packets_lost = 5;
            core.beside.recorder.busy_us = 1_500_000;
        }
        vec![(CoreId(0), one), (CoreId(1), two)]
    }

    #[test]
    fn the_page_of_the_protocol_has_every_metric() {
        let (page, told) = (page(&cores()), include_str!("../../docs/protocol/node.md"));
        let names = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        let missing: Vec<&str> = names.filter(|name| !told.contains(&format!("\n| `{name}` |"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn sums_and_cores_are_told() {
        let page = page(&cores());
        for line in [
            "corecast_build_info{version=\"0.1.0\",node=\"corecast@a\"} 1",
            "corecast_uptime_seconds 61",
            "corecast_cores 2",
            "corecast_sends_total 12",
            "corecast_log_lines_lost_total 4",
            "corecast_recorder_packets_lost_total 5",
            "corecast_recorder_busy_seconds_total 1.500000",
            "corecast_connections_open{core=\"0\"} 2",
            "corecast_connections_open{core=\"1\"} 3",
            "corecast_connections_closed_total{reason=\"slow\"} 1",
            "corecast_turn_seconds_bucket{core=\"0\",le=\"0.000004\"} 1",
            "corecast_turn_seconds_bucket{core=\"1\",le=\"0.131072\"} 0",
            "corecast_turn_seconds_bucket{core=\"1\",le=\"1.048576\"} 0",
            "corecast_turn_seconds_bucket{core=\"1\",le=\"+Inf\"} 0",
            "corecast_sends_per_turn_bucket{le=\"1024\"} 0",
            "corecast_slow_consumers_total{policy=\"skip\"} 0",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}\n{page}");
        }
    }

    #[test]
    fn every_sample_is_unique_and_every_counter_is_named_so() {
        let page = page(&cores());
        let mut seen = BTreeSet::new();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').expect("a sample");
            assert!(seen.insert(series), "{series} twice");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
        for line in page.lines().filter(|line| line.starts_with("# TYPE")) {
            let words: Vec<_> = line.split(' ').collect();
            assert_eq!(words[2].ends_with("_total"), words[3] == "counter", "{line}");
        }
    }
}
