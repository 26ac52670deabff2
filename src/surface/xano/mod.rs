//! The Xano API: realtime channels whose rules are declared in XanoScript ([`script`]), and the socket that its clients
//! speak.

pub mod script;
