//! The REST endpoints, one file per resource: method, path, access, decode and encode side by side.

pub mod channels;
pub mod events;
