use super::*;
use crate::model::publication::{Body, Publication};
use proptest::prelude::*;
use rkyv::util::AlignedVec;

/// More than any test keeps.
const ROOM_BYTES: usize = 1 << 20;

fn data(offset: u64, json: &str) -> PublicationBytes {
    let body = Body::Data { json: json.into() };
    let publication = Publication { epoch: 1, born: 1, offset, time_ms: 0, publisher: "a".into(), body };
    PublicationBytes::of(&publication, &mut AlignedVec::new())
}

fn deleted(offset: u64) -> PublicationBytes {
    let of = crate::model::channel::Position { epoch: 1, offset: 0 };
    let body = Body::MessageDeleted { of, author: "a".into(), created_ms: 0 };
    let publication = Publication { epoch: 1, born: 1, offset, time_ms: 0, publisher: "a".into(), body };
    PublicationBytes::of(&publication, &mut AlignedVec::new())
}

fn offsets(held: &[PublicationBytes]) -> Vec<u64> {
    held.iter().map(|bytes| bytes.view().position().offset).collect()
}

fn conflated(conflate_ms: u32, key: Option<&str>) -> Pace {
    Pace { coalesce_us: 0, conflate_ms, conflate_key: key.map(Into::into) }
}

/// What is due, by the time that `pace` asks for.
fn due(pacing: &mut Pacing, now_us: u64, pace: &Pace) -> Option<Vec<u64>> {
    pacing.next_due(now_us, |_| pace.conflate_ms).map(|(_, held)| offsets(&held))
}

#[test]
fn the_first_leaves_at_once_and_the_newest_of_each_key_when_the_time_is_over() {
    let (mut pacing, channel, pace) = (Pacing::new(1), ChannelName::new("room:1"), conflated(100, Some("s")));
    let take = |pacing: &mut Pacing, now_us, bytes| pacing.take(now_us, &channel, &pace, &bytes, ROOM_BYTES);
    assert_eq!(take(&mut pacing, 0, data(1, r#"{"s":"A","p":1}"#)), Passage::Leaves);
    assert_eq!(take(&mut pacing, 10, data(2, r#"{"s":"A","p":2}"#)), Passage::Waits);
    assert_eq!(take(&mut pacing, 20, data(3, r#"{"s":"B","p":1}"#)), Passage::Waits);
    assert_eq!(take(&mut pacing, 30, data(4, r#"{"p":3,"s":"A"}"#)), Passage::Replaces);
    // What has no key gives way to nothing: data without the member, what is no object, and what is no data.
    for (offset, json) in [(5, r#"{"p":4}"#), (6, "[1]"), (7, r#"{"\u0073":"A"}"#)] {
        assert_eq!(take(&mut pacing, 40, data(offset, json)), Passage::Waits, "{json}");
    }
    assert_eq!(take(&mut pacing, 40, deleted(8)), Passage::Waits);
    pacing.invariants();
    assert_eq!(pacing.next_us(), Some(100_000));
    assert_eq!(due(&mut pacing, 99_999, &pace), None);
    assert_eq!(due(&mut pacing, 100_000, &pace), Some(vec![3, 4, 5, 6, 7, 8]), "in the order of the channel");
    // The channel is silent for as long once more, and forgotten after that.
    assert_eq!(take(&mut pacing, 100_001, data(9, "1")), Passage::Waits);
    assert_eq!(due(&mut pacing, 200_000, &pace), Some(vec![9]));
    assert_eq!(due(&mut pacing, 300_000, &pace), None);
    assert_eq!(pacing.next_us(), None);
    assert_eq!(take(&mut pacing, 300_000, data(10, "1")), Passage::Leaves);
}

#[test]
fn without_a_key_the_newest_data_is_left() {
    let (mut pacing, channel, pace) = (Pacing::new(1), ChannelName::new("room:1"), conflated(1, None));
    let passages: Vec<_> =
        (1..5).map(|at| pacing.take(0, &channel, &pace, &data(at, "[1]"), ROOM_BYTES)).collect();
    assert_eq!(passages, [Passage::Leaves, Passage::Waits, Passage::Replaces, Passage::Replaces]);
    assert_eq!(due(&mut pacing, 1_000, &pace), Some(vec![4]));
}

#[test]
fn what_is_coalesced_waits_for_the_first_alone_and_leaves_whole() {
    let (mut pacing, channel) = (Pacing::new(1), ChannelName::new("room:1"));
    let pace = Pace { coalesce_us: 500, ..Pace::default() };
    for at in 1..4 {
        assert_eq!(pacing.take(at * 100, &channel, &pace, &data(at, "1"), ROOM_BYTES), Passage::Waits);
    }
    assert_eq!((pacing.next_us(), due(&mut pacing, 599, &pace)), (Some(600), None));
    assert_eq!(due(&mut pacing, 600, &pace), Some(vec![1, 2, 3]));
    assert_eq!(pacing.next_us(), None, "nothing is left to wait for");
}

#[test]
fn where_both_are_asked_for_the_later_one_counts() {
    let (mut pacing, channel) = (Pacing::new(1), ChannelName::new("room:1"));
    let pace = Pace { coalesce_us: 500, conflate_ms: 1, conflate_key: None };
    assert_eq!(pacing.take(0, &channel, &pace, &data(1, "1"), ROOM_BYTES), Passage::Waits);
    assert_eq!(due(&mut pacing, 500, &pace), Some(vec![1]));
    assert_eq!(pacing.take(1_400, &channel, &pace, &data(2, "1"), ROOM_BYTES), Passage::Waits);
    assert_eq!(pacing.next_us(), Some(1_900), "it waits for others, though the channel may send sooner");
}

#[test]
fn what_is_released_or_has_no_room_leaves_at_once() {
    let (mut pacing, channel, pace) = (Pacing::new(1), ChannelName::new("room:1"), conflated(100, Some("s")));
    let publication = |at: u64| data(at, &format!(r#"{{"s":{at}}}"#));
    for at in 1..=HELD_COUNT_MAX as u64 + 1 {
        let passage = pacing.take(0, &channel, &pace, &publication(at), ROOM_BYTES);
        assert_eq!(passage, if at == 1 { Passage::Leaves } else { Passage::Waits }, "{at}");
    }
    assert_eq!(
        pacing.take(0, &channel, &pace, &publication(900), ROOM_BYTES),
        Passage::Fills { replaces: false }
    );
    assert_eq!(pacing.waiting().count(), 1);
    assert_eq!(pacing.release(&channel).len(), HELD_COUNT_MAX + 1);
    assert_eq!(
        (pacing.waiting().count(), pacing.next_us()),
        (0, Some(100_000)),
        "it is silent as long as before"
    );
    assert_eq!(pacing.release(&ChannelName::new("room:2")), []);
    let fills = Passage::Fills { replaces: false };
    assert_eq!(pacing.take(0, &channel, &pace, &publication(901), 10), fills, "bytes count too");
    pacing.invariants();
}

#[test]
fn one_channel_waits_with_a_quarter_of_what_may_wait_and_what_gave_way_is_told() {
    let (mut pacing, channel, pace) = (Pacing::new(1), ChannelName::new("room:1"), conflated(100, Some("s")));
    let publication = |at: u64| data(at, &format!(r#"{{"s":1,"at":{at}}}"#));
    let bytes_max = 6 * publication(1).len();
    let mut take = |at| pacing.take(0, &channel, &pace, &publication(at), bytes_max);
    assert_eq!([take(1), take(2), take(3)], [Passage::Leaves, Passage::Waits, Passage::Replaces]);
    let other = data(4, r#"{"s":2,"at":4}"#);
    let fills = |replaces| Passage::Fills { replaces };
    assert_eq!(pacing.take(0, &channel, &pace, &other, bytes_max), fills(false));
    assert_eq!(pacing.take(0, &channel, &pace, &publication(5), bytes_max), fills(true));
}

proptest! {
    /// Whatever comes when, everything leaves in order or gave way to something newer of its key, and the books are right.
    #[test]
    fn nothing_is_lost_that_did_not_give_way(
        steps in proptest::collection::vec((0u64..3, 0u64..4, 0u64..80_000), 1..200),
        coalesce_us in 0u32..50_000,
        conflate_ms in 0u32..100,
    ) {
        let mut pacing = Pacing::new(1);
        let pace = Pace { coalesce_us, conflate_ms, conflate_key: Some("s".into()) };
        let (mut now_us, mut said) = (0, vec![Vec::new(); 3]);
        let mut kept: Vec<Vec<(u64, u64)>> = vec![Vec::new(); 3];
        let channels: Vec<_> = (0..3).map(|one| ChannelName::new(&format!("room:{one}"))).collect();
        for (at, (channel, key, wait_us)) in (1..).zip(&steps) {
            now_us += wait_us;
            while let Some((name, held)) = pacing.next_due(now_us, |_| conflate_ms) {
                let one = channels.iter().position(|channel| *channel == name).expect("one of them");
                said[one].extend(offsets(&held));
            }
            let one = *channel as usize;
            let bytes = data(at, &format!(r#"{{"s":{key}}}"#));
            kept[one].push((at, *key));
            match pacing.take(now_us, &channels[one], &pace, &bytes, ROOM_BYTES) {
                Passage::Leaves => said[one].push(at),
                Passage::Fills { .. } => said[one].extend(offsets(&pacing.release(&channels[one]))),
                Passage::Waits | Passage::Replaces => {}
            }
            pacing.invariants();
        }
        for (one, channel) in channels.iter().enumerate() {
            said[one].extend(offsets(&pacing.release(channel)));
            prop_assert!(said[one].is_sorted(), "{:?}", said[one]);
            for (at, key) in &kept[one] {
                let newer = kept[one].iter().any(|(later, other)| later > at && other == key && said[one].contains(later));
                prop_assert!(said[one].contains(at) || newer && conflate_ms > 0, "{at} of {key} is lost");
            }
        }
    }
}
