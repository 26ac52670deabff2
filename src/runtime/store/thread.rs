//! The store's thread: takes all that waits, writes it in one transaction, answers. The more there is to write, the
//! more of it shares one wait for the disk (group commit).

use super::Database;
use super::database::Step;
use super::port::Desk;
use crate::runtime::error::RuntimeError;
use crate::runtime::executor::AbortOnPanic;
use crate::shard::{Effect, Resolution};
use std::thread::JoinHandle;

/// Starts the thread. It ends when every core has gone and all that they wanted is done; then the file is closed.
///
/// # Errors
/// The thread could not be made.
pub fn start(database: Database, desk: Desk) -> Result<JoinHandle<()>, RuntimeError> {
    // A file that may not grow any more (RLIMIT_FSIZE) is a disk that is full, not the end of the process.
    // SAFETY: ignoring a signal runs nothing in its place.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let run = move || {
        let _guard = AbortOnPanic;
        serve(database, &desk);
    };
    std::thread::Builder::new()
        .name("store".into())
        .spawn(run)
        .map_err(|source| RuntimeError::Process { what: "start the thread of the store", source })
}

fn serve(mut database: Database, desk: &Desk) {
    loop {
        let batch = desk.wait();
        if batch.is_empty() {
            return;
        }
        let writes: Vec<_> =
            batch.iter().filter_map(|request| Some((request, step(&request.effect)?))).collect();
        if !writes.is_empty() {
            let written = database.replace(writes.iter().map(|(_, step)| *step));
            let resolution = written.map_or_else(Resolution::Failed, |()| Resolution::Stored);
            for (request, _) in writes {
                desk.resolve(request.core, request.id, resolution.clone());
            }
        }
        // After the writes: who reads finds what it wrote before.
        for request in &batch {
            let read = match &request.effect {
                Effect::Read(range) => database.read(range).map(Resolution::Found),
                Effect::Find(table, keys) => database.find(*table, keys).map(Resolution::Values),
                Effect::Write(_) | Effect::Replace(..) | Effect::Verify { .. } => continue,
            };
            desk.resolve(request.core, request.id, read.unwrap_or_else(Resolution::Failed));
        }
    }
}

/// What an effect writes, if it writes.
fn step(effect: &Effect) -> Option<Step<'_>> {
    match effect {
        Effect::Write(writes) => Some((&[], writes)),
        Effect::Replace(spans, writes) => Some((spans, writes)),
        Effect::Read(_) | Effect::Find(..) | Effect::Verify { .. } => None,
    }
}
