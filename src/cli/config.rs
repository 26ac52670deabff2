//! `corecast config`.

use super::{Failure, load, print};
use crate::config::{DEFAULT_TOML, Sources};

/// Prints the settings in force, or all there are with their comments.
pub(super) fn run(sources: &Sources, default: bool) -> Result<(), Failure> {
    if default {
        return print(DEFAULT_TOML.trim_end());
    }
    print(load(sources)?.given.shown().trim_end())
}
