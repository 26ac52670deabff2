//! Streams and fan-out against a naive model: each subscriber's bytes, whole frames, in order.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A frame of the tests: its length, then its serial number, padded.
fn frame(serial: u16, length: usize) -> Vec<u8> {
    let length = length.max(4);
    let mut bytes = vec![0; length];
    bytes[..2].copy_from_slice(&(length as u16).to_be_bytes());
    bytes[2..4].copy_from_slice(&serial.to_be_bytes());
    bytes
}

fn frame_bytes(first: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([first[0], first[1]]))
}

fn serials(mut bytes: &[u8]) -> Vec<u16> {
    let mut serials = Vec::new();
    while !bytes.is_empty() {
        let length = frame_bytes(bytes);
        serials.push(u16::from_be_bytes([bytes[2], bytes[3]]));
        bytes = &bytes[length..];
    }
    serials
}

fn connection(index: u32) -> ConnectionId {
    ConnectionId { index, generation: 0 }
}

/// Odd ones are guests.
fn subscriber(index: u32, held: bool) -> NewSubscriber {
    NewSubscriber { connection: connection(index), held, authenticated: index.is_multiple_of(2) }
}

/// What one client of the test has.
#[derive(Default)]
struct Client {
    place: Option<(StreamId, u32)>,
    torn: Vec<u8>,
    got: Vec<u8>,
    wanted: Vec<u16>,
    lost: bool,
}

fn subscribe(fanout: &mut Fanout, index: u32, held: bool) -> (StreamId, u32) {
    fanout.subscribe(
        &ChannelName::new("room:1"),
        0,
        SlowPolicy::Skip,
        Position::default(),
        subscriber(index, held),
    )
}

#[derive(Clone, Debug)]
enum Step {
    Subscribe(u32),
    Unsubscribe(u32),
    Publish { length: usize, audience: Audience },
    Send { bytes: usize },
    Sweep,
}

fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![
        4 => Just(Audience::All),
        2 => (0u32..12).prop_map(|index| Audience::Except(connection(index))),
        2 => Just(Audience::Authenticated),
        2 => (0u32..12).prop_map(|index| Audience::Only(connection(index))),
    ]
}

fn may_see(audience: Audience, index: u32) -> bool {
    match audience {
        Audience::All => true,
        Audience::Except(other) => other.index != index,
        Audience::Authenticated => index.is_multiple_of(2),
        Audience::Only(one) => one.index == index,
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0u32..6).prop_map(Step::Subscribe),
        1 => (0u32..6).prop_map(Step::Unsubscribe),
        6 => (4usize..300, audience()).prop_map(|(length, audience)| Step::Publish { length, audience }),
        8 => (0usize..900).prop_map(|bytes| Step::Send { bytes }),
        1 => Just(Step::Sweep),
    ]
}

fn write_to(fanout: &mut Fanout, client: &mut Client, bytes: usize) {
    let (stream, place) = client.place.expect("subscribed");
    let torn = std::mem::take(&mut client.torn);
    let (head, rest) = torn.split_at(bytes.min(torn.len()));
    client.got.extend(head);
    client.torn = rest.to_vec();
    let left = bytes - head.len();
    if !client.torn.is_empty() {
        return;
    }
    let (first, second) = fanout.stream(stream).run(place);
    let run = [first, second].concat();
    let taken = fanout.sent(stream, place, left, frame_bytes, &mut client.torn);
    assert_eq!(taken, left.min(run.len()));
    client.got.extend(&run[..taken]);
}

proptest! {
    #[test]
    fn every_subscriber_gets_whole_frames_in_order(steps in proptest::collection::vec(step(), 1..150)) {
        let mut fanout = Fanout::new(1, 2048);
        let mut clients: BTreeMap<u32, Client> = (0..6).map(|index| (index, Client::default())).collect();
        let mut serial = 0;
        for step in steps {
            match step {
                Step::Subscribe(index) if clients[&index].place.is_none() => {
                    let place = subscribe(&mut fanout, index, false);
                    *clients.get_mut(&index).unwrap() = Client { place: Some(place), ..Client::default() };
                }
                Step::Unsubscribe(index) => {
                    let client = clients.get_mut(&index).unwrap();
                    let Some((stream, place)) = client.place.take() else { continue };
                    let mut rest = std::mem::take(&mut client.torn);
                    fanout.take_pending(stream, place, &mut rest);
                    client.got.extend(rest);
                    if !client.lost {
                        prop_assert_eq!(serials(&client.got), client.wanted.clone());
                    }
                    if let Some(moved) = fanout.unsubscribe(stream, place) {
                        let other = clients.get_mut(&moved.connection.index).unwrap();
                        prop_assert_eq!(other.place, Some((stream, moved.from)));
                        other.place = Some((stream, moved.to));
                    }
                }
                Step::Publish { length, audience } => {
                    serial += 1;
                    let mut lapped = Vec::new();
                    fanout.publish(&ChannelName::new("room:1"), None, audience, &mut lapped, |_, out| {
                        out.extend(frame(serial, length));
                    });
                    for lapped in lapped {
                        clients.get_mut(&lapped.connection.index).unwrap().lost = true;
                    }
                    for (index, client) in &mut clients {
                        if client.place.is_some() && may_see(audience, *index) {
                            client.wanted.push(serial);
                        }
                    }
                }
                Step::Send { bytes } => {
                    if let Some(id) = fanout.next_transmit(|_| true) {
                        write_to(&mut fanout, clients.get_mut(&id.index).unwrap(), bytes);
                    }
                }
                Step::Sweep => fanout.sweep(),
                Step::Subscribe(_) => {}
            }
            fanout.invariants();
        }
        // After everything is sent, nothing is missing, doubled or out of order.
        for _ in 0..10_000 {
            let Some(id) = fanout.next_transmit(|_| true) else { break };
            write_to(&mut fanout, clients.get_mut(&id.index).unwrap(), usize::MAX / 2);
        }
        for (index, client) in &mut clients {
            let Some((stream, place)) = client.place else { continue };
            // Whoever was cut short is not in a pass any more: its owner asks for the rest, run by run.
            while !client.torn.is_empty() || fanout.stream(stream).pending(place) {
                write_to(&mut fanout, client, usize::MAX / 2);
            }
            let got = serials(&client.got);
            if client.lost {
                prop_assert!(got.windows(2).all(|pair| pair[0] < pair[1]));
            } else {
                prop_assert_eq!(&got, &client.wanted, "client {}", index);
            }
        }
    }
}

#[test]
fn a_frame_that_is_cut_keeps_its_rest_before_the_ring_laps_it() {
    let mut fanout = Fanout::new(1, 512);
    let mut client = Client { place: Some(subscribe(&mut fanout, 0, false)), ..Client::default() };
    let mut lapped = Vec::new();
    for serial in 1..=20 {
        fanout.publish(&ChannelName::new("room:1"), None, Audience::All, &mut lapped, |_, out| {
            out.extend(frame(serial, 100));
        });
        if serial == 1 {
            write_to(&mut fanout, &mut client, 30);
        }
    }
    assert_eq!(client.torn.len(), 70);
    assert!(!lapped.is_empty(), "the ring holds five frames, fifteen came");
    write_to(&mut fanout, &mut client, 10_000);
    assert_eq!(serials(&client.got)[0], 1);
}

/// Whoever was cut short goes on when its socket has room; the stream is not walked for it again.
#[test]
fn a_short_write_costs_nobody_else_a_look() {
    let mut edge = Fanout::new(1, 4096);
    (0..100).for_each(|index| {
        subscribe(&mut edge, index, false);
    });
    edge.publish(&ChannelName::new("room:1"), None, Audience::All, &mut Vec::new(), |_, out| {
        out.extend(frame(1, 100));
        out.extend(frame(2, 100));
    });
    let mut sends = 0;
    while let Some(connection) = edge.next_transmit(|_| true) {
        let bytes = if connection.index == 50 { 150 } else { 200 };
        let bytes = if connection.index == 51 { 100 } else { bytes };
        edge.sent(StreamId(0), connection.index, bytes, frame_bytes, &mut Vec::new());
        sends += 1;
    }
    assert_eq!(sends, 100, "one look at each");
    assert!(edge.stream(StreamId(0)).pending(51) && edge.is_idle(), "its owner knows that it has more");
}

#[test]
fn two_dirty_streams_take_turns() {
    let mut fanout = Fanout::new(1, 4096);
    for index in 0..200 {
        let channel = ChannelName::new(if index < 100 { "room:a" } else { "room:b" });
        fanout.subscribe(&channel, 0, SlowPolicy::Skip, Position::default(), subscriber(index, false));
    }
    let mut lapped = Vec::new();
    for name in ["room:a", "room:b"] {
        fanout.publish(&ChannelName::new(name), None, Audience::All, &mut lapped, |_, out| {
            out.extend(frame(1, 8))
        });
    }
    let order: Vec<u32> = std::iter::from_fn(|| fanout.next_transmit(|_| true)).map(|id| id.index).collect();
    assert_eq!(order.len(), 200);
    assert!(order[..CHUNK_SENDS as usize].iter().all(|index| *index < 100));
    assert!(order[CHUNK_SENDS as usize..2 * CHUNK_SENDS as usize].iter().all(|index| *index >= 100));
}

#[test]
fn a_subscriber_that_comes_during_a_pass_takes_nobodys_turn() {
    let mut fanout = Fanout::new(1, 2048);
    for index in 0..2 {
        subscribe(&mut fanout, index, false);
    }
    for _ in 0..2 {
        // The second pass begins where the first one ended: behind the last subscriber.
        fanout.publish(&ChannelName::new("room:1"), None, Audience::All, &mut Vec::new(), |_, out| {
            out.extend(frame(1, 8));
        });
        subscribe(&mut fanout, 2, false);
        let mut served = Vec::new();
        while let Some(connection) = fanout.next_transmit(|_| true) {
            let place =
                fanout.stream(StreamId(0)).subscribers().iter().position(|one| one.connection == connection);
            fanout.sent(StreamId(0), place.expect("a subscriber") as u32, 8, frame_bytes, &mut Vec::new());
            served.push(connection.index);
        }
        served.sort_unstable();
        assert_eq!(served[..2], [0, 1]);
        let third = fanout.stream(StreamId(0)).subscribers().len() as u32 - 1;
        fanout.unsubscribe(StreamId(0), third);
    }
}

#[test]
fn a_held_subscriber_waits_for_its_release() {
    let mut fanout = Fanout::new(1, 4096);
    let (stream, place) = subscribe(&mut fanout, 0, true);
    let mut lapped = Vec::new();
    fanout.publish(&ChannelName::new("room:1"), None, Audience::All, &mut lapped, |_, out| {
        out.extend(frame(1, 8))
    });
    assert_eq!(fanout.next_transmit(|_| true), None);
    fanout.release(stream, place);
    assert_eq!(fanout.next_transmit(|_| true), Some(connection(0)));
}

#[test]
fn a_channel_in_two_dialects_is_encoded_once_for_each() {
    let mut fanout = Fanout::new(1, 4096);
    let channel = ChannelName::new("room:1");
    for (index, dialect) in [(0, 0), (1, 1), (2, 1)] {
        fanout.subscribe(&channel, dialect, SlowPolicy::Skip, Position::default(), subscriber(index, false));
    }
    let mut encoded = Vec::new();
    fanout.publish(&channel, None, Audience::All, &mut Vec::new(), |dialect, out| {
        encoded.push(dialect);
        out.extend(frame(1, 8));
    });
    encoded.sort();
    assert_eq!(encoded, [0, 1]);
    for dialect in [0, 1] {
        while let Some(stream) = fanout.find(&channel, dialect) {
            fanout.unsubscribe(stream, 0);
            fanout.invariants();
        }
    }
    assert_eq!(fanout.size(), (0, 0));
}

#[test]
fn an_ended_channel_sends_nothing_and_its_name_is_free() {
    let mut fanout = Fanout::new(1, 4096);
    let channel = ChannelName::new("room:1");
    let subscribe = |fanout: &mut Fanout, index, dialect| {
        fanout.subscribe(&channel, dialect, SlowPolicy::Skip, Position::default(), subscriber(index, false))
    };
    let (old, _) = subscribe(&mut fanout, 0, 0);
    subscribe(&mut fanout, 1, 0);
    let (other, _) = subscribe(&mut fanout, 2, 1);
    fanout.publish(&channel, None, Audience::All, &mut Vec::new(), |_, out| out.extend(frame(1, 8)));
    assert_eq!(fanout.guests(&channel), [connection(1)]);
    let mut heard = fanout.end(&channel);
    heard.sort_by_key(|connection| connection.index);
    assert_eq!(heard, [0, 1, 2].map(connection));
    fanout.invariants();
    assert_eq!(fanout.next_transmit(|_| true), None, "what was not sent is dropped");
    let (new, place) = subscribe(&mut fanout, 3, 0);
    assert!(new != old && new != other);
    fanout.publish(&channel, None, Audience::All, &mut Vec::new(), |_, out| out.extend(frame(2, 8)));
    assert_eq!(fanout.next_transmit(|_| true), Some(connection(3)));
    let mut rest = Vec::new();
    fanout.take_pending(old, 0, &mut rest);
    fanout.take_pending(new, place, &mut rest);
    assert_eq!(serials(&rest), [2]);
    for stream in [old, old, other, new] {
        fanout.unsubscribe(stream, 0);
        fanout.invariants();
    }
    assert_eq!(fanout.size(), (0, 0));
}

#[test]
fn a_stream_without_frames_stays_small() {
    assert!(size_of::<Stream>() <= 120, "{}", size_of::<Stream>());
}
