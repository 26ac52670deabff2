use super::*;
use crate::model::relay::group_channel;
use proptest::prelude::*;
use std::cell::Cell;

fn speaker(user: &str, core: u16, number: u64) -> Speaker {
    Speaker { user: user.into(), handle: Handle::new(CoreId(core), [number, 0]) }
}

fn slice(ascending: bool, count_max: u32) -> Slice {
    Slice { ascending, count_max, label: "".into() }
}

fn all_names() -> GroupRange {
    GroupRange::Names { from: Bound::Unbounded, to: Bound::Unbounded, except: None }
}

#[test]
fn a_group_lives_as_long_as_its_members() {
    let mut groups = ConnectionGroups::default();
    let (ada, bob) = (speaker("ada", 0, 1), speaker("bob", 2, 2));
    let group = group_channel("g");
    assert!(groups.join(&group, &ada) && groups.join(&group, &bob));
    assert!(!groups.join(&group, &ada), "once");
    assert_eq!((groups.cores(&group), groups.totals()), (vec![CoreId(0), CoreId(2)], (1, 2)));
    groups.invariants();
    assert!(groups.leave(&group, &ada) && !groups.leave(&group, &ada));
    assert!(groups.has(&group, &bob) && !groups.has(&group, &ada));
    assert_eq!(groups.cores(&group), [CoreId(2)]);
    assert!(groups.leave(&group, &bob));
    assert_eq!((groups.cores(&group), groups.totals()), (Vec::new(), (0, 0)));
    groups.invariants();
}

#[test]
fn members_of_one_user_are_found_among_all() {
    let mut groups = ConnectionGroups::default();
    let group = group_channel("g");
    for number in 0..30 {
        groups.join(&group, &speaker(["ada", "bob", "cyd"][number % 3], 0, number as u64));
    }
    let mut got = Vec::new();
    let mut after = None;
    loop {
        let query = MemberQuery { user: Some("bob".into()), after, slice: slice(false, 3) };
        let list = groups.members(&group, query);
        assert!(list.items.iter().all(|one| *one.user == *"bob"));
        got.extend(list.items.iter().cloned());
        after = list.items.last().cloned();
        if !list.more {
            break;
        }
    }
    assert_eq!(got.len(), 10);
    assert!(got.is_sorted_by(|a, b| a > b));
    let other = MemberQuery { user: None, after: None, slice: slice(true, 3) };
    assert_eq!(groups.members(&group_channel("none"), other).items, []);
}

/// What a page costs, whatever it is a page of.
#[test]
fn a_page_walks_over_what_it_shows_and_one_more() {
    struct Counted<'a, I>(I, &'a Cell<usize>);
    impl<I: Iterator> Iterator for Counted<'_, I> {
        type Item = I::Item;
        fn next(&mut self) -> Option<I::Item> {
            self.1.set(self.1.get() + 1);
            self.0.next()
        }
    }
    impl<I: DoubleEndedIterator> DoubleEndedIterator for Counted<'_, I> {
        fn next_back(&mut self) -> Option<I::Item> {
            self.1.set(self.1.get() + 1);
            self.0.next_back()
        }
    }
    for ascending in [true, false] {
        let walked = Cell::new(0);
        let (items, more) = cut(Counted(0..100_000, &walked), &slice(ascending, 1_000));
        assert_eq!((items.len(), more, walked.get()), (1_000, true, 1_001));
    }
}

/// Every list, page by page, is what a look at every group would find.
fn pages(groups: &[ConnectionGroups], range: &GroupRange, ascending: bool, count_max: u32) -> Vec<GroupSize> {
    let (mut got, mut after) = (Vec::new(), None);
    for _ in 0..1_000 {
        let query = GroupQuery { range: range.clone(), after, slice: slice(ascending, count_max) };
        let parts = groups.iter().map(|groups| groups.list(&query)).collect();
        let list = merge_connection_groups(parts, query);
        assert!(list.items.len() <= count_max as usize);
        got.extend(list.items.iter().cloned());
        after = list.items.last().cloned();
        if !list.more {
            return got;
        }
    }
    panic!("the list has no end");
}

proptest! {
    #[test]
    fn lists_are_what_a_look_at_every_group_finds(
        sizes in proptest::collection::vec(1_u32..6, 0..40),
        first in 0_u32..8, last in 0_u32..8, except in proptest::option::of(0_u32..8),
        by_name: bool, ascending: bool, count_max in 1_u32..7,
    ) {
        let mut cores: Vec<ConnectionGroups> = (0..3).map(|_| ConnectionGroups::default()).collect();
        let name = |number: usize| group_channel(&format!("{:02}", number * 7 % 40));
        for (number, size) in sizes.iter().enumerate() {
            for member in 0..*size {
                cores[number % 3].join(&name(number), &speaker("u", 0, u64::from(member)));
            }
        }
        cores.iter().for_each(ConnectionGroups::invariants);
        let mut wanted: Vec<GroupSize> = sizes.iter().enumerate()
            .map(|(number, size)| GroupSize { size: *size, group: name(number) }).collect();
        wanted.sort();
        wanted.dedup_by(|a, b| a.group == b.group);
        let range = if by_name {
            wanted.sort_by(|a, b| a.group.cmp(&b.group));
            let (from, to) = (name(first as usize), name(last as usize));
            let except = except.map(|except| name(except as usize));
            wanted.retain(|one| one.group >= from && one.group < to && Some(&one.group) != except.as_ref());
            GroupRange::Names { from: Bound::Included(from), to: Bound::Excluded(to), except }
        } else {
            wanted.retain(|one| (first..=last).contains(&one.size) && Some(one.size) != except);
            GroupRange::Sizes { from: first, to: last, except }
        };
        if !ascending {
            wanted.reverse();
        }
        prop_assert_eq!(pages(&cores, &range, ascending, count_max), wanted);
    }
}

#[test]
fn all_groups_are_listed_by_name() {
    let mut groups = ConnectionGroups::default();
    for name in ["b", "a", "ä", "c"] {
        groups.join(&group_channel(name), &speaker("u", 0, 1));
    }
    let listed = pages(&[groups], &all_names(), true, 3);
    assert_eq!(listed.iter().map(|one| one.group.suffix()).collect::<Vec<_>>(), ["a", "b", "c", "ä"]);
}
