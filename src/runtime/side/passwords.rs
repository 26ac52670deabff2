//! The thread that checks passwords: a check is meant to take its time, which no core has. One at a time, so that a
//! storm of logins takes one CPU and the memory of one check.

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
            Effect::Verify { password, hash } => Resolution::Verified(hash.verify(password)),
            // Not what is asked of this thread.
            _ => Resolution::Failed(Failure::Broken),
        });
    };
    std::thread::Builder::new()
        .name("passwords".into())
        .spawn(run)
        .map_err(|source| RuntimeError::Process { what: "start the thread that checks passwords", source })
}
