//! A stream's ring and the fan-out over its cursors, without frames being encoded.

use super::Case;
use corecast::base::ids::ConnectionId;
use corecast::base::limits::Limits;
use corecast::base::ring::ByteRing;
use corecast::broker::fanout::{Audience, Encoding, Fanout, NewSubscriber};
use corecast::model::channel::{ChannelName, Position};
use corecast::model::definition::SlowPolicy;
use corecast::protocol::framing::Framing;
use std::hint::black_box;

/// Publications between two passes over the subscribers.
const BURST: u64 = 16;

/// The ring alone, a burst to some subscribers, and what one connection does with one of the channels that it hears:
/// the same whatever else it hears.
pub const CASES: &[Case] = &[
    Case { name: "ring: push and run", elements: 1, make: push_and_run },
    Case { name: "fan out 16 frames to 1", elements: BURST, make: || fan_out(1) },
    Case { name: "fan out 16 frames to 100", elements: BURST * 100, make: || fan_out(100) },
    Case { name: "fan out 16 frames to 1000", elements: BURST * 1000, make: || fan_out(1000) },
    Case { name: "one channel of 1", elements: 1, make: || one_of(1) },
    Case { name: "one channel of 1000", elements: 1, make: || one_of(1000) },
];

fn frame() -> Vec<u8> {
    let mut frame = Vec::new();
    Framing::WebSocket.write(&mut frame, |out| out.extend_from_slice(&[b'a'; 128]));
    frame
}

fn push_and_run() -> Box<dyn FnMut()> {
    let (frame, mut ring) = (frame(), ByteRing::default());
    Box::new(move || {
        assert!(ring.grow_for(frame.len(), 64 << 10));
        ring.push(&frame);
        black_box(ring.run(ring.tail(), ring.head()));
        ring.release_to(ring.head());
    })
}

fn channel(number: u32) -> ChannelName {
    ChannelName::new(&format!("room:{number}"))
}

fn subscribe(fanout: &mut Fanout, channel: &ChannelName, index: u32) -> ConnectionId {
    let connection = ConnectionId { index, generation: 0 };
    let encoding = Encoding { dialect: 0, framing: Framing::WebSocket };
    let subscriber = NewSubscriber { connection, encoding, guest: false, paused: false };
    fanout.subscribe(channel, SlowPolicy::Disconnect, Position::default(), subscriber);
    connection
}

fn publish(fanout: &mut Fanout, channel: &ChannelName, frame: &[u8]) {
    let (mut lapped, mut aside) = (Vec::new(), Vec::new());
    fanout.publish(channel, None, Audience::All, &mut lapped, &mut aside, |_, out| {
        out.extend_from_slice(frame);
    });
    assert!(lapped.is_empty() && aside.is_empty());
}

/// Writes everything to everybody.
fn write_all(fanout: &mut Fanout) {
    let mut torn = Vec::new();
    while let Some(connection) = fanout.next_transmit(|_| true) {
        let mut bytes = 0;
        fanout.runs(connection, |piece| {
            bytes += piece.len();
            true
        });
        fanout.sent(connection, bytes, &mut torn);
    }
    assert!(torn.is_empty());
}

fn fan_out(subscribers: u32) -> Box<dyn FnMut()> {
    let (frame, channel, mut fanout) = (frame(), channel(1), Fanout::new(1, Limits::default().into()));
    for index in 0..subscribers {
        subscribe(&mut fanout, &channel, index);
    }
    Box::new(move || {
        (0..BURST).for_each(|_| publish(&mut fanout, &channel, &frame));
        write_all(&mut fanout);
    })
}

fn one_of(channels: u32) -> Box<dyn FnMut()> {
    let (frame, mut fanout) = (frame(), Fanout::new(1, Limits::default().into()));
    for number in 0..channels {
        subscribe(&mut fanout, &channel(number), 0);
    }
    let channel = channel(channels / 2);
    Box::new(move || {
        publish(&mut fanout, &channel, &frame);
        write_all(&mut fanout);
        publish(&mut fanout, &channel, &frame);
        let (connection, mut out) = (ConnectionId { index: 0, generation: 0 }, Vec::new());
        assert!(fanout.hears(connection, &channel));
        fanout.take_pending(connection, &channel, &mut out);
        fanout.unsubscribe(connection, &channel);
        subscribe(&mut fanout, &channel, 0);
        black_box(out);
    })
}
