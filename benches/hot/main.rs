//! Times of the hot structures. All run in memory: what the kernel costs is measured by `loadtest`. The cases are also
//! counted in instructions, by `tests/instructions`.

mod cases;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// That of the program: allocating is a part of what is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn settings() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

fn benches(criterion: &mut Criterion) {
    for (group, cases) in cases::GROUPS {
        let mut group = criterion.benchmark_group(*group);
        for case in *cases {
            group.throughput(Throughput::Elements(case.elements));
            group.bench_function(case.name, |bencher| bencher.iter((case.make)()));
        }
        group.finish();
    }
}

criterion_group! { name = hot; config = settings(); targets = benches }
criterion_main!(hot);
