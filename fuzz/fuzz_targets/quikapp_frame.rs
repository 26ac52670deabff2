//! Any text as a frame of Phoenix channels, in both versions: no panic, and what is read is answered with JSON that has the
//! same names.

#![no_main]

use corecast::surface::quikapp::frame::{Frame, Version, correlation, push_reply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for version in [Version::V1, Version::V2] {
        let Some((frame, _)) = Frame::read(version, text, &mut Default::default()) else { continue };
        let mut out = Vec::new();
        push_reply(&mut out, version, &correlation(&frame), "ok", false, |out| out.extend_from_slice(b"{}"));
        let reply: serde_json::Value = serde_json::from_slice(&out).expect("a reply is JSON");
        let name = if version == Version::V1 { &reply["topic"] } else { &reply[2] };
        assert_eq!(name.as_str(), Some(&*frame.name));
    }
});
