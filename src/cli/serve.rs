//! `corecast serve`.

use super::Failure;
use crate::config::{Config, Sources};

/// Serves until a signal.
pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    Ok(crate::server::serve(Config::load(sources)?)?)
}
