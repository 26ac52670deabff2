//! What the bytes of a connection are: HTTP requests, or the messages of a WebSocket.

mod bodies;
pub(super) mod client_info;
mod compressed;
pub(super) mod http;
pub(super) mod long;
pub(super) mod upgrade;
pub(super) mod websocket;
