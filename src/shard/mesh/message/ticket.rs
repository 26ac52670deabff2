//! Which request an answer belongs to.

use crate::base::ids::ConnectionId;
use crate::model::session::Session;
use std::sync::Arc;

/// Which request an answer belongs to. Made by the edge core, given back by the home core.
#[derive(Clone, Debug)]
pub(in crate::shard) struct Ticket {
    /// Who asked.
    pub connection: ConnectionId,
    /// Which of its requests.
    pub sequence: u32,
    /// Which part of it, where it has several.
    pub part: u16,
    /// On whose behalf.
    pub session: Arc<Session>,
}
