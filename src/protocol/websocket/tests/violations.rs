//! What is refused (ATTACKS: frame length overflow, floods of fragments, framing rules).

use super::*;

#[test]
fn unmasked_frames() {
    assert_eq!(violated([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]), 1002);
    assert_eq!(violated([0x89, 0x00]), 1002);
}

#[test]
fn reserved_bits_and_opcodes() {
    for bit in [0x40, 0x20, 0x10, 0x70] {
        assert_eq!(violated(frame(FIN | TEXT | bit, "a")), 1002);
        assert_eq!(violated(frame(PING | bit, "a")), 1002);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(violated(frame(FIN | opcode, "a")), 1002);
        assert_eq!(violated(frame(opcode, "a")), 1002);
    }
}

#[test]
fn control_frames_are_short_and_whole() {
    for opcode in [8, 9, 10] {
        assert_eq!(violated(frame(opcode, "")), 1002, "fragmented");
        assert_eq!(violated(frame(FIN | opcode, [0; 126])), 1002, "126 bytes");
        assert_eq!(violated([FIN | opcode, 0xff]), 1002, "a 64-bit length");
    }
}

#[test]
fn fragments_out_of_place() {
    assert_eq!(violated(frame(CONTINUATION, "a")), 1002);
    assert_eq!(violated(frame(FIN, "a")), 1002);
    for opcode in [TEXT, BINARY, FIN | TEXT, FIN | BINARY] {
        assert_eq!(violated([frame(TEXT, "a"), frame(opcode, "b")].concat()), 1002);
    }
    let after = [frame(TEXT, "a"), frame(FIN, "b"), frame(FIN, "c")].concat();
    assert_eq!(seen(after), [text("ab"), Seen::Violated(1002)]);
}

#[test]
fn lengths_in_a_longer_form_than_needed() {
    for length in [0_u16, 1, 125] {
        let bytes = [&[FIN | BINARY, 0xfe][..], &length.to_be_bytes(), &MASK].concat();
        assert_eq!(violated(bytes), 1002, "16 bits for {length}");
    }
    for length in [0_u64, 125, 126, 65_535] {
        let bytes = [&[FIN | BINARY, 0xff][..], &length.to_be_bytes(), &MASK].concat();
        assert_eq!(violated(bytes), 1002, "64 bits for {length}");
    }
}

#[test]
fn lengths_that_overflow() {
    let declared = |first: u8, length: u64| [&[first, 0xff][..], &length.to_be_bytes(), &MASK].concat();
    for length in [1 << 63, u64::MAX, u64::MAX - 13] {
        assert_eq!(violated(declared(FIN | BINARY, length)), 1002, "the top bit");
    }
    for length in [(1 << 63) - 1, 1 << 62, 1 << 32, 65_536] {
        assert_eq!(violated(declared(FIN | BINARY, length)), 1009);
        assert_eq!(violated([frame(BINARY, "abc"), declared(FIN, length)].concat()), 1009, "the sum");
    }
    let unbounded =
        MessageLimits { message_bytes_max: usize::MAX, fragments_max: u32::MAX, compressed: false };
    let mut reader = Reader::default();
    let mut bytes = declared(BINARY, (1 << 63) - 1);
    assert_eq!(reader.read(&mut bytes, &unbounded, |_| Flow::Continue), Ok(()));
    assert!(reader.kept_bytes() < 1024, "nothing is allocated from a declared length");
}

#[test]
fn messages_over_the_limit_fail_by_their_declared_length() {
    let most = LIMITS.message_bytes_max;
    assert_eq!(seen(frame(FIN | TEXT, "x".repeat(most))), [Seen::Text("x".repeat(most))]);
    let over = frame(FIN | TEXT, "x".repeat(most + 1));
    assert_eq!(violated(&over), 1009);
    assert_eq!(violated(&over[..4]), 1009, "before any payload");
    let fits = [frame(TEXT, "x".repeat(200)), frame(FIN, "x".repeat(most - 200))].concat();
    assert_eq!(seen(fits), [Seen::Text("x".repeat(most))]);
    assert_eq!(violated([frame(TEXT, "x".repeat(200)), frame(FIN, "x".repeat(most - 199))].concat()), 1009);
    let control = MessageLimits { message_bytes_max: 0, ..LIMITS };
    assert_eq!(seen_within(&frame(PING, "ping"), &control), [Seen::Ping(b"ping".to_vec())]);
}

#[test]
fn floods_of_fragments() {
    for payload in ["", "x"] {
        let fragments = |count: usize| {
            [frame(TEXT, payload), frame(CONTINUATION, payload).repeat(count - 2), frame(FIN, payload)]
                .concat()
        };
        let most = LIMITS.fragments_max as usize;
        assert_eq!(seen(fragments(most)), [Seen::Text(payload.repeat(most))]);
        assert_eq!(violated(fragments(most + 1)), 1008);
        let endless = [frame(TEXT, payload), frame(CONTINUATION, payload).repeat(50)].concat();
        assert_eq!(violated(endless), 1008, "the end is not waited for");
    }
    let one = MessageLimits { fragments_max: 0, ..LIMITS };
    assert_eq!(
        seen_within(&frame(FIN | TEXT, "a"), &one),
        [text("a")],
        "an unfragmented message always passes"
    );
}

#[test]
fn text_that_is_not_utf_8() {
    for bad in
        [&b"\xff"[..], b"ab\xc0\xafcd", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\xe2\x82", b"\x80"]
    {
        assert_eq!(violated(frame(FIN | TEXT, bad)), 1007, "{bad:02x?}");
        assert_eq!(violated([frame(TEXT, "ok"), frame(FIN, bad)].concat()), 1007, "{bad:02x?}");
        assert_eq!(seen(frame(FIN | BINARY, bad)), [Seen::Binary(bad.to_vec())]);
    }
    assert_eq!(violated([frame(TEXT, b"\xe2\x82"), frame(FIN, b"\xac\x80")].concat()), 1007);
    assert_eq!(violated([frame(TEXT, b"\xe2\x82"), frame(FIN, "")].concat()), 1007, "cut short");
}

#[test]
fn text_that_cannot_become_utf_8_fails_at_once() {
    // Invalid over two fragments, the message goes on: nothing more is waited for.
    assert_eq!(violated([frame(TEXT, b"\xce\xba\xe1"), frame(CONTINUATION, b"\xff")].concat()), 1007);
    // Inside a frame that has not arrived.
    let bytes = frame(FIN | TEXT, b"\xf4\x90\x80\x80 and more");
    let mut reader = Reader::default();
    let mut at = 0;
    let failed = loop {
        if reader.read(&mut [bytes[at]], &LIMITS, |_| Flow::Continue).is_err() {
            break at;
        }
        at += 1;
    };
    assert_eq!(failed, 6 + 1, "at the second byte of the payload");
}

#[test]
fn malformed_closes() {
    assert_eq!(violated(frame(CLOSE, [3])), 1002, "one byte");
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        assert_eq!(violated(frame(CLOSE, code.to_be_bytes())), 1002, "{code}");
    }
    assert_eq!(violated(frame(CLOSE, b"\x03\xe8\xff")), 1007, "the reason");
    assert_eq!(violated(frame(CLOSE, b"\x03\xe8\xe2\x82")), 1007, "the reason is cut short");
}

#[test]
fn nothing_is_read_after_a_violation() {
    let mut reader = Reader::default();
    assert!(reader.read(&mut [0xff], &LIMITS, |_| Flow::Continue).is_err());
    let mut good = frame(FIN | TEXT, "late");
    reader.hold(&good);
    assert_eq!(reader.read(&mut good, &LIMITS, |message| panic!("{message:?}")), Ok(()));
    assert_eq!((reader.unparsed_bytes(), reader.is_idle()), (0, true));
}
