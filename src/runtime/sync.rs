//! What threads share with each other, by one name each, so that the models of `loom/` can put their own in its place: there
//! every order in which threads may meet is tried.

pub use crossbeam_queue::ArrayQueue;
pub use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
