//! How the reader reads: in place, with little memory, with pauses and stops.

use super::*;

#[test]
fn it_is_small_and_keeps_nothing_between_messages() {
    assert!(size_of::<Reader>() <= 16);
    let mut reader = Reader::default();
    for frames in [frame(FIN | TEXT, "abc"), [frame(TEXT, "abc"), frame(PING, ""), frame(FIN, "d")].concat()]
    {
        for (index, byte) in frames.iter().enumerate() {
            reader.read(&mut [*byte], &LIMITS, |_| Flow::Continue).unwrap();
            let last = index + 1 == frames.len();
            assert_eq!((reader.is_idle(), reader.kept_bytes() == 0), (last, last));
        }
    }
    // A control frame alone leaves nothing either.
    for byte in frame(PING, "ping") {
        reader.read(&mut [byte], &LIMITS, |_| Flow::Continue).unwrap();
    }
    assert!(reader.is_idle());
}

#[test]
fn a_whole_message_is_read_where_it_lies() {
    let mut bytes = [frame(FIN | TEXT, "abc"), frame(FIN | BINARY, "def"), frame(PING, "g")].concat();
    let range = bytes.as_ptr_range();
    let mut visited = 0;
    let visit = |message: SocketMessage<'_>| {
        let payload = match message {
            SocketMessage::Text(text) => text.as_bytes(),
            SocketMessage::Binary(bytes) | SocketMessage::Ping(bytes) => bytes,
            _ => panic!("{message:?}"),
        };
        assert!(range.contains(&payload.as_ptr()));
        visited += 1;
        Flow::Continue
    };
    Reader::default().read(&mut bytes, &LIMITS, visit).unwrap();
    assert_eq!(visited, 3);
}

#[test]
fn a_ping_between_fragments_is_read_where_it_lies() {
    let mut reader = Reader::default();
    reader.read(&mut frame(TEXT, "abc"), &LIMITS, |_| Flow::Continue).unwrap();
    let mut bytes = frame(PING, "ping");
    let range = bytes.as_ptr_range();
    let visit = |message: SocketMessage<'_>| match message {
        SocketMessage::Ping(payload) if range.contains(&payload.as_ptr()) => Flow::Continue,
        other => panic!("{other:?}"),
    };
    reader.read(&mut bytes, &LIMITS, visit).unwrap();
}

#[test]
fn a_pause_keeps_the_rest_and_the_next_read_parses_it_first() {
    let mut reader = Reader::default();
    let mut texts = Vec::new();
    let mut read = |reader: &mut Reader, bytes: &[u8]| {
        let visit = |message: SocketMessage<'_>| {
            texts.push(Seen::from(message));
            Flow::Pause
        };
        reader.read(&mut bytes.to_vec(), &LIMITS, visit).unwrap();
        texts.len()
    };
    let frames = [frame(FIN | TEXT, "1"), frame(FIN | TEXT, "2"), frame(TEXT, "3")].concat();
    assert_eq!(read(&mut reader, &frames), 1);
    assert_eq!(reader.unparsed_bytes(), 14);
    reader.hold(&frame(FIN, "4"));
    assert_eq!(read(&mut reader, b""), 2);
    assert_eq!(read(&mut reader, &frame(FIN | TEXT, "5")), 3);
    assert_eq!(read(&mut reader, b""), 4);
    assert_eq!((reader.is_idle(), read(&mut reader, b"")), (true, 4));
    assert_eq!(texts, ["1", "2", "34", "5"].map(text));
}

#[test]
fn a_stop_drops_the_rest() {
    let frames = frame(FIN | TEXT, "1").repeat(2);
    for hold_first in [false, true] {
        let mut reader = Reader::default();
        let mut count = 0;
        if hold_first {
            reader.hold(&frames);
        }
        for _ in 0..2 {
            let visit = |_: SocketMessage<'_>| {
                count += 1;
                Flow::Stop
            };
            reader.read(&mut frames.clone(), &LIMITS, visit).unwrap();
        }
        assert_eq!((count, reader.is_ended(), reader.unparsed_bytes()), (1, true, 0));
    }
}

#[test]
fn memory_follows_what_arrived() {
    let limits = MessageLimits { message_bytes_max: 1 << 30, fragments_max: 1, compressed: false };
    let payload = vec![b'x'; 100_000];
    let bytes = frame(FIN | TEXT, &payload);
    let mut reader = Reader::default();
    let mut arrived = 0;
    for piece in bytes.chunks(1000) {
        reader.read(&mut piece.to_vec(), &limits, |_| Flow::Continue).unwrap();
        arrived += piece.len();
        assert!(reader.kept_bytes() <= 2 * arrived + 1024, "{} after {arrived}", reader.kept_bytes());
    }
    assert_eq!(reader.kept_bytes(), 0);
}
