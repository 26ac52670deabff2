//! Floor 2: the broker itself. `home` is what one core decides: `order` for its channels, `rooms`, `meetings`, `groups` and
//! `users` for what stands beside them, all under the `rules`. `fanout` is what the connections of this core hear.

pub mod fanout;
pub mod groups;
pub mod home;
pub mod meetings;
pub mod order;
pub mod rooms;
pub mod rules;
pub mod users;
