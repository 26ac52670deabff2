//! Floor 5: starts a node from its configuration.

use crate::config::Config;

/// Serves until a signal ends the process.
///
/// # Errors
/// What kept the node from starting.
pub fn serve(_config: Config) -> Result<(), String> {
    Err("this build has no runtime yet".into())
}
