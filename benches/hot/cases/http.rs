//! The request reader and the router.

use super::Case;
use corecast::protocol::Flow;
use corecast::protocol::http::{HttpLimits, Method, RequestReader};
use corecast::surface::router::Router;
use std::hint::black_box;

const REQUEST: &[u8] =
    b"POST /v1/messages HTTP/1.1\r\nHost: broker.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\
Authorization: Bearer key\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n\
{\"room_id\":\"room_1\",\"content\":\"Hello!\"}";

/// One request, and one path.
pub const CASES: &[Case] = &[
    Case { name: "read a request", elements: 1, make: read },
    Case { name: "route a path with a parameter", elements: 1, make: route },
];

fn read() -> Box<dyn FnMut()> {
    let limits = HttpLimits { head_bytes_max: 16 << 10, headers_max: 64, body_bytes_max: 1 << 20 };
    let mut reader = RequestReader::default();
    Box::new(move || {
        let mut requests = 0;
        let result = reader.read(black_box(REQUEST), &limits, |_| {
            requests += 1;
            Flow::Continue
        });
        assert!(result.is_ok() && requests == 1);
    })
}

fn route() -> Box<dyn FnMut()> {
    let router = Router::new();
    Box::new(move || {
        black_box(router.find(Some(Method::Get), black_box("/v1/rooms/room_123")));
    })
}
