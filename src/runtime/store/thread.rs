//! The store's thread: takes all that waits, writes it in one transaction, answers. The more there is to write, the
//! more of it shares one wait for the disk (group commit).

use super::Database;
use super::port::{Desk, Request};
use crate::runtime::error::RuntimeError;
use crate::runtime::executor::AbortOnPanic;
use crate::shard::{Effect, Failure, Resolution};
use crate::store::{Range, Write};
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
        let (writes, reads) = split(&batch);
        if !writes.is_empty() {
            let written = database.write(writes.iter().flat_map(|(_, writes)| *writes));
            let resolution = written.map_or_else(Resolution::Failed, |()| Resolution::Stored);
            for (request, _) in writes {
                desk.resolve(request.core, request.id, resolution.clone());
            }
        }
        // After the writes: who reads finds what it wrote before.
        for (request, range) in reads {
            let found: Result<_, Failure> = database.read(range);
            let resolution = found.map_or_else(Resolution::Failed, Resolution::Found);
            desk.resolve(request.core, request.id, resolution);
        }
    }
}

type Of<'a, T> = Vec<(&'a Request, &'a T)>;

fn split(batch: &[Request]) -> (Of<'_, [Write]>, Of<'_, Range>) {
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for request in batch {
        match &request.effect {
            Effect::Write(wanted) => writes.push((request, wanted.as_slice())),
            Effect::Read(range) => reads.push((request, range)),
        }
    }
    (writes, reads)
}
