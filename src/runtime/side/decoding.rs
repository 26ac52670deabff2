//! The thread that finds out what long input asks for: a millisecond or more of parsing for each, which no core has. One at a
//! time, so that a flood of it takes one CPU at most.

use super::effects::EffectDesk;
use super::priority::step_back;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::error::RuntimeError;
use crate::shard::{Effect, Failure, Resolution};
use std::thread::JoinHandle;

/// Starts the thread. It ends when every core has gone.
///
/// # Errors
/// The thread could not be made.
pub fn start(desk: EffectDesk) -> Result<JoinHandle<()>, RuntimeError> {
    let run = move || {
        let _guard = AbortOnPanic;
        step_back();
        desk.serve(|effect| match effect {
            Effect::Decode(long) => Resolution::Decoded(Box::new(long.decode())),
            // Not what is asked of this thread.
            _ => Resolution::Failed(Failure::Broken),
        });
    };
    std::thread::Builder::new()
        .name("decoding".into())
        .spawn(run)
        .map_err(|source| RuntimeError::Process { what: "start the thread that reads long input", source })
}
