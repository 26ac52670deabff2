//! WebSocket (RFC 6455), sans-IO, the server's side: the upgrade, the reader of what a client sends, and the writer
//! of frames. The one extension that is spoken is permessage-deflate (RFC 7692), where it was agreed on.

pub mod close_code;
pub mod deflate;
mod frame;
mod limits;
mod mask;
mod partial;
mod reader;
#[cfg(test)]
mod tests;
pub mod upgrade;
mod violation;
pub mod writer;

pub use frame::Opcode;
pub use limits::MessageLimits;
pub use reader::{Reader, SocketMessage};
pub use upgrade::{Upgrade, write_switching};
pub use violation::Violation;
pub use writer::{HEADER_BYTES_MAX, write_close, write_frame};
