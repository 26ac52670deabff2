//! Frames of compressed messages (RFC 7692 section 6), which the reader passes on as they came.

use super::*;

const RSV1: u8 = 0x40;
const AGREED: MessageLimits = MessageLimits { compressed: true, ..super::LIMITS };

fn seen(bytes: impl AsRef<[u8]>) -> Vec<Seen> {
    seen_within(bytes.as_ref(), &AGREED)
}

#[test]
fn the_first_frame_says_it_for_the_whole_message() {
    let is_text = |text: bool, payload: &[u8]| Seen::Compressed(text, payload.to_vec());
    assert_eq!(seen(frame(FIN | TEXT | RSV1, [0xf2, 0x48])), [is_text(true, &[0xf2, 0x48])]);
    assert_eq!(seen(frame(FIN | BINARY | RSV1, [0x00])), [is_text(false, &[0])]);
    let fragments = [
        frame(TEXT | RSV1, [0xf2, 0x48]),
        frame(PING, "between"),
        frame(CONTINUATION, ""),
        frame(FIN, [0xff, 0xff]),
        frame(FIN | TEXT, "as it is"),
    ];
    let expected =
        [Seen::Ping(b"between".into()), is_text(true, &[0xf2, 0x48, 0xff, 0xff]), text("as it is")];
    assert_eq!(seen(fragments.concat()), expected, "compressed text is not UTF-8 before it is inflated");
}

#[test]
fn the_bit_is_refused_elsewhere() {
    for first in [PING, PONG, CLOSE] {
        assert_eq!(seen(frame(first | RSV1, "")), [Seen::Violated(1002)], "a control frame");
    }
    for begin in [TEXT, TEXT | RSV1] {
        let bytes = [frame(begin, "a"), frame(FIN | RSV1, "b")].concat();
        assert_eq!(seen(bytes), [Seen::Violated(1002)], "a continuation");
    }
    for bits in [0x20, 0x10, 0x60, 0x50] {
        assert_eq!(seen(frame(FIN | TEXT | bits, "a")), [Seen::Violated(1002)], "another bit");
    }
}

#[test]
fn plain_text_is_still_judged_as_it_comes() {
    assert_eq!(seen(frame(TEXT, [0xff])), [Seen::Violated(1007)]);
    assert_eq!(
        seen(frame(FIN | TEXT | RSV1, [7; 301])),
        [Seen::Violated(1009)],
        "compressed bytes are bounded too"
    );
}
