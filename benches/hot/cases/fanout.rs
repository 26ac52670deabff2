//! A stream's ring and the fan-out over its cursors, without frames being encoded.

use super::Case;
use corecast::base::ids::ConnectionId;
use corecast::base::ring::ByteRing;
use corecast::broker::fanout::{Audience, Fanout, NewSubscriber, StreamId};
use corecast::model::channel::{ChannelName, Position};
use corecast::model::definition::SlowPolicy;
use corecast::protocol::websocket::writer::frame_bytes;
use corecast::protocol::websocket::{Opcode, write_frame};
use std::hint::black_box;

/// Publications between two passes over the subscribers.
const BURST: u64 = 16;

/// The ring alone, then a burst to some subscribers.
pub const CASES: &[Case] = &[
    Case { name: "ring: push and run", elements: 1, make: push_and_run },
    Case { name: "fan out 16 frames to 1", elements: BURST, make: || fan_out(1) },
    Case { name: "fan out 16 frames to 100", elements: BURST * 100, make: || fan_out(100) },
    Case { name: "fan out 16 frames to 1000", elements: BURST * 1000, make: || fan_out(1000) },
];

fn frame() -> Vec<u8> {
    let mut frame = Vec::new();
    write_frame(&mut frame, Opcode::Text, &[b'a'; 128]);
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

fn channel() -> ChannelName {
    ChannelName::new("room:1")
}

fn fan_out(subscribers: u32) -> Box<dyn FnMut()> {
    let (frame, mut fanout) = (frame(), Fanout::new(1, 4 << 20));
    let subscribe = |index| {
        let connection = ConnectionId { index, generation: 0 };
        let subscriber = NewSubscriber { connection, held: false, authenticated: true };
        fanout.subscribe(&channel(), 0, SlowPolicy::Disconnect, Position::default(), subscriber)
    };
    let places: Vec<(StreamId, u32)> = (0..subscribers).map(subscribe).collect();
    Box::new(move || {
        let (mut lapped, mut torn) = (Vec::new(), Vec::new());
        for _ in 0..BURST {
            fanout.publish(&channel(), None, Audience::All, &mut lapped, |_, out| {
                out.extend_from_slice(&frame)
            });
        }
        while let Some(connection) = fanout.next_transmit(|_| true) {
            let (stream, place) = places[connection.index as usize];
            let (first, second) = fanout.stream(stream).run(place);
            let bytes = first.len() + second.len();
            fanout.sent(stream, place, bytes, frame_bytes, &mut torn);
        }
        assert!(lapped.is_empty() && torn.is_empty());
    })
}
