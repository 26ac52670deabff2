//! What is answered about the node as a whole.

use crate::model::node::NodeState;

/// The answer to a [`NodeCommand`](crate::model::command::NodeCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum NodeReply {
    /// To `NodeState`.
    State(NodeState),
    /// To `Metrics`: Prometheus text.
    Metrics(String),
    /// To `Backup`.
    BackedUp {
        /// Name of the file in the node's data directory.
        file: String,
        /// Its length.
        bytes: u64,
    },
}
