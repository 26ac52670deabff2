use super::*;
use crate::base::limits::{Limits, PeopleLimits};
use crate::model::people::call::CallKind;

fn table(recordings_max: u32) -> Recordings {
    let people = PeopleLimits { recordings_max, ..PeopleLimits::default() };
    Recordings::new(KeyedState::new(7, 7), Limits { people, ..Limits::default() }.into())
}

fn recording(id: &str, started_ms: u64) -> Recording {
    Recording {
        id: id.into(),
        call: format!("call of {id}").into(),
        conversation: Some("c1".into()),
        kind: CallKind::Audio,
        started_by: "ada".into(),
        started_ms,
        ended_ms: None,
        people: Arc::from([UserId::from("ada")]),
        bytes: 0,
    }
}

fn begin(table: &mut Recordings, id: &str, started_ms: u64) {
    let change = table.decide_begin(recording(id, started_ms)).expect("begins");
    table.apply(&change);
}

fn end(table: &mut Recordings, id: &str, unix_ms: u64, people: &[&str]) {
    people.iter().for_each(|one| table.note_person(id, &UserId::from(*one)));
    let now = Now { unix_ms, monotonic_us: 0 };
    table.claim_end(id).expect("runs");
    table.end(now, id, 1).expect("ends");
}

fn ids(found: &[Arc<Recording>]) -> Vec<&str> {
    found.iter().map(|one| &*one.id).collect()
}

#[test]
fn one_runs_until_its_end_and_is_listed_then_for_whoever_may_see_it() {
    let mut table = table(10);
    begin(&mut table, "r1", 1_000);
    assert_eq!(table.running("call of r1").map(|one| one.id.clone()), Some("r1".into()));
    assert!(table.of("c1", 9, None).is_empty());
    assert_eq!(table.get("r1", "bob").unwrap_err().code, FaultCode::Forbidden);
    assert_eq!(table.decide_delete("r1", "ada").unwrap_err().code, FaultCode::Conflict);
    end(&mut table, "r1", 4_500, &["eve", "bob", "ada", "bob"]);
    assert_eq!(table.running("call of r1"), None);
    assert_eq!(table.get("r1", "bob").unwrap().duration_s(), Some(3));
    begin(&mut table, "r2", 9_000);
    table.invariants();
    end(&mut table, "r2", 9_000, &["ada"]);
    assert_eq!(ids(&table.of("c1", 9, None)), ["r2", "r1"]);
    assert_eq!(ids(&table.of("c1", 1, None)), ["r2"]);
    assert_eq!(ids(&table.of("c1", 9, Some("eve"))), ["r1"]);
    assert!(table.of("c2", 9, None).is_empty());
    let now = Now { unix_ms: 1, monotonic_us: 0 };
    assert_eq!(table.end(now, "r1", 1).unwrap_err().code, FaultCode::NotFound);
}

#[test]
fn a_recording_goes_when_who_began_it_wants_that() {
    let mut table = table(1);
    begin(&mut table, "r1", 1_000);
    end(&mut table, "r1", 2_000, &["ada", "bob"]);
    assert_eq!(table.decide_begin(recording("r2", 1)).unwrap_err().code, FaultCode::LimitExceeded);
    assert_eq!(table.decide_delete("r1", "bob").unwrap_err().code, FaultCode::Forbidden);
    let change = table.decide_delete("r1", "ada").expect("may");
    assert_eq!(table.decide_delete("r1", "ada").unwrap_err().code, FaultCode::Conflict, "it is claimed");
    table.give_up(&change);
    assert!(table.get("r1", "ada").is_ok(), "what could not be stored has not happened");
    let change = table.decide_delete("r1", "ada").expect("may again");
    table.apply(&change);
    assert_eq!(table.get("r1", "ada").unwrap_err().code, FaultCode::NotFound);
    table.invariants();
    assert!(table.by_conversation.is_empty() && table.running.is_empty() && table.changing.is_empty());
}

#[test]
fn one_that_ran_when_the_node_stopped_is_over() {
    let mut table = table(10);
    table.restore(&Arc::new(recording("r1", 1_000)));
    assert_eq!(table.running("call of r1"), None);
    assert_eq!(table.get("r1", "ada").unwrap().ended_ms, Some(1_000));
}

#[test]
fn what_is_over_is_over_before_it_is_stored_and_is_stored_with_whoever_came() {
    let mut table = table(10);
    begin(&mut table, "r1", 1_000);
    table.note_person("r1", &"bob".into());
    let before = table.unstored();
    assert_eq!(before.len(), 1);
    table.claim_end("r1").expect("runs");
    table.note_person("r1", &"eve".into());
    assert!(table.unstored().is_empty(), "its end comes first");
    let over = table.end(Now { unix_ms: 2_000, monotonic_us: 0 }, "r1", 7).expect("ends");
    assert!(table.get("r1", "eve").is_ok_and(|one| one.ended_ms == Some(2_000) && one.bytes == 7));
    assert_eq!((table.running("call of r1"), table.of("c1", 9, None).len()), (None, 1));
    table.stored(&before[0], true);
    assert_eq!(table.unstored(), std::slice::from_ref(&over), "what is stored is as it was before");
    table.store(&over);
    assert!(table.unstored().is_empty(), "it is on its way once");
    table.stored(&over, false);
    assert_eq!(table.unstored().len(), 1, "and again where it could not be stored");
    table.stored(&over, true);
    assert!(table.unstored().is_empty());
    table.invariants();
}

#[test]
fn an_end_that_could_not_be_is_wanted_until_it_is() {
    let mut table = table(10);
    begin(&mut table, "r1", 1_000);
    let id = Arc::<str>::from("r1");
    assert!(!table.is_changing("r1"));
    table.claim_end("r1").expect("runs");
    assert!(table.is_changing("r1") && table.wanted_ends().is_empty());
    table.give_up_end(&id);
    assert_eq!(table.wanted_ends(), std::slice::from_ref(&id));
    end(&mut table, "r1", 2_000, &[]);
    assert!(table.wanted_ends().is_empty() && !table.is_changing("r1"));
    table.want_end(&id);
    assert!(table.wanted_ends().is_empty(), "it is over");
    table.invariants();
}

#[test]
fn one_that_is_to_end_before_it_runs_ends_when_it_does() {
    let mut table = table(10);
    let change = table.decide_begin(recording("r1", 1_000)).expect("begins");
    table.want_end(&change.id);
    table.invariants();
    table.apply(&change);
    assert_eq!(table.wanted_ends(), std::slice::from_ref(&change.id));
    end(&mut table, "r1", 2_000, &[]);
    let change = table.decide_begin(recording("r2", 1_000)).expect("begins");
    table.want_end(&change.id);
    table.give_up(&change);
    assert!(table.wanted_ends().is_empty(), "it never ran");
    table.invariants();
}

#[test]
fn nobody_takes_the_room_of_others_and_what_is_old_goes() {
    let mut table = table(8);
    let of = |id: &str, user: &str| Recording { started_by: user.into(), ..recording(id, 1_000) };
    let taken = (0..8).filter(|number| {
        let change = table.decide_begin(of(&format!("r{number}"), "greedy"));
        change.map(|change| table.apply(&change)).is_ok()
    });
    assert_eq!(taken.count(), 4);
    let change = table.decide_begin(of("late", "eve")).expect("has room");
    table.apply(&change);
    for (at, id) in ["r0", "r1", "r2", "late"].into_iter().enumerate() {
        end(&mut table, id, 5_000 + at as u64, &[]);
    }
    let forgotten = table.decide_forget(5_003, 2);
    let ids: Vec<&str> = forgotten.iter().map(|one| &*one.id).collect();
    assert_eq!(ids, ["r0", "r1"], "the oldest, some at a time");
    assert_eq!(table.decide_forget(5_003, 2).len(), 1);
    assert!(table.decide_forget(5_003, 2).is_empty(), "each once");
    forgotten.iter().for_each(|change| table.apply(change));
    table.invariants();
    assert!(table.decide_begin(of("r9", "greedy")).is_ok(), "there is room again");
}
