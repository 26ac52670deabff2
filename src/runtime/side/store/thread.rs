//! The store's thread: takes all that waits, writes it in one transaction, answers. The more there is to write, the
//! more of it shares one wait for the disk (group commit).

use super::Database;
use super::database::Step;
use crate::base::ids::CoreId;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use crate::runtime::side::effects::EffectDesk;
use crate::shard::{Effect, EffectId, Resolution};
use std::thread::JoinHandle;

/// An effect, and whose it is.
type Job = (CoreId, (EffectId, Effect));

/// Starts the thread. It ends when every core has gone and all that they wanted is done; then the file is closed.
///
/// # Errors
/// The thread could not be made.
pub fn start(database: Database, desk: EffectDesk) -> Result<JoinHandle<()>, RuntimeError> {
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

fn serve(mut database: Database, desk: &EffectDesk) {
    // Who waits for the copy that is under way. Its pieces are copied between the batches of the others.
    let mut backup: Option<(CoreId, EffectId)> = None;
    while let Some(batch) = if backup.is_some() { desk.look() } else { desk.take() } {
        let wanted = serve_batch(&mut database, desk, &batch);
        assert!(wanted.is_none() || backup.is_none(), "the shards want one backup at a time");
        backup = wanted.or(backup);
        if let Some((core, id)) = backup
            && let Some(copied) = database.continue_backup()
        {
            backup = None;
            let copied = copied.map(|bytes| Resolution::BackedUp { bytes });
            desk.tell(core.index(), (id, copied.unwrap_or_else(Resolution::Failed)));
        }
    }
}

/// Does all of it but a backup that is wanted, which it begins.
fn serve_batch(database: &mut Database, desk: &EffectDesk, batch: &[Job]) -> Option<(CoreId, EffectId)> {
    let writes: Vec<_> = batch.iter().filter_map(|job| Some((job, step(&job.1.1)?))).collect();
    if !writes.is_empty() {
        let written = database.replace(writes.iter().map(|(_, step)| *step));
        let resolution = written.map_or_else(Resolution::Failed, |()| Resolution::Stored);
        for ((core, (id, _)), _) in writes {
            desk.tell(core.index(), (*id, resolution.clone()));
        }
    }
    let mut backup = None;
    // After the writes: who reads finds what it wrote before.
    for &(core, (id, ref effect)) in batch {
        let done = match effect {
            Effect::Read(range) => database.read(range).map(Resolution::Found),
            Effect::Find(table, keys) => database.find(*table, keys).map(Resolution::Values),
            Effect::Backup { file, count_max } => match database.begin_backup(file, *count_max) {
                Ok(()) => {
                    backup = Some((core, id));
                    continue;
                }
                Err(failure) => Err(failure),
            },
            Effect::Write(_)
            | Effect::Replace(..)
            | Effect::Verify { .. }
            | Effect::Push(_)
            | Effect::Decode(_)
            | Effect::Settings(_)
            | Effect::Recorder(_)
            | Effect::File(_) => continue,
        };
        desk.tell(core.index(), (id, done.unwrap_or_else(Resolution::Failed)));
    }
    backup
}

/// What an effect writes, if it writes.
fn step(effect: &Effect) -> Option<Step<'_>> {
    match effect {
        Effect::Write(writes) => Some((&[], writes)),
        Effect::Replace(spans, writes) => Some((spans, writes)),
        Effect::Read(_)
        | Effect::Find(..)
        | Effect::Verify { .. }
        | Effect::Push(_)
        | Effect::Decode(_)
        | Effect::Settings(_)
        | Effect::Recorder(_)
        | Effect::File(_)
        | Effect::Backup { .. } => None,
    }
}
