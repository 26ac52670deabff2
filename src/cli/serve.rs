//! `corecast serve`.

use super::Failure;
use super::banner::{banner, token_command};
use crate::config::{Config, Sources};
use std::io::Write;

/// Serves until a signal. Prints where it listens once it does.
pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    crate::runtime::pages::use_small_pages();
    let config = Config::load(sources)?;
    crate::server::serve(&config, |ready| {
        let key = String::from_utf8_lossy(ready.secrets.api_key.expose());
        let token = token_command(std::env::args());
        let text = banner(ready, &key, &token);
        // A closed standard output is no reason not to serve.
        let _ = std::io::stdout().write_all(text.as_bytes());
    })?;
    Ok(())
}
