//! Groups of connections, and which users can be reached, as far as they are at home on one core. In memory; a group is
//! forgotten with its last connection.

pub mod groups;
pub mod users;
