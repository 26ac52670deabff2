//! `corecast check`.

use super::{Failure, print};
use crate::config::{Config, Sources};

/// Reports every mistake, or that there is none.
pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    Config::load(sources)?;
    let subject = sources.file.as_ref().map(|file| file.display().to_string());
    print(format_args!("{}: ok", subject.as_deref().unwrap_or("built-in defaults")))
}
