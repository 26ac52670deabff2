//! Users: who is online, and what they say of themselves.

pub(super) mod profiles;
pub(super) mod table;
