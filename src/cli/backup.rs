//! `corecast backup`: has the running node copy what it stores.

use super::ask::{self, Silence};
use super::{Failure, load, print};
use crate::base::json;
use crate::config::{Config, Sources, data_dir};
use crate::server::STORE_FILE;
use serde::Deserialize;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What the node answers.
#[derive(Deserialize)]
struct Made {
    /// In its data directory.
    file: String,
    bytes: u64,
}

/// Has a backup made, moves it to `out` if there is one, and says where it is.
pub(super) fn run(sources: &Sources, out: Option<&Path>) -> Result<(), Failure> {
    let config = load(sources)?;
    if let Some(out) = out.filter(|out| fs::symlink_metadata(out).is_ok()) {
        return Err(Failure::Said(format!(
            "{} exists, and a backup replaces nothing; choose another name",
            out.display()
        )));
    }
    let made = make(&config)?;
    let there = config.data_dir.join(&made.file);
    if let Some(out) = out {
        take_over(&there, out).map_err(|error| {
            Failure::Said(format!(
                "the backup is {}, but cannot be moved to {}: {error}",
                there.display(),
                out.display()
            ))
        })?;
    }
    print(format_args!("backed up to {} ({} bytes)", out.unwrap_or(&there).display(), made.bytes))
}

fn make(config: &Config) -> Result<Made, Failure> {
    let (data_dir, address) = (&config.data_dir, ask::address_of(config)?);
    let key = data_dir::api_key(data_dir)?;
    let answer = ask::post(address, "/admin/backup", &key).map_err(|silence| match silence {
        Silence::Nobody(error) => Failure::Said(format!(
            "no node answers on {address} ({error}); a backup is made by the node while it runs. While it is stopped, \
             copy {}",
            data_dir.join(STORE_FILE).display()
        )),
        Silence::NoAnswer(error) => Failure::Said(format!("the node on {address} did not answer: {error}")),
    })?;
    match answer.status {
        200 => {}
        401 => {
            return Err(Failure::Said(format!(
                "the node on {address} does not know the key {}; is {} the data_dir that it was started with?",
                data_dir.join(data_dir::API_KEY_FILE).display(),
                data_dir.display()
            )));
        }
        _ => return Err(Failure::Said(format!("the node on {address} made no backup: {}", answer.fault()))),
    }
    let made: Made = json::read_bytes(&answer.body).map_err(|error| {
        Failure::Said(format!("what answers on {address} is no node of this kind: {error}"))
    })?;
    // It is joined to a path.
    let is_name = Path::new(&made.file).file_name().is_some_and(|name| *name == *made.file);
    if !is_name || !data_dir.join(&made.file).is_file() {
        return Err(Failure::Said(format!(
            "the node on {address} made {:?}, which is not in {}; is that the data_dir that it was started with?",
            made.file,
            data_dir.display()
        )));
    }
    Ok(made)
}

/// Moves a file to another file system too, and never over another file.
fn take_over(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    if let Err(error) = io::copy(&mut source, &mut copy).and_then(|_| copy.sync_all()) {
        // A part of it is worse than nothing.
        let _ = fs::remove_file(to);
        return Err(error);
    }
    // Its name too outlives a power failure before the other one goes.
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    fs::remove_file(from)
}
