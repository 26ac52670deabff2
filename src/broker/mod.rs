//! Floor 2: the broker's rules, without I/O, clock or randomness. `home` holds what one core decides for the
//! channels homed on it; `definitions` says which rules hold for which channel.

pub mod definitions;
pub mod home;
