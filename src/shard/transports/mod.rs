//! What the bytes of a connection are: HTTP requests, or the messages of a WebSocket.

pub(super) mod http;
pub(super) mod seats;
pub(super) mod upgrade;
pub(super) mod websocket;
