//! Streams and fan-out: turns, memory, and what each subscriber is told, in few steps. The naive model is in `model`.

mod model;

use super::stream::Stream;
use super::*;
use crate::base::limits::Limits;
use crate::protocol::framing::Framing;
use std::sync::Arc;

const FEW_BYTES: usize = 4096;

fn encoding(dialect: u8) -> Encoding {
    Encoding { dialect, framing: Framing::WebSocket }
}

fn connection(index: u32) -> ConnectionId {
    ConnectionId { index, generation: 0 }
}

fn channel(number: usize) -> ChannelName {
    ChannelName::new(&format!("room:{number}"))
}

/// A frame of the tests: a message with a serial number, padded.
fn frame(serial: u16, padding: usize) -> Vec<u8> {
    let mut message = serial.to_be_bytes().to_vec();
    message.resize(2 + padding, 0);
    let mut bytes = Vec::new();
    Framing::WebSocket.write(&mut bytes, |out| out.extend_from_slice(&message));
    bytes
}

fn serials(mut bytes: &[u8]) -> Vec<u16> {
    let mut serials = Vec::new();
    while !bytes.is_empty() {
        let length = Framing::WebSocket.frame_bytes(&bytes[..bytes.len().min(Framing::HEAD_BYTES_MAX)]);
        let header = if bytes[1] == 126 { 4 } else { 2 };
        serials.push(u16::from_be_bytes([bytes[header], bytes[header + 1]]));
        bytes = &bytes[length..];
    }
    serials
}

/// Odd ones are guests.
fn subscriber(index: u32, dialect: u8, paused: bool) -> NewSubscriber {
    let guest = !index.is_multiple_of(2);
    NewSubscriber { connection: connection(index), encoding: encoding(dialect), guest, paused }
}

fn subscribe(fanout: &mut Fanout, index: u32, number: usize) {
    let subscriber = subscriber(index, 0, false);
    fanout.subscribe(&channel(number), SlowPolicy::Skip, Position::default(), subscriber);
}

/// Publishes one frame; says who was lapped.
fn publish(
    fanout: &mut Fanout,
    number: usize,
    audience: Audience,
    serial: u16,
    padding: usize,
) -> Vec<Lapped> {
    let (mut lapped, mut aside) = (Vec::new(), Vec::new());
    fanout.publish(&channel(number), None, audience, &mut lapped, &mut aside, |_, out| {
        out.extend(frame(serial, padding));
    });
    assert!(aside.is_empty(), "whoever is left out here owes nothing");
    lapped
}

/// Limits with rings of so many bytes.
fn bounds(ring_bytes_max: usize) -> InForce {
    Limits { egress_ring_bytes_max: ring_bytes_max as u32, ..Limits::default() }.into()
}

/// All that a connection is to be written.
fn runs(fanout: &Fanout, connection: ConnectionId) -> Vec<u8> {
    let mut bytes = Vec::new();
    fanout.runs(connection, |piece| {
        bytes.extend_from_slice(piece);
        true
    });
    bytes
}

/// Writes all that a connection owes; says which messages that were.
fn write_all(fanout: &mut Fanout, index: u32) -> Vec<u16> {
    let runs = runs(fanout, connection(index));
    let mut torn = Vec::new();
    fanout.sent(connection(index), runs.len(), &mut torn);
    assert!(torn.is_empty());
    serials(&runs)
}

/// All turns until nothing is left; says how many sends each connection took.
fn run_turns(fanout: &mut Fanout) -> std::collections::BTreeMap<u32, usize> {
    let mut sends = std::collections::BTreeMap::new();
    while let Some(id) = fanout.next_transmit(|_| true) {
        assert!(!write_all(fanout, id.index).is_empty(), "a turn has something to send");
        *sends.entry(id.index).or_default() += 1;
    }
    sends
}

#[test]
fn two_dirty_streams_take_turns() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    for index in 0..200 {
        subscribe(&mut fanout, index * 2, usize::from(index >= 100));
    }
    for number in 0..2 {
        publish(&mut fanout, number, Audience::All, 1, 8);
    }
    let order: Vec<u32> =
        std::iter::from_fn(|| fanout.next_transmit(|_| true)).map(|id| id.index / 2).collect();
    assert_eq!(order.len(), 200);
    assert!(order[..CHUNK_SENDS as usize].iter().all(|index| *index < 100));
    assert!(order[CHUNK_SENDS as usize..2 * CHUNK_SENDS as usize].iter().all(|index| *index >= 100));
}

#[test]
fn a_subscriber_that_comes_during_a_pass_takes_nobodys_turn() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    for index in 0..2 {
        subscribe(&mut fanout, index * 2, 0);
    }
    for serial in 0..2 {
        // The second pass begins where the first one ended: behind the last subscriber.
        publish(&mut fanout, 0, Audience::All, serial, 8);
        subscribe(&mut fanout, 4, 0);
        assert!(run_turns(&mut fanout).into_keys().eq([0, 2]));
        assert!(fanout.unsubscribe(connection(4), &channel(0)).is_some());
    }
}

#[test]
fn whoever_moves_during_a_pass_keeps_its_turn() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    for index in 0..4 {
        subscribe(&mut fanout, index * 2, 0);
    }
    publish(&mut fanout, 0, Audience::All, 1, 8);
    assert_eq!(fanout.next_transmit(|_| true), Some(connection(0)));
    write_all(&mut fanout, 0);
    // The last one comes into the place of the first, which the pass has behind it.
    fanout.unsubscribe(connection(0), &channel(0));
    assert!(run_turns(&mut fanout).into_iter().eq([(2, 1), (4, 1), (6, 1)]));
}

#[test]
fn a_held_subscriber_waits_for_its_release() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    fanout.subscribe(&channel(0), SlowPolicy::Skip, Position::default(), subscriber(0, 0, true));
    publish(&mut fanout, 0, Audience::All, 1, 8);
    assert_eq!(fanout.next_transmit(|_| true), None);
    fanout.release(connection(0), &channel(0));
    assert_eq!(fanout.next_transmit(|_| true), Some(connection(0)));
}

#[test]
fn a_channel_is_encoded_once_for_each_encoding_however_many_kinds_of_subscribers() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    // Guests and others of both dialects.
    for (index, dialect) in [(0, 0), (1, 1), (2, 1), (3, 0)] {
        let subscriber = subscriber(index, dialect, false);
        fanout.subscribe(&channel(0), SlowPolicy::Skip, Position::default(), subscriber);
    }
    let mut encoded = Vec::new();
    let messages = fanout.publish(
        &channel(0),
        None,
        Audience::All,
        &mut Vec::new(),
        &mut Vec::new(),
        |encoding, out| {
            encoded.push(encoding.dialect);
            out.extend(frame(1, 8));
        },
    );
    encoded.sort_unstable();
    assert_eq!((encoded, messages), (vec![0, 1], 4));
    assert!(run_turns(&mut fanout).into_values().eq([1; 4]));
    for index in 0..4 {
        assert_eq!(fanout.size().0, 4 - index as usize);
        fanout.unsubscribe(connection(index), &channel(0));
        fanout.invariants();
    }
    assert_eq!(fanout.size(), (0, 0));
}

#[test]
fn an_ended_channel_sends_nothing_and_its_name_is_free() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    (0..3).for_each(|index| subscribe(&mut fanout, index, 0));
    publish(&mut fanout, 0, Audience::All, 1, 8);
    assert_eq!(fanout.next_transmit(|id| id.index > 0), Some(connection(2)));
    assert_eq!(fanout.guests(&channel(0)), [connection(1)]);
    let mut heard = fanout.end(&channel(0));
    heard.sort_by_key(|connection| connection.index);
    assert_eq!(heard, [0, 1, 2].map(connection));
    fanout.invariants();
    assert_eq!(fanout.next_transmit(|_| true), None, "what was not sent is dropped");
    assert!((0..3).all(|index| !fanout.owes(connection(index))));
    subscribe(&mut fanout, 3, 0);
    subscribe(&mut fanout, 0, 0);
    publish(&mut fanout, 0, Audience::All, 2, 8);
    let mut rest = Vec::new();
    fanout.take_pending(connection(0), &channel(0), &mut rest);
    assert_eq!(serials(&rest), [2], "of the new channel of this name");
    assert_eq!(run_turns(&mut fanout).into_keys().collect::<Vec<_>>(), [3]);
    for index in 0..3 {
        let gone = fanout.unsubscribe_ended(connection(index), &channel(0)).expect("it heard it");
        assert!(gone.ended);
        fanout.invariants();
    }
    assert_eq!(fanout.unsubscribe_ended(connection(0), &channel(0)), None);
    for index in [0, 3] {
        assert!(fanout.unsubscribe_newest(connection(index)).is_some_and(|gone| !gone.ended));
    }
    assert_eq!(fanout.size(), (0, 0));
}

#[test]
fn who_hears_nothing_owes_nothing_and_holds_no_ring() {
    let mut fanout = Fanout::new(1, bounds(1024));
    subscribe(&mut fanout, 1, 0);
    subscribe(&mut fanout, 2, 1);
    for serial in 0..1_000 {
        // A guest under messages for others, and somebody who is left out.
        assert_eq!(publish(&mut fanout, 0, Audience::Authenticated, serial, 100), []);
        assert_eq!(publish(&mut fanout, 1, Audience::Except(connection(2)), serial, 100), []);
    }
    assert_eq!((fanout.next_transmit(|_| true), fanout.size()), (None, (2, 0)));
    // Beside somebody who hears them all.
    subscribe(&mut fanout, 4, 0);
    subscribe(&mut fanout, 4, 1);
    for serial in 0..1_000 {
        assert_eq!(publish(&mut fanout, 0, Audience::Authenticated, serial, 100), []);
        assert_eq!(publish(&mut fanout, 1, Audience::Except(connection(2)), serial, 100), []);
        // One send carries what both channels have for it.
        assert!(run_turns(&mut fanout).into_iter().eq([(4, 1)]));
    }
    // A frame larger than the ring laps nobody who owes nothing.
    assert_eq!(publish(&mut fanout, 1, Audience::All, 7, 5_000), []);
    assert!(run_turns(&mut fanout).into_iter().eq([(2, 1), (4, 1)]));
    assert_eq!(
        publish(&mut fanout, 1, Audience::All, 8, 5_000).len()
            + publish(&mut fanout, 1, Audience::All, 9, 5_000).len(),
        2
    );
    fanout.invariants();
}

#[test]
fn what_is_for_a_connection_that_is_gone_does_not_touch_its_successor() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    let gone = connection(0);
    let successor = ConnectionId { generation: 1, ..gone };
    let subscriber = NewSubscriber { connection: successor, ..subscriber(0, 0, false) };
    fanout.subscribe(&channel(0), SlowPolicy::Skip, Position::default(), subscriber);
    publish(&mut fanout, 0, Audience::All, 1, 8);
    publish(&mut fanout, 0, Audience::Except(gone), 2, 8);
    let mut taken = Vec::new();
    fanout.take_pending(gone, &channel(0), &mut taken);
    assert!(taken.is_empty() && !fanout.hears(gone, &channel(0)) && fanout.hears(successor, &channel(0)));
    assert_eq!(fanout.unsubscribe(gone, &channel(0)), None);
    assert_eq!(fanout.next_transmit(|_| true), Some(successor));
    let runs = runs(&fanout, successor);
    assert_eq!(serials(&runs), [1, 2]);
}

#[test]
fn what_is_owed_of_many_channels_leaves_in_few_sends() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    for number in 0..24 {
        subscribe(&mut fanout, 0, number);
        publish(&mut fanout, number, Audience::All, number as u16, 8);
    }
    let sends = run_turns(&mut fanout);
    assert_eq!(sends[&0], 3, "eight channels in each");
}

#[test]
fn a_blocked_connection_owes_until_it_is_written_and_marks_nobody() {
    let mut fanout = Fanout::new(1, bounds(1 << 16));
    (0..100).for_each(|index| subscribe(&mut fanout, index * 2, 0));
    publish(&mut fanout, 0, Audience::All, 1, 100);
    publish(&mut fanout, 0, Audience::All, 2, 100);
    let mut asked = 0;
    let next = fanout.next_transmit(|_| {
        asked += 1;
        asked == 100
    });
    assert_eq!((next, asked), (Some(connection(198)), 100));
    write_all(&mut fanout, 198);
    assert_eq!(fanout.next_transmit(|_| panic!("everybody was looked at")), None);
    // The first one takes a frame and a half, later the rest.
    let mut torn = Vec::new();
    fanout.sent(connection(0), 150, &mut torn);
    assert!(torn.len() > 50 && !fanout.owes(connection(0)));
    assert_eq!(fanout.next_transmit(|_| panic!("a cut write marks nobody")), None);
    assert_eq!(write_all(&mut fanout, 2), [1, 2]);
    fanout.invariants();
}

#[test]
fn streams_that_were_quiet_give_their_rings_back_some_at_a_time() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    for number in 0..100 {
        subscribe(&mut fanout, 0, number);
        subscribe(&mut fanout, 2, number);
        // As presence does it: everybody but the one who came.
        publish(&mut fanout, number, Audience::Except(connection(2)), 1, 8);
    }
    run_turns(&mut fanout);
    let (_, all) = fanout.size();
    // The first look at each finds that something was pushed.
    (0..10).for_each(|_| fanout.sweep(10));
    assert_eq!(fanout.size(), (100, all));
    for round in 1..=10 {
        fanout.sweep(10);
        assert_eq!(fanout.size().1, all - all / 10 * round);
        fanout.invariants();
    }
    // Whoever owes keeps the ring.
    publish(&mut fanout, 3, Audience::All, 2, 8);
    (0..4).for_each(|_| fanout.sweep(10));
    assert!(fanout.size().1 > 0);
    assert!(run_turns(&mut fanout).into_values().eq([1, 1]));
    (0..4).for_each(|_| fanout.sweep(10));
    assert_eq!(fanout.size(), (100, 0));
}

#[test]
fn a_stream_without_frames_stays_small() {
    assert!(size_of::<Option<Stream>>() <= 120, "{}", size_of::<Option<Stream>>());
    assert!(size_of::<Subscriber>() <= 24, "{}", size_of::<Subscriber>());
}

#[test]
fn one_call_looks_at_few_of_those_whose_sockets_are_full() {
    let mut fanout = Fanout::new(1, bounds(FEW_BYTES));
    for index in 0..3_000 {
        subscribe(&mut fanout, index, index as usize % 7);
    }
    (0..7).for_each(|number| drop(publish(&mut fanout, number, Audience::All, 1, 0)));
    let mut calls = 0;
    let mut looked = 0;
    while !fanout.is_idle() {
        let mut looks = 0;
        let none = fanout.next_transmit(|_| {
            looks += 1;
            false
        });
        assert_eq!(none, None);
        assert!(looks <= 1_024, "{looks} in one call");
        (calls, looked) = (calls + 1, looked + looks);
    }
    assert_eq!((looked, calls), (3_000, 3));
    fanout.invariants();
}

#[test]
fn rings_are_as_long_as_the_limits_in_force_let_them() {
    let limits = bounds(1 << 10);
    let mut fanout = Fanout::new(1, limits.clone());
    subscribe(&mut fanout, 2, 0);
    let lapped = |fanout: &mut Fanout| {
        (0..4).map(|serial| publish(fanout, 0, Audience::All, serial, 1_000).len()).sum::<usize>()
    };
    assert_eq!(lapped(&mut fanout), 3);
    limits.replace(Arc::new(Limits { egress_ring_bytes_max: 1 << 16, ..Limits::default() }));
    assert_eq!(lapped(&mut fanout), 0);
}

/// From this connection on they hear channels, and do not read.
const HOARDERS: u32 = 10;

/// Each of some connections hears channels of its own and does not read; another one reads channel 0. All of them are said so
/// much on that their rings are `rounds` KiB each. Says who was lapped.
fn hoard(fanout: &mut Fanout, hoarders: u32, channels: usize, rounds: u16) -> Vec<u32> {
    let all = hoarders as usize * channels;
    for number in 0..all {
        subscribe(fanout, HOARDERS + (number / channels) as u32, number);
    }
    subscribe(fanout, 4, 0);
    let mut lapped = Vec::new();
    for serial in 0..rounds {
        for number in 0..all {
            let gone = publish(fanout, number, Audience::All, serial, 1_000);
            lapped.extend(gone.iter().map(|one| one.connection.index));
            while let Some(id) = fanout.next_transmit(|id| id.index < HOARDERS) {
                write_all(fanout, id.index);
            }
        }
        fanout.invariants();
    }
    lapped
}

#[test]
fn what_one_connection_owes_over_all_channels_has_one_bound() {
    let mut fanout = Fanout::new(1, bounds(64 << 10));
    let lapped = hoard(&mut fanout, 1, 50, 50);
    assert!(!lapped.is_empty() && lapped.iter().all(|index| *index == HOARDERS), "{lapped:?}");
    let owed: usize = (0..50)
        .map(|number| {
            let mut owed = Vec::new();
            fanout.take_pending(connection(HOARDERS), &channel(number), &mut owed);
            owed.len()
        })
        .sum();
    assert!((1 << 19..2 << 20).contains(&owed), "{owed} bytes");
}

#[test]
fn all_rings_together_have_a_bound_and_who_reads_is_not_touched() {
    let mut fanout = Fanout::new(1, bounds(64 << 10));
    // Each owes less than one may owe.
    let lapped = hoard(&mut fanout, 15, 20, 45);
    assert!(!lapped.is_empty() && lapped.iter().all(|index| *index >= HOARDERS), "{lapped:?}");
    assert!(fanout.ring_bytes() <= 8 << 20, "{} bytes", fanout.ring_bytes());
}

#[test]
fn a_ring_that_nobody_reads_shrinks_to_what_it_keeps() {
    let mut fanout = Fanout::new(1, bounds(64 << 10));
    subscribe(&mut fanout, 2, 0);
    for serial in 0..50 {
        publish(&mut fanout, 0, Audience::All, serial, 1_000);
    }
    let mut owed = Vec::new();
    fanout.take_pending(connection(2), &channel(0), &mut owed);
    publish(&mut fanout, 0, Audience::All, 50, 8);
    assert_eq!(fanout.ring_bytes(), 64 << 10);
    (0..2).for_each(|_| fanout.sweep(100));
    assert_eq!(fanout.ring_bytes(), 512);
    assert_eq!(run_turns(&mut fanout).len(), 1);
    (0..2).for_each(|_| fanout.sweep(100));
    assert_eq!(fanout.ring_bytes(), 0);
}
