use super::*;
use crate::broker::web_push::services::Services;

fn id(subscription: u64) -> DeliveryId {
    DeliveryId { message: 1, subscription }
}

/// All that may be called now, by service.
fn calls(services: &mut Services, in_flight_max: usize) -> Vec<(Arc<str>, DeliveryId)> {
    let calls = std::iter::from_fn(|| services.next(in_flight_max)).collect();
    services.invariants();
    calls
}

fn count(calls: &[(Arc<str>, DeliveryId)], origin: &str) -> usize {
    calls.iter().filter(|(of, _)| **of == *origin).count()
}

#[test]
fn services_take_turns_and_one_that_hangs_leaves_room_for_the_others() {
    let mut services = Services::default();
    (0..500).for_each(|number| services.add("hangs", id(number)));
    (500..1_000).for_each(|number| services.add("answers", id(number)));
    let first = calls(&mut services, 64);
    assert_eq!((count(&first, "hangs"), count(&first, "answers")), (4, 4), "nobody was called before");
    for (origin, _) in first.iter().filter(|(origin, _)| **origin == *"answers") {
        services.ended(origin, Some(true));
    }
    services.invariants();
    let mut answered = 4;
    while answered < 500 {
        let next = calls(&mut services, 64);
        assert_eq!(count(&next, "hangs"), 0, "its share is taken");
        assert_eq!(next.len(), 32.min(500 - answered), "half of all for one that answers");
        for (origin, _) in &next {
            services.ended(origin, Some(true));
        }
        answered += next.len();
    }
    assert_eq!((services.waiting(), services.in_flight()), (496, 4));
}

#[test]
fn however_many_hang_those_that_answer_have_half() {
    let mut services = Services::default();
    services.add("well", id(0));
    let first = calls(&mut services, 64);
    services.ended(&first[0].0, Some(true));
    for number in 1..1_000 {
        services.add(&format!("hangs-{number}"), id(number));
    }
    assert_eq!(calls(&mut services, 64).len(), 32);
    (1_000..1_040).for_each(|number| services.add("well", id(number)));
    let next = calls(&mut services, 64);
    assert_eq!((next.len(), count(&next, "well")), (32, 32));
}

#[test]
fn one_that_stops_answering_has_a_small_share_until_it_answers_again() {
    let mut services = Services::default();
    (0..200).for_each(|number| services.add("a", id(number)));
    for origin in calls(&mut services, 32) {
        services.ended(&origin.0, Some(true));
    }
    let next = calls(&mut services, 32);
    assert_eq!(next.len(), 16);
    next.iter().for_each(|(origin, _)| services.ended(origin, Some(false)));
    let next = calls(&mut services, 32);
    assert_eq!(next.len(), 2);
    services.ended("a", Some(true));
    assert_eq!(calls(&mut services, 32).len(), 15);
}

#[test]
fn services_without_work_are_forgotten_but_for_some_that_are_well() {
    let mut services = Services::default();
    for number in 0..5_000 {
        let origin = format!("service-{number}");
        services.add(&origin, id(number));
        assert_eq!(calls(&mut services, 1).len(), 1);
        services.ended(&origin, Some(number % 2 == 0));
    }
    assert!(services.known() <= 1_026, "{}", services.known());
}
