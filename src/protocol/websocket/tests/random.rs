//! Random streams of frames, and agreement with another implementation.

use super::*;
use crate::protocol::websocket::{Opcode, write_frame};
use proptest::prelude::*;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{FrameHeader, FrameSocket};

/// One frame, mostly valid.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![FIN | TEXT, FIN | BINARY, TEXT, BINARY, CONTINUATION, FIN, PING, PONG]),
        1 => Just(CLOSE),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        "\\PC{0,12}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..8),
        Just(vec![3, 0xe8]),
        prop::collection::vec(Just(b'x'), 120..140),
    ];
    (first, payload).prop_map(|(first, payload)| frame(first, payload))
}

/// The bytes in pieces of these lengths, again and again.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min(*length));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

proptest! {
    #[test]
    fn any_frames_in_any_pieces_see_the_same(
        frames in prop::collection::vec(any_frame(), 0..8),
        lengths in prop::collection::vec(1_usize..40, 1..10),
        pause: bool,
    ) {
        let bytes = frames.concat();
        let whole = read_pieces([&bytes[..]], &LIMITS, false);
        prop_assert_eq!(read_pieces(cut(&bytes, &lengths), &LIMITS, pause), whole);
    }

    #[test]
    fn what_another_implementation_writes_is_read(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6),
        mask: [u8; 4],
        lengths in prop::collection::vec(1_usize..400, 1..10),
    ) {
        let mut bytes = Vec::new();
        for payload in &payloads {
            let header =
                FrameHeader { opcode: OpCode::Data(Data::Binary), mask: Some(mask), ..FrameHeader::default() };
            header.format(payload.len() as u64, &mut bytes).unwrap();
            bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
        let expected: Vec<Seen> = payloads.into_iter().map(Seen::Binary).collect();
        prop_assert_eq!(read_pieces(cut(&bytes, &lengths), &LIMITS, false), expected);
    }

    #[test]
    fn what_is_written_is_read_by_another_implementation(
        payload in prop::collection::vec(any::<u8>(), 0..70_000),
        ping in prop::collection::vec(any::<u8>(), 0..126),
    ) {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, Opcode::Binary, &payload);
        write_frame(&mut bytes, Opcode::Ping, &ping);
        let mut socket = FrameSocket::new(std::io::Cursor::new(bytes));
        let first = socket.read(None).unwrap().unwrap();
        prop_assert_eq!((first.header().opcode, first.payload()), (OpCode::Data(Data::Binary), &payload[..]));
        let second = socket.read(None).unwrap().unwrap();
        prop_assert_eq!((second.header().opcode, second.payload()), (OpCode::Control(Control::Ping), &ping[..]));
    }
}
