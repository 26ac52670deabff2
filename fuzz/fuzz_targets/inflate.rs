//! Any bytes as a compressed message, with any bound: no panic, never more than the bound, and the same after other messages as alone.

#![no_main]

use corecast::protocol::websocket::deflate::Inflater;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8], &[u8])| {
    let (bytes_max, before, payload) = input;
    let bytes_max = usize::from(bytes_max);
    let mut used = Inflater::default();
    let _ = used.inflate(before, bytes_max);
    let after = used.inflate(payload, bytes_max);
    let mut fresh = Inflater::default();
    let alone = fresh.inflate(payload, bytes_max);
    assert_eq!(after, alone);
    if let Ok(Some(message)) = alone {
        assert!(message.len() <= bytes_max);
    }
});
