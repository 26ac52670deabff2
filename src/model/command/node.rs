//! Commands that all cores answer together.

use super::Page;
use crate::model::admin::{Cursor, Removal};
use crate::model::meeting::MeetingPage;
use crate::model::relay::GroupQuery;
use std::sync::Arc;

/// What a client asks of the node as a whole.
#[derive(Clone, PartialEq, Debug)]
pub enum NodeCommand {
    /// The state of the node, for health checks.
    GetState,
    /// The counters of all cores.
    GetMetrics,
    /// The same as [`NodeCommand::GetState`], by an operator.
    GetStats,
    /// Connections, of all or of one user.
    ListConnections {
        /// Whose; `None` is everybody's.
        user: Option<Arc<str>>,
        /// From where on.
        from: Cursor,
        /// Items at most.
        size: u32,
    },
    /// Open channels.
    ListChannels {
        /// What their names begin with.
        prefix: Arc<str>,
        /// From where on.
        from: Cursor,
        /// Items at most.
        size: u32,
    },
    /// Close connections.
    Remove(Removal),
    /// The room records of one namespace, by creation time.
    ListRooms {
        /// The namespace of the rooms' channels.
        namespace: &'static str,
        /// Which slice.
        page: Page,
    },
    /// The groups of channels of one namespace that the session's user is a member of, by creation time.
    ListGroups {
        /// The namespace of their channels.
        namespace: &'static str,
        /// Which slice.
        page: Page,
    },
    /// Some groups of connections.
    ListConnectionGroups {
        /// Which.
        query: Arc<GroupQuery>,
    },
    /// The meetings of the session's user, newest first.
    ListMeetings {
        /// Which.
        page: MeetingPage,
    },
}
