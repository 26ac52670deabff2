//! A script that declares a channel, read and printed.

use corecast::surface::xano::script::{ScriptLimits, parse, print};
use criterion::{Criterion, Throughput};
use std::hint::black_box;

const CHAT: &str = "realtime_channel chat {
  public_messaging = {active: true}
  private_messaging = {active: true}
  settings = {
    anonymous_clients: false
    nested_channels  : true
    message_history  : 100
    auth_channel     : true
    presence         : true
  }
}";

/// The chat room of the published page, both ways.
pub fn benches(criterion: &mut Criterion) {
    let limits = ScriptLimits { name_bytes_max: 128, message_history_max: 1_000 };
    let mut group = criterion.benchmark_group("script");
    group.throughput(Throughput::Bytes(CHAT.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| black_box(parse(black_box(CHAT), &limits).is_ok()));
    });
    group.bench_function("print", |bencher| {
        let script = parse(CHAT, &limits).expect("the page is right");
        assert_eq!(print(&script), CHAT);
        bencher.iter(|| print(black_box(&script)));
    });
    group.finish();
}
