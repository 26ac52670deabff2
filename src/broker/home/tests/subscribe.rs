use super::*;
use crate::broker::home::faults;
use crate::model::reply::ChannelReply;

#[test]
fn the_answer_says_where_the_channel_is_and_the_next_publication_follows_it() {
    let mut bench = Bench::new();
    let before = bench.publish("ann", "c", "1");
    let at = bench.subscribe(2, "bob", "c");
    assert_eq!(at, before);
    assert!(bench.pushes().is_empty());
    bench.publish("ann", "c", "2");
    bench.subscribe(2, "cid", "c");
    bench.subscribe(1, "cid", "c");
    assert_eq!(bench.bodies(), [(2, data("2"))]);
    bench.publish("ann", "c", "3");
    assert_eq!(bench.bodies(), [(1, data("3")), (2, data("3"))], "once per core, not per subscriber");
    bench.unsubscribe(2, "bob", "c");
    bench.unsubscribe(2, "cid", "c");
    bench.publish("ann", "c", "4");
    assert_eq!(bench.bodies(), [(1, data("4"))]);
}

#[test]
fn recovery_says_whether_anything_is_missing() {
    let mut bench = Bench::new();
    let first = bench.publish("ann", "c", "1");
    for json in ["2", "3"] {
        bench.publish("ann", "c", json);
    }
    let position = |offset| Position { offset, ..first };
    let Recovery::Complete(missed) = bench.recover(1, "bob", "c", first) else {
        panic!("nothing is missing")
    };
    assert_eq!(jsons(&missed), ["2", "3"]);
    assert_eq!(bench.recover(1, "bob", "c", position(3)), Recovery::Complete(vec![]));
    assert_eq!(bench.recover(1, "bob", "c", position(4)), Recovery::Gap(vec![]));
    let other = Position { epoch: first.epoch + 1, offset: 3 };
    let Recovery::Gap(all) = bench.recover(1, "bob", "c", other) else { panic!("another life") };
    assert_eq!(jsons(&all), ["1", "2", "3"]);
    for json in ["4", "5", "6"] {
        bench.publish("ann", "c", json);
    }
    let Recovery::Gap(left) = bench.recover(1, "bob", "c", position(0)) else { panic!("1 is trimmed") };
    assert_eq!(jsons(&left), ["2", "3", "4", "5", "6"]);
    let Recovery::Complete(all) = bench.recover(1, "bob", "c", position(1)) else { panic!("2 is there") };
    assert_eq!(jsons(&all), ["2", "3", "4", "5", "6"]);
    bench.pass(10_001);
    assert_eq!(bench.recover(1, "bob", "c", position(5)), Recovery::Gap(vec![]), "too old");
    assert_eq!(bench.recover(1, "bob", "c", position(6)), Recovery::Complete(vec![]));
    assert_eq!(bench.recover(1, "bob", "plain:x", position(6)), Recovery::Gap(vec![]), "never seen");
}

#[test]
fn members_are_users_with_a_subscription_on_any_core() {
    let mut bench = Bench::new();
    let (ann, bob) = (session("ann"), session("bob"));
    let connection = ConnectionId { index: 0, generation: 0 };
    let joined = |member: &Arc<Session>, core| HomePush::Joined {
        session: member.clone(),
        except: Some((CoreId(core), connection)),
    };
    bench.subscribe(1, "ann", "room:1");
    assert_eq!(bench.pushes(), [(1, joined(&ann, 1))]);
    bench.subscribe(2, "bob", "room:1");
    assert_eq!(bench.pushes(), [(1, joined(&bob, 2)), (2, joined(&bob, 2))]);
    bench.subscribe(3, "ann", "room:1");
    assert_eq!(bench.pushes(), [], "she was there");
    let list = ChannelCommand::ListMembers { channel: name("room:1"), page: page(1, 10) };
    assert_eq!(bench.execute(0, "x", list.clone()), members(vec![ann.clone(), bob.clone()]));
    bench.unsubscribe(1, "ann", "room:1");
    assert_eq!(bench.pushes(), [], "she is still there");
    bench.unsubscribe(3, "ann", "room:1");
    assert_eq!(bench.pushes(), [(2, HomePush::Left { session: ann, except: None })]);
    bench.unsubscribe(2, "bob", "room:1");
    assert_eq!(bench.pushes(), [], "nobody is left to tell");
    assert_eq!(bench.execute(0, "x", list), members(vec![]));
}

#[test]
fn unsubscribing_what_was_not_subscribed_is_ignored() {
    let mut bench = Bench::new();
    bench.unsubscribe(1, "ann", "room:1");
    bench.subscribe(1, "ann", "room:1");
    bench.unsubscribe(2, "ann", "room:1");
    bench.unsubscribe(1, "bob", "room:1");
    assert_eq!(bench.home.state().channels, 1);
    let list = ChannelCommand::ListMembers { channel: name("room:1"), page: page(1, 10) };
    assert_eq!(bench.execute(0, "x", list), members(vec![session("ann")]));
}

#[test]
fn channels_without_presence_list_no_members() {
    let mut bench = Bench::new();
    bench.subscribe(1, "ann", "c");
    assert_eq!(bench.pushes(), []);
    assert_eq!(
        code(bench.execute(0, "x", ChannelCommand::ListMembers { channel: name("c"), page: page(1, 10) })),
        FaultCode::Conflict
    );
    let unknown = ChannelCommand::ListMembers { channel: name("room:9"), page: page(1, 10) };
    assert_eq!(bench.execute(0, "x", unknown), members(vec![]));
}

#[test]
fn what_ends_in_an_earlier_life_of_a_channel_takes_nothing_from_the_next() {
    let mut bench = Bench::new();
    let channel = name("room:1");
    let before = bench.subscribe(1, "ann", "room:1");
    let id = bench.home.order.channels.find(&channel).expect("it is open");
    bench.home.order.end_channel(id, &faults::channel_deleted());
    let after = bench.subscribe(1, "ann", "room:1");
    assert_ne!(before.epoch, after.epoch);
    // Was on its way when the channel ended.
    bench.home.unsubscribe(bench.now, CoreId(1), "ann", &channel, before.epoch);
    let shares = |bench: &Bench| {
        bench
            .home
            .order
            .channels
            .find(&channel)
            .map(|id| bench.home.order.channels.get(id).shares.iter().count())
    };
    assert_eq!(shares(&bench), Some(1), "it is still heard");
    bench.home.unsubscribe(bench.now, CoreId(1), "ann", &channel, after.epoch);
    assert_eq!(shares(&bench), None);
}

/// All members there are, as the first page of ten.
fn members(items: Vec<Arc<Session>>) -> Reply {
    let total = items.len() as u64;
    Reply::Channel(ChannelReply::Members { items, page: page(1, 10), total })
}

#[test]
fn lists_of_members_are_paged_and_an_attached_one_is_bounded() {
    let mut bench = Bench::new();
    for n in 0..1_100 {
        bench.subscribe(1, &format!("u{n:04}"), "room:1");
    }
    let mut list = |number, size| {
        let list = ChannelCommand::ListMembers { channel: name("room:1"), page: page(number, size) };
        match bench.execute(0, "x", list) {
            Reply::Channel(ChannelReply::Members { items, page, total }) => {
                (items.first().map(|first| first.user.to_string()), items.len(), page.size, total)
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(list(1, 5_000), (Some("u0000".into()), 1_000, 1_000, 1_100));
    assert_eq!(list(2, 5_000), (Some("u1000".into()), 100, 1_000, 1_100));
    assert_eq!(list(220, 5), (Some("u1095".into()), 5, 5, 1_100));
    assert_eq!(list(u32::MAX, 5).1, 0);
    let with = Attachments { history: false, members: true };
    let join = ChannelCommand::Subscribe { channel: name("room:1"), recover: None, with };
    let Reply::Channel(ChannelReply::Subscribed { members: Some(members), .. }) =
        bench.execute(2, "zoe", join)
    else {
        panic!()
    };
    assert_eq!((members.len(), &*members[0].user, &*members[999].user), (1_000, "u0000", "zoe"));
}
