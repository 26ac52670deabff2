//! The last events of a run, kept only when a failed seed is run again.

use std::cell::RefCell;
use std::collections::VecDeque;

const EVENTS_MAX: usize = 150;

thread_local! {
    static EVENTS: RefCell<Option<VecDeque<String>>> = const { RefCell::new(None) };
}

pub fn start() {
    EVENTS.with(|events| *events.borrow_mut() = Some(VecDeque::new()));
}

/// Ends tracing; gives the last events back.
pub fn stop() -> Vec<String> {
    EVENTS.with(|events| events.borrow_mut().take()).into_iter().flatten().collect()
}

pub fn note(event: impl FnOnce() -> String) {
    EVENTS.with(|events| {
        if let Some(events) = events.borrow_mut().as_mut() {
            if events.len() == EVENTS_MAX {
                events.pop_front();
            }
            events.push_back(event());
        }
    });
}
