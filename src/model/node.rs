//! The state of a node and of its cores, as health checks and metrics tell it.

use std::sync::Arc;

/// What does not change while the process lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeInfo {
    /// `corecast@<host>` unless configured.
    pub name: Arc<str>,
    /// The version of the program.
    pub version: &'static str,
    /// Start of the process, milliseconds since 1970.
    pub started_unix_ms: u64,
    /// Start of the process on the monotonic clock of [`crate::base::time::Now`], microseconds.
    pub started_monotonic_us: u64,
}

/// What one core says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CoreState {
    /// Open connections, HTTP and WebSocket.
    pub connections: u64,
    /// Open WebSocket connections.
    pub websocket_connections: u64,
    /// Users homed on this core that have a connection.
    pub online_users: u64,
    /// Channels homed on this core that are open.
    pub channels: u64,
    /// Publications in the histories of these channels.
    pub publications: u64,
    /// Calls homed on this core that are not over.
    pub active_calls: u64,
    /// Huddles homed on this core.
    pub active_huddles: u64,
    /// It still reads what the node kept before its start.
    pub starting: bool,
    /// It cannot write histories any more.
    pub history_lost: bool,
    /// Servers are configured through which programs reach each other where nothing else works.
    pub has_turn: bool,
    /// The last change could not be stored, or the disk does not answer.
    pub disk_fails: bool,
}

/// The node as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeState {
    /// The unchanging part.
    pub info: NodeInfo,
    /// Whole seconds since the start.
    pub uptime_s: u64,
    /// Sum over the cores that answered.
    pub total: CoreState,
    /// Whether the node is going away.
    pub draining: bool,
    /// Cores that did not answer within the deadline: they do not turn.
    pub silent_cores: u32,
}
