//! `corecast serve`.

use super::Failure;
use super::banner::{banner, token_command};
use crate::config::{Config, Sources};
use crate::runtime::{log, pages};
use crate::server::{Ready, preflight};
use std::io::{IsTerminal, Write};

/// Serves until a signal. Prints where it listens once it does.
pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    pages::use_small_pages();
    let config = Config::load(sources)?;
    let _log = log::start(config.log.level);
    for warning in preflight::warnings(&config) {
        log::warn!("{warning}");
    }
    log::info!(
        version = env!("CARGO_PKG_VERSION"),
        config = sources.describe(),
        node = config.node_name,
        data_dir = %config.data_dir.display(),
        "the node starts"
    );
    crate::server::serve(&config, sources, |ready| print_banner(ready, sources))?;
    Ok(())
}

fn print_banner(ready: &Ready<'_>, sources: &Sources) {
    let mut stdout = std::io::stdout();
    let key = String::from_utf8_lossy(ready.secrets.api_key.expose());
    // Elsewhere than on a terminal, what is printed is kept, maybe where many can read it.
    let shown = ready.secrets.api_key_is_new && stdout.is_terminal();
    let token = token_command(std::env::args());
    let text = banner(ready, &sources.describe(), shown.then_some(&*key), &token);
    // A closed standard output is no reason not to serve.
    let _ = stdout.write_all(text.as_bytes());
}
