use super::*;
use crate::protocol::http::parse_head;
use crate::protocol::websocket::{Opcode, Violation, write_frame, writer};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use proptest::prelude::*;

const BYTES_MAX: usize = 1 << 20;

fn agreed(offers: &[&str]) -> Option<Agreement> {
    let lines: String = offers.iter().map(|offer| format!("Sec-WebSocket-Extensions: {offer}\r\n")).collect();
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    parse_head(head.as_bytes(), |head| Ok(agree(head))).unwrap()
}

fn answer(offer: &str) -> Option<String> {
    let mut out = Vec::new();
    agreed(&[offer])?.write(&mut out);
    Some(String::from_utf8(out).unwrap().replace("\r\nSec-WebSocket-Extensions: ", ""))
}

#[test]
fn what_is_agreed_on() {
    let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate;client_max_window_bits=\"10\" ;server_no_context_takeover",
        "x-other, permessage-deflate; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits=7, permessage-deflate",
    ] {
        assert_eq!(answer(offer).as_deref(), Some(plain), "{offer}");
    }
    for bits in 8..=15 {
        let offer = format!("permessage-deflate; server_max_window_bits={bits}");
        assert_eq!(answer(&offer), Some(format!("{plain}; server_max_window_bits={bits}")));
        assert_eq!(agreed(&[&offer]).unwrap().window.get(), bits);
    }
    assert_eq!(agreed(&["x-other", "permessage-deflate"]).unwrap().window, WindowBits::MAX, "in two lines");
}

#[test]
fn what_is_declined() {
    for offer in [
        "",
        "permessage-bzip2",
        "permessage-deflate; mystery",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=999",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; server_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate;",
    ] {
        assert_eq!(answer(offer), None, "{offer}");
    }
}

/// The payload of a frame that was packed, if it was made smaller.
fn packed(payload: &[u8], window: WindowBits) -> Option<Vec<u8>> {
    let mut frame = Vec::new();
    write_frame(&mut frame, Opcode::Text, payload);
    let before = frame.clone();
    Compressor::default().pack(&mut frame, window);
    assert_eq!(writer::frame_bytes(&frame), frame.len());
    if frame[0] & COMPRESSED == 0 {
        assert_eq!(frame, before);
        return None;
    }
    assert!(frame.len() < before.len() && frame[0] & !COMPRESSED == before[0]);
    Some(writer::payload(&frame).unwrap().to_vec())
}

fn inflated(payload: &[u8]) -> Result<Option<Vec<u8>>, Violation> {
    Inflater::default().inflate(payload, BYTES_MAX).map(|message| message.map(<[u8]>::to_vec))
}

/// The examples of section 7.2.3: one block, a stored one, one with BFINAL set, two blocks.
#[test]
fn the_examples_of_the_rfc() {
    for payload in [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ] {
        assert_eq!(inflated(payload), Ok(Some(b"Hello".to_vec())), "{payload:02x?}");
    }
    // An empty message, section 7.2.3.6.
    assert_eq!(inflated(&[0x00]), Ok(Some(Vec::new())));
    // A reference into the message before has nothing to refer to: every message is for itself.
    assert_eq!(inflated(&[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Violation::NOT_DEFLATE));
}

#[test]
fn what_is_packed_is_the_same_message_for_every_window() {
    let words = "one two three four five six seven eight nine ten ";
    for bits in 8..=15 {
        let window = WindowBits::new(bits).unwrap();
        for length in [64, 256, 257, 1_000, 5_000, 40_000, 65_536] {
            let text: String =
                (0..).flat_map(|n| format!("{n}{words}").into_bytes()).map(char::from).take(length).collect();
            let Some(payload) = packed(text.as_bytes(), window) else {
                assert!(bits == 8 && length > 256 || length == 64, "{bits} bits, {length} bytes");
                continue;
            };
            let mut narrow = Decompress::new_with_window_bits(false, bits.max(9));
            let mut message = Vec::with_capacity(length + 1);
            let whole = [&payload[..], &TAIL].concat();
            narrow.decompress_vec(&whole, &mut message, FlushDecompress::Sync).unwrap();
            assert_eq!(message, text.as_bytes(), "{bits} bits, {length} bytes");
        }
    }
}

#[test]
fn what_would_not_be_smaller_goes_as_it_is() {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let noise: Vec<u8> = (0..1_000).map(|_| noise()).collect();
    assert_eq!(packed(&noise, WindowBits::MAX), None);
    assert_eq!(packed(b"", WindowBits::MAX), None);
    assert_eq!(packed(&[b'a'; 63], WindowBits::MAX), None, "too short");
    assert_eq!(packed(&[b'a'; 65_537], WindowBits::MAX), None, "too long for one turn");
    assert!(packed(&[b'a'; 65_536], WindowBits::MAX).is_some());
    let mut nothing = Vec::new();
    Compressor::default().pack(&mut nothing, WindowBits::MAX);
    assert!(nothing.is_empty());
}

fn deflated(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 100);
    Compress::new(Compression::best(), false).compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
    out.strip_suffix(&TAIL).unwrap().to_vec()
}

#[test]
fn a_bomb_ends_at_the_bound() {
    let bomb = deflated(&vec![0; 64 << 20]);
    let mut inflater = Inflater::default();
    for bytes_max in [0, 1, 1_000, 65_536] {
        assert_eq!(inflater.inflate(&bomb, bytes_max), Ok(None));
        assert!(inflater.message.capacity() <= (2 * bytes_max).max(ROOM_BYTES_MAX), "{bytes_max}");
    }
    assert_eq!(inflater.inflate(&deflated(b"after it"), 8), Ok(Some(&b"after it"[..])), "to the byte");
    assert_eq!(inflater.inflate(&deflated(b"after it."), 8), Ok(None));
}

/// What an inflater may have kept from a message before.
const ROOM_BYTES_MAX: usize = SPACE_BYTES_KEPT + (1 << 10);

#[test]
fn what_is_no_deflate_is_refused() {
    for payload in [&[0x07][..], &[0xff; 40], &[0x01, 0x05, 0x00, 0x00, 0x00]] {
        assert_eq!(inflated(payload), Err(Violation::NOT_DEFLATE), "{payload:02x?}");
    }
    // Streams that end over and over are work without bytes.
    let ends = |count: usize| [0x03, 0x00].repeat(count);
    assert_eq!(inflated(&ends(16)), Ok(Some(Vec::new())));
    assert_eq!(inflated(&ends(17)), Err(Violation::NOT_DEFLATE));
}

proptest! {
    #[test]
    fn any_message_comes_out_as_it_went_in(messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3_000), 1..4)) {
        let mut inflater = Inflater::default();
        for message in messages {
            prop_assert_eq!(inflater.inflate(&deflated(&message), BYTES_MAX), Ok(Some(&message[..])));
        }
    }

    #[test]
    fn any_bytes_keep_to_the_bound(payload: Vec<u8>, bytes_max in 0_usize..5_000) {
        if let Ok(Some(message)) = Inflater::default().inflate(&payload, bytes_max) {
            prop_assert!(message.len() <= bytes_max);
        }
    }
}
