//! Benches of the hot structures, one file each. All run in memory: what the kernel costs is measured by `loadtest`.

mod edge;
mod home;
mod http;
mod publish;
mod script;
mod websocket;

use criterion::{Criterion, criterion_group, criterion_main};
use std::time::Duration;

fn settings() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = hot;
    config = settings();
    targets = websocket::benches, http::benches, edge::benches, home::benches, publish::benches, script::benches
}
criterion_main!(hot);
