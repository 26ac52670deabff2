//! Floor 2: the broker itself. `home` owns the order, history and presence of the channels homed on this core;
//! `edge` owns what the connections of this core hear.

pub mod catalog;
pub mod definitions;
pub mod edge;
pub mod home;
