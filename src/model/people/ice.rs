//! What programs reach each other by (ICE, RFC 8445): servers that tell a program its own address (STUN) or carry what
//! it sends (TURN).

use std::sync::Arc;

/// A user's own proof to the TURN servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnCredentials {
    /// When it ends, seconds since 1970, and for whom it is.
    pub username: Arc<str>,
    /// The proof.
    pub credential: Arc<str>,
}

/// What one user's program is told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IceServers {
    /// STUN servers.
    pub stun: Arc<[Arc<str>]>,
    /// TURN servers; none without credentials.
    pub turn: Arc<[Arc<str>]>,
    /// The user's credentials, where TURN servers and their secret are configured.
    pub credentials: Option<TurnCredentials>,
    /// Seconds for which this holds.
    pub ttl_s: u64,
}
