use super::*;

#[test]
fn a_message_reaches_each_subscription_of_its_audience_once() {
    let (mut push, limits) = (WebPush::new(1, 0), PushLimits::default());
    for (user, place) in [("ada", 1), ("ada", 2), ("bob", 3)] {
        subscribe(&mut push, &limits, user, &format!("https://a.example/{place}")).unwrap();
    }
    send(&mut push, &limits, users(&["ada", "nobody"])).unwrap();
    assert_eq!(call_all(&mut push, &limits, at(1), 201), ["ada", "ada"]);
    send(&mut push, &limits, PushAudience::Everybody).unwrap();
    subscribe(&mut push, &limits, "cid", "https://a.example/4").unwrap();
    assert_eq!(call_all(&mut push, &limits, at(1), 201), ["ada", "ada", "bob"]);
    assert_eq!((ended(&push, PushEnd::Accepted), push.counts().waiting), (5, 0));
    let finished = push.take_finished();
    assert_eq!((finished.deliveries.len(), finished.messages.len()), (5, 2));
    assert!(push.is_quiet());
}

#[test]
fn a_large_audience_is_found_step_by_step_as_far_as_there_is_room() {
    let limits = PushLimits { queue_max: 300, ..PushLimits::default() };
    let mut push = WebPush::new(1, 0);
    let names: Vec<String> = (0..700).map(|user| format!("user-{user:04}")).collect();
    for (place, user) in names.iter().enumerate() {
        subscribe(&mut push, &limits, user, &format!("https://a.example/{place}")).unwrap();
    }
    let audiences = [
        PushAudience::Everybody,
        PushAudience::Users(names.iter().map(|user| Arc::from(user.as_str())).collect()),
    ];
    for audience in audiences {
        send(&mut push, &limits, audience).unwrap();
        assert_eq!(push.counts().waiting, 301, "and the message that is not spread");
        assert_eq!(send(&mut push, &limits, users(&["user-0000"])), Err(FaultCode::Overloaded));
        let mut called = Vec::new();
        while push.counts().waiting > 0 {
            called.extend(call_all(&mut push, &limits, at(1), 201));
            push.take_finished();
            push.has_left();
            while let Some(step) = push.next_step(&limits) {
                push.apply_step(step);
            }
            push.invariants();
        }
        called.sort();
        assert_eq!(called, names);
    }
}

#[test]
fn nobody_is_called_while_as_many_ends_wait_for_the_disk_as_calls_may_be_made() {
    let limits = PushLimits { in_flight_max: 10, ..PushLimits::default() };
    let mut push = WebPush::new(1, 0);
    for user in 0..25 {
        subscribe(&mut push, &limits, &format!("user-{user}"), &format!("https://a.example/{user}")).unwrap();
    }
    send(&mut push, &limits, PushAudience::Everybody).unwrap();
    assert_eq!(call_all(&mut push, &limits, at(1), 201).len(), 10);
    let finished = push.take_finished();
    assert_eq!(call_all(&mut push, &limits, at(1), 201).len(), 0, "they are not off it");
    push.put_back(finished);
    assert_eq!(call_all(&mut push, &limits, at(1), 201).len(), 0, "they could not leave it");
    assert_eq!(push.take_finished().deliveries.len(), 10);
    push.has_left();
    assert_eq!(call_all(&mut push, &limits, at(1), 201).len(), 10);
}

#[test]
fn a_subscription_that_the_service_does_not_know_is_forgotten() {
    let (mut push, limits) = (WebPush::new(1, 0), PushLimits::default());
    let number = subscribe(&mut push, &limits, "ada", "https://a.example/1").unwrap();
    for _ in 0..2 {
        send(&mut push, &limits, PushAudience::Everybody).unwrap();
    }
    let (id, delivery) = push.next_delivery(at(1), &limits).unwrap();
    push.called(at(1), id, &delivery.subscription, Called::Answered { status: 410, retry_after_s: None });
    assert_eq!(push.counts().subscriptions, 0);
    assert!(push.next_delivery(at(1), &limits).is_none());
    assert_eq!((ended(&push, PushEnd::Gone), ended(&push, PushEnd::Unsubscribed)), (1, 1));
    assert_eq!(push.take_finished().subscriptions, [number]);
    push.invariants();
}

#[test]
fn a_delivery_is_tried_again_after_its_pause_until_it_is_not_worth_it() {
    let (mut push, limits) = (WebPush::new(1, 0), PushLimits::default());
    subscribe(&mut push, &limits, "ada", "https://a.example/1").unwrap();
    send(&mut push, &limits, PushAudience::Everybody).unwrap();
    assert_eq!(call_all(&mut push, &limits, at(1), 503), ["ada"]);
    assert_eq!(push.next_us(), Some(2_000_000));
    push.fire(Now { monotonic_us: 1_999_999, unix_ms: 1_999 });
    assert!(call_all(&mut push, &limits, at(2), 503).is_empty());
    for second in [2, 6] {
        push.fire(at(second));
        assert_eq!(call_all(&mut push, &limits, at(second), 503), ["ada"], "{second}");
    }
    assert_eq!((push.counts().retries, push.counts().waiting), (3, 1));
    push.fire(at(100));
    assert!(call_all(&mut push, &limits, at(100), 201).is_empty(), "its minute is over");
    assert_eq!((ended(&push, PushEnd::Expired), push.counts().waiting), (1, 0));
}

#[test]
fn what_was_on_its_way_goes_on_after_a_restart() {
    let (message, limits) = (testing::message("hello"), PushLimits::default());
    let mut push = WebPush::new(1, 9);
    for number in 1..=5 {
        push.restore_subscription(
            number,
            testing::subscription("ada", &format!("https://a.example/{number}")),
        );
    }
    let spread = Spread { audience: users(&["ada"]), users_done: 0, after: 3, until: 5 };
    push.restore_message(9, QueuedMessage { message: message.clone(), spread: Some(spread) }, &[2, 3, 7]);
    push.restore_message(8, QueuedMessage { message: message.clone(), spread: None }, &[]);
    push.restore_message(7, QueuedMessage { message, spread: None }, &[6, 4]);
    push.invariants();
    assert_eq!(ended(&push, PushEnd::Unsubscribed), 2, "there is no sixth and no seventh");
    while let Some(step) = push.next_step(&limits) {
        push.apply_step(step);
    }
    assert_eq!(call_all(&mut push, &limits, at(1), 201).len(), 4, "2, 3 and 4, and 4");
    assert_eq!(push.take_finished().messages.len(), 3, "what was done and not off the disk too");
}

#[test]
fn the_queue_is_bounded_in_bytes_and_a_message_in_size() {
    let limits = PushLimits { queue_bytes_max: 70_000, ..PushLimits::default() };
    let mut push = WebPush::new(1, 0);
    subscribe(&mut push, &limits, "ada", "https://a.example/1").unwrap();
    let large = "x".repeat(PAYLOAD_BYTES_MAX);
    let mut steps = Vec::new();
    let full = loop {
        match push.decide_send(at(0), &limits, 60, PushAudience::Everybody, draft(&large)) {
            Ok(step) => steps.push(step),
            Err(fault) => break fault,
        }
    };
    assert_eq!((full.code, steps.len()), (FaultCode::Overloaded, 22), "those on their way to the disk count");
    push.give_up_send(&steps.pop().unwrap());
    steps.push(push.decide_send(at(0), &limits, 60, PushAudience::Everybody, draft(&large)).unwrap());
    steps.into_iter().for_each(|step| push.apply_send(step));
    push.invariants();
    assert_eq!(call_all(&mut push, &limits, at(1), 201).len(), 22);
    assert_eq!(push.queue.bytes(), 0);
    let refused = push.decide_send(at(0), &limits, 60, PushAudience::Everybody, draft(&(large + "x")));
    assert_eq!(refused.unwrap_err().code, FaultCode::TooLarge);
}
