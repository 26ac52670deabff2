//! The endpoints, one file per resource: method, path, access, decode and encode side by side.

pub mod authenticate;
pub mod messages;
pub mod ping;
pub mod query;
pub mod rooms;
