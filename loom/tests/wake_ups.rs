//! No wake-up is lost, and nothing that was said, in any order in which threads may meet. A thread that sleeps over work is
//! a deadlock, which loom finds.
//!
//! Each model is of one sleep or two: loom keeps the last seven values of an atomic, and what it says of more is not true.

use corecast_loom::bells::Doorbell;
use corecast_loom::mesh::mesh_of;
use corecast_loom::port::port;
use corecast_loom::sync::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;

/// Tries all orders with at most this many interruptions: those that lose a wake-up need two.
fn model(test: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(test);
}

fn doorbells(cores: usize) -> Arc<[Doorbell]> {
    (0..cores).map(|_| Doorbell::new()).collect()
}

#[test]
fn a_doorbell_wakes_whoever_sleeps() {
    model(|| {
        let bell = Arc::new((Doorbell::new(), AtomicUsize::new(0)));
        let ringer = bell.clone();
        let ringing = thread::spawn(move || {
            for _ in 0..2 {
                ringer.1.fetch_add(1, Ordering::Relaxed);
                ringer.0.ring();
            }
        });
        for count in [1, 2] {
            while !bell.0.sleep_unless(|| bell.1.load(Ordering::Relaxed) >= count) {}
        }
        ringing.join().unwrap();
    });
}

#[test]
fn a_core_that_found_a_full_lane_is_woken_by_room() {
    model(|| {
        let doorbells = doorbells(2);
        let mut ports = mesh_of::<usize>(&doorbells, 1);
        let (mut far, mut near) = (ports.pop().unwrap(), ports.pop().unwrap());
        let hearing = thread::spawn(move || {
            let mut heard = Vec::new();
            while heard.is_empty() {
                far.hear(|| true, |_, message| heard.push(message));
                thread::yield_now();
            }
            assert_eq!(heard[0], 0);
        });
        let mut left = vec![1, 0];
        near.tell(|_| left.pop());
        if !left.is_empty() {
            doorbells[0].sleep_unless(|| near.ready());
            near.tell(|_| left.pop());
        }
        assert!(left.is_empty(), "there was room");
        hearing.join().unwrap();
    });
}

#[test]
fn what_a_core_says_through_a_port_wakes_the_thread() {
    model(|| {
        let (mut ports, desk) = port::<usize, ()>(&doorbells(1), 1);
        let mut port = ports.pop().unwrap();
        let core = thread::spawn(move || {
            port.ask(7);
            port
        });
        assert_eq!(desk.take().map(|heard| heard[0].1), Some(7));
        core.join().unwrap();
    });
}

#[test]
fn the_last_core_that_leaves_wakes_the_thread() {
    model(|| {
        let (ports, desk) = port::<usize, ()>(&doorbells(2), 1);
        let [first, last] = ports.try_into().ok().expect("two were made");
        first.leave();
        let core = thread::spawn(move || last.leave());
        assert!(desk.take().is_none() && desk.closed_in_order());
        core.join().unwrap();
    });
}

#[test]
fn what_a_core_said_before_it_left_is_heard() {
    model(|| {
        let (mut ports, desk) = port::<usize, ()>(&doorbells(1), 1);
        let mut port = ports.pop().unwrap();
        let core = thread::spawn(move || {
            port.ask(7);
            port.leave();
        });
        let mut heard = 0;
        while let Some(some) = desk.look() {
            heard += some.len();
            thread::yield_now();
        }
        assert_eq!(heard, 1);
        core.join().unwrap();
    });
}

#[test]
fn a_core_whose_message_found_no_place_is_woken_by_room() {
    model(|| {
        let doorbells = doorbells(1);
        let (mut ports, desk) = port::<usize, ()>(&doorbells, 1);
        let mut port = ports.pop().unwrap();
        let thread = thread::spawn(move || {
            loop {
                if let Some((_, heard)) = desk.hear() {
                    assert_eq!(heard, 0);
                    return desk;
                }
                thread::yield_now();
            }
        });
        let mut left = vec![1, 0];
        port.tell(|| left.pop());
        if port.has_undelivered() {
            doorbells[0].sleep_unless(|| port.ready());
            port.tell(|| left.pop());
        }
        assert!(!port.has_undelivered(), "there was room");
        assert_eq!(thread.join().unwrap().hear().map(|heard| heard.1), Some(1));
    });
}

#[test]
fn a_thread_that_waits_for_room_is_woken_by_a_core_that_hears_or_leaves() {
    for hears in [true, false] {
        model(move || {
            let (mut ports, desk) = port::<(), usize>(&doorbells(1), 1);
            let port = ports.pop().unwrap();
            desk.tell(0, 0);
            let core = thread::spawn(move || {
                if hears {
                    port.hear(1, || true, |message| assert_eq!(message, 0));
                    return Some(port);
                }
                None
            });
            desk.tell(0, 1);
            if let Some(port) = core.join().unwrap() {
                port.hear(1, || true, |message| assert_eq!(message, 1));
            }
        });
    }
}
