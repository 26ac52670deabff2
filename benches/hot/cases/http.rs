//! The request reader and the router.

use corecast::protocol::Next;
use corecast::protocol::http::{HttpLimits, Method, RequestReader};
use corecast::surface::router::Router;
use criterion::Criterion;
use std::hint::black_box;

const REQUEST: &[u8] =
    b"POST /v1/messages HTTP/1.1\r\nHost: broker.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\
Authorization: Bearer key\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n\
{\"room_id\":\"room_1\",\"content\":\"Hello!\"}";

/// One request, and one path.
pub fn benches(criterion: &mut Criterion) {
    let limits = HttpLimits { head_bytes_max: 16 << 10, headers_max: 64, body_bytes_max: 1 << 20 };
    let mut group = criterion.benchmark_group("http");
    group.bench_function("read a request", |bencher| {
        let mut reader = RequestReader::default();
        bencher.iter(|| {
            let mut requests = 0;
            let result = reader.read(black_box(REQUEST), &limits, |_| {
                requests += 1;
                Next::Continue
            });
            assert!(result.is_ok() && requests == 1);
        });
    });
    group.bench_function("route a path with a parameter", |bencher| {
        let router = Router::new();
        bencher.iter(|| {
            black_box(router.find(Some(Method::Get), black_box("/v1/rooms/room_123")));
        });
    });
    group.finish();
}
