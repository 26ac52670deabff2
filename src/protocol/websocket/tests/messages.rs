//! What a well-behaved client sends.

use super::*;

#[test]
fn the_examples_of_section_5_7() {
    assert_eq!(seen([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]), [text("Hello")]);
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(seen(pong), [Seen::Pong(b"Hello".to_vec())]);
    assert_eq!(seen([frame(TEXT, "Hel"), frame(FIN, "lo")].concat()), [text("Hello")]);
    let limits = MessageLimits { message_bytes_max: 65_536, fragments_max: 1, compressed: false };
    for bytes in [vec![7; 256], vec![8; 65_536]] {
        let seen = read_pieces([&frame(FIN | BINARY, &bytes)[..]], &limits, false);
        assert_eq!(seen, [Seen::Binary(bytes)]);
    }
}

#[test]
fn messages_of_every_length_form() {
    let limits = MessageLimits { message_bytes_max: 70_000, fragments_max: 1, compressed: false };
    for length in [0, 1, 3, 4, 31, 32, 33, 124, 125, 126, 127, 65_535, 65_536, 65_537] {
        let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
        let bytes = [frame(FIN | BINARY, &payload), frame(FIN | TEXT, "x".repeat(length))].concat();
        let expected = [Seen::Binary(payload), Seen::Text("x".repeat(length))];
        assert_eq!(read_pieces([&bytes[..]], &limits, false), expected);
        assert_eq!(read_pieces(bytes.chunks(1000), &limits, false), expected);
        assert_eq!(read_pieces(bytes.chunks(7), &limits, true), expected);
    }
}

#[test]
fn messages_follow_each_other() {
    let bytes = [
        frame(FIN | TEXT, "a"),
        frame(FIN | BINARY, "b"),
        frame(FIN | TEXT, ""),
        frame(PING, ""),
        frame(PONG, "unasked"),
        frame(FIN | TEXT, "\u{20ac}"),
    ];
    let expected = [
        text("a"),
        Seen::Binary(b"b".to_vec()),
        text(""),
        Seen::Ping(vec![]),
        Seen::Pong(b"unasked".to_vec()),
        text("\u{20ac}"),
    ];
    assert_eq!(seen(bytes.concat()), expected);
}

#[test]
fn control_frames_may_come_between_fragments() {
    let bytes = [
        frame(TEXT, "a"),
        frame(PING, "1"),
        frame(CONTINUATION, ""),
        frame(PONG, "x".repeat(125)),
        frame(FIN, "b"),
        frame(FIN | TEXT, "c"),
    ];
    let expected = [Seen::Ping(b"1".to_vec()), Seen::Pong(vec![b'x'; 125]), text("ab"), text("c")];
    assert_eq!(seen(bytes.concat()), expected);
    let closed = [frame(BINARY, "a"), frame(CLOSE, ""), frame(FIN, "b")].concat();
    assert_eq!(seen(closed), [Seen::Close(None)]);
}

#[test]
fn a_character_may_be_split_over_fragments() {
    let whole = "\u{e4}\u{20ac}\u{1f600}";
    for cut in 0..=whole.len() {
        for second in cut..=whole.len() {
            let bytes = [
                frame(TEXT, &whole.as_bytes()[..cut]),
                frame(CONTINUATION, &whole.as_bytes()[cut..second]),
                frame(FIN, &whole.as_bytes()[second..]),
            ];
            assert_eq!(seen(bytes.concat()), [text(whole)]);
        }
    }
}

#[test]
fn a_close_ends_what_is_read() {
    assert_eq!(seen([frame(CLOSE, ""), frame(FIN | TEXT, "late")].concat()), [Seen::Close(None)]);
    assert_eq!(
        seen([frame(CLOSE, [3, 232]), vec![0xff; 9]].concat()),
        [Seen::Close(Some((1000, String::new())))]
    );
    let reason = "\u{e4}".repeat(61);
    let close = frame(CLOSE, [&3001_u16.to_be_bytes(), reason.as_bytes()].concat());
    assert_eq!(seen(close), [Seen::Close(Some((3001, reason)))]);
}

#[test]
fn every_code_of_the_registry_may_close() {
    for code in
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999_u16]
    {
        assert_eq!(seen(frame(CLOSE, code.to_be_bytes())), [Seen::Close(Some((code, String::new())))]);
    }
}
