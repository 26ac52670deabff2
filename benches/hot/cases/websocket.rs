//! The WebSocket reader and writer.

use super::Case;
use corecast::protocol::Flow;
use corecast::protocol::websocket::{MessageLimits, Opcode, Reader, SocketMessage, write_frame};
use std::hint::black_box;

/// Messages in one buffer.
const MESSAGES: u64 = 16;

/// Reading messages of several sizes, sixteen in a buffer, and writing frames.
pub const CASES: &[Case] = &[
    Case { name: "read 16 x 16", elements: MESSAGES, make: || read(16) },
    Case { name: "read 16 x 64", elements: MESSAGES, make: || read(64) },
    Case { name: "read 16 x 1024", elements: MESSAGES, make: || read(1024) },
    Case { name: "read 16 x 16384", elements: MESSAGES, make: || read(16 << 10) },
    Case { name: "write 64", elements: 1, make: || write(64) },
    Case { name: "write 1024", elements: 1, make: || write(1024) },
];

/// A text frame as a client sends it: masked. Unmasked in place it is another one with the same mask, and after two
/// readings what it was.
pub fn masked(text: &[u8]) -> Vec<u8> {
    // Small enough to turn letters into other printable characters: the second reading finds good UTF-8 too.
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut frame = Vec::new();
    write_frame(&mut frame, Opcode::Text, text);
    let header = frame.len() - text.len();
    frame[1] |= 0x80;
    frame.truncate(header);
    frame.extend(MASK);
    frame.extend(text.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn read(size: usize) -> Box<dyn FnMut()> {
    let limits = MessageLimits { message_bytes_max: 1 << 20, fragments_max: 16, compressed: false };
    let mut frames = masked(&vec![b'a'; size]).repeat(MESSAGES as usize);
    let mut reader = Reader::default();
    Box::new(move || {
        let mut seen = 0;
        let result = reader.read(&mut frames, &limits, |message| {
            seen += u64::from(matches!(message, SocketMessage::Text(_)));
            Flow::Continue
        });
        assert!(result.is_ok() && seen == MESSAGES);
    })
}

fn write(size: usize) -> Box<dyn FnMut()> {
    let (text, mut out) = (vec![b'a'; size], Vec::with_capacity(size + 16));
    Box::new(move || {
        out.clear();
        write_frame(&mut out, Opcode::Text, black_box(&text));
    })
}
