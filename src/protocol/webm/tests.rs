//! Files read back by a demuxer that shares nothing with the writer.

use super::*;
use matroska_demuxer::{Frame, MatroskaFile, TrackType};
use std::io::Cursor;

const STARTED_MS: u64 = 1_705_314_600_000;

/// A file as it is on a disk.
#[derive(Default)]
struct Disk(Vec<u8>);

impl Disk {
    fn put(&mut self, piece: Piece) {
        match piece {
            Piece::Append(bytes) => self.0.extend(bytes),
            Piece::At(at, bytes) => self.0[at as usize..at as usize + bytes.len()].copy_from_slice(&bytes),
        }
    }
}

fn audio(title: &str, is_default: bool) -> Track {
    Track { title: title.into(), codec: Codec::Opus { channels: 1, pre_skip: 312 }, is_default }
}

fn video(title: &str) -> Track {
    let picture = Picture { width: 640, height: 360, private: vec![1, 1, 0] };
    Track { title: title.into(), codec: Codec::Vp9(picture), is_default: true }
}

fn block(track: u64, time_ms: u64, is_key_frame: bool) -> Block {
    Block { track, time_ms, is_key_frame, data: vec![track as u8; 3 + time_ms as usize % 7] }
}

/// A file of two people, the second of whom comes after two seconds; every 20 ms a frame of each.
fn recorded() -> (Writer, Disk, Vec<Block>) {
    let (mut writer, head) = Writer::begin(STARTED_MS);
    let mut disk = Disk(head);
    let add = |writer: &mut Writer, disk: &mut Disk, track| {
        let (number, piece) = writer.add(track).expect("room");
        disk.put(piece);
        number
    };
    assert_eq!(add(&mut writer, &mut disk, audio("mix", true)), 1);
    assert_eq!(add(&mut writer, &mut disk, video("ada")), 2);
    let mut all = Vec::new();
    for second in 0..4 {
        if second == 2 {
            assert_eq!(add(&mut writer, &mut disk, audio("bob", false)), 3);
        }
        let times = (0..50).map(|at| second * 1_000 + at * 20);
        let tracks = if second < 2 { 1..=2 } else { 1..=3 };
        let blocks: Vec<_> = times
            .flat_map(|time_ms| {
                tracks.clone().map(move |track| block(track, time_ms, track != 2 || time_ms % 2_000 == 0))
            })
            .collect();
        disk.put(writer.append(&blocks));
        all.extend(blocks);
    }
    (writer, disk, all)
}

fn frames(bytes: &[u8]) -> (MatroskaFile<Cursor<&[u8]>>, Vec<Block>) {
    let mut file = MatroskaFile::open(Cursor::new(bytes)).expect("a file");
    let (mut frame, mut read) = (Frame::default(), Vec::new());
    while file.next_frame(&mut frame).expect("frames") {
        read.push(Block {
            track: frame.track,
            time_ms: frame.timestamp,
            is_key_frame: frame.is_keyframe.unwrap_or_default(),
            data: frame.data.clone(),
        });
    }
    (file, read)
}

#[test]
fn what_was_written_is_read_by_another_demuxer() {
    let (mut writer, mut disk, blocks) = recorded();
    writer.finish(4_000).into_iter().for_each(|piece| disk.put(piece));
    assert_eq!(disk.0.len() as u64, writer.length());
    let (mut file, read) = frames(&disk.0);
    assert_eq!(read, blocks);
    assert_eq!(file.ebml_header().doc_type(), "webm");
    assert_eq!(file.info().duration(), Some(4_000.0));
    let since_2001 = file.info().date_utc().expect("a date");
    assert_eq!(since_2001 as u64 / 1_000_000, STARTED_MS - 978_307_200_000);
    let tracks = file.tracks();
    let titles: Vec<_> = tracks.iter().map(|track| track.name().unwrap_or_default()).collect();
    assert_eq!(titles, ["mix", "ada", "bob"]);
    let kinds: Vec<_> =
        tracks.iter().map(|track| (track.track_type(), track.codec_id(), track.flag_default())).collect();
    assert_eq!(
        kinds,
        [
            (TrackType::Audio, "A_OPUS", true),
            (TrackType::Video, "V_VP9", true),
            (TrackType::Audio, "A_OPUS", false),
        ]
    );
    let head = tracks[0].codec_private().expect("a head of Opus");
    assert_eq!(head, b"OpusHead\x01\x01\x38\x01\x80\xBB\x00\x00\x00\x00\x00");
    assert_eq!(tracks[0].codec_delay(), Some(6_500_000));
    let pictures = tracks[1].video().expect("of pictures");
    assert_eq!((pictures.pixel_width().get(), pictures.pixel_height().get()), (640, 360));
    file.seek(2_500).expect("an index");
    let mut frame = Frame::default();
    assert!(file.next_frame(&mut frame).expect("a frame"));
    assert!((2_000..=2_500).contains(&frame.timestamp), "played from {}", frame.timestamp);
}

#[test]
fn a_file_that_is_cut_off_anywhere_plays_up_to_there() {
    let (_, disk, blocks) = recorded();
    let mut whole = Writer::resume();
    let mut at = FIRST_CLUSTER as usize;
    let mut ends = vec![at];
    while let Ok(Some(cluster)) = next_cluster(&disk.0[at..]) {
        whole.saw(&cluster);
        at += cluster.length as usize;
        ends.push(at);
    }
    assert_eq!((ends.len(), at), (5, disk.0.len()));
    for cut in ends.windows(2).flat_map(|pair| [pair[0], pair[0] + 1, pair[0] + 5, pair[1] - 1]) {
        let mut writer = Writer::resume();
        let mut disk = Disk(disk.0[..cut].to_vec());
        let mut at = FIRST_CLUSTER as usize;
        while let Ok(Some(cluster)) = next_cluster(&disk.0[at..]) {
            writer.saw(&cluster);
            at += cluster.length as usize;
        }
        assert!(ends.contains(&at), "up to a whole cluster");
        disk.0.truncate(at);
        assert_eq!(writer.length(), at as u64);
        if writer.is_empty() {
            assert_eq!(cut as u64 / FIRST_CLUSTER, 1, "nothing was said before");
            continue;
        }
        writer.finish(0).into_iter().for_each(|piece| disk.put(piece));
        let (file, read) = frames(&disk.0);
        assert_eq!(read, blocks[..read.len()]);
        let last = read.last().map_or(0, |block| block.time_ms);
        assert_eq!(file.info().duration(), Some(last as f64));
    }
}

#[test]
fn a_file_that_still_grows_plays_too() {
    let (_, disk, blocks) = recorded();
    let (file, read) = frames(&disk.0);
    assert_eq!(read, blocks);
    assert_eq!(file.info().duration(), None);
    assert_eq!(read_tracks(&disk.0[..FIRST_CLUSTER as usize]), 3);
}

#[test]
fn long_silence_and_large_frames_make_clusters_of_their_own() {
    let (mut writer, head) = Writer::begin(STARTED_MS);
    let mut disk = Disk(head);
    disk.put(writer.add(audio("mix", true)).expect("room").1);
    let large = Block { data: vec![7; FRAME_BYTES_MAX], ..block(1, 90_000, true) };
    let blocks =
        [block(1, 0, true), block(1, 30_000, true), block(1, 30_001, true), large, block(1, 90_001, true)];
    disk.put(writer.append(&blocks));
    let (mut at, mut clusters) = (FIRST_CLUSTER as usize, 0);
    while let Ok(Some(cluster)) = next_cluster(&disk.0[at..]) {
        at += cluster.length as usize;
        clusters += 1;
        assert!(cluster.length <= CLUSTER_BYTES_MAX as u64, "{}", cluster.length);
    }
    assert_eq!(clusters, 4);
    assert_eq!(frames(&disk.0).1, blocks);
}

#[test]
fn tracks_come_as_long_as_there_is_room() {
    let (mut writer, head) = Writer::begin(STARTED_MS);
    let mut disk = Disk(head);
    let title = "u".repeat(128);
    let mut count = 0;
    while let Some((number, piece)) = writer.add(audio(&title, false)) {
        count += 1;
        assert_eq!(number, count);
        disk.put(piece);
    }
    assert!(count > 200, "only {count}");
    assert_eq!(disk.0.len() as u64, FIRST_CLUSTER);
    disk.put(writer.append(&[block(count, 0, true)]));
    let (file, read) = frames(&disk.0);
    assert_eq!((file.tracks().len() as u64, read[0].track), (count, count));
}

#[test]
fn the_index_of_a_long_file_is_thinned() {
    let (mut writer, head) = Writer::begin(STARTED_MS);
    let mut disk = Disk(head);
    disk.put(writer.add(audio("mix", true)).expect("room").1);
    for second in 0..200_000 {
        disk.put(writer.append(&[block(1, second * 1_000, true)]));
    }
    let pieces = writer.finish(0);
    let Piece::Append(index) = &pieces[0] else { panic!("the index comes first") };
    assert!((500_000..1_500_000).contains(&index.len()), "{}", index.len());
    pieces.into_iter().for_each(|piece| disk.put(piece));
    let mut file = frames(&disk.0).0;
    file.seek(77_000_000).expect("it is found");
}
