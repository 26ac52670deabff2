//! `corecast export` and `corecast import`: what is stored, as lines of JSON.

use super::{Failure, print};
use crate::config::data_lock::{self, DataLock};
use crate::config::{Config, Sources, data_dir};
use crate::runtime::store::Database;
use crate::server::STORE_FILE;
use crate::store::{Stored, lines};
use std::io::{BufWriter, Read, Write};

/// Writes all that is stored to standard output.
pub(super) fn export(sources: &Sources) -> Result<(), Failure> {
    let config = Config::load(sources)?;
    let _lock = lock(&config)?;
    let path = config.data_dir.join(STORE_FILE);
    if !path.exists() {
        return Err(Failure(format!("there is no store {} yet: nothing was ever stored", path.display())));
    }
    let stored = Database::open(&path)?.load()?;
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    for line in lines::export(&stored) {
        writeln!(stdout, "{line}")?;
    }
    Ok(stdout.flush()?)
}

/// Stores all that comes from standard input, or nothing of it.
pub(super) fn import(sources: &Sources) -> Result<(), Failure> {
    let config = Config::load(sources)?;
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    let stored = lines::import(text.lines())?;
    data_dir::prepare(&config.data_dir, false)?;
    let _lock = lock(&config)?;
    let path = config.data_dir.join(STORE_FILE);
    let mut database = Database::open(&path)?;
    let there = database.load()?;
    if (&there.definitions, &there.rooms) != (&Vec::new(), &Vec::new()) {
        return Err(Failure(format!(
            "the store {} has {}; import into a data directory without any",
            path.display(),
            counted(&there)
        )));
    }
    let written = database.write(stored.writes().iter());
    written.map_err(|failure| Failure(format!("nothing was imported: {}", failure.reason())))?;
    print(format_args!("imported {}", counted(&stored)))
}

fn lock(config: &Config) -> Result<DataLock, Failure> {
    Ok(data_lock::lock(&config.data_dir)?)
}

fn counted(stored: &Stored) -> String {
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!("{} and {}", count(stored.definitions.len(), "definition"), count(stored.rooms.len(), "room"))
}
