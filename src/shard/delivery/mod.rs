//! What reaches whom: a channel's subscribers, a user, one connection.

pub(super) mod answers;
pub(super) mod encoding;
pub(super) mod ending;
pub(super) mod farewells;
pub(super) mod files;
pub(super) mod pacing;
pub(super) mod pushes;
pub(super) mod scratch;
pub(super) mod subscribing;
pub(super) mod users;
