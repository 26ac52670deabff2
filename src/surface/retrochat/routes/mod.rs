//! The REST endpoints, one file per resource: method, path, access, decode and encode side by side.

pub mod conversations;
pub mod messages;
pub mod rooms;
pub mod users;
