//! A stream's ring and the fan-out over its cursors, without frames being encoded.

use corecast::base::ids::ConnectionId;
use corecast::base::ring::ByteRing;
use corecast::broker::edge::{Audience, Edge, NewSubscriber};
use corecast::model::channel::{ChannelName, Position};
use corecast::model::definition::SlowPolicy;
use corecast::protocol::websocket::writer::frame_bytes;
use corecast::protocol::websocket::{Opcode, write_frame};
use criterion::{Criterion, Throughput};
use std::hint::black_box;

/// Publications between two passes over the subscribers.
const BURST: usize = 16;

/// The ring alone, then a burst to many subscribers.
pub fn benches(criterion: &mut Criterion) {
    let mut frame = Vec::new();
    write_frame(&mut frame, Opcode::Text, &[b'a'; 128]);
    let mut group = criterion.benchmark_group("edge");
    group.bench_function("ring: push and run", |bencher| {
        let mut ring = ByteRing::default();
        bencher.iter(|| {
            assert!(ring.grow_for(frame.len(), 64 << 10));
            ring.push(&frame);
            black_box(ring.run(ring.tail(), ring.head()));
            ring.release_to(ring.head());
        });
    });
    for subscribers in [1u32, 100, 1000] {
        group.throughput(Throughput::Elements(u64::from(subscribers) * BURST as u64));
        group.bench_function(format!("fan out {BURST} frames to {subscribers}"), |bencher| {
            let (mut edge, places) = edge(subscribers);
            bencher.iter(|| fan_out(&mut edge, &places, &frame));
        });
    }
    group.finish();
}

fn channel() -> ChannelName {
    ChannelName::new("room:1")
}

type Place = (corecast::broker::edge::StreamId, u32);

fn edge(subscribers: u32) -> (Edge, Vec<Place>) {
    let mut edge = Edge::new(1, 4 << 20);
    let subscribe = |index| {
        let connection = ConnectionId { index, generation: 0 };
        let subscriber = NewSubscriber { connection, held: false, authenticated: true };
        edge.subscribe(&channel(), 0, SlowPolicy::Disconnect, Position::default(), subscriber)
    };
    let places = (0..subscribers).map(subscribe).collect();
    (edge, places)
}

fn fan_out(edge: &mut Edge, places: &[Place], frame: &[u8]) {
    let (mut lapped, mut torn) = (Vec::new(), Vec::new());
    for _ in 0..BURST {
        edge.publish(&channel(), None, Audience::All, &mut lapped, |_, out| out.extend_from_slice(frame));
    }
    while let Some(connection) = edge.next_transmit(|_| true) {
        let (stream, place) = places[connection.index as usize];
        let (first, second) = edge.stream(stream).run(place);
        let bytes = first.len() + second.len();
        edge.sent(stream, place, bytes, frame_bytes, &mut torn);
    }
    assert!(lapped.is_empty() && torn.is_empty());
}
