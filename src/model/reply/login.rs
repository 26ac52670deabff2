//! What is answered on the way in.

use crate::base::secret::Secret;
use crate::model::session::Session;
use std::sync::Arc;

/// The answer to a [`LoginCommand`](crate::model::command::LoginCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum LoginReply {
    /// To `LogIn`.
    LoggedIn {
        /// The session: whoever has it is the user.
        session: Secret,
        /// A word that belongs to the session and does not tell it.
        companion: String,
        /// The user, as it is configured.
        user: Arc<str>,
    },
    /// To `GiveVoucher`.
    Voucher {
        /// Whoever has it opens a socket as the session's user, once.
        voucher: Secret,
        /// When it ends, milliseconds since 1970.
        expires_ms: u64,
    },
    /// To `RedeemVoucher`.
    Redeemed(Arc<Session>),
}
