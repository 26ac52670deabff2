use super::*;
use crate::model::reply::ChannelReply;

const CORE: CoreId = CoreId(2);

fn set(bench: &mut Bench, congested: bool) -> bool {
    let done = bench.home.set_congested(bench.now, CORE, congested);
    bench.home.invariants();
    done
}

#[test]
fn a_congested_core_gets_what_it_missed_when_it_has_room() {
    let mut bench = Bench::new();
    bench.subscribe(2, "ann", "c");
    bench.subscribe(1, "bob", "c");
    bench.publish("x", "c", "1");
    bench.pushes();
    set(&mut bench, true);
    bench.publish("x", "c", "2");
    bench.publish("x", "c", "3");
    assert_eq!(bench.bodies(), [(1, data("2")), (1, data("3"))], "others are not held back");
    assert_eq!(bench.home.state().gaps, 1);
    assert!(set(&mut bench, false));
    let pushes = bench.pushes();
    let [(2, HomePush::Heal(missed))] = pushes.as_slice() else { panic!("{pushes:?}") };
    assert_eq!(jsons(missed), ["2", "3"]);
    bench.publish("x", "c", "4");
    assert_eq!(bench.bodies(), [(1, data("4")), (2, data("4"))]);
}

#[test]
fn what_history_lost_is_told_as_lost() {
    let mut bench = Bench::new();
    bench.subscribe(2, "ann", "c");
    let at = bench.subscribe(2, "ann", "plain:p");
    set(&mut bench, true);
    for _ in 0..6 {
        bench.publish("x", "c", "1");
    }
    bench.publish("x", "plain:p", "1");
    set(&mut bench, false);
    let pushes = bench.pushes();
    let [(2, HomePush::Lost(first)), (2, HomePush::Lost(second))] = pushes.as_slice() else {
        panic!("{pushes:?}")
    };
    assert_eq!((first.offset, *second), (6, Position { offset: 1, ..at }));
}

#[test]
fn a_congested_core_cannot_subscribe() {
    let mut bench = Bench::new();
    set(&mut bench, true);
    let subscribe =
        || ChannelCommand::Subscribe { channel: name("c"), recover: None, with: Attachments::default() };
    assert_eq!(code(bench.execute(2, "ann", subscribe())), FaultCode::Overloaded);
    set(&mut bench, false);
    assert!(matches!(bench.execute(2, "ann", subscribe()), Reply::Channel(ChannelReply::Subscribed { .. })));
}

#[test]
fn joins_and_leaves_are_held_back_too() {
    let mut bench = Bench::new();
    bench.subscribe(1, "ann", "room:1");
    bench.subscribe(2, "bob", "room:1");
    bench.pushes();
    set(&mut bench, true);
    bench.subscribe(1, "cid", "room:1");
    bench.subscribe(1, "dan", "room:1");
    bench.unsubscribe(1, "dan", "room:1");
    bench.unsubscribe(1, "ann", "room:1");
    assert!(bench.pushes().iter().all(|(core, _)| *core == 1));
    set(&mut bench, false);
    let (ann, cid) = (session("ann"), session("cid"));
    let expected =
        [HomePush::Left { session: ann, except: None }, HomePush::Joined { session: cid, except: None }];
    assert_eq!(bench.pushes(), expected.map(|push| (2, push)));
}

#[test]
fn a_gap_ends_with_the_subscription() {
    let mut bench = Bench::new();
    bench.subscribe(2, "ann", "c");
    set(&mut bench, true);
    bench.publish("x", "c", "1");
    bench.unsubscribe(2, "ann", "c");
    set(&mut bench, false);
    assert_eq!(bench.pushes(), []);
    bench.subscribe(2, "ann", "c");
    bench.publish("x", "c", "2");
    assert_eq!(bench.bodies(), [(2, data("2"))]);
}

#[test]
fn many_gaps_are_healed_a_few_at_a_time() {
    let mut bench = Bench::new();
    for n in 0..300 {
        bench.subscribe(2, "ann", &format!("c{n}"));
    }
    set(&mut bench, true);
    for n in 0..300 {
        bench.publish("x", &format!("c{n}"), "1");
    }
    assert!(!set(&mut bench, false));
    assert_eq!(bench.pushes().len(), 256);
    bench.publish("x", "c299", "2");
    assert_eq!(bench.pushes(), [], "the gap of c299 is yet to be healed");
    let subscribe =
        ChannelCommand::Subscribe { channel: name("c299"), recover: None, with: Attachments::default() };
    assert_eq!(code(bench.execute(2, "bob", subscribe)), FaultCode::Overloaded);
    bench.home.sweep(bench.now);
    let pushes = bench.pushes();
    assert_eq!(pushes.len(), 44);
    let Some((2, HomePush::Heal(missed))) = pushes.last() else { panic!("{pushes:?}") };
    assert_eq!(jsons(missed), ["1", "2"]);
    assert!(set(&mut bench, false));
}

#[test]
fn healing_goes_on_in_steps_and_loses_nothing() {
    let mut definitions = definitions();
    definitions.default.history.count_max = 2_000;
    definitions.default.history.bytes_max = 1 << 20;
    let mut bench = Bench::with(definitions, Limits::default());
    for n in 0..10 {
        bench.subscribe(2, "ann", &format!("c{n}"));
    }
    set(&mut bench, true);
    for n in 0..10_000 {
        bench.publish("x", &format!("c{}", n % 10), "1");
    }
    let mut healed = Vec::new();
    loop {
        let done = set(&mut bench, false);
        let pushes = bench.pushes();
        let counts = pushes.iter().map(|(_, push)| match push {
            HomePush::Heal(publications) => publications.len(),
            other => panic!("{other:?}"),
        });
        let counts: Vec<usize> = counts.collect();
        assert!(counts.iter().all(|count| *count <= 256), "no push is long");
        healed.push(counts.iter().sum::<usize>());
        if done {
            break;
        }
    }
    assert!(healed.iter().all(|count| *count <= 5_000) && healed.len() > 1, "{healed:?}");
    assert_eq!(healed.iter().sum::<usize>(), 10_000);
}

/// Whoever came while a core heard nothing is told of as one publication is: there may be a thousand of them in each channel.
#[test]
fn those_who_came_are_healed_in_steps_too() {
    let mut bench = Bench::new();
    for n in 0..10 {
        bench.subscribe(2, "ann", &format!("room:{n}"));
    }
    bench.pushes();
    set(&mut bench, true);
    for n in 0..10 {
        for user in 0..900 {
            bench.subscribe(1, &format!("u{user}"), &format!("room:{n}"));
        }
        bench.pushes();
    }
    let mut healed = Vec::new();
    loop {
        let done = set(&mut bench, false);
        healed
            .push(bench.pushes().iter().filter(|(_, push)| matches!(push, HomePush::Joined { .. })).count());
        if done {
            break;
        }
    }
    assert!(healed.iter().all(|count| *count <= 5_000) && healed.len() > 1, "{healed:?}");
    assert_eq!(healed.iter().sum::<usize>(), 9_000);
}
