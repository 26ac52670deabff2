//! Logging in and out.

use crate::base::secret::Secret;
use std::sync::Arc;

/// What a client asks about sessions of users that have a password.
#[derive(Clone, PartialEq, Debug)]
pub enum LoginCommand {
    /// Log in with a password.
    LogIn {
        /// The user, as it was written.
        user: Box<str>,
        /// The password.
        password: Secret,
    },
    /// Give a voucher, with which a WebSocket is opened as whoever asks.
    GiveVoucher,
    /// End all tokens and sessions that a user was given up to now. Answered when that is stored and every core knows.
    RevokeTokens {
        /// Whose.
        user: Arc<str>,
    },
    /// End a session before its time. Answered when that is stored and every core knows.
    LogOut {
        /// The session.
        session: Secret,
    },
}
