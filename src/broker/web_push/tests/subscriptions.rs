use super::*;

fn of(push: &WebPush, user: &str) -> usize {
    push.subscriptions.of_user(user).len()
}

#[test]
fn storing_again_is_one_subscription_and_an_endpoint_belongs_to_who_stored_it_last() {
    let (mut push, limits) = (WebPush::new(1, 0), PushLimits::default());
    let first = subscribe(&mut push, &limits, "ada", "https://a.example/1").unwrap();
    assert_eq!(subscribe(&mut push, &limits, "ada", "https://a.example/1#x"), Ok(first));
    assert_eq!((of(&push, "ada"), push.counts().subscriptions), (1, 1));
    let second = subscribe(&mut push, &limits, "bob", "https://a.example/1").unwrap();
    assert!(second > first, "another user's has another number");
    assert_eq!((of(&push, "ada"), of(&push, "bob"), push.counts().subscriptions), (0, 1, 1));
    let found = push.decide_unsubscribe("ada", &endpoint("https://a.example/1"), &testing::keys());
    assert_eq!(found.unwrap_err().code, FaultCode::NotFound);
}

#[test]
fn deleting_needs_the_owner_the_endpoint_and_both_keys() {
    let (mut push, limits) = (WebPush::new(1, 0), PushLimits::default());
    subscribe(&mut push, &limits, "ada", "https://a.example/1").unwrap();
    let (here, keys) = (endpoint("https://a.example/1"), testing::keys());
    let mut other = keys.clone();
    other.auth[0] ^= 1;
    for (user, place, keys) in
        [("bob", &here, &keys), ("ada", &endpoint("https://a.example/2"), &keys), ("ada", &here, &other)]
    {
        assert_eq!(push.decide_unsubscribe(user, place, keys).unwrap_err().code, FaultCode::NotFound);
    }
    let change = push.decide_unsubscribe("ada", &here, &keys).unwrap();
    push.apply_subscription(&change);
    push.invariants();
    assert_eq!(push.counts().subscriptions, 0);
}

#[test]
fn both_bounds_count_what_is_on_its_way_to_the_disk() {
    let limits = PushLimits { subscriptions_max: 3, subscriptions_per_user_max: 2, ..PushLimits::default() };
    let mut push = WebPush::new(1, 0);
    let decide = |push: &mut WebPush, user: &str, url: &str| {
        push.decide_subscribe(&limits, &user.into(), endpoint(url), testing::keys())
    };
    let coming = decide(&mut push, "ada", "https://a.example/1").unwrap();
    subscribe(&mut push, &limits, "ada", "https://a.example/2").unwrap();
    assert!(decide(&mut push, "ada", "https://a.example/3").unwrap_err().message.contains("per_user_max"));
    push.give_up_subscription(&coming);
    subscribe(&mut push, &limits, "ada", "https://a.example/3").unwrap();
    subscribe(&mut push, &limits, "bob", "https://a.example/4").unwrap();
    let full = decide(&mut push, "cid", "https://a.example/5").unwrap_err();
    assert_eq!(
        (full.code, full.message.contains("push_subscriptions_max")),
        (FaultCode::LimitExceeded, true)
    );
    subscribe(&mut push, &limits, "ada", "https://a.example/2").unwrap();
}

/// Two tabs of a browser store the same endpoint before either is on the disk.
#[test]
fn what_two_store_at_once_is_one_subscription_on_the_disk_too() {
    let (mut push, limits) = (WebPush::new(1, 0), PushLimits::default());
    let here = || (endpoint("https://a.example/1"), testing::keys());
    let mut decide = |user: &str| push.decide_subscribe(&limits, &user.into(), here().0, here().1).unwrap();
    let changes = [decide("ada"), decide("ada"), decide("bob")];
    let numbers = changes.clone().map(|change| match change {
        SubscriptionChange::Put { number, .. } => number,
        SubscriptionChange::Deleted { .. } => 0,
    });
    changes.iter().for_each(|change| push.apply_subscription(change));
    push.invariants();
    assert_eq!((of(&push, "ada"), of(&push, "bob")), (0, 1));
    let mut gone = push.take_finished().subscriptions;
    gone.sort_unstable();
    assert_eq!(gone, numbers[..2], "those that are on the disk and not in force");
}

#[test]
fn of_two_that_were_stored_for_one_endpoint_the_younger_counts() {
    for order in [[1, 2], [2, 1]] {
        let mut push = WebPush::new(1, 2);
        for number in order {
            let user = if number == 1 { "ada" } else { "bob" };
            push.restore_subscription(number, testing::subscription(user, "https://a.example/1"));
        }
        push.invariants();
        assert_eq!((of(&push, "ada"), of(&push, "bob")), (0, 1));
        assert_eq!(push.take_finished().subscriptions, [1]);
    }
}
