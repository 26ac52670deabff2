//! `corecast check`.

use super::{Failure, load, print};
use crate::config::Sources;
use crate::server::preflight;

/// Says what a start would say, or that nothing is in its way.
pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    let config = load(sources)?;
    let found: Vec<String> = preflight::examine(&config).iter().map(ToString::to_string).collect();
    if !found.is_empty() {
        return Err(Failure(found.join("\n")));
    }
    print(format_args!("{}: ok", sources.describe()))
}
