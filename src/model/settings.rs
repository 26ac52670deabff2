//! The settings of a running node, as an operator asks for them.

/// What an operator asks of the settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingsCommand {
    /// Read the configuration anew, and take over what can be while the node runs.
    Reload,
    /// Which settings are in force, to be compared with others.
    Show,
}

/// A configuration was taken over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reloaded {
    /// Names of the settings that have another value.
    pub changed: Vec<String>,
    /// Names of those that differ from what the node was started with and need a restart.
    pub restart: Vec<String>,
    /// What is odd about the configuration.
    pub warnings: Vec<String>,
}

/// The settings in force. Of their values there is a digest only: some are secrets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SettingsInForce {
    /// Goes into each digest, so that no table of digests is good for anything.
    pub salt: String,
    /// Each with its digest, sorted by name.
    pub digests: Vec<(String, String)>,
}
