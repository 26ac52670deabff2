//! Floor 1: wire bytes. HTTP/1.1 and WebSocket framing, sans-IO; knows nothing of channels or surfaces.

pub mod http;
