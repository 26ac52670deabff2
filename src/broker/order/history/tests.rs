use super::*;
use crate::model::publication::{ArchivedBody, Body, Publication, Room};
use crate::model::reply::Recovery;
use proptest::prelude::*;
use rkyv::util::AlignedVec;
use std::collections::BTreeMap;

const WIDE: HistoryBounds = HistoryBounds { count_max: 3, bytes_max: 100_000, age_ms_max: 0 };

fn said(text: &str) -> Body {
    Body::Data { json: text.into() }
}

fn message(text: &str) -> Body {
    Body::MessageCreated { content: text.into(), kind: "text".into() }
}

fn edit(of: u64, text: &str) -> Body {
    let (of, author) = (Position { epoch: 1, offset: of }, "ann".into());
    Body::MessageUpdated { of, author, created_ms: 5, content: text.into(), kind: "text".into() }
}

fn deletion(of: u64) -> Body {
    Body::MessageDeleted { of: Position { epoch: 1, offset: of }, author: "ann".into(), created_ms: 5 }
}

fn room(name: &str) -> Room {
    Room {
        id: "1".into(),
        name: name.into(),
        description: String::new(),
        owner: "ann".into(),
        created_ms: 1,
        updated_ms: 1,
    }
}

/// Says something at the next offset.
fn say(history: &mut History, bounds: &HistoryBounds, now_ms: u64, body: Body) -> Touched {
    let (offset, effect) = (history.head + 1, HistoryEffect::of(&body));
    let publication =
        Publication { epoch: 1, born: 1, offset, time_ms: now_ms, publisher: "ann".into(), body };
    let bytes = publication.archive(&mut AlignedVec::new());
    history.append(bounds, now_ms, (offset, now_ms, bytes), effect)
}

fn filled(bounds: &HistoryBounds, bodies: impl IntoIterator<Item = Body>) -> History {
    let mut history = History::new(0);
    for (now_ms, body) in (5..).zip(bodies) {
        say(&mut history, bounds, now_ms, body);
        history.invariants(history.head, bounds);
    }
    history
}

/// What a publication says: its offset and, of a message or an edit, the text; `-` for a deletion.
fn shown(bytes: &PublicationBytes) -> String {
    let publication = bytes.view();
    let offset = publication.offset.to_native();
    match &publication.body {
        ArchivedBody::MessageCreated { content, .. } => format!("{offset}:new {content}"),
        ArchivedBody::MessageRewritten { content, .. } => format!("{offset}:new {content}"),
        ArchivedBody::MessageUpdated { content, of, .. } => {
            format!("{offset}:{} is {content}", of.offset.to_native())
        }
        ArchivedBody::MessageDeleted { of, .. } => format!("{offset}:{} is -", of.offset.to_native()),
        ArchivedBody::Data { json } => format!("{offset}:{json}"),
        _ => format!("{offset}:told"),
    }
}

fn outcome(recovery: Recovery) -> (bool, Vec<String>) {
    let all = |publications: Vec<PublicationBytes>| publications.iter().map(shown).collect();
    match recovery {
        Recovery::NotAsked => panic!("it was asked"),
        Recovery::Complete(publications) => (true, all(publications)),
        Recovery::Gap(publications) => (false, all(publications)),
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn recovery_is_exact_when_trimmed_by_exactly_one() {
    let history = filled(&WIDE, ["a", "b", "c", "d"].map(message));
    let kept = strings(&["2:new b", "3:new c", "4:new d"]);
    assert_eq!(outcome(history.since(0, 9)), (false, kept.clone()), "publication 1 is gone");
    assert_eq!(outcome(history.since(1, 9)), (true, kept), "publication 2 is the oldest kept");
    assert_eq!(outcome(history.since(3, 9)), (true, strings(&["4:new d"])));
    assert_eq!(outcome(history.since(4, 9)), (true, vec![]));
    assert_eq!(outcome(history.since(5, 9)), (false, vec![]), "yet to come");
    assert_eq!(outcome(history.since(u64::MAX, 9)), (false, vec![]));
    let newest = strings(&["3:new c", "4:new d"]);
    assert_eq!(outcome(history.since(1, 2)), (false, newest), "more than may be recovered");
}

#[test]
fn a_history_of_nothing_keeps_nothing() {
    let history = filled(&HistoryBounds { count_max: 0, ..WIDE }, ["a", "b"].map(message));
    assert!(history.is_empty());
    assert_eq!(outcome(history.since(1, 9)), (false, vec![]));
    assert_eq!(outcome(history.since(2, 9)), (true, vec![]));
}

#[test]
fn offsets_go_on_after_clearing() {
    let mut history = filled(&WIDE, ["a", "b", "c"].map(message));
    assert_eq!(say(&mut history, &WIDE, 9, Body::RoomDeleted { room: room("r") }), Touched::All);
    assert_eq!(outcome(history.since(2, 9)), (false, strings(&["4:told"])));
    assert_eq!(outcome(history.since(3, 9)), (true, strings(&["4:told"])));
    assert_eq!(history.message_count(), 0);
}

#[test]
fn a_text_that_was_changed_or_deleted_is_told_to_nobody() {
    let bodies =
        [message("old"), message("bad"), edit(1, "mid"), edit(2, "worse"), edit(1, "new"), deletion(2)];
    let history = filled(&HistoryBounds { count_max: 9, ..WIDE }, bodies);
    let all =
        ["1:new new", "2:2 is -", "3:1 is new", "4:2 is -", "5:1 is new", "6:2 is -"].map(str::to_owned);
    assert_eq!(outcome(history.since(0, 9)), (true, all.to_vec()));
    assert_eq!(outcome(history.since(3, 9)), (true, all[3..].to_vec()));
    for gone in ["old", "mid", "bad", "worse"] {
        let has = |bytes: &PublicationBytes| bytes.windows(gone.len()).any(|part| part == gone.as_bytes());
        assert!(!history.kept().any(has), "{gone} is in no byte that is kept");
    }
}

#[test]
fn what_tells_of_things_pushes_nothing_out_that_was_said() {
    let bodies = ["a", "b", "c"].map(message).into_iter().chain((0..256).map(|n| edit(3, &format!("{n}"))));
    let mut history = filled(&WIDE, bodies);
    assert_eq!(history.message_count(), 3);
    assert!(!outcome(history.since(0, 999)).0, "more edits than are kept");
    let kept = strings(&["1:new a", "2:new b", "3:new 255", "257:3 is 255", "258:3 is 255", "259:3 is 255"]);
    assert_eq!(outcome(history.since(0, 999)).1, kept);
    assert_eq!(outcome(history.since(256, 999)), (true, kept[3..].to_vec()));
    for _ in 0..9 {
        say(&mut history, &WIDE, 300, Body::RoomUpdated { room: room("r") });
        say(&mut history, &WIDE, 300, Body::UserOnline);
    }
    assert_eq!(history.message_count(), 3);
    let tight =
        HistoryBounds { bytes_max: history.newest_content(9).iter().map(|b| b.len() as u32).sum(), ..WIDE };
    history.fit(&tight, 300);
    assert_eq!((history.message_count(), history.len()), (3, 3), "bytes are short: what was said stays");
}

#[test]
fn an_edit_of_what_is_not_here_is_a_gap_and_not_a_hole() {
    let mut history = filled(&WIDE, ["a", "b", "c", "d"].map(message));
    assert_eq!(say(&mut history, &WIDE, 9, edit(1, "x")), Touched::Nothing);
    assert!(!outcome(history.since(4, 9)).0);
    say(&mut history, &WIDE, 9, message("e"));
    assert_eq!(outcome(history.since(5, 9)), (true, strings(&["6:new e"])));
}

#[test]
fn many_edits_of_a_long_message_are_not_told_with_more_than_there_may_be() {
    let long = "x".repeat(100_000);
    let bounds = HistoryBounds { count_max: 99, bytes_max: 1 << 20, age_ms_max: 0 };
    let history = filled(&bounds, [message("a")].into_iter().chain((0..20).map(|_| edit(1, &long))));
    assert!(history.bytes() < 110_000, "the text is kept once");
    assert!(!outcome(history.since(0, 999)).0);
    assert_eq!(outcome(history.since(12, 999)).1.len(), 9);
}

#[test]
fn a_message_of_a_meeting_that_was_replaced_is_gone() {
    let sealed = |data: &str, replaces| Body::MeetingMessage {
        id: "m".into(),
        salt: String::new(),
        data: data.into(),
        replaces,
    };
    let history = filled(&WIDE, [said("0"), sealed("old", false), said("1"), sealed("new", true)]);
    assert_eq!(outcome(history.since(0, 9)), (false, strings(&["1:0", "3:1", "4:told"])));
    assert!(outcome(history.since(2, 9)).0);
}

#[test]
fn the_messages_of_a_meeting_that_was_cleared_are_gone_and_what_came_after_them_is_told() {
    let sealed =
        Body::MeetingMessage { id: "m".into(), salt: String::new(), data: "0".into(), replaces: false };
    let ended = Body::MeetingEnded { ended: "now".into() };
    let history = filled(&WIDE, [sealed, ended, Body::MeetingCleared]);
    assert_eq!(outcome(history.since(0, 9)), (false, strings(&["2:told", "3:told"])));
    assert_eq!(outcome(history.since(1, 9)), (true, strings(&["2:told", "3:told"])));
}

#[test]
fn a_text_that_would_push_its_own_message_out_has_no_room() {
    let history = filled(&WIDE, ["a", "b"].map(message));
    let bytes = history.bytes() as u32;
    let each = bytes as usize / 2;
    let bounds = HistoryBounds { bytes_max: bytes + 10, ..WIDE };
    assert!(history.has_room_for(1, each + 10, &bounds) && !history.has_room_for(1, each + 11, &bounds));
    assert!(history.has_room_for(2, each * 2, &bounds), "the older one goes");
    assert!(!history.has_room_for(3, 1, &bounds));
}

#[derive(Clone, Debug)]
enum Step {
    Say { size: usize, message: bool },
    Tell,
    Pass { ms: u64 },
    Edit { back: u64 },
    Delete { back: u64 },
    Halve,
    Clear,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..60_usize, any::<bool>()).prop_map(|(size, message)| Step::Say { size, message }),
        2 => Just(Step::Tell),
        2 => (0..40_u64).prop_map(|ms| Step::Pass { ms }),
        4 => (0..8_u64).prop_map(|back| Step::Edit { back }),
        2 => (0..8_u64).prop_map(|back| Step::Delete { back }),
        1 => Just(Step::Halve),
        1 => Just(Step::Clear),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..80)
}

/// What everything that was ever published is now.
#[derive(Default)]
struct Naive {
    /// What each offset is told as; of an edit, of which message.
    all: BTreeMap<u64, Told>,
    /// Texts that nobody may be told any more.
    dead: Vec<String>,
}

enum Told {
    Text(String),
    Deleted,
    Edit(u64),
    Other(String),
}

impl Naive {
    fn shown(&self, offset: u64) -> String {
        match &self.all[&offset] {
            Told::Text(text) => format!("{offset}:new {text}"),
            Told::Deleted => format!("{offset}:{offset} is -"),
            Told::Other(text) => format!("{offset}:{text}"),
            Told::Edit(of) => match &self.all[of] {
                Told::Text(text) => format!("{offset}:{of} is {text}"),
                _ => format!("{offset}:{of} is -"),
            },
        }
    }

    /// Another text of a message, or none.
    fn replace(&mut self, of: u64, with: Told) {
        if let Some(Told::Text(old)) = self.all.insert(of, with) {
            self.dead.push(old);
        }
    }
}

/// The history as a restart finds it, from its own bytes.
fn restarted(history: &History, bounds: &HistoryBounds, now: u64) -> History {
    let entries: Vec<_> =
        history.all().map(|entry| (entry.offset, entry.at_ms, entry.bytes.clone())).collect();
    let mut again = History::new(entries.first().map_or(history.head, |first| first.0 - 1));
    for entry in entries {
        let effect = HistoryEffect::of_archived(&entry.2.view().body);
        again.append(bounds, now, entry, effect);
    }
    if again.head < history.head {
        again.skip_to(history.head);
    }
    again
}

fn agree(history: &History, naive: &Naive) {
    for offset in 0..=history.head {
        let (complete, told) = outcome(history.since(offset, usize::MAX));
        if complete {
            let expected: Vec<_> = (offset + 1..=history.head).map(|offset| naive.shown(offset)).collect();
            assert_eq!(told, expected, "since {offset}");
        } else {
            let each = |one: &String| *one == naive.shown(one.split(':').next().unwrap().parse().unwrap());
            assert!(told.iter().all(each), "{told:?}");
        }
        let alive = |one: &String| !naive.dead.iter().any(|dead| one.ends_with(&format!(" {dead}")));
        assert!(told.iter().all(alive), "{told:?} tells one of {:?}", naive.dead);
    }
}

proptest! {
    #[test]
    fn history_tells_what_stands_and_keeps_its_bounds(
        steps in steps(),
        count_max in 0..6_u32,
        bytes_max in prop_oneof![Just(100_000), 0..2_000_u32],
        age_ms_max in prop_oneof![Just(0), 1..100_u64],
    ) {
        let bounds = HistoryBounds { count_max, bytes_max, age_ms_max };
        let (mut history, mut naive, mut now) = (History::new(0), Naive::default(), 5);
        for (number, step) in steps.into_iter().enumerate() {
            let next = history.head + 1;
            let target = |back: u64| history.head.checked_sub(back).filter(|of| history.message(*of).is_some());
            match step {
                Step::Say { size, message: true } => {
                    let text = format!("{number}{}", "x".repeat(size));
                    say(&mut history, &bounds, now, message(&text));
                    naive.all.insert(next, Told::Text(text));
                }
                Step::Say { size, .. } => {
                    let text = "d".repeat(size + 1);
                    say(&mut history, &bounds, now, said(&text));
                    naive.all.insert(next, Told::Other(text));
                }
                Step::Tell => {
                    let before = history.newest_content(usize::MAX);
                    say(&mut history, &bounds, now, Body::UserOnline);
                    naive.all.insert(next, Told::Other("told".into()));
                    let young = age_ms_max == 0;
                    prop_assert!(!young || before == history.newest_content(usize::MAX), "nothing is pushed out");
                }
                Step::Pass { ms } => {
                    now += ms;
                    history.fit(&bounds, now);
                }
                Step::Edit { back } => {
                    let Some(of) = target(back) else { continue };
                    let text = format!("{number}e");
                    say(&mut history, &bounds, now, edit(of, &text));
                    naive.replace(of, Told::Text(text));
                    naive.all.insert(next, Told::Edit(of));
                }
                Step::Delete { back } => {
                    let Some(of) = target(back) else { continue };
                    say(&mut history, &bounds, now, deletion(of));
                    naive.replace(of, Told::Deleted);
                    naive.all.insert(next, Told::Edit(of));
                }
                Step::Halve => history.drop_oldest(),
                Step::Clear => history.clear(),
                Step::Restart => {
                    let again = restarted(&history, &bounds, now);
                    prop_assert_eq!(again.newest(usize::MAX), history.newest(usize::MAX));
                    prop_assert_eq!((again.head, again.messages), (history.head, history.messages));
                    history = again;
                }
            }
            agree(&history, &naive);
            history.invariants(history.head, &bounds);
        }
    }
}
