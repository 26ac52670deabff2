//! The thread: it sleeps until a certificate is due, and orders it.

use super::AcmeSettings;
use super::challenges::Challenges;
use super::files::Files;
use super::order::order;
use super::schedule::Schedule;
use crate::runtime::error::RuntimeError;
use crate::runtime::log;
use crate::runtime::tls::AcmeFigures;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::{Builder, Runtime};

/// How long one try may take.
const TRY_TIME: Duration = Duration::from_secs(600);

/// How long the thread sleeps at most: the wall clock may be set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Starts the thread. It lives as long as the process.
///
/// # Errors
/// The thread or its runtime could not be made.
pub fn start(
    settings: AcmeSettings,
    challenges: Challenges,
    figures: Arc<AcmeFigures>,
) -> Result<(), RuntimeError> {
    let process = |source| RuntimeError::Process { what: "start the thread that gets certificates", source };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .thread_name("resolver")
        .build()
        .map_err(process)?;
    let files = Files::of(&settings);
    let run = move || run(&runtime, &settings, &files, challenges, &figures);
    std::thread::Builder::new().name("acme".into()).spawn(run).map_err(process)?;
    Ok(())
}

fn run(
    runtime: &Runtime,
    settings: &AcmeSettings,
    files: &Files,
    mut challenges: Challenges,
    figures: &AcmeFigures,
) {
    let mut schedule = Schedule::default();
    loop {
        let validity = files.validity();
        figures.holds_until(validity.map_or(0, |(_, until)| unix_s(until)));
        let wait = schedule.wait(SystemTime::now(), validity);
        if !wait.is_zero() {
            std::thread::sleep(wait.min(SLEEP_MAX));
            continue;
        }
        schedule.tries(SystemTime::now());
        let tried = runtime.block_on(async {
            let order = order(settings, files, &mut challenges);
            let ended = tokio::time::timeout(TRY_TIME, order).await;
            ended.unwrap_or_else(|_| Err("the authority took too long".into()))
        });
        challenges.close();
        let kept = tried.and_then(|pem| files.keep_certificate(&pem).map_err(|error| files.failed(&error)));
        schedule.ended(kept.is_ok());
        figures.tried(kept.is_ok());
        tell(settings, files, &schedule, kept);
    }
}

fn tell(settings: &AcmeSettings, files: &Files, schedule: &Schedule, kept: Result<(), String>) {
    let domains = settings.domains.join(", ");
    match kept {
        Ok(()) => log::info!(domains, "the authority has given a certificate"),
        Err(reason) => {
            let wait = schedule.wait(SystemTime::now(), files.validity());
            log::warn!(
                domains,
                reason,
                again_s = wait.as_secs(),
                "no certificate could be got from the authority; the one from before is served as long as it holds. It is tried again"
            );
        }
    }
}

fn unix_s(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
