//! Bytes: WebSocket frames, the opening handshake, and the stamp that every message carries.

pub mod frame;
pub mod handshake;
pub mod stamp;
