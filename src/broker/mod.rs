//! Floor 2: the broker itself. `home` owns the order, history and presence of the channels homed on this core;
//! `fanout` owns what the connections of this core hear.

pub mod catalog;
pub mod definitions;
pub mod fanout;
pub mod home;
