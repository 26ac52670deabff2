//! The REST endpoints, one file per resource: method, path, access, decode and encode side by side.

pub mod conversations;
pub mod messages;
pub mod publish;
pub mod rooms;
pub mod tickets;
pub mod users;
