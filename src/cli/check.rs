//! `corecast check`.

use super::{Failure, print, warn};
use crate::config::{Config, Sources};
use crate::server::preflight;

/// Says what a start would say, or that nothing is in its way.
pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    let config = Config::load(sources)?;
    preflight::warnings(&config).iter().for_each(warn);
    let found: Vec<String> = preflight::examine(&config).iter().map(ToString::to_string).collect();
    if !found.is_empty() {
        return Err(Failure::Said(found.join("\n")));
    }
    print(format_args!("{}: ok", sources.describe()))
}
