//! Any frames into a file, and any bytes as one: what was written is read back cluster by cluster, and what is no file is read
//! without a panic.

#![no_main]

use corecast::protocol::webm::{
    Block, Codec, FIRST_CLUSTER, Picture, Piece, Track, Writer, next_cluster, picture, read_duration_ms, read_tracks,
};
use libfuzzer_sys::fuzz_target;

fn unknown() -> Picture {
    Picture { width: 0, height: 0, private: Vec::new() }
}

fuzz_target!(|input: (Vec<(u16, bool, Vec<u8>)>, Vec<u8>)| {
    let (frames, bytes) = input;
    let _ = (next_cluster(&bytes), read_tracks(&bytes), read_duration_ms(&bytes));
    for codec in [Codec::Vp8(unknown()), Codec::Vp9(unknown()), Codec::Av1(unknown())] {
        let found = picture(&codec, &bytes);
        assert!(found.is_none_or(|picture| picture.width > 0 && picture.height > 0));
    }
    let (mut writer, mut file) = Writer::begin(0);
    let codec = Codec::Opus { channels: 1, pre_skip: 0 };
    let (track, _) = writer.add(Track { title: "mix".into(), codec, is_default: true }).expect("room");
    let mut time_ms = 0;
    let mut blocks = Vec::new();
    for (after_ms, is_key_frame, data) in frames {
        time_ms += u64::from(after_ms);
        blocks.push(Block { track, time_ms, is_key_frame, data });
    }
    if let Piece::Append(clusters) = writer.append(&blocks) {
        file.extend(clusters);
    }
    let (mut again, mut at) = (Writer::resume(), FIRST_CLUSTER as usize);
    while let Ok(Some(cluster)) = next_cluster(&file[at..]) {
        again.saw(&cluster);
        at += cluster.length as usize;
    }
    assert_eq!(at, file.len());
    assert_eq!(again.finish(time_ms), writer.finish(time_ms));
});
