//! The WebSocket reader and writer.

use corecast::protocol::Next;
use corecast::protocol::websocket::{Message, MessageLimits, Opcode, Reader, write_frame};
use criterion::{BatchSize, Criterion, Throughput};
use std::hint::black_box;

/// A text frame as a client sends it: masked.
pub fn masked(text: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = Vec::new();
    write_frame(&mut frame, Opcode::Text, text);
    let header = frame.len() - text.len();
    frame[1] |= 0x80;
    frame.truncate(header);
    frame.extend(MASK);
    frame.extend(text.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Reading messages of several sizes, sixteen in a buffer, and writing frames.
pub fn benches(criterion: &mut Criterion) {
    let limits = MessageLimits { message_bytes_max: 1 << 20, fragments_max: 16 };
    let mut group = criterion.benchmark_group("websocket");
    for size in [16, 64, 1024, 16 << 10] {
        let text = vec![b'a'; size];
        let frames = masked(&text).repeat(16);
        group.throughput(Throughput::Elements(16));
        group.bench_function(format!("read 16 x {size}"), |bencher| {
            let mut reader = Reader::default();
            let read = |mut bytes: Vec<u8>| {
                let mut seen = 0;
                let result = reader.read(&mut bytes, &limits, |message| {
                    seen += usize::from(matches!(message, Message::Text(_)));
                    Next::Continue
                });
                assert!(result.is_ok() && seen == 16);
                bytes
            };
            bencher.iter_batched(|| frames.clone(), read, BatchSize::SmallInput);
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("write {size}"), |bencher| {
            let mut out = Vec::with_capacity(size + 16);
            bencher.iter(|| {
                out.clear();
                write_frame(&mut out, Opcode::Text, black_box(&text));
            });
        });
    }
    group.finish();
}
